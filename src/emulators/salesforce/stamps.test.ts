import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createStamps } from './stamps.ts'
import type { Row } from './store.ts'

const change = fc.record({
  id: fc.integer({ min: 0, max: 30 }),
  at: fc.integer({ min: 0, max: 40 }),
  gone: fc.boolean(),
})

test('whatever changed in whatever order, a span has exactly the rows that bear its stamps, in order', () => {
  fc.assert(
    fc.property(
      fc.array(change, { maxLength: 200 }),
      fc.integer({ min: 0, max: 40 }),
      fc.integer({ min: 0, max: 40 }),
      (changes, from, to) => {
        const rows = new Map<string, Row>()
        const stamps = createStamps(rows)
        for (const [i, { id: number, at, gone }] of changes.entries()) {
          const id = `id${String(number).padStart(2, '0')}`
          if (gone) rows.delete(id)
          else {
            rows.set(id, { Id: id, SystemModstamp: at })
            stamps.add(at, id)
          }
          // Readers in between must not disturb what comes later.
          if (i % 7 === 0) stamps.count(from, to)
        }
        const expected = [...rows.values()]
          .filter(({ SystemModstamp: at }) => Number(at) >= from && Number(at) < to)
          .sort((a, b) => Number(a['SystemModstamp']) - Number(b['SystemModstamp']) || (a.Id < b.Id ? -1 : 1))
          .map(({ Id }) => Id)
        expect([...stamps.between(from, to)]).toEqual(expected)
      },
    ),
  )
})

test('changes far from the end wait aside and are found all the same', () => {
  const rows = new Map<string, Row>()
  const stamps = createStamps(rows)
  const put = (id: string, at: number) => {
    rows.set(id, { Id: id, SystemModstamp: at })
    stamps.add(at, id)
  }
  for (let i = 0; i < 10_000; i++) put(`a${String(i).padStart(5, '0')}`, 1_000 + i)
  for (let i = 0; i < 100; i++) put(`b${i}`, i)
  expect([...stamps.between(0, 3)]).toEqual(['b0', 'b1', 'b2'])
  expect([...stamps.between(99, 1_001)]).toEqual(['b99', 'a00000'])
  for (let i = 0; i < 10_000; i++) put(`a${String(i).padStart(5, '0')}`, 20_000 + i)
  expect(stamps.count(1_000, 12_000)).toBeLessThanOrEqual(10_000)
  expect([...stamps.between(1_000, 20_001)]).toEqual(['a00000'])
})
