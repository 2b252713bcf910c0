import { isUtf8 } from 'node:buffer'

export type ColumnDelimiter = 'BACKQUOTE' | 'CARET' | 'COMMA' | 'PIPE' | 'SEMICOLON' | 'TAB'
export type LineEnding = 'LF' | 'CRLF'
export type Dialect = { columnDelimiter: ColumnDelimiter; lineEnding: LineEnding }

export const delimiters: Readonly<Record<ColumnDelimiter, string>> = {
  BACKQUOTE: '`',
  CARET: '^',
  COMMA: ',',
  PIPE: '|',
  SEMICOLON: ';',
  TAB: '\t',
}
export const lineEndings: Readonly<Record<LineEnding, string>> = { LF: '\n', CRLF: '\r\n' }

/** A job or batch that fails as a whole; the message is what its `errorMessage` or `stateMessage` says. */
export class LoadFailure extends Error {
  override readonly name: string = 'LoadFailure'
}

/** The cells of a row, or what is wrong with it. */
export type Cells = { cells: readonly string[]; fault: string | undefined }

/** Rows with a header, wherever they come from. */
export type Table = {
  header: readonly string[]
  /** As it was sent; results repeat it. */
  headerText: string
  count: number
  row: (index: number) => Cells
  /** A row as it was sent. */
  rowText: (index: number) => string
}

const quote = 34
const cr = 13
const lf = 10

/** Line breaks that are not the job's spoil the whole file, those within quotes too. */
const checkLineEndings = (bytes: Uint8Array, lineEnding: LineEnding): void => {
  for (let at = bytes.indexOf(lf); at >= 0; at = bytes.indexOf(lf, at + 1)) {
    if ((bytes[at - 1] === cr) !== (lineEnding === 'CRLF')) {
      throw new LoadFailure(
        `ClientInputError : LineEnding is invalid on user data. Current LineEnding setting is ${lineEnding}`,
      )
    }
  }
}

type Span = { from: number; to: number }

/** Where the rows are. A line break ends a row unless it is within quotes; empty lines are no rows. */
const findRows = (bytes: Uint8Array, delimiter: number): { starts: number[]; ends: number[] } => {
  const starts: number[] = []
  const ends: number[] = []
  let from = 0
  let cellStart = true
  let quoted = false
  const end = (to: number) => {
    if (to <= from) return
    starts.push(from)
    ends.push(to)
  }
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at]
    if (quoted) {
      if (byte !== quote) continue
      if (bytes[at + 1] === quote) at++
      else quoted = false
    } else if (byte === lf) {
      end(bytes[at - 1] === cr ? at - 1 : at)
      from = at + 1
      cellStart = true
    } else {
      quoted = cellStart && byte === quote
      cellStart = byte === delimiter
    }
  }
  if (quoted) throw new LoadFailure('InvalidBatch : Failed to parse CSV. EOF reached before closing an opened quote')
  end(bytes.length)
  return { starts, ends }
}

const unescapedQuote = 'Found unescaped quote. A value with quote should be within a quote'

/** Splits one row. Values are not trimmed, and nothing may stand beside the quotes of a quoted one. */
const splitRow = (text: string, delimiter: string): Cells => {
  const cells: string[] = []
  let fault: string | undefined
  let at = 0
  for (;;) {
    if (text[at] === '"') {
      let cell = ''
      let from = at + 1
      let to = text.indexOf('"', from)
      while (to >= 0 && text[to + 1] === '"') {
        cell += text.slice(from, to + 1)
        from = to + 2
        to = text.indexOf('"', from)
      }
      cell += text.slice(from, to < 0 ? undefined : to)
      at = to < 0 ? text.length : to + 1
      cells.push(cell)
      if (at < text.length && text[at] !== delimiter) return { cells, fault: unescapedQuote }
    } else {
      const to = text.indexOf(delimiter, at)
      const cell = text.slice(at, to < 0 ? undefined : to)
      if (cell.includes('"')) fault = unescapedQuote
      cells.push(cell)
      at = to < 0 ? text.length : to
    }
    if (at >= text.length) return { cells, fault }
    at++
  }
}

const longestHeader = 32_000
const longestRow = 400_000
const mostFields = 5_000

const rowFault = ({ cells, fault }: Cells, header: readonly string[], length: number): string | undefined => {
  if (fault !== undefined) return `INVALID_FIELD:${fault}:--`
  if (length > longestRow) return `INVALID_FIELD:The record has more than ${longestRow} characters:--`
  if (cells.length === header.length) return undefined
  return `INVALID_FIELD:Number of fields in header is different from the row. header = ${header.length} row = ${cells.length}:--`
}

/**
 * A CSV file over its bytes: the rows are found once, and cut out and decoded one by one when they are asked for.
 * @param dialect without a line ending, either is taken
 * @throws LoadFailure for a file that cannot be read at all
 */
export const openCsv = (
  bytes: Uint8Array,
  dialect: Pick<Dialect, 'columnDelimiter'> & { lineEnding?: LineEnding },
): Table => {
  if (!isUtf8(bytes)) throw new LoadFailure('ClientInputError : The file is not in UTF-8')
  if (dialect.lineEnding) checkLineEndings(bytes, dialect.lineEnding)
  const delimiter = delimiters[dialect.columnDelimiter]
  const { starts, ends } = findRows(bytes, delimiter.charCodeAt(0))
  // A byte order mark stays: Salesforce takes it for a part of the first field's name.
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  const span = (index: number): Span => ({ from: starts[index] ?? 0, to: ends[index] ?? 0 })
  const text = (index: number): string => {
    const { from, to } = span(index)
    return decoder.decode(bytes.subarray(from, to))
  }
  if (starts.length === 0) throw new LoadFailure('InvalidBatch : Failed to parse CSV. The file has no header row')
  const headerText = text(0)
  if (headerText.length > longestHeader)
    throw new LoadFailure(`InvalidBatch : The header row has more than ${longestHeader} characters`)
  const { cells: header, fault } = splitRow(headerText, delimiter)
  if (fault !== undefined) throw new LoadFailure(`InvalidBatch : Failed to parse CSV. ${fault}`)
  if (header.length > mostFields) throw new LoadFailure(`InvalidBatch : A record has more than ${mostFields} fields`)
  return {
    header,
    headerText,
    count: starts.length - 1,
    row: (index) => {
      const rowText = text(index + 1)
      const row = splitRow(rowText, delimiter)
      return { cells: row.cells, fault: rowFault(row, header, rowText.length) }
    },
    rowText: (index) => text(index + 1),
  }
}

/** A cell as results show it: always in quotes. */
export const quoted = (cell: string): string => `"${cell.replaceAll('"', '""')}"`
