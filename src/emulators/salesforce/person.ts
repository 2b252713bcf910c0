import { failure, RecordFailure } from './errors.ts'
import { toId18 } from './ids.ts'
import type { Org } from './org.ts'
import { liveRow, type Writer } from './records/checks.ts'
import { undeleteRecord } from './records/deletes.ts'
import { mergeRecords } from './records/merge.ts'
import { checkNoPersonContact } from './records/person-accounts.ts'
import { emptyBin } from './records/recycle-bin.ts'
import { deleteRecord, insertValues, updateValues } from './records/save.ts'
import { checkValue, readValue, showValue } from './records/values.ts'
import type { ObjectType } from './schema.ts'
import type { Row, Value } from './store.ts'

/** Values by field name, as JSON has them: date-times as text. */
export type Values = Readonly<Record<string, unknown>>

/** A record as tests see it: every field that is not empty, hidden ones included. */
export type Shown = Readonly<Record<string, Value>>

/**
 * What people do in the user interface: they see every field, duplicate rules only warn them, and some of it (merge,
 * undelete) no REST call can do. The rules of saving hold for them too.
 */
export type Person = {
  create: (object: string, values: Values) => string
  edit: (object: string, id: string, values: Values) => void
  remove: (object: string, id: string) => void
  undelete: (object: string, id: string) => void
  merge: (object: string, masterId: string, ...loserIds: string[]) => void
  /** Removes everything from the recycle bin for good; gives how many records. */
  emptyBin: () => number
}

const objectNamed = (org: Org, name: string): ObjectType => {
  const object = org.schema.find(name)
  if (!object) throw failure('INVALID_TYPE', `sObject type '${name}' is not supported.`)
  return object
}

const readValues = (object: ObjectType, values: Values): Record<string, Value> => {
  const out: Record<string, Value> = {}
  for (const [name, json] of Object.entries(values)) {
    const field = object.byName.get(name.toLowerCase())
    if (!field) throw failure('INVALID_FIELD', `No such column '${name}' on sobject of type ${object.name}`)
    const value = readValue(field, json)
    const error = checkValue(field, value)
    if (error) throw new RecordFailure([error])
    out[field.name] = field.type === 'reference' && typeof value === 'string' ? (toId18(value) ?? value) : value
  }
  return out
}

const liveOrFail = (org: Org, object: ObjectType, id: string): Row => {
  const row = liveRow(org, object, toId18(id) ?? id)
  if (!row) throw failure('ENTITY_IS_DELETED', `no live ${object.name} with this id`)
  return row
}

/** The person who works in the org's user interface. */
export const createPerson = (org: Org): Person => {
  // The client id of Lightning Experience in change events.
  const origin = 'com/salesforce/api/soap/66.0;client=SfdcInternalAPI/'
  const writer: Writer = { org, userId: org.personId, origin, allowDuplicates: true }
  const asPerson = <T>(work: () => T): T => {
    org.commits.as(writer)
    return org.store.atomically(work)
  }
  return {
    create: (name, values) =>
      asPerson(() => {
        const object = objectNamed(org, name)
        return insertValues(writer, object, readValues(object, values)).Id
      }),
    edit: (name, id, values) =>
      asPerson(() => {
        const object = objectNamed(org, name)
        const row = liveOrFail(org, object, id)
        checkNoPersonContact(object, row)
        updateValues(writer, object, row, readValues(object, values))
      }),
    remove: (name, id) =>
      asPerson(() => {
        const object = objectNamed(org, name)
        const row = liveOrFail(org, object, id)
        checkNoPersonContact(object, row)
        deleteRecord(writer, object, row)
      }),
    undelete: (name, id) => asPerson(() => undeleteRecord(writer, objectNamed(org, name), toId18(id) ?? id)),
    merge: (name, masterId, ...loserIds) =>
      asPerson(() =>
        mergeRecords(
          writer,
          objectNamed(org, name),
          toId18(masterId) ?? masterId,
          loserIds.map((id) => toId18(id) ?? id),
        ),
      ),
    emptyBin: () => emptyBin(org),
  }
}

/** A row with its empty fields left out, and date-times as text. */
export const showRow = (object: ObjectType, row: Row): Shown =>
  Object.fromEntries(
    object.fields.flatMap((field) => {
      const value = showValue(field, row[field.name])
      return value === null ? [] : [[field.name, value] as const]
    }),
  )

/** All records of the org by object, deleted ones included. */
export const showState = (org: Org): Record<string, Shown[]> =>
  Object.fromEntries(
    org.schema.objects.map((object) => [
      object.name,
      org.store.ids(object.name).flatMap((id) => {
        const row = org.store.get(object.name, id)
        return row ? [showRow(object, row)] : []
      }),
    ]),
  )
