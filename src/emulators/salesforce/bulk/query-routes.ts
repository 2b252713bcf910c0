import type { Call, Params, Reply, Route, Work } from '../api.ts'
import { RequestFailure, refused } from '../errors.ts'
import type { Org } from '../org.ts'
import { newJob, type QueryJob, type QueryOperation } from './jobs.ts'
import { bulkQuery, resultCsv } from './query-result.ts'
import { moveTo } from './run-ingest.ts'
import { runQueryJob } from './run-query.ts'
import {
  checkNotOver,
  jobHead,
  jobOf,
  jobSummary,
  listJobs,
  oneOf,
  readDialect,
  readProperties,
  wrongState,
} from './shared.ts'

const operations: readonly QueryOperation[] = ['query', 'queryAll']

const withoutType = (org: Org, job: QueryJob) => {
  const { jobType: _, ...shown } = jobSummary(org, job)
  return shown
}

const create = (call: Call): Work => ({
  run: () => {
    const { org } = call
    const json = readProperties(call.body, ['operation', 'query', 'contentType', 'columnDelimiter', 'lineEnding'])
    const operation = oneOf(json, 'operation', operations)
    const dialect = readDialect(json)
    oneOf(json, 'contentType', ['CSV'], 'CSV')
    const { query } = json
    if (typeof query !== 'string') throw refused('API_ERROR', `Invalid value: '' supplied for property: 'query'`)
    const { queries } = org.bulk
    if (queries.used() >= queries.limit)
      throw refused('LIMIT_EXCEEDED', `Max bulk v2 query jobs (${queries.limit}) per 24 hrs has been reached`)
    const result = bulkQuery(org, query, operation === 'queryAll', call.version)
    queries.count()
    const job: QueryJob = {
      ...newJob(org.bulk, org.clock.now(), call.version, result.object),
      kind: 'query',
      state: 'UploadComplete',
      operation,
      query,
      result,
      ...dialect,
    }
    org.bulk.add(job)
    void runQueryJob(org, job)
    return { status: 200, body: withoutType(org, job) }
  },
})

const show = (call: Call, params: Params): Work => ({
  run: () => {
    const job = jobOf(call, params['id'], 'query')
    return {
      status: 200,
      body: {
        ...jobSummary(call.org, job),
        ...(job.state === 'JobComplete' ? { numberRecordsProcessed: job.result.count } : {}),
        retries: job.retries,
        totalProcessingTime: job.totalMs,
        isPkChunkingSupported: true,
        ...(job.errorMessage === undefined ? {} : { errorMessage: job.errorMessage }),
      },
    }
  },
})

const abort = (call: Call, params: Params): Work => ({
  run: () => {
    const job = jobOf(call, params['id'], 'query')
    oneOf(readProperties(call.body, ['state']), 'state', ['Aborted'])
    checkNotOver(job, 'Aborting')
    moveTo(call.org, job, 'Aborted')
    return { status: 200, body: jobHead(call.org, job) }
  },
})

const remove = (call: Call, params: Params): Work => ({
  run: () => {
    const job = jobOf(call, params['id'], 'query')
    if (job.state === 'UploadComplete' || job.state === 'InProgress')
      throw refused('API_ERROR', 'Error encountered when deleting the job because the job is not terminated')
    call.org.bulk.remove(job.id)
    return { status: 204 }
  },
})

/** A completed job, asked for with the version that it was made with. */
const completed = (call: Call, params: Params): QueryJob => {
  const job = jobOf(call, params['id'], 'query')
  if (job.version !== call.version)
    throw new RequestFailure(
      409,
      'API_ERROR',
      `The job was created with API version ${job.version}; its results need the same version`,
    )
  if (job.state !== 'JobComplete') throw wrongState(`Job is in invalid state: ${job.state}`)
  return job
}

const locatorOf = (row: number): string => Buffer.from(String(row)).toString('base64url')

// Only what an earlier reply gave: within the result, and not guessed.
const rowOf = (locator: string, count: number): number => {
  const row = Number(Buffer.from(locator, 'base64url').toString())
  if (!Number.isInteger(row) || row < 0 || (row > 0 && row >= count) || locatorOf(row) !== locator)
    throw refused('INVALID_QUERY_LOCATOR', 'invalid query locator')
  return row
}

const pageSize = (call: Call): number => {
  const asked = call.query.get('maxRecords')
  if (asked === null) return call.org.settings.bulkQueryPage
  if (!/^[1-9]\d{0,8}$/.test(asked))
    throw refused('API_ERROR', `Invalid value: '${asked}' supplied for property: 'maxRecords'`)
  return Math.min(Number(asked), call.org.settings.bulkQueryPage)
}

const results = (call: Call, params: Params): Work => ({
  run: (): Reply => {
    const accept = call.header('accept')
    if (accept !== undefined && !/\btext\/csv\b|\*\/\*|\btext\/\*/i.test(accept))
      throw new RequestFailure(406, 'NOT_ACCEPTABLE', `Accept must be text/csv, not ${accept}`)
    const job = completed(call, params)
    const { result } = job
    const from = rowOf(call.query.get('locator') ?? locatorOf(0), result.count)
    const to = Math.min(from + pageSize(call), result.count)
    return {
      status: 200,
      raw: { type: 'text/csv', content: resultCsv(result, job, from, to) },
      headers: {
        'sforce-locator': to < result.count ? locatorOf(to) : 'null',
        'sforce-numberofrecords': String(to - from),
      },
    }
  },
})

/** Result pages that one reply names. */
const pagesAtOnce = 5

const resultPages = (call: Call, params: Params): Work => ({
  run: () => {
    const { id, result } = completed(call, params)
    const base = `/services/data/v${call.version}/jobs/query/${id}`
    const size = call.org.settings.bulkQueryPage
    const from = rowOf(call.query.get('locator') ?? locatorOf(0), result.count)
    const rows = Array.from({ length: pagesAtOnce }, (_, i) => from + i * size)
    const next = from + pagesAtOnce * size
    const done = next >= result.count
    return {
      status: 200,
      body: {
        resultPages: rows
          .filter((row) => row === 0 || row < result.count)
          .map((row) => ({ resultUrl: `${base}/results?locator=${locatorOf(row)}` })),
        nextRecordsUrl: done ? null : `${base}/resultPages?locator=${locatorOf(next)}`,
        done,
      },
    }
  },
})

const list = (call: Call): Work => ({ run: () => listJobs(call, 'query', ['Classic', 'V2Query', 'V2Ingest']) })

/** Querying by Bulk API 2.0. */
export const queryJobRoutes: readonly Route[] = [
  { method: 'POST', pattern: '/jobs/query', kind: 'bulk', prepare: create },
  { method: 'GET', pattern: '/jobs/query', kind: 'bulk', prepare: list },
  { method: 'GET', pattern: '/jobs/query/:id', kind: 'bulk', prepare: show },
  { method: 'PATCH', pattern: '/jobs/query/:id', kind: 'bulk', prepare: abort },
  { method: 'DELETE', pattern: '/jobs/query/:id', kind: 'bulk', prepare: remove },
  { method: 'GET', pattern: '/jobs/query/:id/results', kind: 'bulk', prepare: results },
  { method: 'GET', pattern: '/jobs/query/:id/resultPages', kind: 'bulk', prepare: resultPages },
]
