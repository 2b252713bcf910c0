import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Json, Metadata } from './entities.ts'
import { changeMetadata, checkMetadataSize, METADATA_LIMIT_BYTES, mergeMetadata } from './metadata.ts'

const leaf = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.array(fc.integer(), { maxLength: 3 }))
const keys = fc.constantFrom('a', 'b', 'c', '__proto__', 'constructor')
/** JSON objects over few keys, so that two of them often touch the same place; `holes` puts nulls into them. */
const object = (holes: boolean): fc.Arbitrary<Metadata> =>
  fc.letrec<{ object: Metadata; value: Json }>((tie) => ({
    object: fc.array(fc.tuple(keys, tie('value')), { maxLength: 4 }).map((entries) => Object.fromEntries(entries)),
    value: fc.oneof({ depthSize: 'small' }, holes ? fc.constant(null) : leaf, leaf, tie('object')),
  })).object

const isObject = (value: Json | undefined): value is Metadata =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const own = (value: Metadata, key: string): Json | undefined => (Object.hasOwn(value, key) ? value[key] : undefined)

test('merging follows the patch key by key: null is gone, objects merge, the rest is the patch’s, what is not named stays', () => {
  const holds = (before: Metadata, patch: Metadata, after: Metadata): void => {
    for (const key of new Set([...Object.keys(before), ...Object.keys(patch), ...Object.keys(after)])) {
      const [old, wanted, now] = [own(before, key), own(patch, key), own(after, key)]
      if (wanted === undefined) expect(now).toEqual(old)
      else if (wanted === null) expect(now).toBeUndefined()
      else if (isObject(wanted)) {
        if (!isObject(now)) throw new Error('an object was expected')
        holds(isObject(old) ? old : {}, wanted, now)
      } else expect(now).toEqual(wanted)
    }
  }
  fc.assert(
    fc.property(object(false), object(true), (before, patch) => {
      const copies = JSON.stringify([before, patch])
      holds(before, patch, mergeMetadata(before, patch))
      expect(JSON.stringify([before, patch])).toBe(copies)
    }),
  )
})

test('merging the same patch twice changes nothing the second time', () => {
  fc.assert(
    fc.property(object(false), object(true), (before, patch) => {
      const once = mergeMetadata(before, patch)
      expect(mergeMetadata(once, patch)).toEqual(once)
    }),
  )
})

test('no null survives a merge', () => {
  fc.assert(
    fc.property(object(false), object(true), (before, patch) => {
      expect(JSON.stringify(mergeMetadata(before, patch))).not.toContain('null,')
      expect(JSON.stringify(mergeMetadata(before, patch))).not.toMatch(/:null/)
    }),
  )
})

test('a key named __proto__ is an ordinary key', () => {
  const patch = JSON.parse('{"__proto__":{"polluted":true}}') as Metadata
  expect(JSON.stringify(mergeMetadata({}, patch))).toBe('{"__proto__":{"polluted":true}}')
  expect(Object.prototype).not.toHaveProperty('polluted')
})

test('metadata that is nested beyond all measure is too large, as any other', () => {
  const nested = (open: string, close: string, levels: number) =>
    JSON.parse(`{"a":${open.repeat(levels)}1${close.repeat(levels)}}`) as Metadata
  for (const deep of [nested('{"a":', '}', 50_000), nested('[', ']', 50_000), nested('[', ']', 4_100)])
    for (const mode of ['merge', 'replace'] as const)
      expect(() => changeMetadata({ public_metadata: {} }, { public_metadata: deep }, mode)).toThrow('exceeds')
  const fitting = nested('{"a":', '}', 1_300)
  expect(changeMetadata({ public_metadata: {} }, { public_metadata: fitting }, 'merge').public_metadata).toEqual(
    fitting,
  )
})

test('the limit counts bytes, not characters, and all fields of a record', () => {
  const fits = { a: 'x'.repeat(METADATA_LIMIT_BYTES - '{"a":""}'.length) }
  expect(() =>
    changeMetadata({ public_metadata: {}, private_metadata: {} }, { public_metadata: fits }, 'replace'),
  ).not.toThrow()
  const more = { a: `${fits.a}x` }
  expect(() =>
    changeMetadata({ public_metadata: {}, private_metadata: {} }, { public_metadata: more }, 'merge'),
  ).toThrow('public_metadata exceeds')
  expect(() => checkMetadataSize({ public_metadata: { b: 1 }, private_metadata: more })).toThrow(
    'private_metadata exceeds',
  )
  const wide = { a: 'é'.repeat(METADATA_LIMIT_BYTES / 2) }
  expect(() => changeMetadata({ public_metadata: {} }, { public_metadata: wide }, 'replace')).toThrow(
    'exceeds the maximum allowed size',
  )
  expect(() =>
    changeMetadata({ public_metadata: fits, private_metadata: {} }, { private_metadata: { b: 1 } }, 'merge'),
  ).toThrow('private_metadata exceeds')
})
