import { namesIn } from './bitmaps.ts'
import type { EventBus } from './bus.ts'
import type { Entry } from './event-log.ts'
import { codecOf, payloadOf } from './payload.ts'
import { replayIdOf } from './replay-id.ts'

/** An event as people read it: numbers that fit no double as text, names in place of bitmaps, nulls left out. */
export type ShownEvent = {
  /** In hex. */
  replayId: string
  id: string
  at: number
  /** Channels that carry it (the topic of its object does in any case), or the topic that it was published on. */
  on: string[]
  schemaId: string
  payload: Record<string, unknown>
}

const plain = (value: unknown): unknown => {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value)
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, each]) => (each === null ? [] : [[key, plain(each)] as const])),
  )
}

/** Shows an entry of the log; undefined for one without an event. */
export const showEntry = (bus: EventBus, { position, at, event }: Entry): ShownEvent | undefined => {
  if (!event) return undefined
  const shown = { replayId: replayIdOf(position).toString('hex'), id: event.id, at, schemaId: event.schemaId }
  if (event.kind === 'platform') {
    const schema = bus.platform.get(event.topic)?.schema
    const payload = schema ? codecOf(schema).fromBuffer(Buffer.from(event.payload, 'base64')) : {}
    return { ...shown, on: [event.topic], payload: plain(payload) as Record<string, unknown> }
  }
  const schema = bus.schema(event.schemaId)
  if (!schema) return undefined
  const { ChangeEventHeader: header, ...body } = payloadOf(event, schema, {
    recordIds: event.recordIds,
    enrichment: {},
    sees: () => true,
  })
  const named = Object.fromEntries(
    Object.entries(header as Record<string, unknown>).map(([name, value]) => [
      name,
      /^(?:nulled|diff|changed)Fields$/.test(name) ? namesIn(schema.fields, value as string[]) : value,
    ]),
  )
  return {
    ...shown,
    on: Object.keys(event.channels),
    payload: plain({ ChangeEventHeader: named, ...body }) as Record<string, unknown>,
  }
}
