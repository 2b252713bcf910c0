import fc from 'fast-check'
import { expect, test } from 'vitest'
import { changedFieldsIn, type EventField } from './changed-fields.ts'

const plain = (...names: string[]): EventField[] => names.map((name) => ({ name, parts: [] }))

const contact: EventField[] = [
  ...plain('ChangeEventHeader', 'AccountId', 'IsPersonAccount'),
  { name: 'Name', parts: ['Salutation', 'FirstName', 'LastName'] },
  { name: 'MailingAddress', parts: ['Street', 'City'] },
  ...plain('Phone'),
  { name: 'Site__c', parts: ['City', 'Latitude'] },
]

test.each([
  ['a whole field', ['0x02'], ['AccountId']],
  ['letters of either case', ['0x2a'], ['AccountId', 'Name', 'Salutation', 'FirstName', 'LastName', 'Phone']],
  ['a part of the name, without a bit for the whole', ['3-0x02'], ['Name', 'FirstName']],
  ['a part of an address beside a whole field', ['0x20', '4-0x02'], ['Phone', 'MailingAddress', 'MailingCity']],
  ['a compound field as a whole', ['0x10'], ['MailingAddress', 'MailingStreet', 'MailingCity']],
  ['a part of a custom address', ['6-0x01'], ['Site__c', 'Site__City__s']],
  ['a compound field and its part', ['0x10', '4-0x01'], ['MailingAddress', 'MailingStreet', 'MailingCity']],
])('%s is read', (_, bitmaps, names) => {
  expect(changedFieldsIn(contact, bitmaps)).toEqual(names)
})

test.each([
  ['nothing', []],
  ['empty bitmaps', ['0x00']],
  ['a bit beyond the schema', ['0x80']],
  ['a part beyond the field', ['3-0x08']],
  ['a part of a field that has none', ['5-0x01']],
  ['a position beyond the schema', ['7-0x01']],
  ['what is no bitmap', ['0x']],
  ['a text', ['Name']],
])('%s leaves open what changed', (_, bitmaps) => {
  expect(changedFieldsIn(contact, bitmaps)).toBeUndefined()
})

/** Writes bits as bytes from the lowest on, which is another way than the decoder's. */
const encode = (positions: readonly number[]): string => {
  const bytes = new Uint8Array(Math.floor(Math.max(...positions) / 8) + 1)
  for (const position of positions) {
    const at = bytes.length - 1 - Math.floor(position / 8)
    bytes[at] = (bytes[at] ?? 0) | (1 << (position % 8))
  }
  return `0x${Buffer.from(bytes).toString('hex').toUpperCase()}`
}

const schemas = fc
  .array(fc.integer({ min: 0, max: 5 }), { minLength: 2, maxLength: 200 })
  .map((sizes): EventField[] => [
    ...plain('ChangeEventHeader'),
    ...sizes.map((size, i) => ({ name: `F${i}`, parts: Array.from({ length: size }, (_, j) => `F${i}P${j}`) })),
  ])

/** A schema, the positions of whole fields that changed, and for some compound fields the parts that did. */
const changes = schemas.chain((fields) => {
  const positions = fields.map((_, i) => i).slice(1)
  const compounds = positions.filter((i) => (fields[i]?.parts.length ?? 0) > 0)
  const partsOf = (i: number) =>
    fc.record({ at: fc.constant(i), parts: fc.subarray(fields[i]?.parts.map((_, j) => j) ?? [], { minLength: 1 }) })
  return fc.record({
    fields: fc.constant(fields),
    whole: fc.subarray(positions),
    parts: fc.subarray(compounds).chain((chosen) => fc.tuple(...chosen.map(partsOf))),
  })
})

test('any set of fields and parts is found again, and no other', () => {
  fc.assert(
    fc.property(changes, ({ fields, whole, parts }) => {
      const bitmaps = [
        ...(whole.length > 0 ? [encode(whole)] : []),
        ...parts.map(({ at, parts: chosen }) => `${at}-${encode(chosen)}`),
      ]
      const expected = new Set<string>()
      for (const i of whole)
        for (const name of [fields[i]?.name, ...(fields[i]?.parts ?? [])]) expected.add(String(name))
      for (const { at, parts: chosen } of parts)
        for (const name of [fields[at]?.name, ...chosen.map((j) => fields[at]?.parts[j])]) expected.add(String(name))
      const found = changedFieldsIn(fields, bitmaps)
      expect(found && new Set(found)).toEqual(expected.size === 0 ? undefined : expected)
    }),
  )
})

test('bitmaps mean the same in any order, and a repeated one adds nothing', () => {
  fc.assert(
    fc.property(changes, fc.infiniteStream(fc.nat()), ({ fields, whole, parts }, order) => {
      const bitmaps = [
        ...(whole.length > 0 ? [encode(whole)] : []),
        ...parts.map(({ at, parts: chosen }) => `${at}-${encode(chosen)}`),
      ]
      const shuffled = [...bitmaps, ...bitmaps]
        .map((bitmap) => ({ bitmap, at: order.next().value ?? 0 }))
        .sort((a, b) => a.at - b.at)
        .map(({ bitmap }) => bitmap)
      const names = (list: readonly string[] | undefined) => list && new Set(list)
      expect(names(changedFieldsIn(fields, shuffled))).toEqual(names(changedFieldsIn(fields, bitmaps)))
    }),
  )
})
