import type { Clock } from '../clock.ts'
import type { Database } from '../db/database.ts'
import type { Engine } from '../sync/engine.ts'
import { type DriftRow, listDrift } from '../sync/mirror/drift.ts'
import {
  askRun,
  countLeft,
  type Run,
  type RunEntity,
  type RunKind,
  type RunOptions,
  type RunState,
  readRun,
  runEntities,
} from '../sync/mirror/runs.ts'

/** What to go over. */
export type RunRequest = {
  kind: RunKind
  /** Of a backfill. @default all */
  only?: readonly RunEntity[] | undefined
  /** Of a reconcile: so many records may be gone in Clerk. */
  acceptDeletions?: number | undefined
}

/** One scan of a run: `clerk/person` and the like. */
export type ScanStatus = { scan: string; read: number; counted: number | null; done: boolean }

/** How a run stands. Times are milliseconds since 1970. */
export type RunStatus = Pick<Run, 'id' | 'kind' | 'askedAt' | 'startedAt' | 'workedAt' | 'finishedAt' | 'result'> & {
  state: RunState
  scans: readonly ScanStatus[]
  /** Links that the engine still has to work off. */
  left: number
  /** Why it waits, where the process that was asked knows. */
  waits: string | null
}

/** Backfill and reconcile, the same in the process and over HTTP. */
export type RunOperations = {
  /** Asks for a run; one of the kind that is under way is joined. */
  startRun: (request: RunRequest) => Promise<RunStatus>
  /** Undefined where there is no such run. */
  run: (id: number) => Promise<RunStatus | undefined>
  /** What a reconcile has found, a page at a time, after a row: ids, no personal data. */
  drift: (id: number, after: number, limit: number) => Promise<DriftRow[]>
}

type RunOperationsOptions = { db: Database; engine: Engine | undefined; clock: Clock }

const scansOf = ({ progress }: Run): ScanStatus[] =>
  Object.entries(progress).map(([scan, { read, counted = null, done = false }]) => ({ scan, read, counted, done }))

const waitsFor = (engine: Engine | undefined): string | null => {
  const health = engine?.health()
  if (!health) return null
  const [problem] = health.checked?.problems ?? []
  if (problem !== undefined) return problem
  if (!health.checked) return 'the org is being asked for its fields'
  return health.runWaits ?? (health.paused ? `Salesforce is left alone for a while: ${health.paused.detail}` : null)
}

/** Operations on runs, in a database on which an engine works here or elsewhere. */
export const createRunOperations = ({ db, engine, clock }: RunOperationsOptions): RunOperations => {
  const statusOf = async (run: Run): Promise<RunStatus> => {
    const { id, kind, state, askedAt, startedAt, workedAt, finishedAt, result } = run
    const left = state === 'working' ? await countLeft(db.query, kind) : 0
    const waits = finishedAt === null ? waitsFor(engine) : null
    return { id, kind, state, askedAt, startedAt, workedAt, finishedAt, result, scans: scansOf(run), left, waits }
  }
  return {
    startRun: async ({ kind, only = runEntities, acceptDeletions }) => {
      const options: RunOptions = { entities: only, ...(acceptDeletions === undefined ? {} : { acceptDeletions }) }
      const run = await db.transaction((query) => askRun(query, kind, options, clock.now()))
      engine?.wake()
      return statusOf(run)
    },
    run: async (id) => {
      const run = await readRun(db.query, id)
      return run && statusOf(run)
    },
    drift: (id, after, limit) => listDrift(db.query, id, after, limit),
  }
}
