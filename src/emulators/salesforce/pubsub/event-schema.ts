/**
 * The Avro schema of an object's change events, built from the fields that the org has.
 *
 * Fields of the object and fields of the event are not the same: a name or an address is one field with parts. The layout
 * says which field of the object each comes from; the schema's text and id follow from the layout alone. A field that an
 * admin adds makes another layout and so another id, and the old id stays good for the events that were captured with it.
 */
import { createHash } from 'node:crypto'
import type { Field, ObjectType } from '../schema.ts'
import { changeTypes } from './event.ts'
import { compoundOf, fieldOrder } from './field-order.ts'

export type AvroType = 'string' | 'boolean' | 'int' | 'long' | 'double'
/** How a value of the store becomes one of the event: dates and times become milliseconds. */
export type Reading = 'as-is' | 'flag' | 'date' | 'time'

export type Part = { name: string; source: string; avro: 'string' | 'double' }
export type EventField =
  | { name: string; doc: string; source: string; avro: AvroType; reading: Reading }
  /** `plain`: the field that stands there as a text when the record is no person. */
  | { name: string; doc: string; record: string; parts: readonly Part[]; plain: string | undefined }

export type EventSchema = { id: string; entity: string; fields: readonly EventField[]; text: string }

/** `ContactChangeEvent`, or `Thing__ChangeEvent` for `Thing__c`. */
export const eventName = (object: string): string =>
  object.endsWith('__c') ? `${object.slice(0, -1)}ChangeEvent` : `${object}ChangeEvent`

const types: Readonly<Record<string, [doc: string, avro: AvroType, reading: Reading]>> = {
  email: ['Email', 'string', 'as-is'],
  phone: ['Phone', 'string', 'as-is'],
  url: ['Url', 'string', 'as-is'],
  picklist: ['DynamicEnum', 'string', 'as-is'],
  multipicklist: ['MultiEnum', 'string', 'as-is'],
  boolean: ['Boolean', 'boolean', 'flag'],
  double: ['Double', 'double', 'as-is'],
  currency: ['Currency', 'double', 'as-is'],
  percent: ['Percent', 'double', 'as-is'],
  datetime: ['DateTime', 'long', 'as-is'],
  date: ['DateOnly', 'long', 'date'],
  time: ['TimeOnly', 'long', 'time'],
}
const staticLists: ReadonlySet<string> = new Set(['CleanStatus', 'ContactSource'])

/** Text that is kept apart from its record, and can be sent as a diff. */
export const isLongText = (field: Field): boolean => field.type === 'textarea' && field.length > 255

const typeOf = (field: Field): [doc: string, avro: AvroType, reading: Reading] => {
  if (isLongText(field)) return [field.html ? 'HtmlStringPlusClob' : 'StringPlusClob', 'string', 'as-is']
  if (staticLists.has(field.name)) return ['StaticEnum', 'string', 'as-is']
  // A whole number that an admin defines is a double like any other number: only standard fields are integers.
  if (field.type === 'int' && !field.custom) return ['Integer', 'int', 'as-is']
  if (field.type === 'int') return ['Double', 'double', 'as-is']
  return types[field.type] ?? ['Text', 'string', 'as-is']
}

const base62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

/** The 15-character id of a custom field, which docs of schemas carry; the same for the same field of any org here. */
const fieldId = (object: string, name: string): string => {
  // The copy of a Contact's field on a Person Account is the same field.
  const [owner, field] = name.endsWith('__pc') ? ['Contact', `${name.slice(0, -2)}c`] : [object, name]
  const digest = createHash('sha256').update(`${owner}.${field}`).digest()
  return `00NKj00000${Array.from(digest.subarray(0, 5), (byte) => base62[byte % 62]).join('')}`
}

