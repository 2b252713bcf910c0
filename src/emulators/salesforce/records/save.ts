/**
 * Saving records: the order of checks and what a save brings about.
 *
 *   rights -> fields that may be written -> parents by key -> value checks -> required fields -> faults staged by tests
 *   -> validation rules -> duplicate rules -> unique keys -> the row itself -> relationships (relationships.ts)
 *
 * Each record is saved whole or not at all, with everything that follows from it (`store.atomically`). A failure is a
 * `RecordFailure` with Salesforce's code and words. Time is the org's clock, cut to seconds: Salesforce keeps no more, so
 * two saves within a second carry the same SystemModstamp.
 */
import { failure, type RecordError, RecordFailure } from '../errors.ts'
import { makeId, toId15, toId18 } from '../ids.ts'
import type { Org } from '../org.ts'
import { checkDuplicateRules, checkValidationRules, takeRecordFault } from '../rules.ts'
import type { Field, ObjectType } from '../schema.ts'
import { keyOf, type Row, type Value } from '../store.ts'
import type { ParentByKey, RecordInput } from './read-record.ts'
import { afterContactSave, afterDelete, beforeDelete, beforeRelationInsert } from './relationships.ts'
import { checkValue } from './values.ts'

/** Who saves, and under which headers. */
export type Writer = {
  org: Org
  userId: string
  /** `Sforce-Duplicate-Rule-Header: allowSave=true`. */
  allowDuplicates: boolean
  /** Accounts whose lock could not be had in time. */
  unlocked?: ReadonlySet<string>
}

export type Operation = 'insert' | 'update' | 'delete'

const second = (org: Org): number => Math.floor(org.clock.now() / 1000) * 1000

/** The row with this id when it exists and is not deleted. */
export const liveRow = (org: Org, object: ObjectType, id: string): Row | undefined => {
  const row = org.store.get(object.name, id)
  return row?.['IsDeleted'] === true ? undefined : row
}

/** The live rows that have this value in a field. */
export const liveRows = (org: Org, object: ObjectType, field: Field, value: Value): Row[] =>
  org.store.find(object.name, field, value).filter((row) => row['IsDeleted'] !== true)

const checkWritable = (input: RecordInput, operation: Operation): void => {
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

/** New values by field name, ids in their long form, checked one by one. */
const checkedValues = (writer: Writer, input: RecordInput): Map<Field, Value> => {
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
    else if (field.type === 'boolean' && value === null) values.set(field, field.defaultValue ?? false)
  }
  if (errors.length > 0) throw new RecordFailure(errors)
  for (const [field, value] of values) if (field.type === 'reference') checkReference(writer.org, field, value)
  return values
}

const checkRequired = (object: ObjectType, row: Row): void => {
  const missing = object.fields.filter(
    (field) => !field.nillable && field.createable && field.type !== 'boolean' && (row[field.name] ?? null) === null,
  )
  if (missing.length === 0) return
  const names = missing.map((field) => field.name)
  throw failure('REQUIRED_FIELD_MISSING', `Required fields are missing: [${names.join(', ')}]`, names)
}

