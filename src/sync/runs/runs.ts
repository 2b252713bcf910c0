/**
 * Runs: the same engine, told of everything at once instead of by events.
 *
 *   backfill    scan Clerk ---------------------------------> mirror (+ dirty, tier 2) --> the engine works it off --> done
 *   reconcile   scan Clerk, scan Salesforce, compare --------> mirror (+ dirty, tier 3) --> likewise ---------------> done, or asking
 *   plan        scan Clerk, scan Salesforce, foresee --------> mirror (+ dirty, tier 4, which nobody works off) ---> done
 *   apply       scan Clerk, mark what is in the plan --------> mirror (+ dirty, tier 2) --> the engine, as planned --> done
 *
 * A run is a row: whoever asks for one writes it, and a process that serves takes it up under a lease. Each page goes into the mirror in one
 * transaction with the position of the scan, so that another process goes on where a killed one stood. What is found is dirty like anything
 * else, behind what is live; it is held back until everything has been scanned, or each person would be written once without and once with
 * its memberships; then it is released rank by rank. A run is over when nothing of its tier is left but what waits for a person.
 *
 * What they promise:
 * - A scan that fails half-way concludes nothing about what it has not seen. The run fails, and what it has seen is right.
 * - What is held in memory is a page, whatever the number of records.
 * - There is one way to write: a run itself writes to neither side.
 *
 *   scan-clerk.ts, scan-salesforce.ts   pages into the mirror          patience.ts   sides that are away
 *   scan-candidates.ts                  what could be adopted          schedule.ts   each night
 *   reconcile.ts                        what has vanished, drift       plan-ahead.ts, foresee.ts, cost.ts   plans
 *   apply-plan.ts                       what was planned, no more
 */
import { ClerkError } from '../../clerk/clerk-error.ts'
import type { ClerkClient } from '../../clerk/client.ts'
import { type Database, isDatabaseDown } from '../../db/database.ts'
import type { Log } from '../../log.ts'
import { entities } from '../../model/model.ts'
import { SalesforceError } from '../../salesforce/api.ts'
import { type Loop, startLoop } from '../loop.ts'
import { takeUpPlanned } from '../mirror/dirty.ts'
import { concludeExpected } from '../mirror/expected.ts'
import {
  beginWork,
  concludeRun,
  countLeft,
  countParkedSince,
  holdRun,
  isLeft,
  type Run,
  type RunEntity,
  type RunKind,
  RunLostError,
  type RunWaits,
  releaseRank,
  releaseRuns,
  runEntities,
  takeRun,
} from '../mirror/runs.ts'
import type { Rules } from '../plan/mapping.ts'
import { markPlanned } from './apply-plan.ts'
import type { Patience } from './patience.ts'
import { planAhead } from './plan-ahead.ts'
import { type Reconciling, reconcile } from './reconcile.ts'
import { scanBeforeWriting } from './scan-candidates.ts'
import { scanClerk } from './scan-clerk.ts'

export type RunTools = Patience & {
  db: Database
  log: Log
  /** Holds the lease. */
  name: string
  /** Told when something was stored that is to be worked off. */
  moved: () => void
  sizes: ScanSizes
}

/** How much a scan asks for at once. */
export type ScanSizes = {
  /** Records of Clerk in a page. */
  clerkPage: number
  /** Up to so many records Salesforce is asked by query, and above by a job: fewer calls. */
  mostByQuery: number
}

export const scanSizes: ScanSizes = { clerkPage: 500, mostByQuery: 2_000 }

export type RunsOptions = Omit<RunTools, 'signal' | 'waits'> & {
  clerk: ClerkClient
  salesforce: Reconciling['salesforce']
  rules: () => Rules | undefined
  reconciling: Reconciling['settings']
  /** What keeps the engine from writing, if anything does. */
  obstacle: () => RunWaits | undefined
  /** How long a run is held without a sign of life. */
  leaseMs: number
  /** A digest of the mapping: a plan that was made with another one is not applied. */
  mapping: string
  /** What is worked on here. @default every kind */
  kinds?: readonly RunKind[]
}

const idleMs = 1_000
const linksAtOnce = 5_000
/** So soon it is known what a run waits for. */
const signOfLifeMs = 1_000
const lastRank = entities.length - 1
/** A new scan of what could not be scanned to its end: Clerk's records may have moved under it. */
const mostScans = 3

const hour = 3_600_000

/** What a plan, or the apply of one, has read before it was killed counts for an hour: whoever says yes means what is there now. */
const isStale = ({ kind, startedAt }: Run, now: number): boolean =>
  (kind === 'plan' || kind === 'apply') && startedAt !== null && startedAt < now - hour

const otherMapping = {
  code: 'OTHER_MAPPING',
  message:
    'the plan was made with another mapping than the one that is in force (clerkforce.config.ts): plan again. Nothing was written',
} as const

