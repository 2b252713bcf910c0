/**
 * The engine wires the stages: start, stop, drain.
 *
 *   Clerk --webhook--> receive --hint--> read --\
 *   Clerk <---asks---- fill gaps ---------------> mirror (+dirty) --> plan --> write --> Salesforce
 *
 * Each arrow is a row in the database, so that a process may be killed between any two of them and another one goes on. Promise:
 * at-least-once processing, idempotent effects.
 */
import type { ClerkClient } from '../clerk/client.ts'
import type { Verify } from '../clerk/signature.ts'
import type { Clock } from '../clock.ts'
import type { Database } from '../db/database.ts'
import type { Log } from '../log.ts'
import type { SalesforceApi } from '../salesforce/api.ts'
import { fillGaps } from './intake/fill-gaps.ts'
import { readHints } from './intake/read-hints.ts'
import { createReceive, type Receive } from './intake/receive.ts'
import { type Loop, startLoop } from './loop.ts'
import { type Counts, readCounts } from './mirror/counts.ts'
import { giveBackAll } from './mirror/dirty.ts'
import { pruneHints, pruneJournal } from './mirror/inbox.ts'
import { sweep } from './mirror/sweep.ts'
import type { MappingConfig } from './plan/mapping.ts'
import type { Checked } from './write/check-mapping.ts'
import { startChecks } from './write/checks.ts'
import type { Delivered } from './write/deliver.ts'
import { createPace, type Pace } from './write/pace.ts'
import { pacedDescribe } from './write/paced-api.ts'
import { startWriter, type Writer } from './write/writer.ts'

/** What the engine tells as it happens; for counters and for the demo. */
export type Events = {
  hintRead?: (hint: { type: string; outcome: string; waitedMs: number }) => void
  delivered?: (result: Delivered) => void
}

export type EngineOptions = {
  db: Database
  verify: Verify
  /** Without it nobody is asked about people's earlier memberships. */
  clerk?: ClerkClient
  salesforce: SalesforceApi
  config?: MappingConfig
  clock: Clock
  random: () => number
  log: Log
  /** Names this process among those that share the database. */
  name: string
  /** Of the org's API calls a day, the share that may be used. @default 0.8 */
  allowanceShare?: number
  /** Calls to Salesforce at once. @default 5 */
  concurrency?: number
  /** How long a claim is held without a sign of life. @default 30_000 */
  leaseMs?: number
  /** Days for which webhooks and the journal are kept. @default 30 and 365 */
  hintDays?: number
  journalDays?: number
  events?: Events
}

export type Health = {
  /** What was found out about the org; undefined before it could be asked. */
  checked: Checked | undefined
  paused: ReturnType<Pace['paused']>
  underWay: number
}

export type Engine = {
  receive: Receive
  counts: () => Promise<Counts>
  health: () => Health
  /** Wakes every stage: something changed that no webhook told of. */
  wake: () => void
  /** Resolves when nothing is left to do but what is parked or waits for it. @throws Error after `timeoutMs`. */
  drain: (timeoutMs?: number) => Promise<void>
  /** Lets calls under way end, gives back what is claimed. */
  stop: () => Promise<void>
}

const hintsAtOnce = 500
/** Intake first: while this many webhooks share a commit, a few are read once a second, and the rest when the storm is over. */
const crowd = 16
const hintsInCrowd = 100
const restInCrowdMs = 1_000
const gapsAtOnce = 10
const settledBetweenSweeps = 2_000
const recordsAtOnce = 1_000
const day = 86_400_000

