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
import { failure, type RecordFailure } from '../errors.ts'
import { makeId } from '../ids.ts'
import type { Org } from '../org.ts'
import { checkDuplicateRules, checkValidationRules, takeRecordFault } from '../rules.ts'
import type { Field, ObjectType } from '../schema.ts'
import type { Row, Value } from '../store.ts'
import { checkedValues, checkRequired, checkUnique, checkWritable, type Writer } from './checks.ts'
import type { RecordInput } from './read-record.ts'
import { afterContactSave, afterDelete, beforeDelete, beforeRelationSave } from './relationships.ts'

const second = (org: Org): number => Math.floor(org.clock.now() / 1000) * 1000

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
  if (object.name === 'AccountContactRelation') beforeRelationSave(org, row, before)
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
