/**
 * Saving records: the order of checks and what a save brings about.
 *
 *   rights -> fields that may be written -> parents by key -> value checks -> before-save automations -> required fields
 *   -> faults staged by tests -> record type -> validation rules -> duplicate rules -> unique keys -> the row itself ->
 *   relationships (relationships.ts), the Contact of a Person Account -> after-save automations
 *
 * The order is that of "Triggers and Order of Execution" in the Apex guide. Each record is saved whole or not at all, with everything that follows from it (`store.atomically`). A failure is a
 * `RecordFailure` with Salesforce's code and words. Time is the org's clock, cut to seconds: Salesforce keeps no more, so
 * two saves within a second carry the same SystemModstamp.
 */

import { checkDuplicateRules } from '../duplicate-rules.ts'
import { failure, type RecordFailure } from '../errors.ts'
import { makeId } from '../ids.ts'
import type { Org } from '../org.ts'
import { checkValidationRules, takeRecordFault } from '../rules.ts'
import type { Field, ObjectType } from '../schema.ts'
import type { Row, Value } from '../store.ts'
import { runAfter, runBefore } from './automations.ts'
import { checkedValues, checkHierarchy, checkRequired, checkUnique, checkWritable, type Writer } from './checks.ts'
import { afterDelete, beforeDelete } from './deletes.ts'
import { checkAssignment } from './permission-sets.ts'
import { checkContactParent, looksLikePerson, personDraft, savePersonContact } from './person-accounts.ts'
import type { RecordInput } from './read-record.ts'
import { checkRecordType, defaultRecordType } from './record-types.ts'
import { afterContactSave, beforeRelationSave } from './relationships.ts'
import { checkStorage } from './storage.ts'

const second = (org: Org): number => Math.floor(org.clock.now() / 1000) * 1000

const fullName = (row: Row): string => [row['FirstName'], row['LastName']].filter((part) => part != null).join(' ')

/** A row as saved: with computed fields and the stamps of this save. */
const stamped = (writer: Writer, object: ObjectType, row: Row): Row => {
  const now = second(writer.org)
  const stamps = { LastModifiedDate: now, LastModifiedById: writer.userId, SystemModstamp: now }
  if (object.name === 'Contact') return { ...row, Name: fullName(row), ...stamps }
  // A custom object's record without a name is called by its id (Object Reference, Custom Objects, Name).
  if (object.custom && (row['Name'] ?? null) === null) return { ...row, Name: row.Id, ...stamps }
  return { ...row, ...stamps }
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

const saveAgain = (writer: Writer, object: ObjectType, row: Row, changes: Readonly<Record<string, Value>>): void => {
  updateValues(writer, object, row, changes)
}

const save = (writer: Writer, object: ObjectType, given: Row, before: Row | undefined): Row => {
  const { org } = writer
  const operation = before ? 'update' : 'insert'
  const draft = personDraft(object, runBefore(org, object, given, before), before)
  checkRequired(object, draft)
  checkLock(writer, lockedAccounts(object, before, draft))
  takeRecordFault(org, object.name, operation, draft)
  const stampedRow = stamped(writer, object, draft)
  checkRecordType(object, stampedRow, before)
  if (object.name === 'AccountContactRelation') beforeRelationSave(org, stampedRow, before)
  if (object.name === 'PermissionSetAssignment') checkAssignment(org, object, stampedRow)
  checkContactParent(org, object, stampedRow, before)
  checkHierarchy(org, object, stampedRow, before)
  checkValidationRules(org, object, stampedRow, before)
  checkDuplicateRules(writer, object, stampedRow, before)
  checkUnique(org, object, stampedRow, before)
  if (!before) checkStorage(org, object)
  // First the Account, then the Contact behind it: the order in which change events tell of them.
  org.store.put(object.name, stampedRow)
  const row = object.name === 'Account' ? savePersonContact(writer, stampedRow) : stampedRow
  if (row !== stampedRow) org.store.put(object.name, row)
  if (object.name === 'Contact') afterContactSave(writer, row, before)
  runAfter(writer, object, row, before, saveAgain)
  return row
}

/** `A-{0000}` with the next number in its place; numbers are never given twice, nor taken back. */
const nextNumber = (org: Org, object: ObjectType, field: Field): string => {
  const number = field.firstNumber - 1 + org.store.nextSequence(`${object.name}.${field.name}`)
  return (field.autoNumber ?? '').replace(/\{(0+)\}/, (_, zeros: string) => String(number).padStart(zeros.length, '0'))
}

/** Makes a row with defaults, id and stamps, and saves it. Also the way Salesforce makes relationships by itself. */
export const insertValues = (writer: Writer, object: ObjectType, values: Readonly<Record<string, Value>>): Row => {
  const { org, userId } = writer
  const defaults: Record<string, Value> = {}
  for (const field of object.fields) {
    const { defaultValue, autoNumber } = field
    if (defaultValue !== undefined && defaultValue !== false) defaults[field.name] = defaultValue
    if (autoNumber !== undefined) defaults[field.name] = nextNumber(org, object, field)
  }
  if (object.byName.has('ownerid')) defaults['OwnerId'] = userId
  const recordType = defaultRecordType(object, looksLikePerson(object, values))
  if (recordType !== undefined) defaults['RecordTypeId'] = recordType
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
