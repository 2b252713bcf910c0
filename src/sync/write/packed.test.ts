import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createPacked, type Packed } from './packed.ts'

/* Rows and answers as small as can be; portions of three. */

type Row = { key: string; said: string | undefined }
type Answered = [string, string | undefined]

const keysOf = (count: number): string[] => Array.from({ length: count }, (_, n) => `row${n}`)

const packedWith = (keys: readonly string[]): Packed<Row, string> => {
  const packed = createPacked<Row, string>(3)
  for (const key of keys) packed.add(key, { key, said: undefined })
  return packed
}

const answerTo = (key: string): string => `answer to ${key}`

const answerAll = (packed: Packed<Row, string>, keys: readonly string[]): Answered[] =>
  keys.flatMap((key) => packed.answer(key, answerTo(key)).map(([row, answer]): Answered => [row.key, answer]))

const restOf = (packed: Packed<Row, string>): Answered[] => [...packed.rest()].map(([row, answer]) => [row.key, answer])

test('all that was added can be read, in order and as often as one likes', () => {
  const packed = packedWith(keysOf(8))
  const read = () => [...packed.values()].map(({ key }) => key)
  expect([packed.count(), read(), read()]).toEqual([8, keysOf(8), keysOf(8)])
})

test('what comes out is an equal of what was added, whatever its values are', () => {
  const rows = [{ a: undefined, b: null, c: -0 }, { a: new Date(7) }, { a: ['Zoë', '\ud800', '名'], b: 2 ** 53 }]
  const packed = createPacked<object, string>(3)
  for (const [n, row] of rows.entries()) packed.add(`${n}`, row)
  expect([...packed.rest()].map(([row]) => row)).toStrictEqual(rows)
})

test('a portion comes out with the last answer to it, whichever that is', () => {
  const packed = packedWith(keysOf(4))
  expect(answerAll(packed, ['row2', 'row0'])).toEqual([])
  expect(answerAll(packed, ['row3'])).toEqual([['row3', 'answer to row3']])
  expect(answerAll(packed, ['row1']).map(([key]) => key)).toEqual(['row0', 'row1', 'row2'])
  expect(restOf(packed)).toEqual([])
})

test('whatever is answered, in whatever order and however often, everything comes out once and with its own answer', () => {
  const orders = fc.nat(20).chain((count) =>
    fc.record({
      keys: fc.constant(keysOf(count)),
      answered: fc.array(fc.nat(count + 2), { maxLength: 2 * count }).map((all) => all.map((n) => `row${n}`)),
    }),
  )
  fc.assert(
    fc.property(orders, ({ keys, answered }) => {
      const packed = packedWith(keys)
      const came = [...answerAll(packed, answered), ...restOf(packed), ...restOf(packed)]
      const wanted = keys.map((key): Answered => [key, answered.includes(key) ? answerTo(key) : undefined])
      expect(new Map(came)).toEqual(new Map(wanted))
      expect(came).toHaveLength(keys.length)
    }),
  )
})

test('two of one key are refused, for an answer could not tell them apart', () => {
  const packed = packedWith(['row0'])
  expect(() => packed.add('row0', { key: 'row0', said: 'twice' })).toThrow('row0 is there already')
})
