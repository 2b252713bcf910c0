import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { EngineOptions } from '../engine.ts'
import { populate, type Running, type Sides, startBetween, startSides } from '../runs/runs.test-support.ts'

/* Backlogs that are large enough for jobs, which here is eight links; a job has up to twelve. */

const backlogs = { least: 8, most: 12 }

type Place = Sides & { running: Running }

const begin = async (people: number, engine: Partial<EngineOptions> = {}): Promise<Place> => {
  const sides = await startSides()
  populate(sides, 5, people)
  return { ...sides, running: await startBetween(sides, { backlogs, ...engine }) }
}

const keysOf = ({ org }: Pick<Sides, 'org'>, object: string, key: string): unknown[] =>
  (org.state()[object] ?? []).filter((one) => one['IsDeleted'] !== true).map((one) => one[key])

/** Everybody is there once: no key is missing, and none is there twice. */
const expectEachOnce = (place: Pick<Sides, 'org'>, people: number): void => {
  const counts = { Account: 5, Contact: people, AccountContactRelation: people - 1 }
  const keys = {
    Account: 'Clerk_Org_Id__c',
    Contact: 'Clerk_User_Id__c',
    AccountContactRelation: 'Clerk_Membership_Id__c',
  }
  for (const object of ['Account', 'Contact', 'AccountContactRelation'] as const) {
    const found = keysOf(place, object, keys[object])
    expect([object, found.length, new Set(found.filter(Boolean)).size]).toEqual([
      object,
      counts[object],
      counts[object],
    ])
  }
}

const until = async (happened: () => boolean): Promise<void> => {
  for (const end = Date.now() + 10_000; !happened(); ) {
    if (Date.now() > end) throw new Error('it did not happen')
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}

test('a large backlog goes by jobs, each record once; what is small goes by Collections', async () => {
  const place = await begin(20)
  expect(await place.running.run('backfill')).toMatchObject({ state: 'done', result: { parked: 0 } })
  expectEachOnce(place, 20)
  const { 'bulk-upload': jobs, 'bulk-remove': removed, 'bulk-abort': aborted } = place.running.salesforce.calls()
  // Twelve people and eight, twelve memberships; the other seven are too few.
  expect([jobs, removed, aborted]).toEqual([3, 3, undefined])
})

test('rows of a job are judged as those of Collections are, each for itself', async () => {
  const place = await begin(20)
  const contact = { object: 'Contact', operation: 'insert' } as const
  place.org.recordFaults.add(
    { ...contact, where: { LastName: 'Last3' }, code: 'FIELD_CUSTOM_VALIDATION_EXCEPTION', message: 'not this one' },
    { ...contact, where: { LastName: 'Last4' }, times: 1, code: 'UNABLE_TO_LOCK_ROW' },
    { ...contact, where: { LastName: 'Last5' }, times: 1, code: 'LIMIT_EXCEEDED' },
  )
  const run = await place.running.run('backfill')
  expect(run.result).toMatchObject({ parked: 1 })
  const parked = await place.running.db.query(
    'select parked_code as code, parked_reason as reason from clerkforce.link where parked_at is not null',
  )
  expect(parked).toEqual([
    { code: 'FIELD_CUSTOM_VALIDATION_EXCEPTION', reason: expect.stringMatching(/^not this one/) },
  ])
  expect(new Set(keysOf(place, 'Contact', 'LastName')).size).toBe(19)
})

test('a row that CSV cannot say goes by Collections, and arrives as it is', async () => {
  const place = await begin(10)
  const odd = { first_name: 'Zo\re', last_name: '#N/A', email_addresses: ['odd@example.com'] }
  const awkward = { first_name: 'A "b", c', last_name: 'two\nlines', email_addresses: ['awkward@example.com'] }
  place.clerk.seed({ users: [odd, awkward] })
  await place.running.run('backfill')
  const names = place.running.records('Contact').map((one) => [one['FirstName'], one['LastName']])
  expect(names).toContainEqual(['Zo\re', '#N/A'])
  expect(names).toContainEqual(['A "b", c', 'two\nlines'])
})

test('where no job is to be had, the backlog goes by Collections', async () => {
  const place = await begin(20)
  const url = `${place.org.url}/_emulator/bulk`
  await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"batches":{"limit":0}}' })
  expect(await place.running.run('backfill')).toMatchObject({ state: 'done', result: { parked: 0 } })
  expectEachOnce(place, 20)
  const { 'bulk-upload': jobs } = place.running.salesforce.calls()
  // Of two that may be under way before the first of them was refused.
  expect(jobs).toBeLessThanOrEqual(2)
})

