import { readFigures } from './figures.ts'
import type { Scene, View } from './scene.ts'
import { seconds } from './words.ts'
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
const look = async (world: World, scene: Scene, view: View): Promise<void> => {
  const [answers, figures] = await Promise.all([salesforceAnswers(world), readFigures(world)])
  const now = world.clock.now()
  const before = scene.figures?.paused
  scene.figures = figures
  if (!answers && scene.silentSince === undefined) {
    scene.silentSince = now
    view.note('Salesforce does not answer')
  } else if (answers && scene.silentSince !== undefined) {
    view.note(`Salesforce answers again, after ${seconds(now - scene.silentSince)}`)
    scene.silentSince = undefined
  }
  const { paused, left } = figures
  if (paused && !before)
    view.note(`clerkforce waits for Salesforce: ${paused.detail}; ${left.dirty} records to look after`)
  else if (!paused && before) view.note('clerkforce goes on writing')
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
  const either = AbortSignal.any([signal, stopping.signal])
  const loop = async (): Promise<void> => {
    while (!either.aborted) {
      await look(world, scene, view)
      await world.clock.sleep(everyMs, either)
    }
  }
  const looping = loop()
  // A failure of the loop is thrown by `stop`; until then it must not end the process.
  looping.catch(() => undefined)
  return {
    look: () => look(world, scene, view),
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
