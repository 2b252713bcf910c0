/**
 * Record types: which of them a record may have, and which picklist values each of them offers.
 *
 * They come from configuration (`recordTypes`). An object without any has none of this: no `RecordTypeId`, only the
 * Master record type in its describe. An object with some gets the field, and each of them is a row of `RecordType`.
 * A new record without a record type gets the user's default one. A value that a restricted picklist has, but not for
 * this record type, is refused as a value that it does not have at all; one of an unrestricted picklist is taken, as the
 * API takes any value there. Values that a record has already stay when its record type changes.
 */
import { failure } from '../errors.ts'
import { makeId } from '../ids.ts'
import type { Org } from '../org.ts'
import { type Field, makeField, makeObject, type ObjectType, type RecordTypeInfo } from '../schema.ts'
import type { Row, Value } from '../store.ts'

/** A record type of an org's admin. */
export type RecordType = {
  object: string
  /** API name, such as `Business_Account`. */
  developerName: string
  /** @default the API name with spaces */
  name?: string
  /** What records get that name none; at most one of an object. @default false */
  default?: boolean
  /** Assigned to the integration user. @default true */
  available?: boolean
  /** @default true */
  active?: boolean
  /** Makes Accounts of this type Person Accounts; only with `personAccounts`. @default false */
  person?: boolean
  /** What picklists offer for this type; those not named offer everything. */
  picklists?: Readonly<Record<string, readonly string[]>>
}

/** The record types of an object with ids, which are the same for the same configuration. */
const infosOf = (types: readonly RecordType[], object: string): RecordTypeInfo[] =>
  types.flatMap((type, i) =>
    type.object === object
      ? [
          {
            id: makeId('012', i + 1),
            name: type.name ?? type.developerName.replaceAll('_', ' '),
            developerName: type.developerName,
            isDefault: type.default ?? false,
            available: type.available ?? true,
            active: type.active ?? true,
            person: type.person ?? false,
            picklists: type.picklists ?? {},
          },
        ]
      : [],
  )

const field: Field = makeField({
  name: 'RecordTypeId',
  label: 'Record Type ID',
  type: 'reference',
  length: 18,
  referenceTo: 'RecordType',
  relationshipName: 'RecordType',
  permissionable: false,
})

const checkTypes = (objects: readonly ObjectType[], types: readonly RecordType[]): void => {
  for (const type of types) {
    const label = `record type ${type.object}.${type.developerName}`
    const object = objects.find((each) => each.name === type.object)
    if (!object) throw new Error(`${label}: no object named ${type.object}`)
    const same = types.filter((each) => each.object === type.object)
    if (same.filter((each) => each.developerName === type.developerName).length > 1)
      throw new Error(`${label} is given twice; API names of record types are unique within an object`)
    if (same.filter((each) => each.default).length > 1)
      throw new Error(`${type.object} has several default record types; set default on one of them`)
    for (const [name, values] of Object.entries(type.picklists ?? {})) {
      const picklist = object.byName.get(name.toLowerCase())
      if (!picklist?.type.endsWith('picklist')) throw new Error(`${label}: no picklist named ${type.object}.${name}`)
      const unknown = values.find((value) => !picklist.picklist.includes(value))
      if (unknown !== undefined) throw new Error(`${label}: ${name} has no value ${unknown}`)
    }
  }
}

/**
 * The objects with `RecordTypeId` where there are record types of them.
 * @throws Error for a record type of an unknown object, picklist or value, a repeated name, two defaults
 */
export const withRecordTypes = (objects: readonly ObjectType[], types: readonly RecordType[]): ObjectType[] => {
  checkTypes(objects, types)
  return objects.map((object) => {
    const recordTypes = infosOf(types, object.name)
    return recordTypes.length === 0 ? object : makeObject({ ...object, fields: [...object.fields, field], recordTypes })
  })
}

/** The record type that an id names, of this object. */
export const recordTypeOf = (object: ObjectType, id: Value | undefined): RecordTypeInfo | undefined =>
  object.recordTypes?.find((type) => type.id === id)

/** What a new record gets that names no record type. */
export const defaultRecordType = (object: ObjectType, person: boolean): string | undefined => {
  const usable = object.recordTypes?.filter((type) => type.available && type.active && type.person === person) ?? []
  return (usable.find((type) => type.isDefault) ?? (person ? usable[0] : undefined))?.id
}

/** @throws RecordFailure INVALID_CROSS_REFERENCE_KEY, INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST */
export const checkRecordType = (object: ObjectType, row: Row, before: Row | undefined): void => {
  if (!object.recordTypes) return
  const id = row['RecordTypeId'] ?? null
  const type = recordTypeOf(object, id)
  const changed = id !== (before?.['RecordTypeId'] ?? null)
  if (changed && id !== null && !(type?.available && type.active)) {
    throw failure(
      'INVALID_CROSS_REFERENCE_KEY',
      `Record Type ID: this ID value isn't valid for the user: ${String(id)}`,
      ['RecordTypeId'],
    )
  }
  if (!type) return
  for (const [name, offered] of Object.entries(type.picklists)) {
    const picklist = object.byName.get(name.toLowerCase())
    const value = picklist?.restricted ? (row[picklist.name] ?? null) : null
    if (!picklist || typeof value !== 'string' || value === before?.[picklist.name]) continue
    const chosen = picklist.type === 'multipicklist' ? value.split(';') : [value]
    const bad = chosen.find((each) => !offered.includes(each))
    if (bad === undefined) continue
    throw failure(
      'INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST',
      `${picklist.label}: bad value for restricted picklist field: ${bad}`,
      [picklist.name],
    )
  }
}

/** Puts the org's record types into the store, as rows of `RecordType`. */
export const addRecordTypeRows = (org: Org): void => {
  for (const object of org.schema.objects) {
    for (const type of object.recordTypes ?? []) {
      org.store.put('RecordType', {
        Id: type.id,
        Name: type.name,
        DeveloperName: type.developerName,
        SobjectType: object.name,
        IsActive: type.active,
        IsPersonType: type.person,
      })
    }
  }
}
