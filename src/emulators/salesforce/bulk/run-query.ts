import type { Org } from '../org.ts'
import type { QueryJob } from './jobs.ts'
import { batchSize, passTime } from './load.ts'
import { moveTo } from './run-ingest.ts'

/** Takes a query job through its states; the result is there from the start. */
export const runQueryJob = async (org: Org, job: QueryJob): Promise<void> => {
  const queuedAt = org.clock.now()
  if (job.state === 'UploadComplete') {
    await passTime(org, org.settings.bulkQueueMs)
    if (!org.bulk.holds(job) || job.state !== 'UploadComplete') return
    moveTo(org, job, 'InProgress')
  }
  const startedAt = org.clock.now()
  await passTime(org, (org.settings.bulkBatchMs * job.result.count) / batchSize)
  if (!org.bulk.holds(job) || job.state !== 'InProgress') return
  job.activeMs += org.clock.now() - startedAt
  job.totalMs += org.clock.now() - queuedAt
  moveTo(org, job, 'JobComplete')
}
