import type { Entity, Fields, Value } from '../../model/model.ts'
import { objectOf, type Shape } from '../plan/mapping.ts'

/** Salesforce's type of a value in canonical form, where the value gives it away. */
const typeOf = (value: Value): string | undefined => {
  if (typeof value === 'number') return 'double'
  if (typeof value === 'boolean') return 'boolean'
  if (typeof value !== 'string') return undefined
  if (/^\d{4}-\d\d-\d\d$/.test(value)) return 'date'
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z$/.test(value) ? 'datetime' : undefined
}

/**
 * The types of an entity's fields as far as the values of one record show them: the org cannot be asked here, and without them a number in
 * Salesforce would differ from the same number in Clerk.
 */
export const guessShape = (entity: Entity, records: readonly Fields[]): Shape => {
  const types = new Map<string, { type: string; length: number }>()
  for (const [field, value] of records.flatMap((one) => Object.entries(one))) {
    const type = typeOf(value)
    if (type !== undefined) types.set(field, { type, length: 0 })
  }
  return { [objectOf[entity]]: types }
}
