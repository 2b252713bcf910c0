import { failure, RecordFailure } from '../errors.ts'
import { toId18 } from '../ids.ts'
import { type Org, tally } from '../org.ts'
import { may } from '../org-schema.ts'
import type { Field, ObjectType } from '../schema.ts'
import type { Row, Value } from '../store.ts'
import { liveRows, severalMatches, type Writer } from './checks.ts'
import { checkNoPersonContact } from './person-accounts.ts'
import type { RecordInput } from './read-record.ts'
import { leaveBin } from './recycle-bin.ts'
import { deleteRecord, forbidden, insertRecord, lockedAccounts, updateRecord } from './save.ts'

/** What became of one record. `created` is there for upserts only. */
export type RowResult = { id: string; created?: boolean; did: 'created' | 'updated' | 'deleted' }

/** One record's write: what it locks is known before it runs. */
export type RowOperation = {
  /** Undefined when the id does not say of which object it is. */
  object: ObjectType | undefined
  accounts: () => string[]
  /** @throws RecordFailure */
  run: (writer: Writer) => RowResult
  /** For an upsert: whether it would create, as its result says even when it fails. */
  creates?: () => boolean
}

/** Counts a record for the statistics. */
const countRecord = (org: Org, object: ObjectType, what: RowResult['did'] | 'failed'): void =>
  tally(org.stats.records, `${object.name}.${what}`)

const accountOf = (org: Org, input: RecordInput): string[] => {
  const ids: string[] = []
  for (const [field, value] of input.values)
    if (field.name === 'AccountId' && typeof value === 'string') ids.push(toId18(value) ?? value)
  for (const { field, parent, keyField, key } of input.parents) {
    if (field.name === 'AccountId' && key !== null)
      ids.push(...liveRows(org, parent, keyField, key).map((row) => row.Id))
  }
  return ids
}

const touched = (org: Org, object: ObjectType, row: Row | undefined, input: RecordInput | undefined): string[] => [
  ...lockedAccounts(object, row, undefined).filter((id): id is string => typeof id === 'string'),
  ...(input && object.name !== 'Account' ? accountOf(org, input) : []),
]

/**
 * The live row with this id.
 * @throws RecordFailure MALFORMED_ID, ENTITY_IS_DELETED, INVALID_CROSS_REFERENCE_KEY
 */
const rowById = (org: Org, object: ObjectType, id: string): Row => {
  const id18 = toId18(id)
  if (!id18?.startsWith(object.keyPrefix)) throw failure('MALFORMED_ID', `malformed id ${id}`, ['Id'])
  const row = org.store.get(object.name, id18)
  if (!row) throw failure('INVALID_CROSS_REFERENCE_KEY', 'invalid cross reference id')
  if (row['IsDeleted'] === true) throw failure('ENTITY_IS_DELETED', 'entity is deleted')
  return row
}

const peek = (org: Org, object: ObjectType, id: string): Row | undefined => org.store.get(object.name, toId18(id) ?? '')

export const insertOperation = (org: Org, input: RecordInput): RowOperation => ({
  object: input.object,
  accounts: () => touched(org, input.object, undefined, input),
  run: (writer) => {
    if (input.id !== undefined)
      throw failure('INVALID_FIELD_FOR_INSERT_UPDATE', 'cannot specify Id in an insert call', ['Id'])
    return { id: insertRecord(writer, input), did: 'created' }
  },
})

export const updateOperation = (org: Org, input: RecordInput, id: string | undefined): RowOperation => ({
  object: input.object,
  accounts: () => touched(org, input.object, id ? peek(org, input.object, id) : undefined, input),
  run: (writer) => {
    if (id === undefined) throw failure('MISSING_ARGUMENT', 'Id not specified in an update call')
    const row = rowById(org, input.object, id)
    checkNoPersonContact(input.object, row)
    updateRecord(writer, input, row)
    return { id: row.Id, did: 'updated' }
  },
})

