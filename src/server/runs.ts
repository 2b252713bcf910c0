import type { Clock } from '../clock.ts'
import type { Database } from '../db/database.ts'
import type { Engine } from '../sync/engine.ts'
import { type DriftRow, listDrift } from '../sync/mirror/drift.ts'
import {
  askRun,
  countLeft,
  listRuns,
  type Run,
  type RunEntity,
  type RunKind,
  type RunOptions,
  readLatestRuns,
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

/** One stage of a run: the scan `clerk/person`, `compare/person` and the like. */
export type ScanStatus = { scan: string; read: number; counted: number | null; done: boolean }

/** How a run stands. Times are milliseconds since 1970. */
export type RunStatus = Pick<
  Run,
  'id' | 'kind' | 'state' | 'askedAt' | 'startedAt' | 'workedAt' | 'finishedAt' | 'result' | 'waits'
> & {
  scans: readonly ScanStatus[]
  /** Links that the engine still has to work off. */
  left: number
}

/** Backfill and reconcile, the same in the process and over HTTP. */
export type RunOperations = {
  /** Asks for a run; one of the kind that is under way is joined. */
  startRun: (request: RunRequest) => Promise<RunStatus>
  /** Runs of all kinds, newest first, before one of them. */
  runs: (before: number | undefined, limit: number) => Promise<RunStatus[]>
  /** Undefined where there is no such run. */
  run: (id: number) => Promise<RunStatus | undefined>
  /** What a reconcile has found, a page at a time, after a row: ids, no personal data. */
  drift: (id: number, after: number, limit: number) => Promise<DriftRow[]>
}

type RunOperationsOptions = { db: Database; engine: Engine | undefined; clock: Clock }

const stages = ['clerk', 'salesforce', 'compare', 'plan'].flatMap((one) =>
  runEntities.map((entity) => `${one}/${entity}`),
)

/** In the order in which they are done. */
const scansOf = ({ progress }: Run): ScanStatus[] =>
  Object.entries(progress)
    .map(([scan, { read, counted = null, done = false }]) => ({ scan, read, counted, done }))
    .sort((a, b) => stages.indexOf(a.scan) - stages.indexOf(b.scan))

const statusOf = async (db: Database, run: Run): Promise<RunStatus> => {
  const { id, kind, state, askedAt, startedAt, workedAt, finishedAt, result, waits } = run
  const left = state === 'working' ? await countLeft(db.query, kind) : 0
  return { id, kind, state, askedAt, startedAt, workedAt, finishedAt, result, waits, scans: scansOf(run), left }
}

/** Of each kind the run under way and the last that ended, newest first. */
export const readLatest = async (db: Database): Promise<RunStatus[]> =>
  Promise.all((await readLatestRuns(db.query)).map((run) => statusOf(db, run)))

/** Operations on runs, in a database on which an engine works here or elsewhere. */
export const createRunOperations = ({ db, engine, clock }: RunOperationsOptions): RunOperations => {
  return {
    startRun: async ({ kind, only = runEntities, acceptDeletions }) => {
      const options: RunOptions = { entities: only, ...(acceptDeletions === undefined ? {} : { acceptDeletions }) }
      const run = await db.transaction((query) => askRun(query, kind, options, clock.now()))
      engine?.wake()
      return statusOf(db, run)
    },
    runs: async (before, limit) =>
      Promise.all((await listRuns(db.query, before, limit)).map((run) => statusOf(db, run))),
    run: async (id) => {
      const run = await readRun(db.query, id)
      return run && statusOf(db, run)
    },
    drift: (id, after, limit) => listDrift(db.query, id, after, limit),
  }
}
