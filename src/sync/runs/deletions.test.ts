import { expect, test } from 'vitest'
import { unhurried } from '../../../test/support/runs.ts'
import { createClerkClient } from '../../clerk/client.ts'
import type { FaultAnswer } from '../../emulators/kit/faults.ts'
import { createLog } from '../../log.ts'
import { askRun } from '../mirror/runs.ts'
import { allowedOf, observeDeletions } from './deletions.ts'
import { populate, type Running, type Sides, startBetween, startSides } from './runs.test-support.ts'
import { scanSizes } from './runs.ts'

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
      sizes: scanSizes,
    },
    clerk,
    { ...run, startedAt: now },
  )
  await clerk.close()
  expect(await db.query('select 1 from clerkforce.record where deleted_at is not null')).toEqual([])
  expect(await between.drift(run)).toEqual([])
})

/** Fails a reconcile at the first call of each path, the second and so on, until none is left to fail; says how often it failed. */
const failAtEach = async (
  { run, drift }: Running,
  faults: Sides['clerk']['faults'],
  paths: readonly string[],
  respond: FaultAnswer,
): Promise<number> => {
  let failures = 0
  for (const path of paths)
    for (let after = 0; ; after++) {
      faults.add({ path, after, respond })
      const ended = await run('reconcile')
      faults.clear()
      if (ended.state !== 'failed') break
      expect(ended.result).toEqual({ code: expect.any(String), reason: expect.any(String) })
      expect(await drift(ended)).toEqual([])
      failures++
    }
  return failures
}

test('a reconcile whose scans are refused or cut short, at whatever page of whichever side, concludes nothing from it', async () => {
  const sides = await startSides()
  const { people } = populate(sides, 2, 14)
  const runs = {
    deletions: { share: 0, number: 0 },
    sizes: { clerkPage: 6, ...(unhurried ? { mostByQuery: 10 } : {}) },
  }
  const between = await startBetween(sides, { runs })
  const { db, org } = between
  await between.run('backfill')
  sides.later(3_600_000)
  const lists = ['/v1/users', '/v1/organizations', '/v1/organization_memberships']
  const refusal = { status: 403, body: [{ errorCode: 'INSUFFICIENT_ACCESS', message: 'no' }] }

  await sides.tell('DELETE', `/users/${people[0]}`)
  expect(await failAtEach(between, sides.clerk.faults, lists, refusal)).toBeGreaterThan(8)
  expect(await failAtEach(between, sides.clerk.faults, ['/v1/users'], { status: 200, body: [] })).toBeGreaterThan(2)
  expect(await db.query('select 1 from clerkforce.record where deleted_at is not null')).toEqual([])
  expect(await between.run('reconcile', { acceptDeletions: 1 })).toMatchObject({ result: { drift: { stale: 1 } } })

  const of = (n: number) =>
    String(between.records('Contact').find((one) => one['Clerk_User_Id__c'] === people[n])?.['Id'])
  org.person.remove('Contact', of(1))
  sides.later(3_600_000)
  expect(await failAtEach(between, org.faults, ['/services/data/*'], refusal)).toBeGreaterThan(4)
})

test('Salesforce is not believed when it shows fewer records than it counts', async () => {
  const sides = await startSides()
  populate(sides, 2, 10)
  const between = await startBetween(sides)
  await between.run('backfill')
  sides.later(3_600_000)
  // Of the three times that it asks, the query between two counts.
  for (const after of [1, 3, 5])
    between.org.faults.add({
      path: '*/query',
      after,
      times: 1,
      respond: { status: 200, body: { totalSize: 0, done: true, records: [] } },
    })
  const run = await between.run('reconcile')
  expect(run).toMatchObject({ state: 'failed', result: { code: 'SCAN_CUT_SHORT' } })
  expect(run.result.reason).toMatch(/^Salesforce counts 2 records of Account with a Clerk id, and showed 0/)
  expect(await between.drift(run)).toEqual([])
  expect(await between.run('reconcile')).toMatchObject({
    state: 'done',
    progress: { 'salesforce/person': { read: 10 } },
  })
})
