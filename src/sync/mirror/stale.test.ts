import { expect, test } from 'vitest'
import { databaseKinds, freshDatabase } from '../../../test/support/databases.ts'
import { claimStale, finishStale, markStale } from './stale.ts'

test.each(databaseKinds)(
  'what is claimed is nobody else’s, and what is noted again meanwhile is due again (%s)',
  async (kind) => {
    const { query } = await freshDatabase(kind)
    const one = (id: string) => ({ entity: 'person' as const, id, committedAt: 1, gone: false })
    await markStale(query, [one('a'), one('b'), one('c')], 10)
    const two = await claimStale(query, 2, 10, 100)
    expect(two).toHaveLength(2)
    expect(await claimStale(query, 5, 10, 100)).toHaveLength(1)
    await markStale(query, [one(String(two[0]?.id))], 11)
    await finishStale(query, two, 12)
    expect(await claimStale(query, 5, 12, 100)).toMatchObject([{ id: two[0]?.id, version: 2 }])
  },
)

test('of a deletion and an undeletion the later one counts, whatever the order in which they are told', async () => {
  const { query } = await freshDatabase('postgres')
  const told = (committedAt: number, gone: boolean) => ({ entity: 'person' as const, id: 'a', committedAt, gone })
  await markStale(query, [told(2_000, false)], 10)
  await markStale(query, [told(1_000, true)], 10)
  expect(await claimStale(query, 1, 10, 20)).toMatchObject([{ gone: false, committedAt: 2_000 }])
  await markStale(query, [told(2_000, false), told(2_000, true)], 20)
  expect(await claimStale(query, 1, 20, 30)).toMatchObject([{ gone: true }])
})
