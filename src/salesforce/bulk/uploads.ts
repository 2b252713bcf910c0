import { type BulkRowResult, type Row, UNSENDABLE } from '../api.ts'
import { isObject } from '../schemas.ts'

/** A CSV file and how many rows it has. */
export type Upload = { csv: Uint8Array; rows: number }

/** A row's cells as they stand in the file, by column. */
type Cells = ReadonlyMap<string, string>

/** In a cell: empty the field. An empty cell leaves it as it is. */
const EMPTIED = '#N/A'

/**
 * The cells of a row. @throws TypeError for a value that is no text, number, boolean, null or parent
 * @returns the name of a field that a CSV file cannot hold as it is, or the cells
 */
const cellsOf = (row: Row): Cells | string => {
  const cells = new Map<string, string>()
  for (const [field, value] of Object.entries(row)) {
    const fields = isObject(value)
      ? Object.entries(value).map(([name, own]) => [`${field}.${name}`, own])
      : [[field, value]]
    for (const [column, own] of fields as [string, unknown][]) {
      if (own === undefined) continue
      const cell = cellOf(column, own)
      if (cell === undefined) return column
      cells.set(column, cell)
    }
  }
  return cells
}

/**
 * Undefined for text that would arrive as something else: the mark for an empty field; a carriage return, which spoils a file whose lines
 * end without one (and changing line breaks would make a difference that no write ever mends); half a surrogate pair, which UTF-8 has not.
 */
const cellOf = (column: string, value: unknown): string | undefined => {
  if (value === null || value === '') return EMPTIED
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  if (typeof value !== 'string') throw new TypeError(`${column} is no value that a CSV file can hold`)
  if (value === EMPTIED || value.includes('\r') || !value.isWellFormed()) return undefined
  return /[",\n]|^\s|\s$/.test(value) ? `"${value.replaceAll('"', '""')}"` : value
}

type Sheet = {
  /** False, and nothing is added, where the file would become larger than it may. A first row is always taken. */
  add: (cells: Cells) => boolean
  rows: () => number
  csv: () => Uint8Array
}

/** A file in the making. Rows need not have the same fields: its columns are all that any of them has. */
const createSheet = (maxBytes: number): Sheet => {
  const columns: string[] = []
  const lines: { text: string; cells: number }[] = []
  let bytes = 0
  return {
    add: (cells) => {
      const known = new Set(columns)
      const added = [...cells.keys()].filter((column) => !known.has(column))
      const text = [...columns, ...added].map((column) => cells.get(column) ?? '').join(',')
      // Each new column takes its name in the header, and a comma there and in every line so far.
      const widened = added.reduce((size, column) => size + Buffer.byteLength(column) + 1 + lines.length, 0)
      const size = bytes + widened + Buffer.byteLength(text) + 1
      if (lines.length > 0 && size > maxBytes) return false
      columns.push(...added)
      lines.push({ text, cells: columns.length })
      bytes = size
      return true
    },
    rows: () => lines.length,
    csv: () => {
      const file = Buffer.allocUnsafe(bytes)
      let end = file.write(`${columns.join(',')}\n`)
      for (const { text, cells } of lines) end += file.write(`${text}${','.repeat(columns.length - cells)}\n`, end)
      return file.subarray(0, end)
    },
  }
}

/**
 * Rows as files of at most `maxBytes`, and the failures of those that no file can hold.
 * @param key the column that tells rows apart. @throws RangeError for a row without it
 */
export const uploadsOf = async function* (
  rows: AsyncIterable<Row> | Iterable<Row>,
  key: string,
  maxBytes: number,
): AsyncGenerator<Upload | BulkRowResult, void, undefined> {
  let sheet = createSheet(maxBytes)
  /** The sheet as a file; its rows are not kept beside it. */
  const finish = (): Upload => {
    const upload = { csv: sheet.csv(), rows: sheet.rows() }
    sheet = createSheet(maxBytes)
    return upload
  }
  for await (const row of rows) {
    const own = row[key]
    if (typeof own !== 'string' || own === '') throw new RangeError(`each row of a bulk job needs its ${key}`)
    const cells = cellsOf(row)
    if (typeof cells === 'string') {
      yield unsendable(own, cells)
      continue
    }
    if (sheet.add(cells)) continue
    yield finish()
    sheet.add(cells)
  }
  if (sheet.rows() > 0) yield finish()
}

const unsendable = (row: string, field: string): BulkRowResult => ({
  row,
  ok: false,
  code: UNSENDABLE,
  message: `${field} holds text that Bulk API would change: write this record by Collections.`,
  fields: [field],
})
