import { gunzipSync } from 'node:zlib'
import type { Call, Params, RawBody, Reply, Route, Work } from '../api.ts'
import { checkVersion } from '../versions.ts'
import { checkHardDelete, originOf, upsertField } from './describe-job.ts'
import { type Batch, type ClassicJob, newJob } from './jobs.ts'
import { bulkOneFailure, type Format, formatOf, formatted, languagesOf, oneFailure, readJobInfo } from './one-format.ts'
import { batchResult, queryBatchResult, showBatch, showJob } from './one-show.ts'
import { isQuery, runBatch } from './run-batches.ts'
import { bulkObject } from './shared.ts'

const day = 86_400_000
const mostBytes = 10_000_000

const operations = ['insert', 'update', 'upsert', 'delete', 'hardDelete', 'query', 'queryAll'] as const
const contentTypes = ['CSV', 'XML', 'JSON'] as const
const modes = ['Parallel', 'Serial'] as const

/** The reply is in the language of the request; one without a body is answered in that of the job. */
const languageOf = (call: Call, job?: ClassicJob): Format =>
  job?.contentType === 'JSON' ? 'json' : formatOf(languagesOf(call.header))

const oneOf = <T extends string>(name: string, given: unknown, values: readonly T[], absent?: T): T => {
  const found = values.find((value) => value === (given ?? absent))
  if (found === undefined)
    throw oneFailure('InvalidJob', `Unable to parse Job: invalid ${name} '${String(given ?? '')}'`)
  return found
}

const create = (call: Call): Work => ({
  run: () => {
    const { org, version } = call
    checkVersion(version, call.path)
    const info = readJobInfo(call.body as RawBody)
    const object = bulkObject(org, info['object'])
    const operation = oneOf('operation', info['operation'], operations)
    const contentType = oneOf('contentType', info['contentType'], contentTypes, 'XML')
    const concurrencyMode = oneOf('concurrencyMode', info['concurrencyMode'], modes, 'Parallel')
    if (isQuery(operation) && contentType !== 'CSV')
      throw oneFailure('InvalidJob', `Query results in ${contentType} are not supported by the emulator`)
    checkHardDelete(org, operation)
    const job: ClassicJob = {
      ...newJob(org.bulk, org.clock.now(), version, object.name),
      kind: 'classic',
      state: 'Open',
      operation,
      externalIdFieldName: operation === 'upsert' ? upsertField(object, info['externalIdFieldName']) : undefined,
      origin: originOf(call),
      contentType,
      concurrencyMode,
      batches: [],
    }
    org.bulk.add(job)
    const format = languageOf(call)
    return formatted(format, 201, showJob(org, job, format))
  },
})

/** @throws RequestFailure InvalidJob */
const jobOf = (call: Call, params: Params): ClassicJob => {
  const job = call.org.bulk.get(params['id'] ?? '')
  if (job?.kind !== 'classic') throw oneFailure('InvalidJob', `Invalid job id: ${params['id']}`)
  return job
}

/** @throws RequestFailure InvalidBatch */
const batchOf = (job: ClassicJob, params: Params): Batch => {
  const batch = job.batches.find((each) => each.id === params['batch'])
  if (!batch) throw oneFailure('InvalidBatch', `Invalid batch id: ${params['batch']}`)
  return batch
}

const show = (call: Call, params: Params): Work => ({
  run: () => {
    const job = jobOf(call, params)
    const format = languageOf(call, job)
    return formatted(format, 200, showJob(call.org, job, format))
  },
})

const change = (call: Call, params: Params): Work => ({
  run: () => {
    const job = jobOf(call, params)
    const state = readJobInfo(call.body as RawBody)['state']
    if (state !== 'Closed' && state !== 'Aborted')
      throw oneFailure('InvalidJobState', `Invalid job state: ${String(state ?? '')}`)
    if (job.state === 'Aborted' || job.state === state)
      throw oneFailure('InvalidJobState', `Job already ${job.state.toLowerCase()}`)
    job.state = state
    job.changedAt = call.org.clock.now()
    for (const batch of job.batches) if (state === 'Aborted' && batch.state === 'Queued') batch.state = 'NotProcessed'
    const format = languageOf(call, job)
    return formatted(format, 200, showJob(call.org, job, format))
  },
})

const types = { CSV: /^text\/csv\b/i, XML: /^application\/xml\b/i, JSON: /^application\/json\b/i }

const unzipped = (call: Call, bytes: Uint8Array): Uint8Array => {
  if (call.header('content-encoding') !== 'gzip') return bytes
  try {
    return gunzipSync(bytes, { maxOutputLength: mostBytes + 1 })
  } catch {
    throw oneFailure('ClientInputError', 'The batch is not compressed with gzip, or too large')
  }
}

