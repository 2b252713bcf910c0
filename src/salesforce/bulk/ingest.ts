import { type BulkIngest, type BulkRowResult, SalesforceError } from '../api.ts'
import { failureOfJob, type Job, type JobState, type Jobs, type Learning, learning, openJob } from './job.ts'
import { type ResultKind, readResults } from './results.ts'
import { type Upload, uploadsOf } from './uploads.ts'

/** Salesforce takes 150 MB in base64, in which it keeps uploads, and so some 100 MB of ours. */
const LARGEST_UPLOAD = 90_000_000
/** A larger one saves few calls, and is held in memory with its results. */
const UPLOAD_BYTES = 25_000_000

/** What becomes of rows, job by job. @throws SalesforceError; see bulk.ts for what it promises */
export const ingest = async function* (
  jobs: Jobs,
  { rows, uploadBytes = UPLOAD_BYTES, ...asked }: BulkIngest,
): AsyncGenerator<BulkRowResult, void, undefined> {
  const key = keyOf(asked)
  if (!(uploadBytes > 0 && uploadBytes <= LARGEST_UPLOAD))
    throw new RangeError(`one upload has up to ${LARGEST_UPLOAD} bytes, not ${uploadBytes}`)
  const sent = asked.operation === 'delete' ? idsOf(rows) : rows
  for await (const upload of uploadsOf(sent, key, uploadBytes)) {
    if ('csv' in upload) yield* load(jobs, asked, key, upload)
    else yield upload
  }
}

const keyOf = ({ operation, externalIdField }: Omit<BulkIngest, 'rows'>): string => {
  if (operation === 'update' || operation === 'delete') return 'Id'
  if (externalIdField === undefined)
    throw new RangeError(`a bulk ${operation} needs externalIdField, by which results find their rows`)
  return externalIdField
}

/** A delete fails as a whole for any column besides the id. */
const idsOf = async function* (rows: BulkIngest['rows']): AsyncGenerator<{ Id: unknown }, void, undefined> {
  for await (const { Id } of rows) yield { Id }
}

const load = async function* (
  jobs: Jobs,
  { object, operation, externalIdField, ...options }: Omit<BulkIngest, 'rows' | 'uploadBytes'>,
  key: string,
  upload: Upload,
): AsyncGenerator<BulkRowResult, void, undefined> {
  const externalIdFieldName = operation === 'upsert' ? externalIdField : undefined
  const description = { object, operation, externalIdFieldName, contentType: 'CSV', lineEnding: 'LF' }
  const job = await openJob(jobs, 'ingest', description, options)
  try {
    await fill(job, upload)
    options.signal?.throwIfAborted()
    await handOver(job)
    const done = yield* settle(job, key, upload, learning(jobs, `${operation} ${object}`, upload.rows))
    if (done.state !== 'JobComplete') throw failureOfJob(done)
  } finally {
    await job.remove()
  }
}

/**
 * Changes no record yet: whatever fails here was nothing but an upload. A job takes one, and so is never sent a second, nor is the file held
 * while the job waits.
 */
const fill = async (job: Job, upload: Upload): Promise<void> => {
  const { csv } = upload
  upload.csv = new Uint8Array()
  await job.call({ kind: 'bulk-upload', method: 'PUT', part: '/batches', csv, effect: 'reads', repeatable: false })
}

/** Where the answer is lost, the job itself tells whether it was handed over. */
const handOver = async (job: Job): Promise<void> => {
  const body = { state: 'UploadComplete' }
  try {
    await job.call({ kind: 'bulk-close', method: 'PATCH', body, effect: 'writes', repeatable: false })
  } catch (error) {
    if (!(error instanceof SalesforceError && error.kind === 'lost-answer')) throw error
    const now = await job.look().catch(() => undefined)
    if (now === undefined || now.state === 'Open') throw error
  }
}

/** Waits for the end of a job, and gives what became of each row. */
const settle = async function* (
  job: Job,
  key: string,
  upload: Upload,
  { expectedMs, tookMs }: Learning,
): AsyncGenerator<BulkRowResult, JobState, undefined> {
  try {
    const done = await job.wait(expectedMs)
    tookMs(done.waitedMs)
    let told = 0
    for (const kind of resultsOf(done, upload)) {
      const file = await fetchResults(job, kind)
      for await (const result of readResults(kind, file, key, done.error ?? `the job ended as ${done.state}`)) {
        told++
        yield result
      }
    }
    if (told === upload.rows) return done
    throw new SalesforceError(
      'lost-answer',
      'RESULTS_INCOMPLETE',
      `bulk job ${job.id} had ${upload.rows} rows, and its results tell of ${told}`,
    )
  } catch (error) {
    throw perhapsDone(job, error)
  }
}

/** The result files that have rows; each is a call. Counts of a job that did not complete may still grow. */
const resultsOf = ({ state, processed, failed }: JobState, { rows }: Upload): ResultKind[] => {
  if (state !== 'JobComplete' || processed === undefined || failed === undefined)
    return ['successful', 'failed', 'unprocessed']
  const kinds: ResultKind[] = []
  if (processed > failed) kinds.push('successful')
  if (failed > 0) kinds.push('failed')
  if (processed < rows) kinds.push('unprocessed')
  return kinds
}

const PARTS: Readonly<Record<ResultKind, string>> = {
  successful: '/successfulResults',
  failed: '/failedResults',
  unprocessed: '/unprocessedrecords',
}

const fetchResults = async (job: Job, kind: ResultKind): Promise<Uint8Array> => {
  const read = { method: 'GET', accept: 'text/csv', effect: 'reads', repeatable: true } as const
  return (await job.call({ ...read, kind: 'bulk-results', part: PARTS[kind] })).body
}

/** The job was handed over: rows of it may be written, whatever the failure is. */
const perhapsDone = (job: Job, error: unknown): unknown => {
  if (!(error instanceof SalesforceError) || error.kind === 'lost-answer') return error
  const { code, message, status } = error
  return new SalesforceError('lost-answer', code, `bulk job ${job.id} was handed over, then ${message}`, {
    ...(status !== undefined && { status }),
    cause: error,
  })
}
