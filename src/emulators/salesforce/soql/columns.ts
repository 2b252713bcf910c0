import type { Org } from '../org.ts'
import { type Field, isText, type ObjectType } from '../schema.ts'
import { parseSoql } from './parse.ts'
import { runQuery } from './query.ts'
import type { Select } from './select.ts'

/** A column as `query?columns=true` tells of it: undocumented, but what the sf CLI lays its tables out by. */
type Column = {
  aggregate: boolean
  apexType: string
  booleanType: boolean
  columnName: string
  custom: boolean
  displayName: string
  foreignKeyName: string | null
  insertable: boolean
  joinColumns: readonly Column[]
  numberType: boolean
  textType: boolean
  updatable: boolean
}

const numbers: ReadonlySet<string> = new Set(['double', 'currency', 'percent', 'int'])
const apexTypes: Readonly<Record<string, string>> = {
  id: 'Id',
  reference: 'Id',
  boolean: 'Boolean',
  date: 'Date',
  datetime: 'Datetime',
  time: 'Time',
  double: 'Double',
  currency: 'Decimal',
  percent: 'Decimal',
  int: 'Integer',
}

const plain = (columnName: string, more: Partial<Column> = {}): Column => ({
  aggregate: false,
  apexType: 'String',
  booleanType: false,
  columnName,
  custom: false,
  displayName: columnName,
  foreignKeyName: null,
  insertable: false,
  joinColumns: [],
  numberType: false,
  textType: false,
  updatable: false,
  ...more,
})

const fieldColumn = (field: Field): Column =>
  plain(field.name, {
    apexType: apexTypes[field.type] ?? 'String',
    booleanType: field.type === 'boolean',
    custom: field.custom,
    insertable: field.createable && field.writable,
    numberType: numbers.has(field.type),
    textType: isText(field.type),
    updatable: field.updateable && field.writable,
  })

const columnsOf = ({ items }: Select): Column[] =>
  items.map((item) => {
    if ('children' in item) return plain(item.name, { aggregate: true, joinColumns: columnsOf(item.children) })
    if ('select' in item)
      return plain(item.name, { foreignKeyName: item.field.name, joinColumns: columnsOf(item.select) })
    return 'field' in item ? fieldColumn(item.field) : plain(item.name)
  })

// Aggregates without an alias are expr0, expr1, ..., counted over the unnamed ones.
const groupColumns = (soql: string): Column[] => {
  let unnamed = 0
  return parseSoql(soql).items.flatMap((item) => {
    if (item.kind === 'children') return []
    const { of: operand, alias } = item
    if (operand.kind === 'field') return [plain(alias ?? operand.path.split('.').at(-1) ?? '')]
    return [plain(alias ?? `expr${unnamed++}`, { aggregate: true, displayName: operand.text })]
  })
}

/**
 * What a query's columns are, instead of its records.
 * @throws RequestFailure for what is wrong with the query
 */
export const describeColumns = (org: Org, soql: string, version: string): unknown => {
  const result = runQuery(org, soql, false, version)
  const { from, grouping } = parseSoql(soql)
  const object: ObjectType | undefined = org.schema.find(from.name)
  const columnMetadata =
    result.kind === 'rows' ? columnsOf(result.select) : result.kind === 'groups' ? groupColumns(soql) : []
  return {
    columnMetadata,
    entityName: object?.name,
    groupBy: grouping !== undefined,
    idSelected: columnMetadata.some((column) => column.columnName === 'Id'),
    keyPrefix: object?.keyPrefix,
  }
}
