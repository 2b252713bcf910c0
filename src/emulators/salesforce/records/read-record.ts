import { refused } from '../errors.ts'
import type { Field, ObjectType, Schema } from '../schema.ts'
import type { Value } from '../store.ts'
import { readValue } from './values.ts'

/** A parent named by an external id of its own: `{ "Account": { "Clerk_Org_Id__c": "org_x" } }`. */
export type ParentByKey = { field: Field; parent: ObjectType; keyField: Field; key: Value }

/** A record of a request, read and typed, before any rule has seen it. */
export type RecordInput = {
  object: ObjectType
  /** From `id` or `Id` of the body. */
  id: string | undefined
  values: ReadonlyMap<Field, Value>
  parents: readonly ParentByKey[]
}

type Json = { readonly [key: string]: unknown }
export const isJsonObject = (json: unknown): json is Json =>
  typeof json === 'object' && json !== null && !Array.isArray(json)

/** The field a caller may name, by any case of its name; undefined when it is missing or hidden from the user. */
export const visibleField = (object: ObjectType, name: string): Field | undefined => {
  const field = object.byName.get(name.toLowerCase())
  return field?.visible ? field : undefined
}

const noSuchColumn = (object: ObjectType, name: string) =>
  refused('INVALID_FIELD', `No such column '${name}' on sobject of type ${object.name}`)

const readParent = (schema: Schema, object: ObjectType, name: string, json: Json): ParentByKey => {
  const field = object.byRelationship.get(name.toLowerCase())
  const parent = field?.visible && field.referenceTo ? schema.find(field.referenceTo) : undefined
  if (!field || !parent) throw noSuchColumn(object, name)
  const keys = Object.keys(json).filter((key) => key !== 'attributes')
  const keyField = keys.length === 1 ? visibleField(parent, keys[0] ?? '') : undefined
  if (!keyField)
    throw keys.length === 1
      ? noSuchColumn(parent, keys[0] ?? '')
      : refused('INVALID_FIELD', `${name}: exactly one external id field is expected`)
  if (!keyField.externalId) {
    throw refused(
      'INVALID_FIELD',
      `Field name provided, ${keyField.name} is not an External ID or indexed field for ${parent.name}`,
    )
  }
  return { field, parent, keyField, key: readValue(keyField, json[keys[0] ?? '']) }
}

/**
 * Reads the JSON of one record.
 * @throws RequestFailure INVALID_FIELD for a name that does not exist for the user, JSON_PARSER_ERROR for a value that
 *   cannot be read as the field's type
 */
export const readRecord = (schema: Schema, object: ObjectType, json: unknown): RecordInput => {
  if (!isJsonObject(json))
    throw refused('JSON_PARSER_ERROR', 'The HTTP entity body is required, but this request has no entity body.')
  const values = new Map<Field, Value>()
  const parents: ParentByKey[] = []
  let id: string | undefined
  for (const [name, value] of Object.entries(json)) {
    if (name === 'attributes') continue
    if (name === 'id' || name === 'Id') {
      if (typeof value === 'string') id = value
      continue
    }
    const field = visibleField(object, name)
    if (isJsonObject(value) && field?.type !== 'address') {
      parents.push(readParent(schema, object, name, value))
      continue
    }
    if (!field) throw noSuchColumn(object, name)
    values.set(field, readValue(field, value))
  }
  return { object, id, values, parents }
}
