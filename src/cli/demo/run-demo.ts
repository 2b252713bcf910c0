/*
 * The demo: a story that is told first to Clerk and then to Salesforce, and what becomes of it on the other side.
 *
 *   cast, story, steps ── play ─┬─ clerk-deeds ── Clerk emulator <── clerkforce ──> Salesforce emulator ── sales-deeds ─┐
 *                               │                       │                 │                  │                          │
 *                               │                       ├── watch, figures, live-view ───────┤   what the views draw    │
 *                               │                       │                                    │                          │
 *                               └─ history ───────── check-clerk                      check-salesforce ─── history ─────┘
 *
 * The three in the middle are the real things on real ports (world.ts): clerkforce is what `serve` starts, with other addresses and keys and
 * a mapping of three fields. People in Clerk act through its Backend API, and the emulator signs, repeats, delays and shuffles the webhooks
 * by itself; a salesperson acts as in Salesforce's user interface. Every figure is measured: at Clerk's log of messages, at clerkforce's
 * /metrics, at Salesforce's count of API calls, and by watching for what comes of each thing that is done by hand.
 *
 * The verdict is not clerkforce's own. Both sides are read through their public APIs, with clients that it does not share, and the rules
 * of what each should hold are written down a second time (expected.ts, check-clerk.ts). What neither side can say is checked from what the
 * story did (`History`): deleted users and memberships that ended, who was made at all, what the salesperson decided. Records that were
 * there before are checked to be as they were, and nothing may be parked.
 *
 * With the same seed the same happens, but for the time that things take. Everything is gone when it ends.
 */
import type { Database } from '../../db/database.ts'
import { createClerkApi } from './clerk-api.ts'
import { compareSides, type Verdict } from './compare-sides.ts'
import { createLiveView, SMALLEST } from './live-view.ts'
import { createPlainView } from './plain-view.ts'
import { playStory, settle } from './play-story.ts'
import { agrees, drawAddresses, drawSummary, drawVerdict } from './report.ts'
import type { Scene, View } from './scene.ts'
import { type Act, STORY } from './story.ts'
import { drawCarried, drawTable } from './table.ts'
import { startWatch } from './watch.ts'
import { seconds } from './words.ts'
import { PORTS, type Ports, startWorld, type World } from './world.ts'

export type DemoOptions = {
  /** End with the verdict instead of staying up. */
  once: boolean
  out: Pick<NodeJS.WriteStream, 'write' | 'isTTY' | 'columns' | 'rows'>
  /** Ends the demo: at once while the story goes on, with the verdict's exit code when it only stays up. */
  signal: AbortSignal
  /** @default 4800 to 4802 */
  ports?: Ports
  /** @default 1 */
  seed?: number
  /** A migrated database, for tests. @default a new PGlite in a folder of its own */
  db?: Database
  /** @default the whole story */
  acts?: readonly Act[]
  /** Called between the story and its check, for whoever wants to see the check fail. */
  beforeCheck?: (world: World) => Promise<void>
}

const interrupted = 130
const checkTitle = 'Both sides settle and are compared'

const createScene = (acts: readonly Act[], startedAt: number): Scene => ({
  startedAt,
  acts: [...acts.map(({ title, steps }) => ({ title, steps: steps.length })), { title: checkTitle, steps: 0 }],
  act: -1,
  done: 0,
  recent: [],
  figures: undefined,
  outcomesMs: [],
  silentSince: undefined,
})

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })

/** Plays, waits, compares; undefined when it was ended before. */
const perform = async (world: World, scene: Scene, view: View, options: DemoOptions): Promise<Verdict | undefined> => {
  const { signal, acts = STORY, beforeCheck } = options
  const clerk = createClerkApi(world.clerk)
  const watch = startWatch(world, scene, view, signal)
  try {
    const history = await playStory({ acts, world, clerk, scene, view, watch, signal })
    Object.assign(scene, { act: acts.length, done: 0 })
    view.act(checkTitle)
    const settled = await settle(world, signal)
    if (signal.aborted) return undefined
    if (!settled) view.note('not everything has come to the other side in time')
    // Before the comparison, whose own calls are not clerkforce's.
    await watch.look()
    await beforeCheck?.(world)
    const verdict = await compareSides(world, history)
    scene.act = acts.length + 1
    return verdict
  } finally {
    await watch.stop()
  }
}

/** Runs the demo. @returns the exit code: 0 when both sides agree, 1 when not, 130 when it was ended before that was known. */
export const runDemo = async (options: DemoOptions): Promise<number> => {
  const { once, out, signal, acts = STORY, seed = 1, ports = PORTS, db } = options
  const startedAt = Date.now()
  const scene = createScene(acts, startedAt)
  const roomy = out.isTTY && out.columns >= SMALLEST.columns && out.rows >= SMALLEST.rows
  const view = roomy
    ? createLiveView(scene, out as NodeJS.WriteStream, Date.now)
    : createPlainView(scene, out, Date.now)
  const print = (...lines: string[]) => out.write(`${lines.join('\n')}\n`)
  const told = (part: string): void => {
    scene.recent = [...scene.recent, part]
    view.note(part)
  }
  let world: World | undefined
  try {
    world = await startWorld({ ports, seed, told, ...(db && { db }) })
    const verdict = await perform(world, scene, view, options)
    view.end()
    if (!verdict || !scene.figures) {
      print('', ' Ended before both sides were compared.')
      return interrupted
    }
    const columns = out.columns ?? 80
    print(
      '',
      ...drawTable(verdict.held.salesforce, columns),
      '',
      ...drawCarried(verdict.held.clerk, columns),
      '',
      ...drawVerdict(verdict),
      ...[...new Set(world.errors)].map((error) => ` clerkforce logged: ${error}`),
    )
    print(
      '',
      ...drawSummary(scene.figures, scene.outcomesMs, world.outage()),
      ` All in all     ${seconds(Date.now() - startedAt)}`,
    )
    if (!once) {
      print('', ...drawAddresses(world), '', ' It stays up until Ctrl-C.')
      await aborted(signal)
      print(' Stopping; nothing stays behind.')
    }
    return agrees(verdict) ? 0 : 1
  } finally {
    view.end()
    await world?.close()
  }
}
