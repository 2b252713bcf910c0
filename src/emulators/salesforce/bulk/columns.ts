import { failure, RequestFailure } from '../errors.ts'
import { type ParentByKey, type RecordInput, visibleField } from '../records/read-record.ts'
import { readValue } from '../records/values.ts'
import type { Field, ObjectType, Schema } from '../schema.ts'
import { isIdLookup } from '../soql/traits.ts'
import type { Value } from '../store.ts'
import { LoadFailure } from './csv-file.ts'
import type { IngestOperation } from './jobs.ts'

/** What a column of an upload means. */
export type Column =
  | { kind: 'id' }
  | { kind: 'field'; field: Field }
  | { kind: 'parent'; field: Field; parent: ObjectType; keyField: Field }

const invalid = (what: string): LoadFailure => new LoadFailure(`InvalidBatch : ${what}`)
const notFound = (name: string): LoadFailure => invalid(`Field name not found : ${name}`)

// `Relationship.Field`; a type in front, `Type:Relationship.Field`, is for polymorphic fields only, and none is here.
const parentColumn = (schema: Schema, object: ObjectType, name: string): Column => {
  const [, type, relationship = '', keyName = ''] = /^(?:([^:.]+):)?([^:.]+)\.([^:.]+)$/.exec(name) ?? []
  if (relationship === '') throw notFound(name)
  const field = object.byRelationship.get(relationship.toLowerCase())
  const parent = field?.visible && field.referenceTo ? schema.find(field.referenceTo) : undefined
  if (!field || !parent) throw invalid(`Unable to find relationship: ${relationship}`)
  if (type !== undefined)
    throw invalid(`type is not needed for non polymorphic foreign key references: ${relationship}`)
  const keyField = visibleField(parent, keyName)
  if (!keyField) throw notFound(name)
  if (!isIdLookup(keyField))
    throw invalid(`Field name provided, ${keyField.name} does not match an External ID for ${parent.name}`)
  return { kind: 'parent', field, parent, keyField }
}

const columnOf = (schema: Schema, object: ObjectType, name: string): Column => {
  if (name.toLowerCase() === 'id') return { kind: 'id' }
  if (name.includes('.')) return parentColumn(schema, object, name)
  const field = visibleField(object, name)
  if (!field) throw notFound(name)
  return { kind: 'field', field }
}

/**
 * The columns that a header row names.
 * @throws LoadFailure for a header that spoils the file: nothing of it is saved then
 */
export const readColumns = (
  schema: Schema,
  object: ObjectType,
  operation: IngestOperation,
  header: readonly string[],
): Column[] => {
  const columns = header.map((name) => columnOf(schema, object, name))
  const names = header.map((name) => name.toLowerCase())
  const twice = names.findIndex((name, i) => names.indexOf(name) !== i)
  if (twice >= 0) throw invalid(`Duplicate column header : ${header[twice]}`)
  if ((operation === 'delete' || operation === 'hardDelete') && columns.some((column) => column.kind !== 'id'))
    throw invalid(`The '${operation}' batch must contain only ids`)
  return columns
}

const wrongType = (field: Field, text: string) =>
  failure('INVALID_TYPE_ON_FIELD_IN_RECORD', `${field.label}: value not of required type: ${text}`, [field.name])

const jsonOf = (field: Field, text: string): unknown => {
  if (field.type === 'boolean') {
    if (/^(?:true|1)$/i.test(text)) return true
    return /^(?:false|0)$/i.test(text) ? false : undefined
  }
  if (field.type === 'int') return /^[+-]?\d+$/.test(text) ? Number(text) : undefined
  if (field.type === 'double' || field.type === 'currency' || field.type === 'percent')
    return /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(text) ? Number(text) : undefined
  // A date may carry the `Z` of Salesforce's own samples; an offset it may not.
  if (field.type === 'date') return text.replace(/Z$/, '')
  return text
}

/**
 * The value that a cell means for a field.
 * @throws RecordFailure for text that cannot be read as the field's type
 */
const readCell = (field: Field, text: string): Value => {
  const json = jsonOf(field, text)
  if (json === undefined) throw wrongType(field, text)
  try {
    return readValue(field, json)
  } catch (error) {
    if (error instanceof RequestFailure) throw wrongType(field, text)
    throw error
  }
}

/** In a cell: the field is to be emptied. An empty cell leaves the field as it is. */
const emptied = '#N/A'

/**
 * The record that a row means.
 * @throws RecordFailure
 */
export const readRow = (object: ObjectType, columns: readonly Column[], cells: readonly string[]): RecordInput => {
  const values = new Map<Field, Value>()
  const parents: ParentByKey[] = []
  let id: string | undefined
  for (const [i, column] of columns.entries()) {
    const text = cells[i] ?? ''
    if (text === '') continue
    if (column.kind === 'id') {
      if (text !== emptied) id = text
    } else if (column.kind === 'field') {
      values.set(column.field, text === emptied ? null : readCell(column.field, text))
    } else {
      const { field, parent, keyField } = column
      parents.push({ field, parent, keyField, key: text === emptied ? null : readCell(keyField, text) })
    }
  }
  return { object, id, values, parents }
}
