import { gunzipSync } from 'node:zlib'
import type { Call, Params, RawBody, Route, Work } from '../api.ts'
import { RequestFailure, refused } from '../errors.ts'
import type { Org } from '../org.ts'
import { jobFrom } from './describe-job.ts'
import { ingestResult, type ResultKind } from './ingest-results.ts'
import type { IngestJob } from './jobs.ts'
import { readMultipart } from './multipart.ts'
import { moveTo, runIngest } from './run-ingest.ts'
import { checkNotOver, jobHead, jobOf, jobSummary, listJobs, oneOf, readProperties, wrongState } from './shared.ts'

const day = 86_400_000
/** Characters of CSV that may come along with the creation of a job. */
const mostInline = 100_000

const parseJson = (bytes: Uint8Array): unknown => {
  try {
    return JSON.parse(new TextDecoder().decode(bytes)) as unknown
  } catch {
    throw refused('JSON_PARSER_ERROR', 'Unexpected character in the request body at [line:1, column:1]')
  }
}

const close = (org: Org, job: IngestJob): void => {
  moveTo(org, job, 'UploadComplete')
  void runIngest(org, job)
}

const createWithData = (call: Call, { type, bytes }: RawBody): Work => {
  const parts = readMultipart(type, bytes)
  const described = parts?.get('job')
  const content = parts?.get('content')
  if (!described || !content)
    throw refused('API_ERROR', "The multipart body must have a part 'job' with JSON and a part 'content' with CSV")
  if (new TextDecoder().decode(content.content).length > mostInline)
    throw refused('API_ERROR', `The CSV of a multipart request must not have more than ${mostInline} characters`)
  return {
    run: () => {
      const job = jobFrom(call, parseJson(described.content))
      job.upload = content.content.slice()
      call.org.bulk.add(job)
      close(call.org, job)
      return { status: 200, body: jobSummary(call.org, job) }
    },
  }
}

const create = (call: Call): Work => {
  const raw = call.body as RawBody
  if (/^multipart\/form-data\b/i.test(raw.type)) return createWithData(call, raw)
  if (!/^application\/json\b/i.test(raw.type))
    throw new RequestFailure(415, 'UNSUPPORTED_MEDIA_TYPE', `Content type ${raw.type || '(none)'} is not supported`)
  return {
    run: () => {
      const job = jobFrom(call, parseJson(raw.bytes))
      call.org.bulk.add(job)
      return { status: 200, body: jobSummary(call.org, job) }
    },
  }
}

const unzipped = (call: Call, bytes: Uint8Array): Uint8Array => {
  const encoding = call.header('content-encoding')
  if (encoding === undefined || encoding === 'identity') return bytes
  if (encoding !== 'gzip')
    throw new RequestFailure(415, 'UNSUPPORTED_MEDIA_TYPE', `Content encoding ${encoding} is not supported`)
  try {
    return gunzipSync(bytes, { maxOutputLength: call.org.settings.bulkUploadBytes + 1 })
  } catch (error) {
    if (error instanceof RangeError) throw tooLarge(call.org)
    throw refused('API_ERROR', 'The request body is not compressed with gzip')
  }
}

const tooLarge = (org: Org): RequestFailure =>
  new RequestFailure(
    413,
    'REQUEST_ENTITY_TOO_LARGE',
    `The upload has more than ${org.settings.bulkUploadBytes} bytes, which is more than 150 MB in base64`,
  )

const checkOpen = (org: Org, job: IngestJob): void => {
  if (job.state !== 'Open') throw wrongState(`Job is in invalid state: ${job.state}`)
  if (org.clock.now() - job.createdAt > day) throw wrongState('Job has been open for more than 24 hours')
}