/** Starts all stages on a migrated database. */
export const startEngine = async (options: EngineOptions): Promise<Engine> => {
  const { db, clerk, salesforce, clock, log, config = {}, events = {} } = options
  const { allowanceShare = 0.8, concurrency = 5, leaseMs = 30_000, hintDays = 30, journalDays = 365 } = options
  const { now } = clock
  // A PGlite folder has one process: whatever is leased there was leased by one that is gone.
  if (db.kind === 'pglite') await giveBackAll(db.query, '', now())

  const pace = createPace({
    now,
    random: options.random,
    usage: salesforce.usage,
    share: allowanceShare,
    concurrency,
    batch: recordsAtOnce,
    told: (state, detail) => {
      if (state === 'answering') log.info({ stage: 'write', side: 'salesforce' }, 'Salesforce answers again')
      else log.warn({ stage: 'write', side: 'salesforce', reason: state, detail }, 'writing to Salesforce is paused')
      // Its fields are not what we think: see what they are.
      if (state === 'blocked') checks.wake()
    },
  })
  let writer: Writer | undefined
  const failed = (stage: string) => (error: unknown) =>
    log.error({ stage, err: error }, 'a step failed; it is tried again')

  const checks = startChecks({
    api: pacedDescribe(salesforce, pace, now),
    config,
    clock,
    log,
    found: () => writer?.wake(),
  })
  let crowdedUntil = 0
  let lastRead = 0
  const reader = startLoop({
    clock,
    failed: failed('intake'),
    step: async () => {
      const most = now() < crowdedUntil ? hintsInCrowd : hintsAtOnce
      const restMs = Math.min(lastRead + restInCrowdMs, crowdedUntil) - now()
      if (restMs > 0) return restMs
      const read = await readHints(db, most, now)
      lastRead = now()
      for (const { type, outcome, receivedAt } of read)
        events.hintRead?.({ type, outcome, waitedMs: Math.max(0, now() - receivedAt) })
      if (read.length > 0) {
        writer?.wake()
        gaps?.wake()
      }
      return read.length < most ? 1_000 : 0
    },
  })
  const gaps: Loop | undefined = clerk
    ? startLoop({
        clock,
        failed: failed('intake'),
        step: async () => {
          const { filled, waitMs } = await fillGaps(db, clerk, { limit: gapsAtOnce, now, log })
          if (filled > 0) writer?.wake()
          return filled === gapsAtOnce ? 0 : Math.max(waitMs, 1_000)
        },
      })
    : undefined
  const pruning = startLoop({
    clock,
    failed: failed('prune'),
    step: async () => {
      const removed =
        (await pruneHints(db.query, now() - hintDays * day)) + (await pruneJournal(db.query, now() - journalDays * day))
      return removed > 0 ? 100 : 3_600_000
    },
  })
  let settledSince = 0
  const sweeping = startLoop({
    clock,
    failed: failed('sweep'),
    step: async () => {
      if (settledSince >= settledBetweenSweeps) {
        settledSince = 0
        await sweep(db)
      }
      return 10_000
    },
  })
  writer = startWriter({
    db,
    api: salesforce,
    rules: () => {
      const checked = checks.checked()
      return checked?.problems.length === 0 ? checked.rules : undefined
    },
    pace,
    clock,
    random: options.random,
    log,
    name: options.name,
    leaseMs,
    delivered: (results) => {
      settledSince += results.length
      for (const result of results) events.delivered?.(result)
    },
  })
  const started = writer
  const counts = (): Promise<Counts> => readCounts(db.query, now())
  const wake = (): void => {
    for (const loop of [reader, gaps, started]) loop?.wake()
    // Asking costs three calls: only when there is reason to hope for another answer.
    if ((checks.checked()?.problems.length ?? 0) > 0) checks.wake()
  }
  return {
    receive: createReceive({
      db,
      verify: options.verify,
      now,
      stored: (rows) => {
        if (rows >= crowd) crowdedUntil = now() + 100
        reader.wake()
      },
    }),
    counts,
    health: () => ({ checked: checks.checked(), paused: pace.paused(), underWay: started.underWay() }),
    wake,
    drain: async (timeoutMs = 30_000) => {
      const end = now() + timeoutMs
      for (;;) {
        const left = await counts()
        if (left.hints + left.dirty + (clerk ? left.gaps : 0) === 0) return
        if (now() > end)
          throw new Error(`not drained after ${timeoutMs} ms: ${JSON.stringify({ ...left, paused: pace.paused() })}`)
        await clock.sleep(20)
      }
    },
    stop: async () => {
      await Promise.all([reader.stop(), gaps?.stop(), checks.stop(), pruning.stop(), sweeping.stop(), started.stop()])
    },
  }
}
