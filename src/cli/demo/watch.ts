import { readFigures } from './figures.ts'
import type { Scene, View } from './scene.ts'
import { plural, seconds } from './words.ts'
import type { World } from './world.ts'

const everyMs = 200

/** Whether Salesforce answers, by asking; this call needs no token and is not counted. */
const salesforceAnswers = async ({ salesforce }: World): Promise<boolean> =>
  fetch(`${salesforce.url}/services/data`).then(
    async (response) => {
      await response.arrayBuffer()
      return response.ok
    },
    () => false,
  )

/** Measures the world into the scene and says what changed. */
const createLook = (world: World, scene: Scene, view: View): (() => Promise<void>) => {
  let waits = false
  return async () => {
    const [answers, figures] = await Promise.all([salesforceAnswers(world), readFigures(world)])
    const now = world.clock.now()
    scene.figures = figures
    if (!answers && scene.silentSince === undefined) {
      scene.silentSince = now
      view.note('Salesforce does not answer')
    } else if (answers && scene.silentSince !== undefined) {
      view.note(`Salesforce answers again, after ${seconds(now - scene.silentSince)}`)
      scene.silentSince = undefined
    }
    const { paused, left } = figures
    if (paused && !waits) {
      waits = true
      view.note(`clerkforce waits (${paused.code}), ${plural(left.dirty, 'link')} dirty`)
    } else if (waits && !paused && answers) {
      // While it does not answer, a pause that is over for a moment is only another try.
      waits = false
      view.note('clerkforce goes on writing')
    }
  }
}

export type Watch = {
  /** Looks at once, and is done when it has. */
  look: () => Promise<void>
  /** Resolves when Salesforce answers and clerkforce knows it. */
  untilSalesforceAnswers: () => Promise<void>
  stop: () => Promise<void>
}

/** Keeps the scene up to date until it is stopped. */
export const startWatch = (world: World, scene: Scene, view: View, signal: AbortSignal): Watch => {
  const stopping = new AbortController()
  const look = createLook(world, scene, view)
  const either = AbortSignal.any([signal, stopping.signal])
  const loop = async (): Promise<void> => {
    while (!either.aborted) {
      await look()
      await world.clock.sleep(everyMs, either)
    }
  }
  const looping = loop()
  // A failure of the loop is thrown by `stop`; until then it must not end the process.
  looping.catch(() => undefined)
  return {
    look,
    untilSalesforceAnswers: async () => {
      do await world.clock.sleep(everyMs, either)
      while (!either.aborted && (scene.silentSince !== undefined || scene.figures?.paused))
    },
    stop: async () => {
      stopping.abort()
      await looping
    },
  }
}
