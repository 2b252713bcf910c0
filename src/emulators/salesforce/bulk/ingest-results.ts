import { type Dialect, delimiters, lineEndings, openCsv, quoted, type Table } from './csv-file.ts'
import type { IngestJob } from './jobs.ts'
import type { Outcomes } from './outcomes.ts'

export type ResultKind = 'successful' | 'failed' | 'unprocessed'

/** Rows of a result that are made ready at once. */
const stride = 1_000

const joined = (dialect: Dialect, cells: readonly string[]): string =>
  cells.map(quoted).join(delimiters[dialect.columnDelimiter])

const sentCells = (table: Table, row: number): readonly string[] => {
  const { cells, fault } = table.row(row)
  // What could not be taken apart is shown empty.
  return fault === undefined ? cells : table.header.map(() => '')
}

const lineOf = (kind: ResultKind, job: IngestJob, table: Table, outcomes: Outcomes, row: number) => {
  const state = outcomes.state(row)
  if (kind === 'unprocessed') return state === 'todo' ? table.rowText(row) : undefined
  if (kind === 'failed')
    return state === 'failed'
      ? joined(job, [outcomes.id(row), outcomes.error(row), ...sentCells(table, row)])
      : undefined
  if (state !== 'created' && state !== 'updated') return undefined
  return joined(job, [outcomes.id(row), String(state === 'created'), ...sentCells(table, row)])
}

const headOf = (kind: ResultKind, job: IngestJob, table: Table): string => {
  if (kind === 'unprocessed') return table.headerText
  const own = kind === 'failed' ? ['sf__Id', 'sf__Error'] : ['sf__Id', 'sf__Created']
  return `${joined(job, own)}${delimiters[job.columnDelimiter]}${table.headerText}`
}

const stream = (lines: Iterator<string>): ReadableStream<Uint8Array> => {
  const encoder = new TextEncoder()
  return new ReadableStream({
    pull: (controller) => {
      let text = ''
      for (let i = 0; i < stride; i++) {
        const next = lines.next()
        if (next.done) {
          if (text !== '') controller.enqueue(encoder.encode(text))
          controller.close()
          return
        }
        text += next.value
      }
      controller.enqueue(encoder.encode(text))
    },
  })
}

/** The upload of a job that could not be read: it comes back whole, as unprocessed, or not at all. */
const unread = function* (kind: ResultKind, upload: Uint8Array): Generator<string> {
  if (kind === 'unprocessed') yield new TextDecoder('utf-8', { ignoreBOM: true }).decode(upload)
}

/**
 * One of the three result files of a job. The order is not that of the upload: successes and failures come last row
 * first, so that whoever counts on the order notices.
 */
export const ingestResult = (kind: ResultKind, job: IngestJob): ReadableStream<Uint8Array> => {
  const upload = job.upload ?? new Uint8Array()
  let table: Table
  try {
    table = openCsv(upload, job)
  } catch {
    return stream(unread(kind, upload))
  }
  const lines = function* (): Generator<string> {
    const end = lineEndings[job.lineEnding]
    yield headOf(kind, job, table) + end
    for (let i = 0; i < table.count; i++) {
      const row = kind === 'unprocessed' ? i : table.count - 1 - i
      const line = job.outcomes
        ? lineOf(kind, job, table, job.outcomes, row)
        : kind === 'unprocessed'
          ? table.rowText(row)
          : undefined
      if (line !== undefined) yield line + end
    }
  }
  return stream(lines())
}
