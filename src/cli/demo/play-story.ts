import type { ClerkApi } from './clerk-api.ts'
import { type History, play } from './play.ts'
import type { Scene, View } from './scene.ts'
import type { Act } from './story.ts'
import type { Watch } from './watch.ts'
import type { World } from './world.ts'

/** Longer than any wait of clerkforce's for a Salesforce that was away for some seconds. */
const settleMs = 15_000
const settlePollMs = 25
const recentKept = 20

/** Asks clerkforce for an organization, as an operator's program would. */
const openOrganization = async ({ clerkforce, adminToken }: World, name: string): Promise<string> => {
  const response = await fetch(`${clerkforce.url}/api/organizations`, {
    method: 'POST',
    headers: { authorization: `Bearer ${adminToken}`, 'content-type': 'application/json' },
    body: JSON.stringify({ name }),
  })
  const text = await response.text()
  if (!response.ok) throw new Error(`clerkforce answered ${response.status} to POST /api/organizations: ${text}`)
  return (JSON.parse(text) as { organization: { id: string } }).organization.id
}

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
    stage: { clerk, openOrganization: (name) => openOrganization(world, name), startOutage: world.startOutage },
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
      done: () => {
        scene.done++
      },
    },
  })

/** Resolves when every webhook has arrived and clerkforce has nothing left to do; false when that does not come about in time. */
export const settle = async ({ clerk, clerkforce, clock }: World, signal: AbortSignal): Promise<boolean> => {
  const end = clock.now() + settleMs
  let arrived = false
  void clerk.webhooks.idle().then(() => {
    arrived = true
  })
  while (!signal.aborted && clock.now() < end) {
    const { hints, dirty, gaps } = await clerkforce.engine.counts()
    if (arrived && hints + dirty + gaps === 0) return true
    await clock.sleep(settlePollMs, signal)
  }
  return false
}
