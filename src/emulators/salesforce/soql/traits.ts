import type { Field } from '../schema.ts'

/** Text that is kept apart from the record: it cannot be compared, sorted or grouped by. */
export const isLongText = (field: Field): boolean => field.type === 'textarea' && (field.length > 255 || field.html)

// Describe calls addresses filterable, which means DISTANCE and GEOLOCATION; comparisons refuse them.
/** Whether WHERE takes the field. */
export const isFilterable = (field: Field): boolean => !isLongText(field) && field.type !== 'address'

const unsortable: ReadonlySet<string> = new Set(['multipicklist', 'address'])

/** Whether ORDER BY takes the field. */
export const isSortable = (field: Field): boolean => !isLongText(field) && !unsortable.has(field.type)

/** Whether records can be found by the field, for an upsert or as parents: the property `idLookup` of describe. */
export const isIdLookup = (field: Field): boolean =>
  field.externalId || field.type === 'id' || (field.type === 'email' && !field.custom)

const ungroupable: ReadonlySet<string> = new Set([
  'datetime',
  'time',
  'double',
  'currency',
  'percent',
  'multipicklist',
  'address',
])

/** Whether GROUP BY takes the field: not date-times, and no numbers but whole ones. */
export const isGroupable = (field: Field): boolean => !isLongText(field) && !ungroupable.has(field.type)

const numbers: ReadonlySet<string> = new Set(['double', 'currency', 'percent', 'int'])

/** Whether values of the type are numbers. */
export const isNumber = (type: Field['type']): boolean => numbers.has(type)

/** Whether an aggregate function takes the field (SOQL reference, Support for Field Types in Aggregate Functions). */
export const isAggregatable = (field: Field, aggregate: string): boolean => {
  if (aggregate === 'SUM' || aggregate === 'AVG') return isNumber(field.type)
  if (field.type === 'boolean' || field.type === 'address' || isLongText(field)) return false
  if (field.type === 'multipicklist' || field.type === 'time') return aggregate === 'COUNT'
  return true
}
