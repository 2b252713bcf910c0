import fc from 'fast-check'
import { expect, test } from 'vitest'
import { freshDatabase } from '../../../test/support/databases.ts'
import { runs } from '../../../test/support/runs.ts'
import { linkPairs } from '../decide/decide.ts'
import { noticeMapping, resyncMapping } from '../decide/resync.ts'
import { explain } from '../explain/explain.ts'
import { beginCandidates, endCandidates, isScannedBy } from '../mirror/candidates.ts'
import { readCounts } from '../mirror/counts.ts'
import { dueLinks, markDirty, tiers } from '../mirror/dirty.ts'
import { expect as expectPlanned } from '../mirror/expected.ts'
import { observeSalesforce } from '../mirror/observe-salesforce.ts'
import { listPlanned } from '../mirror/planned.ts'
import { askRun, beginApply, endRun, runEntities } from '../mirror/runs.ts'
import type { MappingConfig } from '../plan/mapping.ts'
import { compileRules } from '../plan/mapping.ts'
import { populate, startBetween, startSides, untilEnded } from './runs.test-support.ts'
import { askReconcile } from './schedule.ts'

test('a backfill after a plan brings over what the plan has seen', async () => {
  const sides = await startSides()
  const { people } = populate(sides, 2, 6)
  const between = await startBetween(sides)
  expect(await between.run('plan')).toMatchObject({ state: 'done' })
  expect(between.records('Contact')).toHaveLength(0)
  // Whoever asks meanwhile is told that it waits for a yes, and not that it is about to be written.
  expect(await readCounts(between.db.query, sides.clock.now())).toMatchObject({
    dirty: 0,
    waiting: 0,
    planned: 2 + 6 + 5,
  })
  const { records } = await explain({ query: between.db.query, config: {}, now: sides.clock.now() }, people[0] ?? '')
  expect(records[0]?.standing).toMatchObject({
    is: 'waiting',
    text: expect.stringContaining('nobody has said yes to it yet'),
  })
  expect(await between.run('backfill')).toMatchObject({ state: 'done' })
  expect(between.records('Contact')).toHaveLength(6)
})

test('a backfill does not wait for an apply that nobody has set going', async () => {
  const sides = await startSides()
  populate(sides, 2, 6)
  const between = await startBetween(sides)
  await askRun(between.db.query, 'apply', { entities: runEntities }, sides.clock.now())
  expect(await between.run('backfill')).toMatchObject({ state: 'done' })
  expect(between.records('Contact')).toHaveLength(6)
})

test('a backfill that is asked for while a plan is applied, and the other way round, do not wait for each other', async () => {
  for (const first of ['backfill', 'apply'] as const) {
    const sides = await startSides()
    populate(sides, 2, 6)
    const db = await freshDatabase('postgres')
    const now = sides.clock.now()
    const asked = await askRun(db.query, first, { entities: runEntities }, now)
    await db.query("update clerkforce.run set state = 'working', worked_at = $1, released = 0", [now])
    await markDirty(db.query, [{ entity: 'organization', clerkId: 'org_1' }], now, tiers.backfill)
    const second = await askRun(db.query, first === 'apply' ? 'backfill' : 'apply', { entities: runEntities }, now)
    await db.query("update clerkforce.run set state = 'scanning' where id = $1", [second.id])
    await startBetween(sides, {}, db)
    expect(await untilEnded(db, asked.id, 5_000)).toMatchObject({ state: 'done' })
    expect(await untilEnded(db, second.id, 5_000)).toMatchObject({ state: 'done' })
  }
})

test('what somebody edits while a plan is made is no less live, whichever of the two reads it first', async () => {
  const { query } = await freshDatabase('postgres')
  await query(
    `insert into clerkforce.link (entity, clerk_id, salesforce_id, base) values ('person', 'user_1', '003000000000001AAA', '{"Title": "A"}')`,
  )
  const sight = (Title: string, asOf: number) => [
    { id: '003000000000001AAA', fields: { Title }, version: 900, asOf, clerkId: 'user_1' },
  ]
  const tier = async () => (await query<{ tier: number }>('select tier from clerkforce.dirty'))[0]?.tier
  await observeSalesforce(query, 'person', sight('B', 1_000), 1_000, { tier: tiers.planned })
  expect(await tier()).toBe(tiers.planned)
  await observeSalesforce(query, 'person', sight('B', 2_000), 2_000)
  expect(await tier()).toBe(tiers.live)
})

test('a scan that was begun again by another process is not ended by the first one', async () => {
  const { query } = await freshDatabase('postgres')
  await beginCandidates(query, 'person', 1, 1_000)
  await beginCandidates(query, 'person', 1, 2_000)
  await endCandidates(query, 'person', 1, 1_000)
  expect(await isScannedBy(query, 'person', 1)).toBe(false)
  await endCandidates(query, 'person', 1, 2_000)
  expect(await isScannedBy(query, 'person', 1)).toBe(true)
})

