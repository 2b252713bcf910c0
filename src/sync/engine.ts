/**
 * The engine wires the stages: start, stop, drain.
 *
 *   Clerk --webhook--> receive --hint--> read --\
 *   Clerk <---asks---- fill gaps ---------------> mirror (+dirty) --> plan --> write --> Salesforce
 *   Salesforce --event--> follow --stale--> read back --/                        \--> Clerk
 *
 * Each arrow is a row in the database, so that a process may be killed between any two of them and another one goes on. Promise:
 * at-least-once processing, idempotent effects.
 */
import type { ClerkClient } from '../clerk/client.ts'
import type { Verify } from '../clerk/signature.ts'
import type { Clock } from '../clock.ts'
import type { Database } from '../db/database.ts'
import type { Log } from '../log.ts'
import type { SalesforceApi, SalesforceError } from '../salesforce/api.ts'
import { type MappingWatch, watchMapping } from './decide/watch-mapping.ts'
import { startGrants } from './grants/grants.ts'
import { startBackReader } from './intake/back-reader.ts'
import { fillGaps } from './intake/fill-gaps.ts'
import { type Follower, type FollowerOptions, type FollowState, startFollower } from './intake/follow.ts'
import { startReader } from './intake/reader.ts'
import { createReceive, type Receive } from './intake/receive.ts'
import type { Taken } from './intake/take-events.ts'
import { type Loop, startLoop } from './loop.ts'
import { type Counts, readCounts } from './mirror/counts.ts'
import { releaseCursors } from './mirror/cursor.ts'
import { giveBackAll } from './mirror/dirty.ts'
import { startHousekeeping } from './mirror/housekeeping.ts'
import { type RunWaits, releaseRuns } from './mirror/runs.ts'
import { createPace, type Pace } from './pace/pace.ts'
import { type PacedApi, pacedApi, pacedDescribe, pacedReads, pauseReason } from './pace/paced-api.ts'
import { createTurns } from './pace/turns.ts'
import type { MappingConfig, Rules } from './plan/mapping.ts'
import { digestMapping } from './plan/mapping-print.ts'
import type { ReconcileSettings } from './runs/reconcile.ts'
import { type ScanSizes, scanSizes, startRuns } from './runs/runs.ts'
import { askReconcile, startSchedule } from './runs/schedule.ts'
import type { Checked } from './write/check-mapping.ts'
import { startChecks } from './write/checks.ts'
import type { Delivered } from './write/deliver.ts'
import type { Backlogs } from './write/deliver-bulk.ts'
import { startWriter, type Writer } from './write/writer.ts'

/** What the engine tells as it happens; for counters and for the demo. */
export type Events = {
  hintRead?: (hint: { type: string; outcome: string; waitedMs: number }) => void
  delivered?: (result: Delivered) => void
  /** Change events were taken in, or a poll found something. */
  followed?: (taken: Taken) => void
}

export type EngineOptions = {
  db: Database
  verify: Verify
  /** Without it nobody is asked about people's earlier memberships. */
  clerk?: ClerkClient
  salesforce: SalesforceApi
  /** How Salesforce is followed; without it, it is only written to. */
  follow?: Pick<FollowerOptions, 'mode' | 'events' | 'channel' | 'pollMs' | 'userId' | 'clientName'> & {
    /** How long what we wrote ourselves may wait to be read back, so that many go in one call. @default 5_000 */
    echoMs?: number
  }
  config?: MappingConfig
  /** What to do about records that a changed mapping concerns: wait for a person's word, or write them anew. @default 'ask' */
  resync?: 'ask' | 'auto'
  clock: Clock
  random: () => number
  log: Log
  /** Names this process among those that share the database. */
  name: string
  /** Gives a text that is not used elsewhere, such as a UUID. Without it, nothing is granted that Salesforce asks for. */
  newKey?: () => string
  /** Of the org's API calls a day, the share that may be used. @default 0.8 */
  allowanceShare?: number
  /** Calls to Salesforce at once. @default 5 */
  concurrency?: number
  /** Nothing is written to either side: who only plans observes, and works on runs. @default false */
  observeOnly?: boolean
  /** How long a claim is held without a sign of life. @default 30_000 */
  leaseMs?: number
  /** How backfills and reconciles go; `at`: when to reconcile each night, `HH:MM`. Without it, never by itself. */
  runs?: Partial<ReconcileSettings> & { at?: string | undefined; sizes?: Partial<ScanSizes> }
  /** How large a backlog is written by bulk jobs. */
  backlogs?: Backlogs
  /** Days for which webhooks and the journal are kept. @default 30 and 365 */
  hintDays?: number
  journalDays?: number
  events?: Events
}

