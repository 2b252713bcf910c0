import avsc from 'avsc'
import { z } from 'zod'
import { isObject } from '../schemas.ts'
import type { EventField } from './changed-fields.ts'

/** What every change event begins with. */
export type EventHeader = {
  entityName: string
  recordIds: string[]
  changeType: string
  changeOrigin: string
  commitTimestamp: bigint
  commitUser: string
  nulledFields: string[]
  diffFields: string[]
  changedFields: string[]
}

export type EventSchema = {
  /** By position, which is what bitmaps go by. Empty where the schema itself could not be had. */
  fields: readonly EventField[]
  /** Reads the header, which is the first thing in a payload; what comes after it is not looked at. @throws Error */
  readHeader: (payload: Buffer) => EventHeader
}

const strings = z.array(z.string())
const Header: z.ZodType<EventHeader> = z.object({
  entityName: z.string().regex(/^\w+$/),
  recordIds: strings,
  changeType: z.string(),
  changeOrigin: z.string(),
  commitTimestamp: z.bigint(),
  commitUser: z.string(),
  nulledFields: strings.default([]),
  diffFields: strings.default([]),
  changedFields: strings,
})

/** A commit number may be beyond 2^53, where avsc's own longs give up. */
const bigLong = avsc.types.LongType.__with({
  fromBuffer: (bytes: Buffer) => bytes.readBigInt64LE(),
  toBuffer: (value: bigint) => {
    const bytes = Buffer.alloc(8)
    bytes.writeBigInt64LE(value)
    return bytes
  },
  fromJSON: BigInt,
  toJSON: String,
  isValid: (value: unknown) => typeof value === 'bigint',
  compare: (a: bigint, b: bigint) => (a === b ? 0 : a < b ? -1 : 1),
})

const headerReader = (schema: unknown): EventSchema['readHeader'] => {
  const type = avsc.Type.forSchema(schema as avsc.Schema, { registry: { long: bigLong } })
  return (payload) => {
    const { value, offset } = type.decode(payload, 0)
    if (offset < 0) throw new Error('the payload ends within its header')
    return Header.parse(value)
  }
}

const localName = (name: string): string => name.slice(name.lastIndexOf('.') + 1)

/** The parts of each field. A type is spelled out where it first comes and named after that: Address in the first of several addresses. */
const fieldsIn = (list: readonly unknown[]): EventField[] => {
  const known = new Map<string, readonly string[]>()
  const partsOf = (type: unknown): readonly string[] => {
    if (Array.isArray(type)) return type.map(partsOf).find((parts) => parts.length > 0) ?? []
    if (typeof type === 'string') return known.get(localName(type)) ?? []
    if (!isObject(type) || !Array.isArray(type['fields'])) return []
    const parts = type['fields'].map(nameOf)
    if (typeof type['name'] === 'string') known.set(localName(type['name']), parts)
    return parts
  }
  return list.map((field) => ({ name: nameOf(field), parts: isObject(field) ? partsOf(field['type']) : [] }))
}

const nameOf = (field: unknown): string => {
  if (isObject(field) && typeof field['name'] === 'string') return field['name']
  throw new Error('a field of the schema has no name')
}

/**
 * Reads the Avro schema of a change event. Its values are never decoded: we read records back instead, and what is not decoded neither costs
 * anything nor can leak.
 * @throws Error where the text is not the schema of a change event
 */
export const readEventSchema = (schemaJson: string): EventSchema => {
  const schema: unknown = JSON.parse(schemaJson)
  const list = isObject(schema) ? schema['fields'] : undefined
  const [first] = Array.isArray(list) ? list : []
  if (!Array.isArray(list) || !isObject(first) || first['name'] !== 'ChangeEventHeader')
    throw new Error('not the schema of a change event: it does not begin with a ChangeEventHeader')
  return { fields: fieldsIn(list), readHeader: headerReader(first['type']) }
}

const text = { type: 'string' }
const list = { type: 'array', items: 'string' }
const changes = ['CREATE', 'UPDATE', 'DELETE', 'UNDELETE']
const symbols = [...changes, ...changes.map((change) => `GAP_${change}`), 'GAP_OVERFLOW', 'SNAPSHOT']

/**
 * For an event whose schema cannot be had: the header as it is in published schemas (Valeriyyy/SalesforceGRPC). A payload of another form is
 * refused rather than misread: names, ids and the time have to look like ones.
 */
export const presumedSchema: EventSchema = (() => {
  const readHeader = headerReader({
    type: 'record',
    name: 'ChangeEventHeader',
    fields: [
      { name: 'entityName', ...text },
      { name: 'recordIds', type: list },
      { name: 'changeType', type: { type: 'enum', name: 'ChangeType', symbols } },
      { name: 'changeOrigin', ...text },
      { name: 'transactionKey', ...text },
      { name: 'sequenceNumber', type: 'int' },
      { name: 'commitTimestamp', type: 'long' },
      { name: 'commitNumber', type: 'long' },
      { name: 'commitUser', ...text },
      { name: 'nulledFields', type: list },
      { name: 'diffFields', type: list },
      { name: 'changedFields', type: list },
    ],
  })
  const isLikely = ({ recordIds, commitUser, commitTimestamp }: EventHeader): boolean =>
    recordIds.length > 0 &&
    [...recordIds, commitUser].every((id) => /^[a-zA-Z0-9]{15,18}$/.test(id)) &&
    commitTimestamp > 0n &&
    commitTimestamp < 10n ** 13n
  return {
    fields: [],
    readHeader: (payload) => {
      const header = readHeader(payload)
      if (isLikely(header)) return header
      throw new Error('the payload does not begin with the usual header')
    },
  }
})()
