/**
 * Runs: the same engine, told of everything at once instead of by events.
 *
 *   backfill    scan Clerk ---------------------------------> mirror (+ dirty, tier 2) --> the engine works it off --> done
 *   reconcile   scan Clerk, scan Salesforce, compare --------> mirror (+ dirty, tier 3) --> likewise ---------------> done, or asking
 *
 * A run is a row: whoever asks for one writes it, and a process that serves takes it up under a lease. Each page goes into the mirror in one
 * transaction with the position of the scan, so that another process goes on where a killed one stood. What is found is dirty like anything
 * else, behind what is live; it is held back until everything has been scanned, or each person would be written once without and once with
 * its memberships. A run is over when nothing of its tier is left but what waits for a person.
 *
 * What they promise:
 * - A scan that fails half-way concludes nothing about what it has not seen. The run fails, and what it has seen is right.
 * - What is held in memory is a page, whatever the number of records.
 * - There is one way to write: a run itself writes to neither side.
 *
 *   scan-clerk.ts, scan-salesforce.ts   pages into the mirror          patience.ts   sides that are away
 *   reconcile.ts                        what has vanished, drift       schedule.ts   each night
 */
import { ClerkError } from '../../clerk/clerk-error.ts'
import type { ClerkClient } from '../../clerk/client.ts'
import { type Database, isDatabaseDown } from '../../db/database.ts'
import type { Log } from '../../log.ts'
import { SalesforceError } from '../../salesforce/api.ts'
import { type Loop, startLoop } from '../loop.ts'
import {
  beginWork,
  countLeft,
  countParkedSince,
  endRun,
  holdRun,
  type Run,
  type RunEntity,
  RunLostError,
  releaseRuns,
  runEntities,
  takeRun,
} from '../mirror/runs.ts'
import type { Rules } from '../plan/mapping.ts'
import type { Patience } from './patience.ts'
import { type Reconciling, reconcile } from './reconcile.ts'
import { scanClerk } from './scan-clerk.ts'

export type RunTools = Patience & {
  db: Database
  log: Log
  /** Holds the lease. */
  name: string
  /** Told when something was stored that is to be worked off. */
  moved: () => void
}

export type RunsOptions = Omit<RunTools, 'signal' | 'waits'> & {
  clerk: ClerkClient
  salesforce: Reconciling['salesforce']
  rules: () => Rules | undefined
  reconciling: Reconciling['settings']
  /** How long a run is held without a sign of life. */
  leaseMs: number
}

export type Runs = Loop & {
  /** Why the run under way waits for a side; undefined while it does not. */
  waiting: () => string | undefined
}

const idleMs = 1_000
/** A new scan of what could not be scanned to its end: Clerk's records may have moved under it. */
const mostScans = 3

/** Starts the loop that works on runs. */
export const startRuns = (options: RunsOptions): Runs => {
  const { db, clock, log, name, rules, leaseMs } = options
  const ended = new AbortController()
  let waiting: string | undefined

  const scan = async (tools: RunTools, run: Run, current: Rules): Promise<'asking' | undefined> => {
    const entities = runEntities.filter((one) => run.options.entities.includes(one))
    for (const entity of entities) await scanAgain(tools, run, entity)
    if (run.kind === 'backfill') {
      await beginWork(db.query, run.id, { marked: await countLeft(db.query, 'backfill') }, clock.now())
      return undefined
    }
    return reconcile(
      { ...tools, salesforce: options.salesforce, settings: options.reconciling, clerk: options.clerk },
      run,
      current,
    )
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

  /** Whether it is over. */
  const workedOff = async (run: Run): Promise<boolean> => {
    if ((await countLeft(db.query, run.kind)) > 0) return false
    const parked = await countParkedSince(db.query, run.workedAt ?? clock.now())
    await endRun(db.query, run.id, 'done', { parked }, clock.now())
    log.info({ stage: 'run', run: run.id, kind: run.kind, parked, ...run.result }, `the ${run.kind} is done`)
    return true
  }

  const carryOut = async (run: Run, signal: AbortSignal): Promise<number> => {
    const waits = (side: string, why: string): void => {
      waiting = `${side === 'clerk' ? 'Clerk' : 'Salesforce'} is waited for: ${why}`
    }
    const tools: RunTools = {
      ...options,
      signal,
      waits,
      moved: () => {
        waiting = undefined
        options.moved()
      },
    }
    if (run.state === 'working') return (await workedOff(run)) ? 0 : idleMs / 2
    const current = rules()
    // A backfill needs no rules, but what is the use of it while nothing can be written?
    if (!current) return idleMs
    log.info({ stage: 'run', run: run.id, kind: run.kind }, `the ${run.kind} goes on`)
    if ((await scan(tools, run, current)) !== 'asking') options.moved()
    return 0
  }

  const failed = async (run: Run, error: ClerkError | SalesforceError): Promise<void> => {
    const { code, message } = error
    log.error({ stage: 'run', run: run.id, kind: run.kind, code, reason: message }, `the ${run.kind} has failed`)
    await endRun(db.query, run.id, 'failed', { code, reason: message }, clock.now())
  }

  const step = async (): Promise<number> => {
    const run = await takeRun(db.query, name, clock.now(), clock.now() + leaseMs)
    if (!run) return idleMs
    const lost = new AbortController()
    const holding = startLoop({
      clock,
      step: async () => {
        if (!(await holdRun(db.query, run.id, name, clock.now() + leaseMs))) lost.abort()
        return leaseMs / 3
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
    waiting: () => waiting,
    stop: async () => {
      ended.abort()
      await loop.stop()
      await releaseRuns(db.query, name).catch(() => undefined)
    },
  }
}