test('while Salesforce does not answer, a job that was handed over is asked for until it does', async () => {
  const place = await begin(12)
  place.org.faults.add(
    { method: 'GET', path: '*/jobs/ingest/750*', times: 3, respond: { status: 503 } },
    { method: 'GET', path: '*/successfulResults', times: 2, drop: 'answer' },
  )
  await place.running.run('backfill')
  expectEachOnce(place, 12)
  expect(place.running.salesforce.calls()).toMatchObject({ 'bulk-upload': 2 })
})

test('what is live does not wait for a job, nor for the Accounts that it holds', async () => {
  const place = await begin(12)
  place.org.settings.bulkQueueMs = 15_000
  const running = place.running.run('backfill')
  await until(() => (place.running.salesforce.calls()['bulk-close'] ?? 0) > 0)
  const [{ id: organization } = { id: '' }] = place.clerk.state().organizations
  const user = await place.tell('POST', '/users', { email_address: ['late@example.com'] })
  const members = `/organizations/${organization}/memberships`
  const data = await place.tell('POST', members, { user_id: user.id, role: 'org:member' })
  const type = 'organizationMembership.created'
  await place.running.deliver({ type, object: 'event', instance_id: 'ins_1', timestamp: place.clock.now(), data })
  await until(() => keysOf(place, 'Contact', 'Clerk_User_Id__c').includes(user.id))
  expect(keysOf(place, 'Contact', 'Clerk_User_Id__c')).toEqual([user.id])
  place.org.settings.bulkQueueMs = 0
  await running
})

test('an engine that is stopped with a job open breaks it off, and the next one ends what it began', async () => {
  const place = await begin(20, { leaseMs: 2_000 })
  place.org.settings.bulkQueueMs = 600_000
  const { db } = place.running
  const asked = place.running.run('backfill').catch(() => undefined)
  await until(() => (place.running.salesforce.calls()['bulk-look'] ?? 0) > 0)
  await place.running.engine.stop()
  expect(place.running.salesforce.calls()).toMatchObject({ 'bulk-abort': 1, 'bulk-remove': 1 })
  place.org.settings.bulkQueueMs = 0
  const next = await startBetween(place, { backlogs, name: 'next' }, db)
  expect(await next.run('backfill')).toMatchObject({ state: 'done', result: { parked: 0 } })
  await asked
  expectEachOnce(place, 20)
})

const fault = fc.record({
  method: fc.constantFrom('POST', 'PUT', 'PATCH', 'GET', 'DELETE'),
  path: fc.constantFrom('*/jobs/ingest', '*/jobs/ingest/750*', '*/batches', '*Results', '*/composite*'),
  after: fc.nat(3),
  times: fc.integer({ min: 1, max: 3 }),
  how: fc.constantFrom(
    { drop: 'answer' },
    { drop: 'request' },
    { respond: { status: 503 } },
    { respond: { status: 500 } },
  ),
} as const)

test('whatever becomes of calls, everybody is there once in the end', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fault, { maxLength: 5 }), async (faults) => {
      const place = await begin(16)
      place.org.faults.add(...faults.map(({ how, ...when }) => ({ ...when, ...how }) as const))
      expect(await place.running.run('backfill')).toMatchObject({ state: 'done', result: { parked: 0 } })
      expectEachOnce(place, 16)
      await place.running.engine.stop()
    }),
    { numRuns: Number(process.env['RUNS'] ?? 2) },
  )
}, 60_000)