/** Starts the loop that works on runs. */
export const startRuns = (options: RunsOptions): Loop => {
  const { db, clock, log, name, rules, leaseMs } = options
  const ended = new AbortController()
  let waiting: RunWaits | undefined

  const scan = async (tools: RunTools, run: Run, current: Rules): Promise<'asking' | undefined> => {
    const wanted = runEntities.filter((one) => run.options.entities.includes(one))
    await scanAll(tools, isStale(run, clock.now()) ? { ...run, progress: {} } : run, wanted)
    const { salesforce, clerk, reconciling } = options
    switch (run.kind) {
      case 'backfill':
        await takeUp(tools, run, wanted)
        await beginWork(db.query, run.id, { marked: await countLeft(db.query, 'backfill') }, clock.now())
        return undefined
      case 'reconcile':
        return reconcile({ ...tools, salesforce, settings: reconciling, clerk }, run, current)
      case 'plan':
        await planAhead({ ...tools, salesforce, graceMs: reconciling.graceMs, mapping: options.mapping }, run, current)
        return undefined
      case 'apply':
        await markPlanned(tools, run)
        return undefined
    }
  }

  /** What a plan has seen before is no news to the scans. */
  const takeUp = async ({ signal }: RunTools, run: Run, entities: readonly RunEntity[]): Promise<void> => {
    for (const entity of entities)
      do signal.throwIfAborted()
      while ((await takeUpPlanned(db.query, entity, { runId: run.id, dueAt: run.askedAt, limit: linksAtOnce })) > 0)
  }

  /** All at once: Clerk answers several requests as fast as one. The first failure ends them all. */
  const scanAll = async (tools: RunTools, run: Run, entities: readonly RunEntity[]): Promise<void> => {
    const ending = new AbortController()
    const signal = AbortSignal.any([tools.signal, ending.signal])
    const failures: unknown[] = []
    await Promise.all(
      entities.map((entity) =>
        scanAgain({ ...tools, signal }, run, entity).catch((error: unknown) => {
          failures.push(error)
          ending.abort()
        }),
      ),
    )
    if (failures.length > 0) throw failures[0]
  }

  const scanAgain = async (tools: RunTools, run: Run, entity: RunEntity): Promise<void> => {
    for (let tries = 1; ; tries++)
      try {
        return await scanClerk(tools, options.clerk, tries === 1 ? run : { ...run, progress: {} }, entity)
      } catch (error) {
        if (!(error instanceof ClerkError) || error.code !== 'SCAN_CUT_SHORT' || tries >= mostScans) throw error
        log.info({ stage: 'run', run: run.id, entity, reason: error.message }, 'the scan is begun again')
      }
  }

  /** Parents first, each entity when the one before it is done, so that its scan shows what Salesforce has made of that. */
  const releaseNext = async (tools: RunTools, run: Run, current: Rules): Promise<void> => {
    const next = run.released + 1
    const links = await countLeft(db.query, run.kind, next)
    const entity = runEntities[next]
    // Each link of an apply is looked at, whatever a scan has shown.
    if (entity && run.kind !== 'apply')
      await scanBeforeWriting({ tools, salesforce: options.salesforce, rules: current, run }, entity, links)
    await releaseRank(db.query, run.id, next)
    options.moved()
  }

  /** @returns when to look again */
  const workOff = async (tools: RunTools, run: Run, current: Rules): Promise<number> => {
    if (await isLeft(db.query, run.kind, run.released)) return idleMs / 2
    if (run.released < lastRank) {
      await releaseNext(tools, run, current)
      return 0
    }
    const parked = await countParkedSince(db.query, run.workedAt ?? clock.now())
    const applied = run.kind === 'apply' ? { applied: await concludeExpected(db.query, run.id) } : {}
    await concludeRun(db, run.id, 'done', { parked, ...applied }, clock.now())
    log.info({ stage: 'run', run: run.id, kind: run.kind, parked, ...run.result }, `the ${run.kind} is done`)
    return 0
  }

  const carryOut = async (run: Run, signal: AbortSignal): Promise<number> => {
    const tools: RunTools = {
      ...options,
      signal,
      waits: (side, why) => {
        waiting = { for: side, why, lasting: false }
      },
      moved: () => {
        waiting = undefined
        options.moved()
      },
    }
    const current = rules()
    // A scan of Clerk needs no rules, but what is the use of it while nothing can be written?
    if (!current) return idleMs
    if (run.state === 'working') return workOff(tools, run, current)
    if (run.options.mapping !== undefined && run.options.mapping !== options.mapping) {
      await failed(run, otherMapping)
      return 0
    }
    log.info({ stage: 'run', run: run.id, kind: run.kind }, `the ${run.kind} goes on`)
    if ((await scan(tools, run, current)) !== 'asking') options.moved()
    return 0
  }

  const failed = async (run: Run, error: Pick<ClerkError, 'code' | 'message'>): Promise<void> => {
    const { code, message } = error
    log.error({ stage: 'run', run: run.id, kind: run.kind, code, reason: message }, `the ${run.kind} has failed`)
    await concludeRun(db, run.id, 'failed', { code, reason: message }, clock.now())
  }

  const step = async (): Promise<number> => {
    const run = await takeRun(db.query, name, clock.now(), clock.now() + leaseMs, options.kinds)
    if (!run) return idleMs
    const lost = new AbortController()
    const holding = startLoop({
      clock,
      step: async () => {
        const waits = waiting ?? options.obstacle()
        if (!(await holdRun(db.query, run.id, name, clock.now() + leaseMs, waits))) lost.abort()
        return Math.min(leaseMs / 3, signOfLifeMs)
      },
      failed: (error) => log.warn({ stage: 'run', err: error }, 'the hold on a run could not be prolonged'),
    })
    try {
      return await carryOut(run, AbortSignal.any([ended.signal, lost.signal]))
    } catch (error) {
      if (ended.signal.aborted || lost.signal.aborted || error instanceof RunLostError) return idleMs
      if (!(error instanceof ClerkError || error instanceof SalesforceError) || isDatabaseDown(error)) throw error
      await failed(run, error)
      return 0
    } finally {
      waiting = undefined
      await holding.stop()
    }
  }

  const loop = startLoop({
    clock,
    step,
    failed: (error) => log.error({ stage: 'run', err: error }, 'a run could not go on; it is tried again'),
  })
  return {
    wake: loop.wake,
    stop: async () => {
      ended.abort()
      await loop.stop()
      await releaseRuns(db.query, name).catch(() => undefined)
    },
  }
}
