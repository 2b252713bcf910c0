import fc from 'fast-check'
import { expect, test } from 'vitest'
import { bitmapsOf, namesIn } from './bitmaps.ts'
import type { EventField } from './event-schema.ts'

const plain = (name: string): EventField => ({ name, doc: '', source: name, avro: 'string', reading: 'as-is' })
const compound = (name: string, parts: string[]): EventField => ({
  name,
  doc: '',
  record: 'Address',
  parts: parts.map((part) => ({ name: part, source: `${name}${part}`, avro: 'string' })),
  plain: undefined,
})

test('bits are counted from the header, which is 0; digits come in pairs and in capitals', () => {
  const fields = Array.from({ length: 30 }, (_, i) => plain(`F${i + 1}`))
  expect(bitmapsOf(fields, new Set(['F13', 'F26']))).toEqual(['0x04002000'])
  expect(bitmapsOf(fields, new Set(['F1', 'F3']))).toEqual(['0x0A'])
  expect(bitmapsOf(fields, new Set())).toEqual([])
})

test('a changed part has a bitmap of its own, and its parent no bit', () => {
  const fields = [plain('A'), compound('Home', ['Street', 'City']), plain('B')]
  expect(bitmapsOf(fields, new Set(['HomeCity', 'B']))).toEqual(['0x08', '2-0x02'])
  expect(bitmapsOf(fields, new Set(['HomeStreet']))).toEqual(['2-0x01'])
})

test('names can be read back from the bitmaps of any schema, however many fields it has', () => {
  const anyField = fc.oneof(fc.constant('plain'), fc.constant('compound'))
  fc.assert(
    fc.property(fc.array(anyField, { minLength: 1, maxLength: 120 }), fc.array(fc.nat()), (kinds, picks) => {
      const fields = kinds.map((kind, i) =>
        kind === 'plain' ? plain(`P${i}`) : compound(`C${i}`, ['Street', 'City', 'State']),
      )
      const sources = fields.flatMap((field) =>
        'source' in field ? [field.source] : field.parts.map((part) => part.source),
      )
      const names = fields.flatMap((field) =>
        'source' in field ? [field.name] : field.parts.map((part) => `${field.name}.${part.name}`),
      )
      const chosen = new Set(picks.map((pick) => pick % sources.length))
      const bitmaps = bitmapsOf(fields, new Set([...chosen].map((i) => sources[i] ?? '')))
      expect(new Set(namesIn(fields, bitmaps))).toEqual(new Set([...chosen].map((i) => names[i])))
    }),
  )
})
