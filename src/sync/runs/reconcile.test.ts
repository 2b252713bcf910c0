import fc from 'fast-check'
import { expect, test } from 'vitest'
import { userEvent } from '../../../test/support/clerk-events.ts'
import { runs, unhurried } from '../../../test/support/runs.ts'
import { disagreements } from './agreement.test-support.ts'
import {
  type Damage,
  empty,
  type Place,
  toEmptyOrganizations,
  toMemberships,
  toOrganizations,
  toPeople,
  toSecondMemberships,
} from './damages.test-support.ts'
import { populate, type Running, type Sides, startBetween, startSides } from './runs.test-support.ts'

const hour = 3_600_000
/** People are in the first of the organizations; the others are empty. */
const counts = { organizations: empty, people: 36 }
/** People of these numbers are damaged themselves, the memberships of the others. */
const firstMember = 22
const emptyOrganizations = 8
const secondMemberships = 6

/** Two sides in agreement, an hour ago. */
const begin = async (engine: Parameters<typeof startBetween>[1] = {}): Promise<Place> => {
  const sides: Sides = await startSides()
  const first = populate(sides, counts.organizations, counts.people)
  const companies = Array.from({ length: emptyOrganizations }, (_, n) => ({ name: `Empty ${n}` }))
  const organizations = [...first.organizations, ...sides.clerk.seed({ organizations: companies }).organizations]
  const inFirst = first.people.slice(0, -1).map((user_id, n) => ({
    user_id,
    organization_id: organizations[n % counts.organizations] ?? '',
  }))
  const inSecond = inFirst.slice(-secondMemberships).map(({ user_id }) => ({
    user_id,
    organization_id: organizations[empty + 1] ?? '',
    role: 'org:member',
  }))
  const { memberships } = sides.clerk.seed({ memberships: inSecond })
  const between: Running = await startBetween(sides, { runs: { deletions: { share: 1, number: 100 } }, ...engine })
  await between.run('backfill')
  sides.later(hour)
  return {
    ...sides,
    ...between,
    populated: { ...first, organizations, memberships: [...first.memberships, ...memberships] },
    members: [...inFirst, ...inSecond],
  }
}

/** The name of a damage, and to whom it is done. */
type Picked = [string, number]
type Done = { name: string; class: string; parks: boolean; clerkId: string }

const kinds: Readonly<Record<string, Damage>> = {
  ...toPeople,
  ...toOrganizations,
  ...toEmptyOrganizations,
  ...toMemberships,
  ...toSecondMemberships,
}

const damage = async (place: Place, picked: readonly Picked[]): Promise<Done[]> => {
  const done: Done[] = []
  for (const [name, n] of picked) {
    const one = kinds[name]
    if (!one) throw new Error(`there is no damage called ${name}`)
    done.push({ name, class: one.class, parks: one.parks ?? false, clerkId: await one.to(place, n) })
  }
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
  expect(await disagreements(place)).toEqual([])
  const parked = await db.query<{ id: string }>(
    'select clerk_id as id from clerkforce.link where parked_at is not null',
  )
  const left = new Set(done.flatMap(({ parks, clerkId }) => (parks ? [clerkId] : [])))
  expect(new Set(parked.map(({ id }) => id))).toEqual(left)
  place.later(hour)
  const lines = await db.query('select 1 from clerkforce.change')
  const second = await run('reconcile')
  expect(await drift(second)).toEqual([])
  expect(await db.query('select 1 from clerkforce.change')).toHaveLength(lines.length)
}

/** Every kind of damage, each to the record of another number. */
const everyKind = (kinds: Readonly<Record<string, Damage>>, from: number, many: number): fc.Arbitrary<Picked[]> => {
  const all = Object.keys(kinds)
  const numbers = Array.from({ length: many }, (_, n) => from + n)
  return fc
    .shuffledSubarray(numbers, { minLength: all.length, maxLength: all.length })
    .map((picked) => all.map((name, index) => [name, picked[index] ?? from]))
}

const damages = fc
  .tuple(
    everyKind(toPeople, 0, firstMember),
    everyKind(toOrganizations, 0, counts.organizations),
    everyKind(toEmptyOrganizations, empty + 2, emptyOrganizations - 2),
    everyKind(toMemberships, firstMember, counts.people - 1 - secondMemberships - firstMember),
    everyKind(toSecondMemberships, counts.people - 1, secondMemberships),
  )
  .chain((parts) => fc.shuffledSubarray(parts.flat(), { minLength: parts.flat().length }))

test('whatever damage is done behind its back, of every class at once, one reconcile names each once and ends in agreement', async () => {
  await fc.assert(
    fc.asyncProperty(damages, async (picked) => {
      const place = await begin()
      await isReconciled(place, await damage(place, picked))
    }),
    { numRuns: runs(2), seed: Number(process.env['SEED'] ?? 2026), endOnFailure: true },
  )
})

