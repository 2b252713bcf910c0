import type { Org } from '../org.ts'
import { readColumns } from './columns.ts'
import { LoadFailure, openCsv, type Table } from './csv-file.ts'
import type { IngestJob, JobState } from './jobs.ts'
import { batchSize, keyFieldOf, type Loading, loadBatch, passTime } from './load.ts'
import { createOutcomes } from './outcomes.ts'

/** Batches of one job that are worked on at the same time. */
const parallelBatches = 5

export const moveTo = (org: Org, job: { state: string; changedAt: number }, state: JobState): void => {
  job.state = state
  job.changedAt = org.clock.now()
}

/** Whether a job is still wanted in the state in which the work on it left it. */
const goesOn = (org: Org, job: IngestJob): boolean => org.bulk.holds(job) && job.state === 'InProgress'

const prepare = (org: Org, job: IngestJob, table: Table): Loading => {
  const object = org.schema.find(job.object)
  if (!object) throw new LoadFailure(`InvalidJob : Unable to find object: ${job.object}`)
  const columns = readColumns(org.schema, object, job.operation, table.header)
  job.outcomes ??= createOutcomes(table.count)
  return {
    object,
    operation: job.operation,
    keyField: keyFieldOf(object, job.externalIdFieldName),
    columns,
    table,
    outcomes: job.outcomes,
    origin: job.origin,
    stopped: () => !goesOn(org, job),
    retried: () => {
      job.retries++
    },
  }
}

/**
 * Runs the batches of a job, five at a time.
 * @throws LoadFailure when the day's batches are used up; the batches under way end first
 */
const runBatches = async (org: Org, loading: Loading): Promise<void> => {
  let next = 0
  let usedUp = false
  const work = async (): Promise<void> => {
    while (next < loading.table.count && !usedUp && !loading.stopped()) {
      const from = next
      next += batchSize
      if (org.bulk.batches.used() >= org.bulk.batches.limit) {
        usedUp = true
        return
      }
      org.bulk.batches.count()
      await loadBatch(org, loading, from, Math.min(next, loading.table.count))
    }
  }
  await Promise.all(Array.from({ length: parallelBatches }, work))
  if (usedUp) throw new LoadFailure('ExceededQuota : ApiBatchItems Limit exceeded.')
}

const process = async (org: Org, job: IngestJob): Promise<JobState> => {
  try {
    await runBatches(org, prepare(org, job, openCsv(job.upload ?? new Uint8Array(), job)))
    return 'JobComplete'
  } catch (error) {
    job.errorMessage = error instanceof LoadFailure ? error.message : `Unknown : emulator: ${String(error)}`
    return 'Failed'
  }
}

/** Takes a closed job to its end, in the background; also one that a snapshot brought back halfway. */
export const runIngest = async (org: Org, job: IngestJob): Promise<void> => {
  const queuedAt = org.clock.now()
  if (job.state === 'UploadComplete') {
    await passTime(org, org.settings.bulkQueueMs)
    if (!org.bulk.holds(job) || job.state !== 'UploadComplete') return
    moveTo(org, job, 'InProgress')
  }
  const startedAt = org.clock.now()
  const state = await process(org, job)
  if (!goesOn(org, job)) return
  const now = org.clock.now()
  job.activeMs += now - startedAt
  job.totalMs += now - queuedAt
  moveTo(org, job, state)
}
