import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { textDiff } from './text-diff.ts'

/** What a subscriber does with a diff: hunks from the last to the first, each at its place in the old text. */
const applied = (before: string, diff: string): string => {
  const lines = before.split('\n')
  const hunks: { at: number; removed: number; added: string[] }[] = []
  for (const line of diff.split('\n').slice(2)) {
    const [, from, removed] = /^@@ -(\d+),(\d+) \+\d+,\d+ @@$/.exec(line) ?? []
    if (removed !== undefined)
      hunks.push({ at: Number(from) - (removed === '0' ? 0 : 1), removed: Number(removed), added: [] })
    else if (line.startsWith('+')) hunks.at(-1)?.added.push(line.slice(1))
  }
  for (const { at, removed, added } of hunks.reverse()) lines.splice(at, removed, ...added)
  return lines.join('\n')
}

test('a diff of any two texts makes the new one from the old one, and names its hash', () => {
  const line = fc.constantFrom('a', 'b', 'c', '', '+d', '-e', '@@ f')
  const text = fc.array(line, { maxLength: 12 }).map((lines) => lines.join('\n'))
  fc.assert(
    fc.property(text, text, (before, after) => {
      const diff = textDiff(before, after)
      expect(applied(before, diff)).toBe(after)
      expect(diff.split('\n')[1]).toBe(`+++ ${createHash('sha256').update(after).digest('hex')}`)
    }),
    { numRuns: 500 },
  )
})

test('lines that stay are not in the diff', () => {
  const [, , ...hunks] = textDiff('one\ntwo\nthree\nfour', 'one\n2\nthree\nfour\nfive').split('\n')
  expect(hunks).toEqual(['@@ -2,1 +2,1 @@', '-two', '+2', '@@ -4,0 +5,1 @@', '+five'])
})

test('texts of very many lines are compared at once, as one block', () => {
  const many = (word: string) => Array.from({ length: 5_000 }, (_, i) => `${word} ${i}`).join('\n')
  expect(textDiff(many('a'), many('b')).split('\n')).toHaveLength(2 + 1 + 10_000)
})
