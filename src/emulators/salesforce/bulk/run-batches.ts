import { RequestFailure } from '../errors.ts'
import type { Org } from '../org.ts'
import { readColumns } from './columns.ts'
import { LoadFailure } from './csv-file.ts'
import type { Batch, BatchState, ClassicJob, IngestOperation, QueryOperation } from './jobs.ts'
import { batchSize, keyFieldOf, loadBatch, passTime } from './load.ts'
import { openBatch } from './one-content.ts'
import { createOutcomes } from './outcomes.ts'
import { bulkQuery } from './query-result.ts'

export const isQuery = (operation: IngestOperation | QueryOperation): operation is QueryOperation =>
  operation === 'query' || operation === 'queryAll'

const moveTo = (org: Org, batch: Batch, state: BatchState): void => {
  batch.state = state
  batch.changedAt = org.clock.now()
}

const load = async (org: Org, job: ClassicJob, batch: Batch, operation: IngestOperation): Promise<void> => {
  const table = openBatch(batch.content, job.contentType)
  if (table.count > batchSize) throw new LoadFailure(`InvalidBatch : The batch has more than ${batchSize} records`)
  const object = org.schema.find(job.object)
  if (!object) throw new LoadFailure(`InvalidJob : Unable to find object: ${job.object}`)
  const columns = readColumns(org.schema, object, operation, table.header)
  batch.outcomes ??= createOutcomes(table.count)
  const loading = {
    object,
    operation,
    keyField: keyFieldOf(object, job.externalIdFieldName),
    columns,
    table,
    outcomes: batch.outcomes,
    origin: job.origin,
    // A batch under way is finished even when its job is aborted.
    stopped: () => !org.bulk.holds(job),
    retried: () => {
      job.retries++
    },
  }
  await loadBatch(org, loading, 0, table.count)
}

const query = async (org: Org, job: ClassicJob, batch: Batch, operation: QueryOperation): Promise<void> => {
  const soql = new TextDecoder().decode(batch.content)
  try {
    batch.result = bulkQuery(org, soql, operation === 'queryAll', job.version)
  } catch (error) {
    if (!(error instanceof RequestFailure)) throw error
    const [{ errorCode = 'MALFORMED_QUERY' } = {}] = error.body as { errorCode?: string }[]
    // What Bulk cannot query has a code of its own in this version.
    const code = errorCode === 'API_ERROR' ? 'FUNCTIONALITY_NOT_ENABLED' : errorCode
    throw new LoadFailure(`InvalidBatch : Failed to process query: ${code}: ${error.message}`)
  }
  batch.resultId = org.bulk.nextId('752')
  await passTime(org, (org.settings.bulkBatchMs * batch.result.count) / batchSize)
}

const work = async (org: Org, job: ClassicJob, batch: Batch): Promise<void> => {
  const queuedAt = org.clock.now()
  await passTime(org, org.settings.bulkQueueMs)
  if (!org.bulk.holds(job) || (batch.state !== 'Queued' && batch.state !== 'InProgress')) return
  moveTo(org, batch, 'InProgress')
  const startedAt = org.clock.now()
  let state: BatchState = 'Completed'
  try {
    await (isQuery(job.operation) ? query(org, job, batch, job.operation) : load(org, job, batch, job.operation))
  } catch (error) {
    state = 'Failed'
    batch.stateMessage = error instanceof LoadFailure ? error.message : `Unknown : emulator: ${String(error)}`
  }
  batch.activeMs += org.clock.now() - startedAt
  batch.totalMs += org.clock.now() - queuedAt
  moveTo(org, batch, state)
}

const last = new WeakMap<ClassicJob, Promise<void>>()

/** Takes a batch to its end in the background; those of a serial job wait for each other. */
export const runBatch = (org: Org, job: ClassicJob, batch: Batch): Promise<void> => {
  if (job.concurrencyMode === 'Parallel') return work(org, job, batch)
  const next = (last.get(job) ?? Promise.resolve()).then(() => work(org, job, batch))
  last.set(job, next)
  return next
}
