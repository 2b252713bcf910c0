import avsc from 'avsc'
import type { Value } from '../store.ts'
import { bitmapsOf, standsPlain } from './bitmaps.ts'
import type { ChangeEvent } from './event.ts'
import type { EventField, EventSchema, Reading } from './event-schema.ts'

/** Longs as BigInt where they are read: a commit number may not fit a double. */
const bigLong = avsc.types.LongType.__with({
  fromBuffer: (bytes: Buffer) => bytes.readBigInt64LE(),
  toBuffer: (value: bigint | number) => {
    const bytes = Buffer.alloc(8)
    bytes.writeBigInt64LE(BigInt(value))
    return bytes
  },
  fromJSON: BigInt,
  toJSON: Number,
  isValid: (value: unknown) => typeof value === 'bigint' || Number.isInteger(value),
  compare: (a: bigint, b: bigint) => (a === b ? 0 : a < b ? -1 : 1),
})

const codecs = new Map<string, avsc.Type>()

/** Reads and writes what a schema's text says; unions show their value as it is. */
export const codecOf = (schema: { id: string; text: string }): avsc.Type => {
  const known = codecs.get(schema.id)
  if (known) return known
  const codec = avsc.Type.forSchema(JSON.parse(schema.text) as avsc.Schema, {
    registry: { long: bigLong },
    wrapUnions: 'never',
    omitRecordMethods: true,
  })
  codecs.set(schema.id, codec)
  return codec
}

const timeOf = (value: string): number => {
  const [hours = 0, minutes = 0, seconds = 0] = value.replace('Z', '').split(':').map(Number)
  return Math.round((hours * 3600 + minutes * 60 + seconds) * 1000)
}

const read = (reading: Reading, value: Value | undefined): unknown => {
  if (reading === 'flag') return value === true
  if (value === undefined || value === null) return null
  if (reading === 'date') return Date.parse(`${String(value)}T00:00:00Z`)
  if (reading === 'time') return typeof value === 'number' ? value : timeOf(String(value))
  return value
}

type Values = Readonly<Record<string, Value>>

const bodyValue = (field: EventField, values: Values, person: boolean): unknown => {
  const single = 'source' in field ? field.source : standsPlain(field, person) ? field.plain : undefined
  if (single !== undefined)
    return single in values ? read('source' in field ? field.reading : 'as-is', values[single]) : null
  if (!('parts' in field)) return null
  const parts = field.parts.map((part) => [part.name, values[part.source] ?? null] as const)
  return parts.every(([, value]) => value === null) ? null : Object.fromEntries(parts)
}

/** One delivery of an event: which of its records, what was added to it, and what the subscriber may see. */
export type View = {
  recordIds: readonly string[]
  /** Values of enriched fields that did not change. */
  enrichment: Values
  /** Whether the subscriber may read a field of the object. */
  sees: (field: string) => boolean
}

/**
 * The record that Avro encodes. Fields that the subscriber may not read lose their value, and nothing says so: the
 * bitmaps keep their bits.
 */
export const payloadOf = (event: ChangeEvent, schema: EventSchema, view: View): Record<string, unknown> => {
  const updated = event.changeType === 'UPDATE'
  const names = updated ? Object.keys(event.values) : []
  const bitmaps = (sources: readonly string[]) => bitmapsOf(schema.fields, new Set(sources), event.person)
  const values = Object.fromEntries(
    Object.entries({ ...view.enrichment, ...event.values }).filter(([name]) => view.sees(name)),
  )
  return {
    ChangeEventHeader: {
      entityName: event.entity,
      recordIds: view.recordIds,
      changeType: event.changeType,
      changeOrigin: event.changeOrigin,
      transactionKey: event.transactionKey,
      sequenceNumber: event.sequenceNumber,
      commitTimestamp: BigInt(event.commitTimestamp),
      commitNumber: BigInt(event.commitNumber),
      commitUser: event.commitUser,
      nulledFields: bitmaps(names.filter((name) => (event.values[name] ?? null) === null)),
      diffFields: bitmaps(event.diffs),
      changedFields: bitmaps(names),
    },
    ...Object.fromEntries(schema.fields.map((field) => [field.name, bodyValue(field, values, event.person)])),
  }
}

/** The payload in Avro's binary form. */
export const encodePayload = (event: ChangeEvent, schema: EventSchema, view: View): Buffer =>
  codecOf(schema).toBuffer(payloadOf(event, schema, view))
