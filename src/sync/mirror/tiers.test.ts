import { expect, test } from 'vitest'
import { freshDatabase } from '../../../test/support/databases.ts'
import { claimDirty, dueLinks, holdParents, markDirty, releaseDirty, type Tier, tiers } from './dirty.ts'
import { askRun, releaseRank, runEntities } from './runs.ts'

const begin = async () => {
  const { query } = await freshDatabase('postgres')
  const due = async (): Promise<string[]> =>
    (await dueLinks(query, 10_000, 200)).map(({ tier, rank, count }) => `tier ${tier} rank ${rank}: ${count}`)
  const claim = (entity: 'organization' | 'person', tier: Tier) =>
    claimDirty(query, entity, { limit: 10, now: 10_000, leaseMs: 1_000, lease: 'one', tier })
  return { query, due, claim }
}

test('what is live goes before what scans found, children before their parents even', async () => {
  const { query, due } = await begin()
  await markDirty(query, [{ entity: 'organization', clerkId: 'org_1' }], 1_000, tiers.reconcile)
  await markDirty(query, [{ entity: 'organization', clerkId: 'org_2' }], 1_000, tiers.backfill)
  await markDirty(query, [{ entity: 'person', clerkId: 'user_1' }], 9_000)
  expect(await due()).toEqual(['tier 0 rank 1: 1', 'tier 2 rank 0: 1', 'tier 3 rank 0: 1'])
})

test('of several marks the most urgent counts', async () => {
  const { query, due } = await begin()
  const target = { entity: 'person', clerkId: 'user_1' } as const
  for (const tier of [tiers.reconcile, tiers.backfill, tiers.live, tiers.reconcile])
    await markDirty(query, [target], 1_000, tier)
  expect(await due()).toEqual(['tier 0 rank 1: 1'])
})

test('what a run has found is held back until it is released, parents first; what is live is not', async () => {
  const { query, due } = await begin()
  const run = await askRun(query, 'backfill', { entities: runEntities }, 1_000)
  await markDirty(query, [{ entity: 'person', clerkId: 'user_1' }], 1_000, tiers.backfill)
  await markDirty(query, [{ entity: 'person', clerkId: 'user_2' }], 1_000)
  expect(await due()).toEqual(['tier 0 rank 1: 1'])
  await releaseRank(query, run.id, 0)
  expect(await due()).toEqual(['tier 0 rank 1: 1'])
  await releaseRank(query, run.id, 1)
  expect(await due()).toEqual(['tier 0 rank 1: 1', 'tier 2 rank 1: 1'])
})

test('a child that waits for a parent takes it along into its own tier', async () => {
  const { query, due, claim } = await begin()
  await markDirty(query, [{ entity: 'organization', clerkId: 'org_1' }], 1_000, tiers.backfill)
  await markDirty(query, [{ entity: 'person', clerkId: 'user_1' }], 1_000)
  const [parent] = await query<{ id: number }>("select id from clerkforce.link where clerk_id = 'org_1'")
  const [child] = await claim('person', tiers.live)
  if (!child) throw new Error('nothing was claimed')
  const release = { claim: child, dueAt: 60_000, attempts: 0, look: false, waitsFor: parent?.id }
  await holdParents(query, [release])
  await releaseDirty(query, [release], 'one', 10_000)
  expect(await due()).toEqual(['tier 0 rank 0: 1'])
})

test('what is tried again goes behind what is live', async () => {
  const { query, due, claim } = await begin()
  await markDirty(query, [{ entity: 'person', clerkId: 'user_1' }], 1_000)
  const [claimed] = await claim('person', tiers.live)
  if (!claimed) throw new Error('nothing was claimed')
  await releaseDirty(query, [{ claim: claimed, dueAt: 9_000, attempts: 1, look: true }], 'one', 10_000)
  expect(await due()).toEqual(['tier 1 rank 1: 1'])
})

test('claims and looks for due links go by the index, however many links a run has found', async () => {
  const { query } = await begin()
  await query(
    "insert into clerkforce.link (entity, clerk_id) select 'person', 'user_' || n from generate_series(1, 20000) n",
  )
  await query(`insert into clerkforce.dirty (link_id, rank, group_key, version, due_at, tier)
    select id, 1, clerk_id, 1, 1000 + id, case when id % 100 = 0 then 0 else 2 end from clerkforce.link`)
  const plans: string[] = []
  const explained: typeof query = async <R>(text: string, values?: readonly unknown[]) => {
    const lines = await query<Record<string, string>>(`explain ${text}`, values)
    plans.push(lines.map((line) => Object.values(line)[0]).join('\n'))
    return query<R>(text, values)
  }
  // Without statistics, as on the first day and always on PGlite, and with them.
  for (const analyze of [false, true]) {
    if (analyze) await query('analyze clerkforce.dirty, clerkforce.link')
    expect(await dueLinks(explained, 1_000_000, 200)).toHaveLength(2)
    const options = { limit: 50, now: 1_000_000, leaseMs: 1_000, lease: `one/${analyze}` }
    expect(await claimDirty(explained, 'person', { ...options, tier: tiers.backfill })).toHaveLength(50)
  }
  for (const plan of plans) {
    expect(plan).toContain('dirty_due')
    expect(plan).not.toMatch(/Seq Scan on dirty d/)
  }
})