const addBatch = (call: Call, params: Params): Work => ({
  run: () => {
    const { org } = call
    const { type, bytes } = call.body as RawBody
    const job = jobOf(call, params)
    // One that comes too late counts all the same (Bulk API limits).
    if (org.bulk.batches.used() >= org.bulk.batches.limit)
      throw oneFailure('ExceededQuota', 'ApiBatchItems Limit exceeded.')
    org.bulk.batches.count()
    const now = org.clock.now()
    if (job.state !== 'Open')
      throw oneFailure(
        'InvalidJobState',
        `Failed to create batch, since the Job is not Open. Current job state is '${job.state}'`,
      )
    if (now - job.createdAt > day) throw oneFailure('InvalidJobState', 'The job is more than 24 hours old')
    if (!types[job.contentType].test(type) && !(isQuery(job.operation) && /^text\/plain\b/i.test(type)))
      throw oneFailure('InvalidBatch', `Content type ${type || '(none)'} is not that of the job, ${job.contentType}`)
    const content = unzipped(call, bytes)
    if (content.length === 0) throw oneFailure('InvalidBatch', 'The batch has no content')
    if (content.length > mostBytes)
      throw oneFailure('ClientInputError', `Input content size ${content.length} exceeds max limit ${mostBytes}`)
    const batch: Batch = {
      id: org.bulk.nextId('751'),
      createdAt: now,
      changedAt: now,
      state: 'Queued',
      stateMessage: undefined,
      content,
      totalMs: 0,
      activeMs: 0,
      outcomes: undefined,
      result: undefined,
      resultId: undefined,
    }
    job.batches.push(batch)
    void runBatch(org, job, batch)
    // In XML even to a batch of CSV.
    const format = job.contentType === 'JSON' ? 'json' : languageOf(call, job)
    return formatted(format, 201, showBatch(job, batch, format))
  },
})

const list = (call: Call, params: Params): Work => ({
  run: () => {
    const job = jobOf(call, params)
    const format = languageOf(call, job)
    const infos = job.batches.map((batch) => showBatch(job, batch, format)[1])
    return formatted(format, 200, ['batchInfoList', { batchInfo: infos }])
  },
})

const showOne = (call: Call, params: Params): Work => ({
  run: () => {
    const job = jobOf(call, params)
    const format = languageOf(call, job)
    return formatted(format, 200, showBatch(job, batchOf(job, params), format))
  },
})

const request = (call: Call, params: Params): Work => ({
  run: (): Reply => {
    const job = jobOf(call, params)
    const { content } = batchOf(job, params)
    const type = { CSV: 'text/csv', XML: 'application/xml', JSON: 'application/json' }[job.contentType]
    return { status: 200, raw: { type, content: content.slice() } }
  },
})

const finished = (job: ClassicJob, params: Params): Batch => {
  const batch = batchOf(job, params)
  if (batch.state !== 'Completed' && !(batch.state === 'Failed' && batch.outcomes))
    throw oneFailure('InvalidBatch', 'Batch not completed')
  return batch
}

const result = (call: Call, params: Params): Work => ({
  run: () => {
    const job = jobOf(call, params)
    const batch = finished(job, params)
    if (!isQuery(job.operation)) return batchResult(job, batch)
    const format = languageOf(call, job)
    return formatted(format, 200, ['result-list', { result: batch.resultId }], [batch.resultId])
  },
})

const queryResult = (call: Call, params: Params): Work => ({
  run: () => {
    const batch = finished(jobOf(call, params), params)
    if (!batch.result || batch.resultId !== params['result'])
      throw oneFailure('InvalidBatch', `Invalid result id: ${params['result']}`)
    return queryBatchResult(batch)
  },
})

const batch = '/job/:id/batch/:batch'

const routes: readonly Route[] = [
  { method: 'POST', pattern: '/job', kind: 'bulk', body: 'raw', prepare: create },
  { method: 'GET', pattern: '/job/:id', kind: 'bulk', prepare: show },
  { method: 'POST', pattern: '/job/:id', kind: 'bulk', body: 'raw', prepare: change },
  { method: 'POST', pattern: '/job/:id/batch', kind: 'bulk', body: 'raw', prepare: addBatch },
  { method: 'GET', pattern: '/job/:id/batch', kind: 'bulk', prepare: list },
  { method: 'GET', pattern: batch, kind: 'bulk', prepare: showOne },
  { method: 'GET', pattern: `${batch}/request`, kind: 'bulk', prepare: request },
  { method: 'GET', pattern: `${batch}/result`, kind: 'bulk', prepare: result },
  { method: 'GET', pattern: `${batch}/result/:result`, kind: 'bulk', prepare: queryResult },
]

// What fails within a route is said in the words of this API, not of the one beside it.
const inOwnWords = (call: Call, { run, ...work }: Work): Work => ({
  ...work,
  run: (unlocked) => {
    try {
      return run(unlocked)
    } catch (error) {
      return bulkOneFailure(error, languagesOf(call.header))
    }
  },
})

/** Bulk API 1.0, below `/services/async/NN.0`. */
export const bulkOneRoutes: readonly Route[] = routes.map((route) => ({
  ...route,
  prepare: (call, params) => inOwnWords(call, route.prepare(call, params)),
}))
