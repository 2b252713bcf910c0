import { Readable } from 'node:stream'
import { CsvError, parse } from 'csv-parse'
import { type QueriedRecord, SalesforceError } from '../api.ts'
import { failureOfShape } from '../failure.ts'
import { to18 } from '../record-id.ts'

/** Bytes that are taken apart at once. */
const SLICE = 65_536
/** Records that are given at once; as many as a page of REST has. */
const RECORDS_AT_ONCE = 2_000

const slices = function* (bytes: Uint8Array): Generator<Uint8Array, void, undefined> {
  for (let from = 0; from < bytes.length; from += SLICE) yield bytes.subarray(from, from + SLICE)
}

/**
 * The rows of a file, header first, taken apart as they are asked for.
 * @throws SalesforceError for what is no CSV, or was cut; without the parser's own error, which quotes the row
 */
export const readRows = async function* (bytes: Uint8Array): AsyncGenerator<string[], void, undefined> {
  const parser = Readable.from(slices(bytes)).pipe(parse({ bom: true }))
  try {
    for await (const row of parser as AsyncIterable<string[]>) yield row
  } catch (error) {
    throw error instanceof CsvError ? failureOfShape(`a CSV file (${error.code})`, 'reads', 200) : error
  }
}

/** Some thousand records at a time of a file that a query gave. */
export const readRecords = async function* (bytes: Uint8Array): AsyncGenerator<QueriedRecord[], void, undefined> {
  let toRecord: ((row: readonly string[]) => QueriedRecord) | undefined
  let records: QueriedRecord[] = []
  for await (const row of readRows(bytes)) {
    if (!toRecord) {
      toRecord = recordReader(row)
      continue
    }
    records.push(toRecord(row))
    if (records.length < RECORDS_AT_ONCE) continue
    yield records
    records = []
  }
  if (records.length > 0) yield records
}

type Fields = { [field: string]: unknown }

/** A parent and its cells: which column is which of its fields. */
type Shape = { cells: { name: string; place: number }[]; parents: Map<string, Shape> }

const shapeOf = (header: readonly string[]): Shape => {
  const root: Shape = { cells: [], parents: new Map() }
  for (const [place, column] of header.entries()) {
    const path = column.split('.')
    let shape = root
    for (const name of path.slice(0, -1)) {
      const parent = shape.parents.get(name) ?? { cells: [], parents: new Map() }
      shape.parents.set(name, parent)
      shape = parent
    }
    shape.cells.push({ name: path.at(-1) ?? column, place })
  }
  return root
}

const fieldsOf = ({ cells, parents }: Shape, row: readonly string[]): Fields => {
  const fields: Fields = {}
  for (const { name, place } of cells) fields[name] = row[place] || null
  for (const [name, shape] of parents) fields[name] = parentOf(shape, row)
  return fields
}

const parentOf = (shape: Shape, row: readonly string[]): Fields | null => {
  const fields = fieldsOf(shape, row)
  return Object.values(fields).every((value) => value === null) ? null : fields
}

const recordReader = (header: readonly string[]): ((row: readonly string[]) => QueriedRecord) => {
  const idPlace = header.findIndex((column) => column.toLowerCase() === 'id')
  if (idPlace < 0) throw new SalesforceError('refused', 'NO_ID', 'every query must select Id')
  const shape = shapeOf(header)
  return (row) => ({ ...fieldsOf(shape, row), Id: to18(row[idPlace] ?? '') })
}
