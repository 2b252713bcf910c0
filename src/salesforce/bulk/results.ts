import { type BulkRowResult, UNPROCESSED } from '../api.ts'
import { failureOfShape, withoutAddresses } from '../failure.ts'
import { to18 } from '../record-id.ts'
import { readRows } from './read-csv.ts'

export type ResultKind = 'successful' | 'failed' | 'unprocessed'

/** A cell by its column. */
type Cell = (column: string) => string

/**
 * What became of the rows of a result file.
 * @param key the column by which rows are told apart
 * @param reason why a job did not process its rows
 */
export const readResults = async function* (
  kind: ResultKind,
  file: Uint8Array,
  key: string,
  reason: string,
): AsyncGenerator<BulkRowResult, void, undefined> {
  let places: Map<string, number> | undefined
  for await (const cells of readRows(file)) {
    if (!places) {
      places = new Map(cells.map((column, place) => [column, place]))
      if (!places.has(key)) throw failureOfShape(`a result file without the column ${key}`, 'writes', 200)
      continue
    }
    const known = places
    const cell: Cell = (column) => cells[known.get(column) ?? -1] ?? ''
    yield { row: cell(key), ...READERS[kind](cell, reason) }
  }
}

type Outcome = BulkRowResult extends infer Result ? (Result extends unknown ? Omit<Result, 'row'> : never) : never

const READERS: Readonly<Record<ResultKind, (cell: Cell, reason: string) => Outcome>> = {
  successful: (cell) => ({ ok: true, id: to18(cell('sf__Id')), created: cell('sf__Created') === 'true' }),
  failed: (cell) => ({ ok: false, ...readError(cell('sf__Error')) }),
  unprocessed: (_, reason) => ({ ok: false, code: UNPROCESSED, message: reason, fields: [] }),
}

/**
 * `REQUIRED_FIELD_MISSING:Required fields are missing: [LastName]:LastName --`: code, words and fields, and several of them in a row. As
 * with Collections the first code decides, and the words and fields of all are kept.
 */
const readError = (text: string): { code: string; message: string; fields: string[] } => {
  const errors = text.split(/(?<=--)(?=[A-Z][A-Z0-9_]*:)/).map(readOneError)
  return {
    code: errors[0]?.code ?? 'NO_ERROR_GIVEN',
    message: errors.map(({ message }) => message).join('; '),
    fields: [...new Set(errors.flatMap(({ fields }) => fields))],
  }
}

const readOneError = (text: string): { code: string; message: string; fields: string[] } => {
  const [, code, message = '', fields = ''] = /^([A-Z][A-Z0-9_]*):(.*):([^:]*)--$/s.exec(text) ?? []
  if (code === undefined) return { code: 'NO_ERROR_GIVEN', message: withoutAddresses(text), fields: [] }
  return {
    code,
    message,
    fields: fields
      .split(',')
      .map((field) => field.trim())
      .filter(Boolean),
  }
}