const checkUnique = (org: Org, object: ObjectType, row: Row, before: Row | undefined): void => {
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

const fullName = (row: Row): string => [row['FirstName'], row['LastName']].filter((part) => part != null).join(' ')

/** A row as saved: with computed fields and the stamps of this save. */
const stamped = (writer: Writer, object: ObjectType, row: Row): Row => {
  const now = second(writer.org)
  const stamps = { LastModifiedDate: now, LastModifiedById: writer.userId, SystemModstamp: now }
  return object.name === 'Contact' ? { ...row, Name: fullName(row), ...stamps } : { ...row, ...stamps }
}

const checkLock = (writer: Writer, accounts: readonly Value[]): void => {
  const missed = accounts.find((id) => typeof id === 'string' && writer.unlocked?.has(id))
  if (missed)
    throw failure('UNABLE_TO_LOCK_ROW', `unable to obtain exclusive access to this record or 1 records: ${missed}`)
}

/** The Accounts that a write of this row locks: the record itself or its parent, before and after. */
export const lockedAccounts = (object: ObjectType, before: Row | undefined, after: Row | undefined): Value[] => {
  if (object.name === 'Account') return [before?.Id ?? after?.Id ?? null]
  return [before?.['AccountId'] ?? null, after?.['AccountId'] ?? null]
}

const save = (writer: Writer, object: ObjectType, draft: Row, before: Row | undefined): Row => {
  const { org } = writer
  const operation = before ? 'update' : 'insert'
  checkRequired(object, draft)
  checkLock(writer, lockedAccounts(object, before, draft))
  takeRecordFault(org, object.name, operation, draft)
  const row = stamped(writer, object, draft)
  if (object.name === 'AccountContactRelation' && !before) beforeRelationInsert(org, row)
  checkValidationRules(org, object, row, before)
  checkDuplicateRules(writer, object, row, before)
  checkUnique(org, object, row, before)
  org.store.put(object.name, row)
  if (object.name === 'Contact') afterContactSave(writer, row, before)
  return row
}

/** Makes a row with defaults, id and stamps, and saves it. Also the way Salesforce makes relationships by itself. */
export const insertValues = (writer: Writer, object: ObjectType, values: Readonly<Record<string, Value>>): Row => {
  const { org, userId } = writer
  const defaults: Record<string, Value> = {}
  for (const field of object.fields) if (field.defaultValue === true) defaults[field.name] = true
  if (object.byName.has('ownerid')) defaults['OwnerId'] = userId
  const draft: Row = {
    Id: makeId(object.keyPrefix, org.store.nextSequence(object.name)),
    IsDeleted: false,
    ...defaults,
    ...values,
    CreatedDate: second(org),
    CreatedById: userId,
  }
  return save(writer, object, draft, undefined)
}

/** Saves changed values of a row. */
export const updateValues = (
  writer: Writer,
  object: ObjectType,
  before: Row,
  values: Readonly<Record<string, Value>>,
): Row => save(writer, object, { ...before, ...values }, before)

const named = (values: ReadonlyMap<Field, Value>): Record<string, Value> => {
  const out: Record<string, Value> = {}
  for (const [field, value] of values) out[field.name] = value
  return out
}

/** The user has no right to do this with the object. */
export const forbidden = (): RecordFailure =>
  failure('INSUFFICIENT_ACCESS_OR_READONLY', 'insufficient access rights on object id')

/** Creates a record; gives its id. @throws RecordFailure */
export const insertRecord = (writer: Writer, input: RecordInput): string =>
  writer.org.store.atomically(() => {
    if (!input.object.createable) throw forbidden()
    checkWritable(input, 'insert')
    return insertValues(writer, input.object, named(checkedValues(writer, input))).Id
  })

/** Changes a live record. @throws RecordFailure */
export const updateRecord = (writer: Writer, input: RecordInput, row: Row): void =>
  writer.org.store.atomically(() => {
    if (!input.object.updateable) throw forbidden()
    checkWritable(input, 'update')
    updateValues(writer, input.object, row, named(checkedValues(writer, input)))
  })

/** Puts a live record, and what hangs on it, into the recycle bin. @throws RecordFailure */
export const deleteRecord = (writer: Writer, object: ObjectType, row: Row): void =>
  writer.org.store.atomically(() => {
    const { org } = writer
    checkLock(writer, lockedAccounts(object, row, undefined))
    takeRecordFault(org, object.name, 'delete', row)
    beforeDelete(writer, object, row)
    binRow(writer, object, row, row.Id)
    afterDelete(writer, object, row, row.Id)
  })

/** Marks a row deleted. `cause` is the record whose deletion took it along: undelete of that one brings it back. */
export const binRow = (writer: Writer, object: ObjectType, row: Row, cause: string): void => {
  writer.org.store.put(object.name, { ...stamped(writer, object, row), IsDeleted: true, $cause: cause })
}
