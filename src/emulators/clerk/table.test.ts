import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createTable } from './table.ts'

type Row = { id: string; seq: number; created_at: number }

test('pages in order of creation are those of a sorted list, whatever was inserted, moved and removed before', () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('insert' as const), at: fc.nat(20) }),
    fc.record({ kind: fc.constant('remove' as const), at: fc.nat(20) }),
    fc.record({ kind: fc.constant('move' as const), at: fc.nat(20) }),
  )
  const paging = fc.record({
    descending: fc.boolean(),
    offset: fc.nat(6),
    limit: fc.integer({ min: 1, max: 6 }),
    after: fc.option(fc.nat(30)),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), paging, (steps, { descending, offset, limit, after }) => {
      const table = createTable<Row>()
      const model: Row[] = []
      for (const [seq, { kind, at }] of steps.entries()) {
        const target = model[at % Math.max(1, model.length)]
        if (kind === 'insert') {
          const row = { id: `r${seq}`, seq, created_at: at }
          model.push(row)
          table.insert(row)
        } else if (target && kind === 'remove') {
          table.remove(target)
          model.splice(model.indexOf(target), 1)
        } else if (target) {
          target.created_at = at
          table.touch(true)
        }
      }
      const sorted = model.toSorted((a, b) => (a.created_at - b.created_at || a.seq - b.seq) * (descending ? -1 : 1))
      const cursor = after === null ? undefined : sorted[after]
      const start = cursor ? sorted.indexOf(cursor) + 1 : offset
      expect(table.creationPage({ descending, offset, limit, after: cursor })).toEqual(
        sorted.slice(start, start + limit),
      )
      expect(table.size()).toBe(model.length)
      expect(table.ordered('id', (a, b) => (a.id < b.id ? -1 : 1)).length).toBe(model.length)
    }),
  )
})
