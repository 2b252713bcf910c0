import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { linesOf, readLines, writePieces } from './json-lines.ts'

const written = (value: unknown, depth: number): string => [...writePieces(value, depth)].join('')
const lines = (text: string): string[] => text.split('\n').filter((line) => line !== '')

test('what is written is JSON, and reads the same line by line', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.nat(6), (value, depth) => {
      const text = written(value, depth)
      expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)))
      expect(readLines(lines(text))).toEqual(JSON.parse(text))
    }),
  )
})

test('names and texts that look like structure stay what they are', () => {
  const value = { '{': '[', ']': ['}', ',', '"x":', '\n'], __proto__x: {}, 'a"b\\': { '': [] } }
  expect(readLines(lines(written(value, 5)))).toEqual(value)
})

test('lines that end too early, or are not of this kind, are refused', () => {
  const good = lines(written({ a: [{ b: 1 }, 2] }, 5))
  for (let cut = 0; cut < good.length; cut++) expect(() => readLines(good.slice(0, cut))).toThrow(SyntaxError)
  for (const text of ['{\n1\n}', '{\n]', '}', '{\n"a": 1 2\n}', '1\n2'])
    expect(() => readLines(lines(text))).toThrow(SyntaxError)
})

test('a file is read in pieces, also where a character lies across two of them', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lines-'))
  const value = { records: Array.from({ length: 40_000 }, (_, n) => ({ n, name: `Grüße ${'é'.repeat(n % 40)} 🌿` })) }
  const file = join(folder, 'x.json')
  writeFileSync(file, written(value, 2))
  expect(readLines(linesOf(file))).toEqual(value)
  rmSync(folder, { recursive: true })
})
