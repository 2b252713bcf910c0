import type { Part } from '../../kit/snapshot.ts'
import type { Org } from '../org.ts'
import type { Batch, BulkJob, ClassicJob, IngestJob, QueryJob } from './jobs.ts'
import { createOutcomes, type OutcomesDump } from './outcomes.ts'
import type { QueryResult } from './query-result.ts'
import { runBatch } from './run-batches.ts'
import { runIngest } from './run-ingest.ts'
import { runQueryJob } from './run-query.ts'

// Jobs as plain JSON: files in base64, results of queries row by row.

type SavedResult = { object: string; header: readonly string[]; rows: readonly (readonly string[])[] }
type SavedIngest = Omit<IngestJob, 'upload' | 'outcomes'> & { upload?: string; outcomes?: OutcomesDump }
type SavedQuery = Omit<QueryJob, 'result'> & { result: SavedResult }
type SavedBatch = Omit<Batch, 'content' | 'outcomes' | 'result'> & {
  content: string
  outcomes?: OutcomesDump
  result?: SavedResult
}
type SavedClassic = Omit<ClassicJob, 'batches'> & { batches: SavedBatch[] }
type SavedJob = SavedIngest | SavedQuery | SavedClassic

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')
const saveResult = ({ object, header, count, row }: QueryResult): SavedResult => ({
  object,
  header,
  rows: Array.from({ length: count }, (_, i) => row(i)),
})
const loadResult = ({ object, header, rows }: SavedResult): QueryResult => ({
  object,
  header,
  count: rows.length,
  row: (index) => rows[index] ?? [],
})

const saveBatch = ({ content, outcomes, result, ...rest }: Batch): SavedBatch => ({
  ...rest,
  content: base64(content),
  ...(outcomes ? { outcomes: outcomes.dump() } : {}),
  ...(result ? { result: saveResult(result) } : {}),
})

const saveJob = (job: BulkJob): SavedJob => {
  if (job.kind === 'query') return { ...job, result: saveResult(job.result) }
  if (job.kind === 'classic') return { ...job, batches: job.batches.map(saveBatch) }
  const { upload, outcomes, ...rest } = job
  return { ...rest, ...(upload ? { upload: base64(upload) } : {}), ...(outcomes ? { outcomes: outcomes.dump() } : {}) }
}

const bytesOf = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'base64'))
const outcomesOf = (dump: OutcomesDump | undefined) => dump && createOutcomes(dump.count, dump)

const loadBatch = (saved: SavedBatch): Batch => ({
  ...saved,
  content: bytesOf(saved.content),
  outcomes: outcomesOf(saved.outcomes),
  result: saved.result && loadResult(saved.result),
})

const loadJob = (saved: SavedJob): BulkJob => {
  if (saved.kind === 'query') return { ...saved, result: loadResult(saved.result) }
  if (saved.kind === 'classic') return { ...saved, batches: saved.batches.map(loadBatch) }
  const { upload, outcomes } = saved
  return { ...saved, upload: upload === undefined ? undefined : bytesOf(upload), outcomes: outcomesOf(outcomes) }
}

/** Goes on with what was under way. */
const resume = (org: Org, job: BulkJob): void => {
  if (job.kind === 'classic') {
    for (const batch of job.batches)
      if (batch.state === 'Queued' || batch.state === 'InProgress') void runBatch(org, job, batch)
  } else if (job.state === 'UploadComplete' || job.state === 'InProgress') {
    void (job.kind === 'ingest' ? runIngest(org, job) : runQueryJob(org, job))
  }
}

type SavedBulk = { given: number; jobs: SavedJob[]; batches: unknown; queries: unknown }

/** The bulk jobs of an org as a part of its snapshots. */
export const bulkPart = (org: Org): Part => ({
  save: (): SavedBulk => {
    const { given, jobs } = org.bulk.dump()
    return {
      given,
      jobs: jobs.map(saveJob),
      batches: org.bulk.batches.part.save(),
      queries: org.bulk.queries.part.save(),
    }
  },
  load: (saved) => {
    const { given, jobs, batches, queries } = saved as SavedBulk
    org.bulk.replace({ given, jobs: jobs.map(loadJob) })
    org.bulk.batches.part.load(batches)
    org.bulk.queries.part.load(queries)
    for (const job of org.bulk.list()) resume(org, job)
  },
  clear: org.bulk.clear,
})
