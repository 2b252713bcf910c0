import fc from 'fast-check'
import { expect, test } from 'vitest'
import { unhurried } from '../../../test/support/runs.ts'
import { type Damage, keyed, type Place, toMemberships, toOrganizations, toPeople } from './damages.test-support.ts'
import { populate, type Running, type Sides, startBetween, startSides } from './runs.test-support.ts'

const hour = 3_600_000
const counts = { organizations: 4, people: 24 }
/** People of these numbers are damaged themselves, the memberships of the others. */
const firstMember = 14

/** Two sides in agreement, an hour ago. */
const begin = async (engine: Parameters<typeof startBetween>[1] = {}): Promise<Place> => {
  const sides: Sides = await startSides()
  const populated = populate(sides, counts.organizations, counts.people)
  const between: Running = await startBetween(sides, { runs: { deletions: { share: 1, number: 100 } }, ...engine })
  await between.run('backfill')
  sides.later(hour)
  return { ...sides, ...between, populated }
}

type Done = { name: string; class: string; clerkId: string }

const damage = async (place: Place, picked: readonly [string, Damage, number][]): Promise<Done[]> => {
  const done: Done[] = []
  for (const [name, one, n] of picked) done.push({ name, class: one.class, clerkId: await one.to(place, n) })
  place.later(hour)
  return done
}

/** That one reconcile names each damage once, and that after it there is nothing left to find or to write. */
const isReconciled = async (place: Place, done: readonly Done[]): Promise<void> => {
  const { run, drift, db } = place
  const first = await run('reconcile')
  expect(first.state).toBe('done')
  const named = (await drift(first)).map((one) => `${one.class} ${one.clerkId}`)
  expect(named.sort(), JSON.stringify(done)).toEqual(done.map((one) => `${one.class} ${one.clerkId}`).sort())
  place.later(hour)
  const lines = await db.query('select 1 from clerkforce.change')
  const second = await run('reconcile')
  expect(await drift(second)).toEqual([])
  expect(await db.query('select 1 from clerkforce.change')).toHaveLength(lines.length)
}

const listed = (kinds: Readonly<Record<string, Damage>>, from = 0): [string, Damage, number][] =>
  Object.entries(kinds).map(([name, one], n) => [name, one, from + n])

test('one reconcile names each damage of every kind once and repairs it by rule; a second finds and writes nothing', async () => {
  const place = await begin()
  const { people } = place.populated
  const done = await damage(place, [
    ...listed(toPeople),
    ...listed(toOrganizations),
    ...listed(toMemberships, firstMember),
  ])
  await isReconciled(place, done)
  const contacts = place.records('Contact')
  const of = (n: number) => contacts.find((one) => one['Clerk_User_Id__c'] === people[n])
  const named = (name: string): number => Object.keys(toPeople).indexOf(name)
  expect(of(named('changed in Clerk'))).toMatchObject({ FirstName: 'New0' })
  expect(of(named('deleted in Clerk'))).toMatchObject({ Clerk_Status__c: 'deleted' })
  expect(of(named('typed over in Salesforce'))).toMatchObject({ LastName: 'Last2' })
  expect(of(named('changed on both sides'))).toMatchObject({ LastName: 'In Clerk' })
  expect(of(named('merged in Salesforce'))).toMatchObject({ LastName: 'Last6' })
  expect(
    contacts.filter((one) => one['Clerk_User_Id__c'] === people[named('key moved to another record')]),
  ).toHaveLength(1)
  // Nothing is written to what may be of another Clerk instance.
  expect(contacts.find((one) => one['Clerk_User_Id__c'] === 'user_nobody9')).toMatchObject({ LastName: 'Nobody9' })
  const parked = await place.db.query<{ code: string }>(
    'select parked_code as code from clerkforce.link where parked_at is not null order by parked_code',
  )
  expect(parked.map(({ code }) => code)).toEqual(['DELETED_IN_SALESFORCE', 'ORPHAN'])
  expect(keyed(place, 'Account', place.populated.organizations[0] ?? '')).toMatch(/^001/)
})

const anyOf = (kinds: Readonly<Record<string, Damage>>, from: number, many: number) =>
  fc
    .array(fc.option(fc.constantFrom(...Object.entries(kinds)), { freq: 2 }), { minLength: many, maxLength: many })
    .map((list) => list.flatMap((one, n) => (one ? [[one[0], one[1], from + n] as [string, Damage, number]] : [])))

test('whatever damage is done behind its back, one reconcile names all of it and ends in agreement', async () => {
  const damages = fc.tuple(
    anyOf(toPeople, 0, firstMember),
    anyOf(toOrganizations, 0, counts.organizations),
    anyOf(toMemberships, firstMember, 9),
  )
  await fc.assert(
    fc.asyncProperty(damages, async (picked) => {
      const place = await begin()
      await isReconciled(place, await damage(place, picked.flat()))
    }),
    { numRuns: unhurried ? 20 : 1, seed: Number(process.env['SEED'] ?? 2026), endOnFailure: true },
  )
}, 120_000)

test('what is over the budget is left for the next reconcile', async () => {
  const place = await begin({ runs: { budget: 2 } })
  const kind = toPeople['typed over in Salesforce']
  if (!kind) throw new Error('there is no such damage')
  await damage(
    place,
    [0, 1, 2].map((n) => ['typed', kind, n]),
  )
  expect((await place.run('reconcile')).result).toMatchObject({ drift: { 'human-edit': 3 }, deferred: 1 })
  place.later(hour)
  expect((await place.run('reconcile')).result).toMatchObject({ drift: { 'human-edit': 1 }, deferred: 0 })
  expect(place.records('Contact').filter((one) => one['LastName'] === 'Typed by hand')).toEqual([])
})

test('what was written a moment ago is no drift, although a query shows it as it was before', async () => {
  const place = await begin()
  const [first = ''] = place.populated.people
  const { db, clock } = place
  const id = keyed(place, 'Contact', first)
  place.org.person.edit('Contact', id, { LastName: 'As it was before' })
  await db.query(
    `insert into clerkforce.change (at, link_id, side, kind, salesforce_id, reason, fields, result)
     select $1, id, 'salesforce', 'update', salesforce_id, '', '{}', 'done' from clerkforce.link where clerk_id = $2`,
    [clock.now() - 60_000, first],
  )
  expect(await place.drift(await place.run('reconcile'))).toEqual([])
})

test.runIf(unhurried)(
  'more records than a query is good for are read by a bulk job, and agree all the same',
  async () => {
    const sides = await startSides()
    populate(sides, 10, 2_100)
    const between = await startBetween(sides)
    expect(await between.run('backfill')).toMatchObject({ state: 'done' })
    sides.later(hour)
    const run = await between.run('reconcile')
    expect(run).toMatchObject({ state: 'done', progress: { 'salesforce/person': { done: true } } })
    expect(await between.drift(run)).toEqual([])
    expect(Object.keys(between.salesforce.calls()).some((kind) => kind.startsWith('bulk'))).toBe(true)
  },
  60_000,
)