const docOf = (object: string, field: Field, kind: string): string => {
  if (field.name === 'CreatedDate') return 'CreatedDate:DateTime'
  if (field.name === 'JigsawContactId' || field.name === 'JigsawCompanyId') return 'ExternalForeignKey:ExternalId'
  const role = field.type === 'reference' ? 'ForeignKey:EntityId' : `Data:${kind}`
  return field.custom ? `${role}:${fieldId(object, field.name)}` : role
}

const plainField = (object: ObjectType, field: Field): EventField => {
  const [kind, avro, reading] = typeOf(field)
  return { name: field.name, doc: docOf(object.name, field, kind), source: field.name, avro, reading }
}

const standardField = (object: ObjectType, name: string): EventField[] => {
  const compound = compoundOf(object.name, name)
  const own = object.byName.get(name.toLowerCase())
  const has = (source: string) => object.byName.has(source.toLowerCase())
  if (!compound || (compound.record === 'Switchable_PersonName' && !has('IsPersonAccount')))
    return own ? [plainField(object, own)] : []
  if (!compound.parts.some(({ source }) => has(source))) return []
  return [
    {
      name,
      doc: `Data:${compound.record}`,
      record: compound.record,
      parts: compound.parts
        .filter(({ always, source }) => always || has(source))
        .map((part) => ({ name: part.name, source: part.source, avro: part.avro })),
      plain: compound.record === 'Switchable_PersonName' ? name : undefined,
    },
  ]
}

/** Fields in the order of the schema; the header, at position 0, is not among them. */
export const layoutOf = (object: ObjectType): EventField[] => {
  const custom = object.fields.filter((field) => field.custom)
  const own = custom.filter((field) => !field.name.endsWith('__pc'))
  const ofPerson = custom.filter((field) => field.name.endsWith('__pc'))
  return [
    ...(fieldOrder(object.name) ?? []).flatMap((name) => standardField(object, name)),
    ...[...own, ...ofPerson].map((field) => plainField(object, field)),
  ]
}

const strings = { type: 'array', items: 'string' }
const header = {
  name: 'ChangeEventHeader',
  type: {
    type: 'record',
    name: 'ChangeEventHeader',
    fields: [
      { name: 'entityName', type: 'string' },
      { name: 'recordIds', type: strings },
      { name: 'changeType', type: { type: 'enum', name: 'ChangeType', symbols: changeTypes } },
      { name: 'changeOrigin', type: 'string' },
      { name: 'transactionKey', type: 'string' },
      { name: 'sequenceNumber', type: 'int' },
      { name: 'commitTimestamp', type: 'long' },
      { name: 'commitNumber', type: 'long' },
      { name: 'commitUser', type: 'string' },
      { name: 'nulledFields', type: strings },
      { name: 'diffFields', type: strings },
      { name: 'changedFields', type: strings },
    ],
  },
  doc: 'Data:ComplexValueType',
}

/** The id of a schema: 16 bytes of its text's hash, 22 characters of base64url. */
export const schemaIdOf = (text: string): string =>
  createHash('sha256').update(text).digest().subarray(0, 16).toString('base64url')

/** The schema that a layout means. */
export const schemaOf = (entity: string, fields: readonly EventField[]): EventSchema => {
  const defined = new Set<string>()
  const recordType = (name: string, parts: readonly Part[]): unknown => {
    if (defined.has(name)) return name
    defined.add(name)
    const inner = parts.map((part) => ({ name: part.name, type: ['null', part.avro], default: null }))
    return { type: 'record', name, fields: inner }
  }
  const text = JSON.stringify({
    type: 'record',
    name: eventName(entity),
    namespace: 'com.sforce.eventbus',
    fields: [
      header,
      ...fields.map((field) => ({
        name: field.name,
        type:
          'record' in field
            ? ['null', ...(field.plain === undefined ? [] : ['string']), recordType(field.record, field.parts)]
            : ['null', field.avro],
        doc: field.doc,
        default: null,
      })),
    ],
  })
  return { id: schemaIdOf(text), entity, fields, text }
}