export type Health = {
  /** What was found out about the org; undefined before it could be asked. */
  checked: Checked | undefined
  paused: ReturnType<Pace['paused']>
  /** Why Clerk is not written to; undefined while it is, and before there was anything to write. */
  clerkAway: ReturnType<Writer['away']>
  /** How Salesforce is followed. */
  following: FollowState
  underWay: number
}

export type Engine = {
  receive: Receive
  /** Salesforce, in turn with everything else and counted like it. */
  api: PacedApi
  /** Whether the mapping was changed, and what to do about it. */
  mapping: MappingWatch
  counts: () => Promise<Counts>
  health: () => Health
  /** Wakes every stage: something changed that no webhook told of. */
  wake: () => void
  /** Resolves when nothing is left to do but what is parked or waits for it. @throws Error after `timeoutMs`. */
  drain: (timeoutMs?: number) => Promise<void>
  /** Lets calls under way end, gives back what is claimed. */
  stop: () => Promise<void>
}

const gapsAtOnce = 10
const recordsAtOnce = 1_000
/** What does not end by itself; a refusal of everything may. */
const isLasting = (reason: string): boolean => reason === 'auth' || reason === 'blocked'
/** By then the change event of a write of ours has come, or never will. */
const eventLateMs = 3_000
const reconciling: ReconcileSettings = {
  deletions: { share: 0.05, number: 50 },
  budget: 10_000,
  graceMs: 5 * 60_000,
}