test('what is over the budget is left for the next reconcile', async () => {
  const place = await begin({ runs: { budget: 2 } })
  await damage(
    place,
    [0, 1, 2].map((n) => ['typed over in Salesforce', n]),
  )
  expect((await place.run('reconcile')).result).toMatchObject({ drift: { 'human-edit': 3 }, deferred: 1 })
  place.later(hour)
  expect((await place.run('reconcile')).result).toMatchObject({ drift: { 'human-edit': 1 }, deferred: 0 })
  expect(place.records('Contact').filter((one) => one['LastName'] === 'Typed by hand')).toEqual([])
})

test('what waits for a parked person is named once, and not again by each reconcile until a person has decided', async () => {
  const place = await begin()
  const [user_id = ''] = place.clerk.seed({
    users: [{ first_name: 'Ada', last_name: 'Ambiguous', email_addresses: ['ada@twice.example'] }],
  }).users
  const organization_id = place.populated.organizations[0] ?? ''
  place.clerk.seed({ memberships: [{ user_id, organization_id }] })
  for (const LastName of ['First', 'Second'])
    place.org.person.create('Contact', { LastName, Email: 'ada@twice.example' })
  expect(await place.drift(await place.run('reconcile'))).toContainEqual(
    expect.objectContaining({ class: 'missing', clerkId: user_id }),
  )
  place.later(hour)
  expect(await place.drift(await place.run('reconcile'))).toEqual([])
}, 30_000)

test('what was written a moment ago is no drift, although queries do not show it yet, or as it was before', async () => {
  const sides = await startSides()
  const { people } = populate(sides, 2, 8)
  const between = await startBetween(sides)
  await between.run('backfill')
  // From now on a minute behind, on the clock of all three.
  sides.org.settings.lateVisibilityMs = 60_000
  const live = people.slice(0, 4).map((id) => ({ id, email: `${id}@example.com`, last: 'Live', at: sides.clock.now() }))
  for (const user of live) await between.deliver(userEvent('updated', user))
  await between.engine.drain()
  const run = await between.run('reconcile')
  expect(run.state).toBe('done')
  expect(await between.drift(run)).toEqual([])
  expect(between.records('Contact').filter((one) => one['LastName'] === 'Live')).toHaveLength(4)
})

test('what a person typed a minute after our write is found at once', async () => {
  const sides = await startSides()
  const { people } = populate(sides, 1, 2)
  const between = await startBetween(sides)
  await between.run('backfill')
  sides.later(60_000)
  const contact = between.records('Contact').find((one) => one['Clerk_User_Id__c'] === people[0])
  sides.org.person.edit('Contact', String(contact?.['Id']), { LastName: 'Typed by hand' })
  sides.later(60_000)
  const run = await between.run('reconcile')
  expect(await between.drift(run)).toMatchObject([{ class: 'human-edit', clerkId: people[0] }])
  expect(between.records('Contact').map((one) => one['LastName'])).not.toContain('Typed by hand')
})

test('what went with an organization, a user or an Account is not named beside it, but for the Contacts of an Account', async () => {
  const sides = await startSides()
  const { people, organizations } = populate(sides, 3, 9)
  const between = await startBetween(sides, { runs: { deletions: { share: 1, number: 100 } } })
  await between.run('backfill')
  sides.later(hour)
  await sides.tell('DELETE', `/organizations/${organizations[0]}`)
  const carrying = (object: 'Account' | 'Contact', key: string, id: string | undefined): string =>
    String(between.records(object).find((one) => one[key] === id)?.['Id'])
  const [account, contact] = [
    carrying('Account', 'Clerk_Org_Id__c', organizations[1]),
    carrying('Contact', 'Clerk_User_Id__c', people[3]),
  ]
  const went = between.records('Contact').filter((one) => one['AccountId'] === account)
  sides.org.person.remove('Account', account)
  sides.org.person.remove('Contact', contact)
  await sides.tell('DELETE', `/users/${people[2]}`)
  sides.later(hour)
  const run = await between.run('reconcile')
  const named = (await between.drift(run)).map((one) => `${one.class} ${one.clerkId}`)
  expect(named.sort()).toEqual(
    [
      `stale ${organizations[0]}`,
      `stale ${people[2]}`,
      `broken-link ${organizations[1]}`,
      `broken-link ${people[3]}`,
      ...went.map((one) => `broken-link ${one['Clerk_User_Id__c']}`),
    ].sort(),
  )
  sides.later(hour)
  expect(await between.drift(await between.run('reconcile'))).toEqual([])
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
