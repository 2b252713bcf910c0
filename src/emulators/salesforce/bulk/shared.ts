import type { Call, Reply } from '../api.ts'
import { notFound, type RequestFailure, refused } from '../errors.ts'
import type { Org } from '../org.ts'
import { isJsonObject } from '../records/read-record.ts'
import { showDateTime } from '../records/values.ts'
import type { ObjectType } from '../schema.ts'
import { type ColumnDelimiter, type Dialect, delimiters, type LineEnding, lineEndings } from './csv-file.ts'
import type { BulkJob, IngestJob, QueryJob } from './jobs.ts'

// What the routes of ingest and query jobs have in common: reading a job's properties, showing it, listing jobs.

type Json = Readonly<Record<string, unknown>>

/** @throws RequestFailure JSON_PARSER_ERROR for what is no object, or names a property that the resource does not have */
export const readProperties = (body: unknown, known: readonly string[]): Json => {
  if (!isJsonObject(body)) throw refused('JSON_PARSER_ERROR', 'The request body must be a JSON object')
  const strange = Object.keys(body).find((name) => !known.includes(name))
  if (strange !== undefined) throw refused('JSON_PARSER_ERROR', `Unrecognized field "${strange}" at [line:1, column:1]`)
  return body
}

/** @throws RequestFailure API_ERROR for a value that the property cannot have */
export const oneOf = <T extends string>(json: Json, name: string, values: readonly T[], absent?: T): T => {
  const given = json[name] ?? absent
  const found = values.find((value) => value === given)
  if (found === undefined)
    throw refused(
      'API_ERROR',
      `Invalid value: '${given === undefined ? '' : String(given)}' supplied for property: '${name}'`,
    )
  return found
}

export const readDialect = (json: Json): Dialect => ({
  columnDelimiter: oneOf(json, 'columnDelimiter', Object.keys(delimiters) as ColumnDelimiter[], 'COMMA'),
  lineEnding: oneOf(json, 'lineEnding', Object.keys(lineEndings) as LineEnding[], 'LF'),
})

/** The object that a job names. @throws RequestFailure INVALIDJOB */
export const bulkObject = (org: Org, name: unknown): ObjectType => {
  const object = typeof name === 'string' ? org.schema.find(name) : undefined
  if (!object?.queryable)
    throw refused('INVALIDJOB', `InvalidJob : Unable to find object: ${typeof name === 'string' ? name : ''}`)
  return object
}

export const wrongState = (message: string): RequestFailure => refused('INVALIDJOBSTATE', message)

/** The job that a path names. @throws RequestFailure NOT_FOUND */
export const jobOf = <K extends BulkJob['kind']>(
  call: Call,
  id: string | undefined,
  kind: K,
): BulkJob & { kind: K } => {
  const job = call.org.bulk.get(id ?? '')
  const isOfKind = (each: BulkJob): each is BulkJob & { kind: K } => each.kind === kind
  if (!job || !isOfKind(job)) throw notFound()
  return job
}

const isFinished = ({ state }: IngestJob | QueryJob): boolean =>
  state === 'JobComplete' || state === 'Failed' || state === 'Aborted'

/** @throws RequestFailure INVALIDJOBSTATE when the job is over */
export const checkNotOver = (job: IngestJob | QueryJob, doing: 'Aborting' | 'Closing'): void => {
  if (isFinished(job)) throw wrongState(`${doing} already Completed Job not allowed`)
}

const jobTypes = { ingest: 'V2Ingest', query: 'V2Query', classic: 'Classic' } as const

/** What every reply says of a job. */
export const jobHead = (org: Org, job: BulkJob): Json => ({
  id: job.id,
  operation: job.operation,
  object: job.object,
  createdById: org.userId,
  createdDate: showDateTime(job.createdAt),
  systemModstamp: showDateTime(job.changedAt),
  state: job.state,
  ...(job.kind !== 'query' && job.externalIdFieldName !== undefined
    ? { externalIdFieldName: job.externalIdFieldName }
    : {}),
  ...(job.kind === 'ingest' && job.assignmentRuleId !== undefined ? { assignmentRuleId: job.assignmentRuleId } : {}),
  concurrencyMode: job.kind === 'classic' ? job.concurrencyMode : 'Parallel',
  contentType: job.kind === 'classic' ? job.contentType : 'CSV',
  apiVersion: Number(job.version),
})

/** The head, and how the files look. */
export const jobSummary = (org: Org, job: BulkJob): Json => ({
  ...jobHead(org, job),
  jobType: jobTypes[job.kind],
  ...(job.kind === 'ingest' && job.state === 'Open'
    ? { contentUrl: `services/data/v${job.version}/jobs/ingest/${job.id}/batches` }
    : {}),
  ...(job.kind === 'classic' ? {} : { lineEnding: job.lineEnding, columnDelimiter: job.columnDelimiter }),
})

const pageSize = 1_000

/** A page of the list of jobs; its order is none to rely on, and here the youngest comes first. */
export const listJobs = (call: Call, resource: 'ingest' | 'query', types: readonly string[]): Reply => {
  const { org, query } = call
  const asked = query.get('jobType')
  if (asked !== null && !types.includes(asked))
    throw refused('API_ERROR', `Invalid value: '${asked}' supplied for property: 'jobType'`)
  const own = resource === 'ingest' ? ['V2Ingest', 'Classic'] : ['V2Query', 'Classic']
  // No job has PK chunking here.
  const jobs =
    query.get('isPkChunkingEnabled') === 'true'
      ? []
      : org.bulk
          .list()
          .filter((job) => (asked === null ? own.includes(jobTypes[job.kind]) : jobTypes[job.kind] === asked))
          .reverse()
  const [, digits] = /^01g[A-Za-z0-9]+-(\d+)$/.exec(query.get('queryLocator') ?? '01g0-0') ?? []
  if (digits === undefined) throw refused('INVALID_QUERY_LOCATOR', 'invalid query locator')
  const from = Number(digits)
  const to = from + pageSize
  const done = to >= jobs.length
  const filter = asked === null ? '' : `jobType=${asked}&`
  return {
    status: 200,
    body: {
      done,
      records: jobs.slice(from, to).map((job) => jobSummary(org, job)),
      nextRecordsUrl: done
        ? null
        : `/services/data/v${call.version}/jobs/${resource}?${filter}queryLocator=01gKj000000NS1vYAG-${to}`,
    },
  }
}
