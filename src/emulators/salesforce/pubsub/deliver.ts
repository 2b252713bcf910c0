import type { ObjectType } from '../schema.ts'
import type { Value } from '../store.ts'
import type { EventBus } from './bus.ts'
import { seesAll, type Topic } from './channels.ts'
import type { ChangeEvent } from './event.ts'
import type { Entry } from './event-log.ts'
import { encodePayload } from './payload.ts'
import type { ConsumerEvent } from './protocol.ts'
import { replayIdOf } from './replay-id.ts'

const sees =
  (object: ObjectType) =>
  (field: string): boolean =>
    object.byName.get(field.toLowerCase())?.visible === true

const delivered = (
  bus: EventBus,
  entry: Entry,
  event: ChangeEvent,
  recordIds: readonly string[],
  enriched: readonly string[],
): ConsumerEvent[] => {
  const schema = bus.schema(event.schemaId)
  const object = bus.org.schema.find(event.entity)
  if (!schema || !object) return []
  // Values that were enriched are not kept with the event: they are looked up now, and may be newer than it (Change Data
  // Capture guide, Event Enrichment Considerations).
  const row =
    enriched.length > 0 && recordIds[0] !== undefined ? bus.org.store.get(event.entity, recordIds[0]) : undefined
  const enrichment: Record<string, Value> = {}
  for (const field of enriched) if (row) enrichment[field] = row[field] ?? null
  const payload = encodePayload(event, schema, { recordIds, enrichment, sees: sees(object) })
  return [{ event: { id: event.id, schemaId: event.schemaId, payload }, replayId: replayIdOf(entry.position) }]
}

const enrichedOn = (bus: EventBus, channel: string, entity: string): readonly string[] =>
  bus.members().find((each) => each.channel === channel && each.object.name === entity)?.enriched ?? []

/**
 * What a subscriber of the topic gets of an entry: nothing, one event, or several under one replay id. The latter is what
 * enrichment does to an event with several records: each comes alone, since their enriched values may differ.
 */
export const deliveriesOf = (bus: EventBus, topic: Topic, entry: Entry): ConsumerEvent[] => {
  const { event } = entry
  if (!event) return []
  if (event.kind === 'platform') {
    if (topic.name !== event.topic) return []
    const payload = Buffer.from(event.payload, 'base64')
    return [{ event: { id: event.id, schemaId: event.schemaId, payload }, replayId: replayIdOf(entry.position) }]
  }
  if (topic.kind === 'platform' || (topic.kind === 'object' && topic.object.name !== event.entity)) return []
  const recordIds = topic.kind === 'object' ? event.recordIds : (event.channels[topic.channel] ?? [])
  const object = bus.org.schema.find(event.entity)
  // On channels rights are looked at with each event, and what may not be seen is left out without a word.
  if (recordIds.length === 0 || !object || !seesAll(object)) return []
  const enriches = event.changeType === 'UPDATE' || event.changeType === 'DELETE'
  const enriched = enriches && topic.kind === 'channel' ? enrichedOn(bus, topic.channel, event.entity) : []
  return enriched.length === 0
    ? delivered(bus, entry, event, recordIds, [])
    : recordIds.flatMap((id) => delivered(bus, entry, event, [id], enriched))
}
