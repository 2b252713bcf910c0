import fc from 'fast-check'
import { expect, test } from 'vitest'
import { inList, quote, splitQueries } from './soql.ts'

/** Reads a literal as SOQL does: up to the first quote that is not escaped. */
const readLiteral = (text: string): { value: string; rest: string } => {
  const unescaped: Record<string, string> = { n: '\n', r: '\r', t: '\t', b: '\b', f: '\f' }
  let value = ''
  for (let i = 1; i < text.length; i++) {
    const character = text[i] ?? ''
    if (character === "'") return { value, rest: text.slice(i + 1) }
    if (character === '\\') {
      i++
      const escaped = text[i] ?? ''
      value += unescaped[escaped] ?? escaped
    } else value += character
  }
  throw new Error('the literal does not end')
}

const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.constantFrom("'", '\\', '"', '\n', '\r', 'a', ')') }),
)

test('a quoted value reads back as itself and never leaves its quotes', () => {
  fc.assert(
    fc.property(anyText, (value) => {
      expect(readLiteral(quote(value))).toEqual({ value, rest: '' })
    }),
  )
})

test('a list keeps the values in order', () => {
  expect(inList(["O'Brien", 'b'])).toBe("('O\\'Brien','b')")
})

test('an empty list is refused, because SOQL has none', () => {
  expect(() => inList([])).toThrow(RangeError)
})

test('a split asks for every key once, in order, within both bounds', () => {
  const build = (list: string): string => `SELECT Id FROM Contact WHERE Key__c IN ${list}`
  fc.assert(
    fc.property(fc.array(anyText, { maxLength: 60 }), fc.integer({ min: 1, max: 20 }), (keys, maxKeys) => {
      const maxLength = Math.max(80, ...keys.map((key) => quote(key).length + build('()').length + 1))
      const queries = splitQueries(keys, build, { maxLength, maxKeys })
      expect(queries.flatMap((query) => query.keys)).toEqual([...new Set(keys)])
      for (const { keys: chunk, soql } of queries) {
        expect(soql).toBe(build(inList(chunk)))
        expect(soql.length).toBeLessThanOrEqual(maxLength)
        expect(chunk.length).toBeLessThanOrEqual(maxKeys)
      }
    }),
  )
})

test('no keys need no query', () => {
  expect(splitQueries([], (list) => list)).toEqual([])
})

test('a key that fits no query is an error instead of a query that Salesforce refuses', () => {
  expect(() => splitQueries(['x'.repeat(100)], (list) => list, { maxLength: 50 })).toThrow(RangeError)
})