/** Starts all stages on a migrated database. */
export const startEngine = async (options: EngineOptions): Promise<Engine> => {
  const { db, clerk, salesforce, clock, log, config = {}, events = {} } = options
  const { allowanceShare = 0.8, concurrency = 5, leaseMs = 30_000, hintDays = 30, journalDays = 365 } = options
  const { observeOnly = false } = options
  const { now } = clock
  const echoMs = options.follow?.echoMs ?? 5_000
  // A PGlite folder has one process: whatever is leased there was leased by one that is gone.
  if (db.kind === 'pglite') {
    await giveBackAll(db.query, '', now())
    await releaseCursors(db.query, '')
    await releaseRuns(db.query)
  }

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
  const mapping = await watchMapping({
    db,
    config,
    resync: observeOnly ? 'ask' : (options.resync ?? 'ask'),
    now,
    log,
    marked: () => writer?.wake(),
  })
  const failed = (stage: string) => (error: unknown) =>
    log.error({ stage, err: error }, 'a step failed; it is tried again')

  const checks = startChecks({
    api: pacedDescribe(salesforce, pace, now),
    config,
    clock,
    log,
    found: () => {
      const rules = currentRules()
      if (rules) mapping.ready(rules).catch(failed('mapping'))
      writer?.wake()
      follower?.wake()
      reading?.wake()
    },
  })
  const currentRules = (): Rules | undefined => {
    const checked = checks.checked()
    return checked?.problems.length === 0 ? checked.rules : undefined
  }
  // Reading back has its own turns: it must not wait behind full batches of writes.
  const readApi = pacedApi(
    salesforce,
    pace,
    now,
    createTurns(() => 2),
  )
  const away = (error: SalesforceError): void => pace.pause(pauseReason(error), `${error.code}: ${error.message}`)
  const reading: Loop | undefined =
    options.follow && !observeOnly
      ? startBackReader({
          db,
          api: readApi,
          rules: currentRules,
          pace,
          clock,
          random: options.random,
          log,
          failed: failed('intake'),
          read: () => {
            writer?.wake()
            grants?.wake()
          },
        })
      : undefined
  const follower: Follower | undefined =
    options.follow && !observeOnly
      ? startFollower({
          ...options.follow,
          echoMs,
          db,
          api: readApi,
          rules: currentRules,
          clock,
          random: options.random,
          log,
          name: options.name,
          noted: (taken) => {
            events.followed?.(taken)
            if (taken.records > 0) reading?.wake()
          },
          failed: away,
          placeLost: () => {
            if (options.runs?.at) askReconcile(db, now() - eventLateMs, now()).then(() => runs?.wake(), failed('run'))
          },
        })
      : undefined
  const { newKey } = options
  const grants: Loop | undefined =
    options.follow && clerk && newKey && !observeOnly
      ? startGrants({
          db,
          clerk,
          api: readApi,
          rules: currentRules,
          pace,
          clock,
          random: options.random,
          log,
          name: options.name,
          newKey,
          leaseMs,
          woken: () => writer?.wake(),
        })
      : undefined
  const obstacle = (): RunWaits | undefined => {
    const { problems = [] } = checks.checked() ?? {}
    if (problems.length > 0) return { for: 'mapping', why: problems.join('\n'), lasting: true }
    const unasked = checks.checked() ? undefined : checks.failure()
    if (unasked) return { for: 'salesforce', why: unasked.message, lasting: isLasting(unasked.kind) }
    const paused = pace.paused()
    if (paused) return { for: 'salesforce', why: paused.detail, lasting: isLasting(paused.reason) }
    const away = writer?.away()
    return away && { for: 'clerk', why: away.detail, lasting: away.reason === 'auth' }
  }
  const runs: Loop | undefined = clerk
    ? startRuns({
        db,
        clerk,
        salesforce: pacedReads(
          salesforce,
          pace,
          now,
          createTurns(() => 1),
        ),
        rules: currentRules,
        reconciling: { ...reconciling, ...options.runs },
        sizes: { ...scanSizes, ...options.runs?.sizes },
        obstacle,
        leaseMs,
        mapping: digestMapping(config),
        // What the others bring about would wait here for a writer that there is not.
        ...(observeOnly ? { kinds: ['plan' as const] } : {}),
        clock,
        random: options.random,
        log,
        name: options.name,
        moved: () => writer?.wake(),
      })
    : undefined
  const schedule: Loop | undefined = options.runs?.at
    ? startSchedule({
        db,
        clock,
        log,
        at: options.runs.at,
        awaySince: (side) => (side === 'clerk' ? clerk?.awaySince() : pace.awaySince()),
        asked: () => runs?.wake(),
      })
    : undefined
  const reader = startReader({
    db,
    clock,
    failed: failed('intake'),
    told: (hint) => events.hintRead?.(hint),
    read: () => {
      writer?.wake()
      gaps?.wake()
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
  const housekeeping = startHousekeeping({ db, clock, hintDays, journalDays, failed })
  if (!observeOnly)
    writer = startWriter({
      db,
      api: salesforce,
      clerk,
      rules: currentRules,
      pace,
      clock,
      random: options.random,
      log,
      name: options.name,
      leaseMs,
      ...(options.backlogs ? { backlogs: options.backlogs } : {}),
      // A poll finds whatever was saved.
      readBackAt: () => (follower?.state().by === 'stream' ? now() + Math.max(echoMs, eventLateMs) : undefined),
      delivered: (results) => {
        housekeeping.settled(results.length)
        for (const result of results) events.delivered?.(result)
      },
    })
  const counts = (): Promise<Counts> => readCounts(db.query, now())
  const wake = (): void => {
    for (const loop of [reader, gaps, reading, follower, grants, runs, housekeeping, writer]) loop?.wake()
    // Asking costs three calls: only when there is reason to hope for another answer.
    if ((checks.checked()?.problems.length ?? 0) > 0) checks.wake()
  }
  return {
    receive: createReceive({
      db,
      verify: options.verify,
      now,
      stored: reader.stored,
    }),
    api: readApi,
    mapping,
    counts,
    health: () => ({
      checked: checks.checked(),
      paused: pace.paused(),
      clerkAway: writer?.away(),
      following: follower?.state() ?? { by: 'off', detail: '', heardAt: undefined },
      underWay: writer?.underWay() ?? 0,
    }),
    wake,
    drain: async (timeoutMs = 30_000) => {
      const end = now() + timeoutMs
      for (;;) {
        const left = await counts()
        const asked = (clerk ? left.gaps : 0) + (options.follow ? left.stale : 0) + (grants ? left.granting : 0)
        if (left.hints + left.dirty + asked === 0) return
        if (now() > end)
          throw new Error(`not drained after ${timeoutMs} ms: ${JSON.stringify({ ...left, paused: pace.paused() })}`)
        await clock.sleep(20)
      }
    },
    stop: async () => {
      await Promise.all([
        reader.stop(),
        gaps?.stop(),
        follower?.stop(),
        reading?.stop(),
        grants?.stop(),
        runs?.stop(),
        schedule?.stop(),
        checks.stop(),
        housekeeping.stop(),
        writer?.stop(),
      ])
    },
  }
}
