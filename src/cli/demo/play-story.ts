import type { ClerkApi } from './clerk-api.ts'
import { play } from './play.ts'
import type { History, Stage } from './playing.ts'
import type { Scene, View } from './scene.ts'
import type { Act } from './story.ts'
import type { Watch } from './watch.ts'
import { seconds } from './words.ts'
import type { World } from './world.ts'

/** Longer than any wait of clerkforce's for a Salesforce that was away for some seconds. */
const settleMs = 15_000
const settlePollMs = 25
const recentKept = 20
const channel = 'Clerk_Sync__chn'

/** Asks clerkforce as an operator's program would. */
export const askClerkforce =
  ({ clerkforce, adminToken }: Pick<World, 'clerkforce' | 'adminToken'>): Stage['ask'] =>
  async <T>(path: string, body?: object): Promise<T> => {
    const response = await fetch(clerkforce.url + path, {
      headers: { authorization: `Bearer ${adminToken}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`clerkforce answered ${response.status} to ${path}: ${text}`)
    return JSON.parse(text) as T
  }

const openOrganization = async (world: World, name: string): Promise<string> =>
  (await askClerkforce(world)<{ organization: { id: string } }>('/api/organizations', { name })).organization.id

export type StoryOptions = {
  acts: readonly Act[]
  world: World
  clerk: ClerkApi
  scene: Scene
  view: View
  watch: Watch
  signal: AbortSignal
}

/** Plays the acts on the world, and shows them. */
export const playStory = ({ acts, world, clerk, scene, view, watch, signal }: StoryOptions): Promise<History> =>
  play({
    acts,
    clock: world.clock,
    signal,
    stage: {
      clerk,
      salesforce: world.salesforce,
      openOrganization: (name) => openOrganization(world, name),
      left: () => leftIn(world),
      startOutage: world.startOutage,
      seed: world.clerk.seed,
      ask: askClerkforce(world),
      sleep: (ms) => world.clock.sleep(ms, signal),
    },
    salesforceAnswers: watch.untilSalesforceAnswers,
    told: {
      act: (index) => {
        Object.assign(scene, { act: index, done: 0 })
        view.act(acts[index]?.title ?? '')
      },
      step: (sentence) => {
        scene.recent = [...scene.recent, sentence].slice(-recentKept)
        view.step(sentence)
      },
      outcome: (sentence, ms) => {
        const said = `${sentence}, ${seconds(ms)}`
        scene.recent = [...scene.recent, `→ ${said}`].slice(-recentKept)
        scene.outcomesMs = [...scene.outcomesMs, ms]
        view.note(said)
      },
      note: (sentence) => {
        scene.recent = [...scene.recent, `→ ${sentence}`].slice(-recentKept)
        view.note(sentence)
      },
      done: () => {
        scene.done++
      },
    },
  })

/** The last event on the channel that clerkforce follows. */
const lastEvent = ({ salesforce }: World) => salesforce.events.list().findLast(({ on }) => on.includes(channel))

/** What clerkforce has set aside, and how much it has to do still; what waits for a parked parent has nothing to do. */
export const leftIn = async ({ clerkforce }: World): Promise<{ parked: number; busy: number }> => {
  const { hints, dirty, waiting, gaps, stale, granting, parked } = await clerkforce.engine.counts()
  return { parked, busy: hints + dirty - waiting + gaps + stale + granting }
}

/** Whether clerkforce has nothing left to do, the last change event included. */
const nothingLeft = async (world: World): Promise<boolean> => {
  const last = lastEvent(world)
  const [taken] = await world.clerkforce.db.query('select 1 from clerkforce.hint where delivery_id like $1 limit 1', [
    `${last?.id}/%`,
  ])
  return (last === undefined || taken !== undefined) && (await leftIn(world)).busy === 0
}

/**
 * Resolves when every webhook and change event has arrived, clerkforce has nothing left to do, and what it wrote last has come back to it;
 * false when that does not come about in time.
 */
export const settle = async (world: World, signal: AbortSignal): Promise<boolean> => {
  const { clerk, clock } = world
  const end = clock.now() + settleMs
  let arrived = false
  void clerk.webhooks.idle().then(() => {
    arrived = true
  })
  while (!signal.aborted && clock.now() < end) {
    const before = lastEvent(world)?.replayId
    if (arrived && (await nothingLeft(world))) {
      const sent = clerk.webhooks.messages().length
      await clerk.webhooks.idle()
      if (
        before === lastEvent(world)?.replayId &&
        sent === clerk.webhooks.messages().length &&
        (await nothingLeft(world))
      )
        return true
    }
    await clock.sleep(settlePollMs, signal)
  }
  return false
}
