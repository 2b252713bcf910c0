import { expect, test } from 'vitest'
import { createClerkClient } from '../../clerk/client.ts'
import { createLog } from '../../log.ts'
import { askRun } from '../mirror/runs.ts'
import { allowedOf, observeDeletions } from './deletions.ts'
import { populate, startBetween, startSides } from './runs.test-support.ts'

test('both limits hold, and of a single record it is always asked', () => {
  const limits = { share: 0.05, number: 50 }
  expect([0, 1, 2, 20, 21, 1_000, 1_000_000].map((known) => allowedOf(known, limits))).toEqual([0, 0, 1, 1, 2, 50, 50])
  expect(allowedOf(1_000, { share: 0, number: 50 })).toBe(0)
})

test('more deletions than expected stop a reconcile before it has concluded anything, until a person accepts as many', async () => {
  const sides = await startSides()
  const { people, memberships } = populate(sides, 2, 10)
  const between = await startBetween(sides)
  await between.run('backfill')
  sides.later(3_600_000)
  for (const id of people.slice(0, 3)) await sides.tell('DELETE', `/users/${id}`)
  sides.org.person.edit('Account', String(between.records('Account')[0]?.['Id']), { Name: 'Renamed by hand' })
  const lines = async () => (await between.db.query('select 1 from clerkforce.change')).length
  const before = await lines()

  const asking = await between.run('reconcile')
  expect(asking).toMatchObject({
    state: 'asking',
    result: { deletions: { person: { known: 10, gone: 3, allowed: 1 } } },
  })
  expect(await lines()).toBe(before)
  const again = await between.run('reconcile')
  expect(again.id).toBeGreaterThan(asking.id)
  expect(again.state).toBe('asking')
  expect(await between.run('reconcile', { acceptDeletions: 2 })).toMatchObject({ id: again.id, state: 'asking' })

  const accepted = await between.run('reconcile', { acceptDeletions: 3 })
  expect(accepted).toMatchObject({ id: again.id, state: 'done', result: { drift: { stale: 3, 'human-edit': 1 } } })
  const gone = between.records('Contact').filter((one) => one['Clerk_Status__c'] === 'deleted')
  expect(gone.map((one) => one['Clerk_User_Id__c']).sort()).toEqual(people.slice(0, 3).sort())
  // What went with its user is not named beside it.
  expect((await between.drift(accepted)).some(({ clerkId }) => memberships.includes(clerkId ?? ''))).toBe(false)
})

test('what the scans have not shown and Clerk still has is no deletion', async () => {
  const sides = await startSides()
  populate(sides, 2, 10)
  const between = await startBetween(sides)
  await between.run('backfill')
  // A run whose scans have shown nothing at all.
  sides.later(3_600_000)
  const { db } = between
  const now = sides.clock.now()
  const run = await askRun(db.query, 'reconcile', { entities: [] }, now)
  const clerk = createClerkClient({ secretKey: sides.clerk.secretKey, apiUrl: sides.clerk.url })
  await observeDeletions(
    {
      db,
      clock: sides.clock,
      random: () => 1,
      log: createLog('silent'),
      name: 'test',
      signal: new AbortController().signal,
      waits: () => undefined,
      moved: () => undefined,
    },
    clerk,
    { ...run, startedAt: now },
  )
  await clerk.close()
  expect(await db.query('select 1 from clerkforce.record where deleted_at is not null')).toEqual([])
  expect(await between.drift(run)).toEqual([])
})

test('a scan that fails half-way concludes nothing', async () => {
  const sides = await startSides()
  const { people } = populate(sides, 2, 10)
  const between = await startBetween(sides)
  await between.run('backfill')
  sides.later(3_600_000)
  await sides.tell('DELETE', `/users/${people[0]}`)
  sides.clerk.faults.add({ path: '/v1/organization_memberships', respond: { status: 403, body: {} } })
  const run = await between.run('reconcile')
  expect(run).toMatchObject({ state: 'failed', result: { code: expect.any(String), reason: expect.any(String) } })
  expect(await between.db.query('select 1 from clerkforce.record where deleted_at is not null')).toEqual([])
  expect(await between.drift(run)).toEqual([])
  expect(await between.db.query('select 1 from clerkforce.sighted')).toEqual([])
})
