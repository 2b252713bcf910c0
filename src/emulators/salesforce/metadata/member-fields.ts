import { isLongText } from '../pubsub/event-schema.ts'
import { compoundOf, fieldOrder } from '../pubsub/field-order.ts'
import { parseFilter } from '../pubsub/filter.ts'
import type { Field } from '../schema.ts'
import type { ChannelMember } from './model.ts'
import { type Element, Problem } from './xml.ts'

/** Change Data Capture guide, Enrich Change Events with Extra Fields: per member, a compound field counts as one. */
const mostEnriched = 10

/**
 * Whether a field may be enriched: a field of the event as a whole, so an address but none of its parts, nothing of
 * another record, and no type that the guide's list leaves out.
 */
const canBeEnriched = (object: { name: string; fields: readonly Field[] }, name: string): boolean => {
  const field = object.fields.find((each) => each.name === name)
  if (field?.custom) return !isLongText(field) && field.type !== 'multipicklist'
  if (!fieldOrder(object.name)?.includes(name)) return false
  const parts = compoundOf(object.name, name)?.parts ?? []
  if (!field) return parts.some(({ source }) => object.fields.some((each) => each.name === source))
  return !isLongText(field) && field.type !== 'multipicklist'
}

/**
 * Checks the fields that a channel member names.
 * @throws Problem in the words that forcedotcom/sf-skills recorded from deploys, where it has them
 */
export const checkMemberFields = (
  object: { name: string; fields: readonly Field[] },
  member: ChannelMember,
  at: Element,
): void => {
  for (const name of member.enrichedFields)
    if (!canBeEnriched(object, name)) throw new Problem(`The selected field, ${name}, isn't valid.`, at)
  if (member.enrichedFields.length > mostEnriched)
    throw new Problem(`A channel member can have up to ${mostEnriched} enriched fields`, at)
  if (member.filterExpression === undefined) return
  try {
    parseFilter(object, member.filterExpression)
  } catch (error) {
    throw new Problem((error as Error).message, at)
  }
}
