import type { Reply } from '../api.ts'
import type { Org } from '../org.ts'
import { showDateTime } from '../records/values.ts'
import { quoted } from './csv-file.ts'
import type { Batch, BatchState, ClassicJob } from './jobs.ts'
import { type Format, formatted } from './one-format.ts'
import { resultCsv } from './query-result.ts'

// Jobs, batches and results of Bulk API 1.0 as it shows them.

const at = (format: Format, time: number): string =>
  format === 'json' ? showDateTime(time) : new Date(time).toISOString()

const sum = (batches: readonly Batch[], of: (batch: Batch) => number): number =>
  batches.reduce((total, batch) => total + of(batch), 0)

const processed = (batch: Batch): number => batch.outcomes?.processed() ?? batch.result?.count ?? 0
const failed = (batch: Batch): number => batch.outcomes?.failed() ?? 0

export const showJob = (org: Org, job: ClassicJob, format: Format): [string, Record<string, unknown>] => {
  const { batches } = job
  const inState = (state: BatchState) => batches.filter((batch) => batch.state === state).length
  return [
    'jobInfo',
    {
      id: job.id,
      operation: job.operation,
      object: job.object,
      createdById: org.userId,
      createdDate: at(format, job.createdAt),
      systemModstamp: at(format, job.changedAt),
      state: job.state,
      externalIdFieldName: job.externalIdFieldName,
      concurrencyMode: job.concurrencyMode,
      contentType: job.contentType,
      numberBatchesQueued: inState('Queued'),
      numberBatchesInProgress: inState('InProgress'),
      numberBatchesCompleted: inState('Completed'),
      numberBatchesFailed: inState('Failed'),
      numberBatchesTotal: batches.length,
      numberRecordsProcessed: sum(batches, processed),
      numberRetries: job.retries,
      apiVersion: format === 'json' ? Number(job.version) : job.version,
      numberRecordsFailed: sum(batches, failed),
      totalProcessingTime: sum(batches, (batch) => batch.totalMs),
      apiActiveProcessingTime: sum(batches, (batch) => batch.activeMs),
      apexProcessingTime: 0,
    },
  ]
}

export const showBatch = (job: ClassicJob, batch: Batch, format: Format): [string, Record<string, unknown>] => [
  'batchInfo',
  {
    id: batch.id,
    jobId: job.id,
    state: batch.state,
    stateMessage: batch.stateMessage,
    createdDate: at(format, batch.createdAt),
    systemModstamp: at(format, batch.changedAt),
    numberRecordsProcessed: processed(batch),
    numberRecordsFailed: failed(batch),
    totalProcessingTime: batch.totalMs,
    apiActiveProcessingTime: batch.activeMs,
    apexProcessingTime: 0,
  },
]

type RowShown = { id: string; success: boolean; created: boolean; error: string }

const rowsOf = ({ outcomes }: Batch): RowShown[] =>
  Array.from({ length: outcomes?.count ?? 0 }, (_, row) => {
    const state = outcomes?.state(row)
    const success = state === 'created' || state === 'updated'
    return {
      id: success ? (outcomes?.id(row) ?? '') : '',
      success,
      created: state === 'created',
      error: outcomes?.error(row) ?? '',
    }
  })

/** `CODE:message:Field, Field --`, taken apart again. */
const errorsOf = (text: string): { statusCode: string; message: string; fields: string[] }[] =>
  text
    .split(/(?<=--)(?=[A-Z_]+:)/)
    .filter((part) => part !== '')
    .map((part) => {
      const [, statusCode = '', message = '', fields = ''] = /^([A-Z_]+):([\s\S]*):([^:]*)--$/.exec(part) ?? []
      return { statusCode, message, fields: fields.split(',').flatMap((field) => field.trim() || []) }
    })

/** What became of the rows of a batch, in their order: CSV for CSV, and so on. */
export const batchResult = (job: ClassicJob, batch: Batch): Reply => {
  const rows = rowsOf(batch)
  if (job.contentType === 'CSV') {
    const line = (cells: readonly string[]) => `${cells.map(quoted).join(',')}\n`
    const lines = rows.map(({ id, success, created, error }) => line([id, String(success), String(created), error]))
    return {
      status: 200,
      raw: { type: 'text/csv', content: line(['Id', 'Success', 'Created', 'Error']) + lines.join('') },
    }
  }
  const results = rows.map(({ id, success, created, error }) => ({ id, success, created, errors: errorsOf(error) }))
  if (job.contentType === 'JSON')
    return { status: 200, body: results.map((each) => ({ ...each, id: each.id === '' ? null : each.id })) }
  return formatted('xml', 200, [
    'results',
    { result: results.map(({ id, ...rest }) => ({ ...(id === '' ? {} : { id }), ...rest })) },
  ])
}

/** The result of a query batch. */
export const queryBatchResult = (batch: Batch): Reply => ({
  status: 200,
  raw: {
    type: 'text/csv',
    content: batch.result
      ? resultCsv(batch.result, { columnDelimiter: 'COMMA', lineEnding: 'LF' }, 0, batch.result.count)
      : '',
  },
})
