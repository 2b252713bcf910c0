import { refused } from '../errors.ts'
import type { Org } from '../org.ts'
import { showValue } from '../records/values.ts'
import type { Field } from '../schema.ts'
import { parseSoql } from '../soql/parse.ts'
import { runQuery } from '../soql/query.ts'
import type { Select, SelectItem } from '../soql/select.ts'
import type { Row } from '../store.ts'
import { type Dialect, delimiters, lineEndings, quoted } from './csv-file.ts'

/** What a query found, as text: the way to a CSV file. */
export type QueryResult = {
  object: string
  header: readonly string[]
  count: number
  row: (index: number) => readonly string[]
}

const notInBulk = (what: string) => refused('API_ERROR', `${what} not supported in Bulk Query`)

// The list is in "Understanding Bulk API 2.0 Query", SOQL Considerations; the first two texts are known from clients.
const checkSoql = (soql: string): void => {
  const query = parseSoql(soql)
  if (query.items.some((item) => item.kind === 'children')) throw notInBulk('Aggregate Relationships')
  if (query.grouping) throw notInBulk('GROUP BY')
  if (query.offset !== undefined) throw notInBulk('OFFSET')
}

const compound: ReadonlySet<string> = new Set(['address', 'location'])

/** Bulk writes date-times with a `Z`, REST with `+0000`. */
const textOf = (field: Field, value: Row[string] | undefined): string => {
  const shown = showValue(field, value)
  if (shown === null) return ''
  return field.type === 'datetime' ? String(shown).replace(/\+0000$/, 'Z') : String(shown)
}

type Reader = { name: string; read: (row: Row | undefined) => string }

const readerOf = (org: Org, item: SelectItem): Reader[] => {
  if ('select' in item)
    return readers(org, item.select).map(({ name, read }) => ({
      name: `${item.name}.${name}`,
      read: (row) => {
        const id = row?.[item.field.name]
        return read(typeof id === 'string' ? org.store.get(item.select.object.name, id) : undefined)
      },
    }))
  if ('children' in item) throw notInBulk('Aggregate Relationships')
  if ('value' in item) return [{ name: item.name, read: (row) => String((row && item.value(row)) ?? '') }]
  if (compound.has(item.field.type)) throw notInBulk('Selecting compound data')
  return [{ name: item.field.name, read: (row) => (row ? textOf(item.field, row[item.field.name]) : '') }]
}

const readers = (org: Org, { items }: Select): Reader[] => items.flatMap((item) => readerOf(org, item))

/**
 * Runs the query of a job. The result is what there was when the job was made ("the results of the SOQL query when you
 * created the query job", Query Jobs walkthrough).
 * @throws RequestFailure for what is no query, or none for Bulk API
 */
export const bulkQuery = (org: Org, soql: string, all: boolean, version: string): QueryResult => {
  checkSoql(soql)
  const result = runQuery(org, soql, all, version)
  if (result.kind !== 'rows') throw notInBulk('Aggregate functions')
  const { rows, select } = result
  const columns = readers(org, select)
  const show = (row: Row) => columns.map(({ read }) => read(row))
  // Rows stay as they are, but parents are looked up, and could change: so their values are taken now.
  const withParents = select.items.some((item) => 'select' in item)
  const taken = withParents ? rows.map(show) : undefined
  return {
    object: select.object.name,
    header: columns.map(({ name }) => name),
    count: rows.length,
    row: (index) => {
      const row = rows[index]
      return taken?.[index] ?? (row ? show(row) : [])
    },
  }
}

const line = (cells: readonly string[], dialect: Dialect): string =>
  cells.map(quoted).join(delimiters[dialect.columnDelimiter]) + lineEndings[dialect.lineEnding]

/** Rows of a result as CSV, header first. */
export const resultCsv = (result: QueryResult, dialect: Dialect, from: number, to: number): string => {
  const lines = [line(result.header, dialect)]
  for (let i = from; i < Math.min(to, result.count); i++) lines.push(line(result.row(i), dialect))
  return lines.join('')
}