export const deleteOperation = (org: Org, object: ObjectType, id: string): RowOperation => ({
  object,
  accounts: () => touched(org, object, peek(org, object, id), undefined),
  run: (writer) => {
    if (!object.deletable) throw forbidden()
    const row = rowById(org, object, id)
    checkNoPersonContact(object, row)
    deleteRecord(writer, object, row)
    return { id: row.Id, did: 'deleted' }
  },
})

/** A delete that skips the recycle bin, as Bulk API's `hardDelete`. */
export const hardDeleteOperation = (org: Org, object: ObjectType, id: string): RowOperation => {
  const soft = deleteOperation(org, object, id)
  return {
    ...soft,
    run: (writer) => {
      const result = soft.run(writer)
      leaveBin(org, object, result.id)
      return result
    },
  }
}

// Who does not see every record could insert again what is hidden (SOAP API guide, upsert()). An e-mail address is such a
// key, too (help 000382823).
const checkKeyRight = (org: Org, keyField: Field): void => {
  if (!keyField.unique && !may(org.metadata.access(), 'ViewAllData'))
    throw failure('INSUFFICIENT_ACCESS', 'Upsert requires view all data on a non-unique custom index')
}

/** @param key the value of the external id; null when the record did not say */
export const upsertOperation = (org: Org, input: RecordInput, keyField: Field, key: Value): RowOperation => {
  const { object } = input
  const matches = () => (key === null ? [] : liveRows(org, object, keyField, key))
  return {
    object,
    accounts: () => touched(org, object, matches()[0], input),
    creates: () => matches().length === 0,
    run: (writer) => {
      checkKeyRight(org, keyField)
      if (key === null) throw failure('MISSING_ARGUMENT', `${keyField.name} not specified`, [keyField.name])
      const found = matches()
      if (found.length > 1) throw severalMatches(keyField, found)
      const [row] = found
      const values = new Map(input.values)
      if (row) {
        // The key itself is no change, and a create-only or read-only key would be refused as one.
        values.delete(keyField)
        checkNoPersonContact(object, row)
        updateRecord(writer, { ...input, values }, row)
        return { id: row.Id, created: false, did: 'updated' }
      }
      values.set(keyField, key)
      return { id: insertRecord(writer, { ...input, values }), created: true, did: 'created' }
    },
  }
}

export type RowOutcome =
  | { ok: true; result: RowResult }
  | { ok: false; failure: RecordFailure; creates: boolean | undefined }

const rolledBack = (): RecordFailure =>
  failure(
    'ALL_OR_NONE_OPERATION_ROLLED_BACK',
    'Record rolled back because not all records were valid and the request was using AllOrNone header',
  )

const runOne = (writer: Writer, operation: RowOperation): RowOutcome => {
  const creates = operation.creates?.()
  try {
    return { ok: true, result: operation.run(writer) }
  } catch (error) {
    if (!(error instanceof RecordFailure)) throw error
    return { ok: false, failure: error, creates }
  }
}

class Rollback extends Error {}

const runAll = (writer: Writer, operations: readonly RowOperation[], allOrNone: boolean): RowOutcome[] => {
  let outcomes: RowOutcome[] = []
  try {
    return writer.org.store.atomically(() => {
      outcomes = operations.map((operation) => runOne(writer, operation))
      if (allOrNone && outcomes.some((outcome) => !outcome.ok)) throw new Rollback()
      return outcomes
    })
  } catch (error) {
    if (!(error instanceof Rollback)) throw error
    return outcomes.map((outcome) =>
      outcome.ok ? { ok: false, failure: rolledBack(), creates: outcome.result.created } : outcome,
    )
  }
}

/** Runs operations in order, each for itself or, with `allOrNone`, all or none. */
export const runOperations = (
  writer: Writer,
  operations: readonly RowOperation[],
  allOrNone: boolean,
): RowOutcome[] => {
  writer.org.commits.as(writer)
  const outcomes = runAll(writer, operations, allOrNone)
  for (const [i, outcome] of outcomes.entries()) {
    const object = operations[i]?.object
    if (object) countRecord(writer.org, object, outcome.ok ? outcome.result.did : 'failed')
  }
  return outcomes
}