test('a pair that a person decided on is planned as decided, whatever its Contact is found by', async () => {
  const sides = await startSides()
  const { people } = populate(sides, 1, 3)
  const [first = '', second = ''] = people
  const byHand = sides.org.person.create('Contact', { LastName: 'By hand', Email: 'private@example.org' })
  const bare = sides.org.person.create('Contact', { LastName: 'Bare', Email: 'person2@example.com' })
  const between = await startBetween(sides)
  await between.run('plan')
  const now = () => sides.clock.now()
  const decided = await linkPairs({ db: between.db, api: between.engine.api, now }, [
    { clerkId: first, salesforceId: byHand },
    { clerkId: second, salesforceId: bare },
  ])
  expect(decided.map(({ refused }) => refused)).toEqual([null, null])
  between.engine.wake()
  await between.engine.drain()
  expect(between.records('Contact').some((one) => typeof one['Clerk_User_Id__c'] === 'string')).toBe(false)
  const planned = await between.run('plan')
  const { rows } = await listPlanned(between.db.query, planned.id, { after: undefined, limit: 10, entity: 'person' })
  expect(rows.map(({ kind, salesforceId }) => `${kind} ${salesforceId}`).sort()).toEqual(
    [`adopt ${byHand}`, `adopt ${bare}`, `create new:${people[2]}`].sort(),
  )
})

test('where two organizations match one Account, a plan says so of the second one', async () => {
  const sides = await startSides()
  sides.clerk.seed({
    organizations: [1, 2].map((n) => ({ name: `Acme ${n}`, public_metadata: { site: 'acme.test' } })),
  })
  sides.org.person.create('Account', { Name: 'Acme', Website: 'https://acme.test' })
  const between = await startBetween(sides, {
    config: {
      organization: { match: { field: 'Website', from: (one) => one.public_metadata['site'], as: 'domain' } },
    } as MappingConfig,
  })
  const planned = await between.run('plan')
  const { rows } = await listPlanned(between.db.query, planned.id, { after: undefined, limit: 10 })
  expect(rows.map(({ kind, flags }) => [kind, flags.includes('ambiguous')])).toEqual([
    ['adopt', false],
    ['adopt', true],
  ])
  expect(rows[1]?.reason).toContain(`but ${rows[0]?.clerkId} is planned for it as well`)
})

test('no reconcile asks for itself while something is planned that nobody has said yes to', async () => {
  const db = await freshDatabase('postgres')
  const { id } = await askRun(db.query, 'apply', { entities: runEntities }, 1_000)
  await markDirty(db.query, [{ entity: 'person', clerkId: 'user_1' }], 1_000, tiers.planned)
  await endRun(db.query, id, 'done', {}, 2_000)
  expect(await askReconcile(db, 3_000, 4_000)).toBe(false)
  await db.query('delete from clerkforce.dirty')
  expect(await askReconcile(db, 3_000, 4_000)).toBe(true)
})

test('what an apply had marked when it failed is not written without its plan', async () => {
  const { query } = await freshDatabase('postgres')
  const { id } = await askRun(query, 'apply', { entities: runEntities }, 1_000)
  await markDirty(query, [{ entity: 'person', clerkId: 'user_1' }], 1_000, tiers.backfill)
  expect(await expectPlanned(query, id, [{ entity: 'person', clerkId: 'user_1', print: 'one' }])).toEqual([])
  await endRun(query, id, 'failed', {}, 2_000)
  expect(await dueLinks(query, 10_000, 10)).toEqual([])
})

test('a changed mapping leaves what was only planned to the next plan', async () => {
  const db = await freshDatabase('postgres')
  await markDirty(db.query, [{ entity: 'person', clerkId: 'user_1' }], 1_000, tiers.planned)
  await db.query(
    `insert into clerkforce.link (entity, clerk_id) values ('person', 'user_2');
     insert into clerkforce.record (side, entity, id, body, version, seen)
     select 'clerk', entity, clerk_id, '{}', 1, 0 from clerkforce.link`,
  )
  await noticeMapping(db.query, { person: { adopt: false } } as MappingConfig)
  const config = {} as MappingConfig
  await resyncMapping({ db, rules: compileRules(config), config, now: () => 2_000 })
  expect(await db.query('select tier from clerkforce.dirty order by link_id')).toEqual([{ tier: 4 }, { tier: 1 }])
})

test('runs of all kinds that are asked for at once, in whatever order and by two processes, all end, and a backfill among them makes each record once', async () => {
  const kinds = fc.shuffledSubarray(['plan', 'backfill', 'reconcile', 'apply'] as const, { minLength: 2 })
  await fc.assert(
    fc.asyncProperty(kinds, async (asked) => {
      const sides = await startSides()
      populate(sides, 2, 5)
      const first = await startBetween(sides)
      const second = await startBetween(sides, {}, first.db)
      const ids: number[] = []
      for (const kind of asked) {
        const { id } = await askRun(first.db.query, kind, { entities: runEntities }, sides.clock.now())
        if (kind === 'apply') await beginApply(first.db.query, id, {})
        ids.push(id)
        for (const { engine } of [first, second]) engine.wake()
      }
      for (const id of ids) expect(await untilEnded(first.db, id)).toMatchObject({ finishedAt: expect.any(Number) })
      await first.engine.drain()
      if (asked.includes('backfill'))
        expect(['Account', 'Contact', 'AccountContactRelation'].map((object) => first.records(object).length)).toEqual([
          2, 5, 4,
        ])
      for (const { engine } of [first, second]) await engine.stop()
    }),
    // The databases of all tries are open until the test ends.
    { numRuns: Math.min(8, runs(2)) },
  )
}, 600_000)
