import { expect, test } from 'vitest'
import { freshDatabase } from '../../../test/support/databases.ts'
import { toJsonb } from '../../db/jsonb.ts'
import { claimDirty, markDirty } from '../mirror/dirty.ts'
import { compileRules } from '../plan/mapping.ts'
import type { Plan } from '../plan/plan.ts'
import { type Fight, findFights } from './fights.ts'

const minute = 60_000
const now = 1_000 * minute
const rules = compileRules({ fights: { reversals: 2, withinMinutes: 60 } })

/** A name on its way to Salesforce, which holds another one. */
const renaming = (before: string, after: string): Plan => ({
  do: 'change',
  base: { Name: after },
  change: {
    kind: 'update',
    id: '001000000000001AAA',
    fields: { Name: after },
    before: { Name: before },
    why: { Name: 'changed in Salesforce; Clerk owns this field' },
    reason: 'the two sides differ',
    weighs: false,
  },
})

type Write = readonly [before: string, after: string]

/** Asks, after such writes of the name in the journal, whether the next one is part of a fight: a minute apart, the last one a minute ago. */
const begin = async () => {
  const { query } = await freshDatabase('postgres')
  await markDirty(query, [{ entity: 'organization', clerkId: 'org_1' }], now)
  const [claim] = await claimDirty(query, 'organization', { limit: 1, now, leaseMs: minute, lease: 'p/1' })
  if (!claim) throw new Error('nothing was claimed')
  return async (writes: readonly Write[], [before, after]: Write, askedAt = now): Promise<Fight | undefined> => {
    await query('delete from clerkforce.change')
    for (const [index, [from, to]] of writes.entries())
      await query(
        `insert into clerkforce.change (at, link_id, side, kind, reason, fields, result)
         values ($1, $2, 'salesforce', 'update', '', $3, 'done')`,
        [now - (writes.length - index) * minute, claim.linkId, toJsonb({ Name: { before: from, after: to, why: '' } })],
      )
    const intended = [{ claim, plan: renaming(before, after) }]
    return (await findFights(query, 'organization', rules, intended, askedAt)).get(claim)
  }
}

/** Two programs that each make up a new name every time. */
const ever = (count: number): Write[] => Array.from({ length: count }, (_, n) => [`theirs ${n}`, `ours ${n}`])

test('values that are new each time are a fight as well, after four times as many', async () => {
  const askAfter = await begin()
  expect(await askAfter(ever(7), ['theirs 7', 'ours 7'])).toBeUndefined()
  expect(await askAfter(ever(8), ['theirs 8', 'ours 8'])).toMatchObject({ times: 8, since: now - 8 * minute })
})

test('what was turned back before the window counts no more', async () => {
  const askAfter = await begin()
  const same: Write[] = [
    ['theirs', 'ours'],
    ['theirs', 'ours'],
  ]
  expect(await askAfter(same, ['theirs', 'ours'])).toMatchObject({ times: 2, told: false })
  expect(await askAfter(same, ['theirs', 'ours'], now + 59 * minute)).toBeUndefined()
})

test('a write that found what the one before had left was turned back by nobody', async () => {
  const askAfter = await begin()
  const onward = Array.from({ length: 20 }, (_, n) => [`name ${n}`, `name ${n + 1}`] as const)
  expect(await askAfter(onward, ['name 20', 'name 21'])).toBeUndefined()
})
