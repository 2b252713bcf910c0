import type { ObjectType } from '../schema.ts'

/** Whether getUpdated and getDeleted know the object: it has stamps to go by, and its records can be deleted. */
export const isReplicateable = (object: ObjectType): boolean =>
  object.byName.has('systemmodstamp') && object.byName.has('isdeleted')

const searched: ReadonlySet<string> = new Set(['Account', 'Contact', 'User'])

/** Whether SOSL finds its records. */
export const isSearchable = (object: ObjectType): boolean =>
  object.queryable && (searched.has(object.name) || object.custom)

const crm: ReadonlySet<string> = new Set(['Account', 'Contact'])

/** Whether a person can merge its records. */
export const isMergeable = (object: ObjectType): boolean => crm.has(object.name)

/** Whether a deleted record can be brought back on its own: not a relationship, says the Object Reference. */
export const isUndeletable = (object: ObjectType): boolean => crm.has(object.name) || object.custom
