import { failure, type RecordError, RecordFailure } from '../errors.ts'
import { toId15, toId18 } from '../ids.ts'
import type { Org } from '../org.ts'
import type { Field, ObjectType } from '../schema.ts'
import { keyOf, type Row, type Value } from '../store.ts'
import type { ParentByKey, RecordInput } from './read-record.ts'
import { checkValue } from './values.ts'

// What is checked of a record before it is saved; the order is in `save.ts`.

/** Who saves, and under which headers. */
export type Writer = {
  org: Org
  userId: string
  /** Through what, as change events say it: `com/salesforce/api/rest/66.0;client=acme`; empty when unset. */
  origin: string
  /** `Sforce-Duplicate-Rule-Header: allowSave=true`. */
  allowDuplicates: boolean
  /** `Sforce-Duplicate-Rule-Header: includeRecordDetails=true`. */
  duplicateDetails?: boolean
  /** How many saves of automations led to this one. */
  rounds?: number
  /** Accounts whose lock could not be had in time. */
  unlocked?: ReadonlySet<string>
}

export type Operation = 'insert' | 'update' | 'delete'

/** The row with this id when it exists and is not deleted. */
export const liveRow = (org: Org, object: ObjectType, id: string): Row | undefined => {
  const row = org.store.get(object.name, id)
  return row?.['IsDeleted'] === true ? undefined : row
}

/** The live rows that have this value in a field. */
export const liveRows = (org: Org, object: ObjectType, field: Field, value: Value): Row[] =>
  org.store.find(object.name, field, value).filter((row) => row['IsDeleted'] !== true)

/** @throws RecordFailure INVALID_FIELD_FOR_INSERT_UPDATE */
export const checkWritable = (input: RecordInput, operation: Operation): void => {
  const closed = [...input.values.keys(), ...input.parents.map((parent) => parent.field)].filter(
    (field) => !field.writable || !(operation === 'insert' ? field.createable : field.updateable),
  )
  if (closed.length === 0) return
  const names = closed.map((field) => field.name)
  throw failure(
    'INVALID_FIELD_FOR_INSERT_UPDATE',
    `Unable to create/update fields: ${names.join(', ')}. Please check the security settings of this field and verify that it is read/write for your profile or permission set.`,
    names,
  )
}

/** The id of a parent named by its external id. */
const findParent = (org: Org, { parent, keyField, key }: ParentByKey): string | null => {
  if (key === null) return null
  const found = liveRows(org, parent, keyField, key)
  const [first] = found
  if (!first) {
    throw failure(
      'INVALID_FIELD',
      `Foreign key external ID: ${key} not found for field ${keyField.name} in entity ${parent.name}`,
    )
  }
  if (found.length > 1) throw severalMatches(keyField, found)
  return first.Id
}

/** An external id that more than one record has. */
export const severalMatches = (field: Field, rows: readonly Row[]): RecordFailure =>
  failure(
    'DUPLICATE_EXTERNAL_ID',
    `${field.name}: more than one record found for external id field: [${rows.map((row) => row.Id).join(', ')}]`,
    [field.name],
  )

const checkReference = (org: Org, field: Field, value: Value): void => {
  const parent = field.referenceTo ? org.schema.find(field.referenceTo) : undefined
  if (typeof value !== 'string' || !parent) return
  const row = org.store.get(parent.name, value)
  if (!row) throw failure('INVALID_CROSS_REFERENCE_KEY', 'invalid cross reference id', [field.name])
  if (row['IsDeleted'] === true) throw failure('ENTITY_IS_DELETED', 'entity is deleted', [field.name])
}

/**
 * New values by field, ids in their long form, each checked for itself.
 * @throws RecordFailure with every wrong value
 */
export const checkedValues = (writer: Writer, input: RecordInput): Map<Field, Value> => {
  const values = new Map(input.values)
  for (const parent of input.parents) {
    if (values.has(parent.field)) {
      const { relationshipName, name } = parent.field
      throw failure(
        'INVALID_FIELD',
        `cannot specify both an external ID reference ${relationshipName} and a salesforce id, ${name}`,
        [name],
      )
    }
    values.set(parent.field, findParent(writer.org, parent))
  }
  const errors: RecordError[] = []
  for (const [field, value] of values) {
    const prefix = field.referenceTo ? writer.org.schema.find(field.referenceTo)?.keyPrefix : undefined
    const error = checkValue(field, value, prefix)
    if (error) errors.push(error)
    else if (field.type === 'reference' && typeof value === 'string') values.set(field, toId18(value) ?? value)
    else if (field.type === 'boolean' && value === null) values.set(field, field.defaultValue === true)
  }
  if (errors.length > 0) throw new RecordFailure(errors)
  for (const [field, value] of values) if (field.type === 'reference') checkReference(writer.org, field, value)
  return values
}

/** @throws RecordFailure REQUIRED_FIELD_MISSING */
export const checkRequired = (object: ObjectType, row: Row): void => {
  const missing = object.fields.filter(
    (field) => !field.nillable && field.createable && field.type !== 'boolean' && (row[field.name] ?? null) === null,
  )
  if (missing.length === 0) return
  const names = missing.map((field) => field.name)
  throw failure('REQUIRED_FIELD_MISSING', `Required fields are missing: [${names.join(', ')}]`, names)
}

/**
 * Accounts and people are trees: nothing is above itself. Custom lookups to the own object may form circles.
 * @throws RecordFailure CIRCULAR_DEPENDENCY
 */
export const checkHierarchy = (org: Org, object: ObjectType, row: Row, before: Row | undefined): void => {
  for (const field of object.fields) {
    if (field.custom || field.referenceTo !== object.name || field.name === 'MasterRecordId') continue
    let above = row[field.name] ?? null
    if (above === (before?.[field.name] ?? null)) continue
    const seen = new Set<Value>()
    while (typeof above === 'string' && above !== row.Id && !seen.has(above)) {
      seen.add(above)
      above = org.store.get(object.name, above)?.[field.name] ?? null
    }
    if (above === row.Id) throw failure('CIRCULAR_DEPENDENCY', 'attempt to violate hierarchy constraints', [field.name])
  }
}

/** @throws RecordFailure DUPLICATE_VALUE */
export const checkUnique = (org: Org, object: ObjectType, row: Row, before: Row | undefined): void => {
  for (const field of object.fields) {
    const value = row[field.name] ?? null
    const same = before?.['IsDeleted'] === false && keyOf(field, before[field.name] ?? null) === keyOf(field, value)
    if (!field.unique || value === null || same) continue
    const other = liveRows(org, object, field, value).find((each) => each.Id !== row.Id)
    if (other) {
      throw failure(
        'DUPLICATE_VALUE',
        `duplicate value found: ${field.name} duplicates value on record with id: ${toId15(other.Id)}`,
      )
    }
  }
}