const upload = (call: Call, params: Params): Work => {
  const { type, bytes } = call.body as RawBody
  if (!/^text\/csv\b/i.test(type))
    throw new RequestFailure(415, 'UNSUPPORTED_MEDIA_TYPE', `Content type ${type || '(none)'} is not supported`)
  return {
    run: () => {
      const job = jobOf(call, params['id'], 'ingest')
      checkOpen(call.org, job)
      if (job.upload !== undefined)
        throw refused(
          'BULK_API_ERROR',
          `Found multiple contents for job: <${job.id.slice(0, 15)}>, please 'Close' / 'Abort' / 'Delete' the current Job then create a new Job and make sure you only do 'PUT' once on a given Job.`,
        )
      const content = unzipped(call, bytes)
      if (content.length > call.org.settings.bulkUploadBytes) throw tooLarge(call.org)
      job.upload = content
      job.changedAt = call.org.clock.now()
      return { status: 201 }
    },
  }
}

const change = (call: Call, params: Params): Work => ({
  run: () => {
    const { org } = call
    const job = jobOf(call, params['id'], 'ingest')
    const state = oneOf(readProperties(call.body, ['state']), 'state', ['UploadComplete', 'Aborted'])
    if (state === 'Aborted') {
      checkNotOver(job, 'Aborting')
      moveTo(org, job, 'Aborted')
    } else {
      checkNotOver(job, 'Closing')
      checkOpen(org, job)
      close(org, job)
    }
    return { status: 200, body: jobHead(org, job) }
  },
})

const show = (call: Call, params: Params): Work => ({
  run: () => {
    const job = jobOf(call, params['id'], 'ingest')
    return {
      status: 200,
      body: {
        ...jobSummary(call.org, job),
        numberRecordsProcessed: job.outcomes?.processed() ?? 0,
        numberRecordsFailed: job.outcomes?.failed() ?? 0,
        retries: job.retries,
        totalProcessingTime: job.totalMs,
        apiActiveProcessingTime: job.activeMs,
        apexProcessingTime: 0,
        ...(job.errorMessage === undefined ? {} : { errorMessage: job.errorMessage }),
      },
    }
  },
})

const remove = (call: Call, params: Params): Work => ({
  run: () => {
    const job = jobOf(call, params['id'], 'ingest')
    if (job.state === 'Open' || job.state === 'InProgress') throw wrongState(`Deleting ${job.state} Job not allowed`)
    call.org.bulk.remove(job.id)
    return { status: 204 }
  },
})

const result =
  (kind: ResultKind) =>
  (call: Call, params: Params): Work => ({
    run: () => {
      const job = jobOf(call, params['id'], 'ingest')
      if (job.state === 'Open' || job.state === 'UploadComplete' || job.state === 'InProgress')
        throw wrongState(`Job is in invalid state: ${job.state}`)
      return { status: 200, raw: { type: 'text/csv', content: ingestResult(kind, job) } }
    },
  })

const list = (call: Call): Work => ({
  run: () => listJobs(call, 'ingest', ['BigObjectIngest', 'Classic', 'V2Ingest']),
})

/** Loading by Bulk API 2.0. */
export const ingestRoutes: readonly Route[] = [
  { method: 'POST', pattern: '/jobs/ingest', kind: 'bulk', body: 'raw', prepare: create },
  { method: 'GET', pattern: '/jobs/ingest', kind: 'bulk', prepare: list },
  { method: 'GET', pattern: '/jobs/ingest/:id', kind: 'bulk', prepare: show },
  { method: 'PATCH', pattern: '/jobs/ingest/:id', kind: 'bulk', prepare: change },
  { method: 'DELETE', pattern: '/jobs/ingest/:id', kind: 'bulk', prepare: remove },
  { method: 'PUT', pattern: '/jobs/ingest/:id/batches', kind: 'bulk', body: 'raw', prepare: upload },
  { method: 'GET', pattern: '/jobs/ingest/:id/successfulResults', kind: 'bulk', prepare: result('successful') },
  { method: 'GET', pattern: '/jobs/ingest/:id/failedResults', kind: 'bulk', prepare: result('failed') },
  { method: 'GET', pattern: '/jobs/ingest/:id/unprocessedrecords', kind: 'bulk', prepare: result('unprocessed') },
]
