/**
 * Bulk API 2.0 and 1.0: jobs that load or query many records behind the caller's back.
 *
 *   ingest-routes.ts ── upload ── csv-file.ts (rows of the file) ──┐
 *   one-routes.ts ───── batches ─ one-content.ts (CSV, JSON, XML) ─┴─ columns.ts (header -> fields) ── load.ts ── records/
 *   query-routes.ts ─── SOQL ──── query-result.ts (rows -> CSV)
 *
 * Jobs live here. A job is worked on in the background, on the org's clock: `run-ingest.ts`, `run-query.ts` and
 * `run-batches.ts` take it through its states, `load.ts` saves its rows in batches of 10,000, several at once, each in
 * chunks of 200. A chunk is one transaction under the very rules of the REST API, takes the row locks of its Accounts, and
 * lets other requests in when it is done. Settings (`bulkQueueMs`, `bulkBatchMs`) say how long that takes; with the default
 * of nothing a job is done some turns of the event loop after its upload.
 *
 * What it promises: each row of an upload ends in exactly one of the three results (successful, failed, unprocessed); a
 * job that is aborted, deleted or reset saves nothing more; an upload is kept once, as the bytes that came, and its rows
 * and results are cut out of it when they are needed. Jobs belong to snapshots: one that was under way goes on.
 */
import { makeId } from '../ids.ts'
import { createUsage, type Usage } from '../usage.ts'
import type { Dialect } from './csv-file.ts'
import type { Outcomes } from './outcomes.ts'
import type { QueryResult } from './query-result.ts'

export type IngestOperation = 'insert' | 'update' | 'upsert' | 'delete' | 'hardDelete'
export type QueryOperation = 'query' | 'queryAll'
export type JobState = 'Open' | 'UploadComplete' | 'InProgress' | 'JobComplete' | 'Failed' | 'Aborted'

type Job = {
  id: string
  /** Name of the object, in the schema's spelling. */
  object: string
  createdAt: number
  changedAt: number
  /** Of the API, such as `66.0`. */
  version: string
  errorMessage: string | undefined
  /** Rounds that were needed beyond the first, because of row locks. */
  retries: number
  totalMs: number
  /** Without the time in the queue. */
  activeMs: number
}

/** Who loads, as change events say it: `com/salesforce/api/bulkapi/66.0;client=acme`. */
type Load = { operation: IngestOperation; externalIdFieldName: string | undefined; origin: string }

export type IngestJob = Job &
  Load &
  Dialect & {
    kind: 'ingest'
    state: JobState
    assignmentRuleId: string | undefined
    upload: Uint8Array | undefined
    /** Known when the upload has been read. */
    outcomes: Outcomes | undefined
  }

export type QueryJob = Job &
  Dialect & { kind: 'query'; state: JobState; operation: QueryOperation; query: string; result: QueryResult }

export type BatchState = 'Queued' | 'InProgress' | 'Completed' | 'Failed' | 'NotProcessed'

/** A batch of Bulk API 1.0. */
export type Batch = {
  id: string
  createdAt: number
  changedAt: number
  state: BatchState
  stateMessage: string | undefined
  content: Uint8Array
  totalMs: number
  activeMs: number
  outcomes: Outcomes | undefined
  result: QueryResult | undefined
  /** The name under which a query's result is fetched. */
  resultId: string | undefined
}

/** A job of Bulk API 1.0. */
export type ClassicJob = Job & {
  kind: 'classic'
  state: 'Open' | 'Closed' | 'Aborted' | 'Failed'
  operation: IngestOperation | QueryOperation
  externalIdFieldName: string | undefined
  origin: string
  contentType: 'CSV' | 'XML' | 'JSON'
  concurrencyMode: 'Parallel' | 'Serial'
  batches: Batch[]
}

export type BulkJob = IngestJob | QueryJob | ClassicJob

export type BulkDump = { given: number; jobs: readonly BulkJob[] }

export type BulkJobs = {
  add: (job: BulkJob) => void
  /** The job with this id, unless it is gone: deleted, or seven days past its end. */
  get: (id: string) => BulkJob | undefined
  list: () => BulkJob[]
  /** A deleted job saves nothing more. */
  remove: (id: string) => void
  nextId: (keyPrefix: '750' | '751' | '752') => string
  /** Whether the job is still there, so that work on it may go on. */
  holds: (job: BulkJob) => boolean
  /** Batches of ten thousand rows in 24 hours, of both versions together. */
  batches: Usage
  /** Query jobs of version 2.0 in 24 hours. */
  queries: Usage
  /** All jobs in the order of their making, and how many ids were given. */
  dump: () => BulkDump
  replace: (dump: BulkDump) => void
  clear: () => void
}

const week = 7 * 86_400_000

const isOver = (job: BulkJob): boolean =>
  job.kind === 'classic'
    ? job.state !== 'Open'
    : job.state === 'JobComplete' || job.state === 'Failed' || job.state === 'Aborted'

/** When the seven days of a job begin: with the youngest batch of a job that has some. */
const agesFrom = (job: BulkJob): number =>
  job.kind === 'classic'
    ? Math.max(job.createdAt, ...job.batches.map((batch) => batch.createdAt))
    : isOver(job)
      ? job.changedAt
      : job.createdAt

/** What a new job begins with. */
export const newJob = (jobs: BulkJobs, now: number, version: string, object: string): Job => ({
  id: jobs.nextId('750'),
  object,
  createdAt: now,
  changedAt: now,
  version,
  errorMessage: undefined,
  retries: 0,
  totalMs: 0,
  activeMs: 0,
})

/** The bulk jobs of an org. */
export const createBulkJobs = (now: () => number): BulkJobs => {
  const jobs = new Map<string, BulkJob>()
  const batches = createUsage(now, 15_000)
  const queries = createUsage(now, 10_000)
  let given = 0
  const sweep = () => {
    for (const job of jobs.values()) if (now() - agesFrom(job) > week) jobs.delete(job.id)
  }
  return {
    add: (job) => jobs.set(job.id, job),
    get: (id) => {
      sweep()
      return jobs.get(id)
    },
    list: () => {
      sweep()
      return [...jobs.values()]
    },
    remove: (id) => jobs.delete(id),
    nextId: (keyPrefix) => makeId(keyPrefix, ++given),
    holds: (job) => jobs.get(job.id) === job,
    batches,
    queries,
    dump: () => ({ given, jobs: [...jobs.values()] }),
    replace: (dump) => {
      jobs.clear()
      for (const job of dump.jobs) jobs.set(job.id, job)
      given = dump.given
    },
    clear: () => {
      jobs.clear()
      batches.part.clear()
      queries.part.clear()
    },
  }
}
