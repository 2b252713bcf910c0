import { expect, test } from 'vitest'
import type { Database } from '../../src/db/database.ts'
import { listParked } from '../../src/sync/mirror/counts.ts'
import { claimDirty, giveBack, markDirty } from '../../src/sync/mirror/dirty.ts'
import { settle } from '../../src/sync/mirror/settle.ts'
import { day, membershipEvent, organizationEvent, userDeleted, userEvent } from '../support/clerk-events.ts'
import { freshDatabase } from '../support/databases.ts'
import { fastClock, type Road, salesforceCalls, startOrg, startRoad } from '../support/road.ts'

/** What must never happen to people's own work, to the org's allowance, or to a record that nobody looks at any more. */

const ada = { id: 'user_ada', email: 'ada@acme.test' }
const acme = { id: 'org_acme', name: 'Acme' }
const later = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
const down = (road: Road, ms: number): void =>
  road.org.faults.add({ path: '/services/data/*', until: Date.now() + ms, respond: { status: 503, body: [] } })
const only = (road: Road, object: string) => road.records(object)[0] ?? {}

test.each(['delete', 'anonymise', 'deactivate'] as const)(
  'a Contact that people made is left alone when its user was deleted before we ever wrote it (%s)',
  async (policy) => {
    const road = await startRoad({ engine: { config: { policies: { userDeleted: policy } } } })
    road.org.person.create('Contact', { FirstName: 'Augusta', LastName: 'King', Email: ada.email })
    down(road, 700)
    await road.deliver(userEvent('created', ada))
    await road.deliver(userDeleted(ada.id, day(1)))
    await road.engine.drain()
    expect(road.records('Contact')).toMatchObject([{ FirstName: 'Augusta', LastName: 'King' }])
    expect(only(road, 'Contact')).not.toHaveProperty('Clerk_Status__c')
  },
)

test('a value that is no time leaves its field empty and holds nobody up', async () => {
  const config = { person: { fields: { Clerk_Last_Sign_In__c: 'unsafe_metadata.renewal' } } }
  const { deliver, engine, records } = await startRoad({ engine: { config } })
  await deliver(userEvent('created', { id: 'user_bad', fields: { unsafe_metadata: { renewal: 1.7e18 } } }))
  await deliver(userEvent('created', { id: 'user_1' }))
  await engine.drain()
  expect(records('Contact')).toHaveLength(2)
})

test('what was written and could not be settled is looked at before it is planned again', async () => {
  const real = await freshDatabase('postgres')
  let fail = false
  const db: Database = {
    ...real,
    transaction: (work) =>
      real.transaction((query) =>
        work((text, values) => {
          if (!fail || !text.includes('into clerkforce.change')) return query(text, values)
          fail = false
          throw Object.assign(new Error('the connection broke'), { code: '57P01' })
        }),
      ),
  }
  const { deliver, engine, records } = await startRoad({ db })
  await deliver(userEvent('created', { ...ada, first: 'Ada' }))
  await engine.drain()
  fail = true
  await deliver(userEvent('updated', { ...ada, first: 'Bea', at: day(1) }))
  await later(400)
  expect(records('Contact')[0]?.['FirstName']).toBe('Bea')
  await deliver(userEvent('updated', { ...ada, first: 'Ada', at: day(2) }))
  await engine.drain()
  expect(records('Contact')[0]?.['FirstName']).toBe('Ada')
})

test('a last name that a person typed over our fallback stays', async () => {
  const road = await startRoad()
  const nameless = { id: 'user_x', first: null, last: null }
  await road.deliver(userEvent('created', { ...nameless, email: 'al@acme.test' }))
  await road.engine.drain()
  road.org.person.edit('Contact', String(only(road, 'Contact')['Id']), { LastName: 'Lovelace' })
  await road.deliver(userEvent('updated', { ...nameless, email: 'al2@acme.test', at: day(1) }))
  await road.engine.drain()
  expect(only(road, 'Contact')).toMatchObject({ LastName: 'Lovelace', Email: 'al2@acme.test' })
})

test.each(['deactivate', 'unlink'] as const)(
  'a Contact that people moved to another Account stays there when a membership ends (%s)',
  async (membershipEnded) => {
    const road = await startRoad({ engine: { config: { policies: { membershipEnded } } } })
    const first = { id: 'orgmem_1', user: ada, organization: acme }
    await road.deliver(membershipEvent('created', first))
    await road.deliver(
      membershipEvent('created', {
        id: 'orgmem_2',
        user: ada,
        organization: { id: 'org_2', name: 'Initech' },
        createdAt: day(1),
      }),
    )
    await road.engine.drain()
    const holding = road.org.person.create('Account', { Name: 'Acme Holding' })
    road.org.person.edit('Contact', String(only(road, 'Contact')['Id']), { AccountId: holding })
    await road.deliver(membershipEvent('deleted', first, day(5)))
    await road.engine.drain()
    expect(only(road, 'Contact')['AccountId']).toBe(holding)
  },
)

test('after an allowance pause the org is asked only while there is something to write, and rarely', async () => {
  const road = await startRoad({ clock: fastClock(400), engine: { leaseMs: 60_000_000 } })
  await road.deliver(userEvent('created', { id: 'user_0' }))
  await road.engine.drain(10_000_000)
  road.org.setAllowance({ limit: 1_000, used: 850 })
  await road.deliver(userEvent('created', { id: 'user_1' }))
  await later(300)
  expect(road.engine.health().paused?.reason).toBe('allowance')
  // Another process has written it meanwhile.
  await road.db.query('delete from clerkforce.dirty')
  // A pause is 15 minutes: 2.25 s of this clock.
  await later(5_000)
  expect(road.salesforce.calls()['limits'] ?? 0).toBe(0)
})

test('a mapping that does not fit, or a write that is refused for its fields, costs few calls', async () => {
  const clock = fastClock(200)
  const unfit = await startRoad({ clock, engine: { config: { person: { fields: { Nope__c: 'username' } } } } })
  const refused = await startRoad({ clock, engine: { leaseMs: 6_000_000 } })
  await later(500)
  const body = [{ errorCode: 'INVALID_FIELD', message: "No such column 'Clerk_Status__c' on sobject of type Contact" }]
  refused.org.faults.add({ method: 'PATCH', path: '*/composite/sobjects/Contact/*', respond: { status: 400, body } })
  const before = salesforceCalls(unfit) + salesforceCalls(refused)
  await refused.deliver(userEvent('created', { id: 'user_1' }))
  // Five seconds are a thousand of this clock.
  await later(5_000)
  expect(salesforceCalls(unfit) + salesforceCalls(refused) - before).toBeLessThan(100)
  expect((await refused.engine.counts()).parked).toBe(0)
})

test('a lease that is given back is given back alone', async () => {
  const db = await freshDatabase('postgres')
  const now = Date.now()
  await markDirty(
    db.query,
    ['a', 'b'].map((clerkId) => ({ entity: 'person' as const, clerkId })),
    now,
  )
  const claim = (lease: string) => claimDirty(db.query, 'person', { limit: 1, now, leaseMs: 30_000, lease })
  await claim('p/1')
  const [held] = await claim('p/10')
  await giveBack(db.query, 'p/1', now)
  const again = await claimDirty(db.query, 'person', { limit: 9, now, leaseMs: 30_000, lease: 'p/11' })
  expect(again.map(({ clerkId }) => clerkId)).not.toContain(held?.clerkId)
  expect(again).toMatchObject([{ look: true }])
})

test('a claim whose answer was lost with a connection is taken up again, however busy its process is', async () => {
  const real = await freshDatabase('postgres')
  const lost: Database['query'] = async (text, values) => {
    const rows = await real.query(text, values)
    const first = text.includes('skip locked') && JSON.stringify(rows).includes('user_lost')
    if (!first || losses++ > 0) return rows as never
    throw Object.assign(new Error('the connection broke'), { code: '57P01' })
  }
  let losses = 0
  const { deliver, engine, org, records } = await startRoad({
    db: { ...real, query: lost },
    engine: { leaseMs: 300, concurrency: 2 },
  })
  await deliver(userEvent('created', { id: 'user_lost' }))
  await expect.poll(() => losses, { timeout: 5_000 }).toBe(1)
  // Whatever else is written keeps the process at work for several leases.
  org.faults.add({ path: '/services/data/*', latencyMs: 250 })
  for (let n = 0; records('Contact').every((one) => one['Clerk_User_Id__c'] !== 'user_lost'); n++) {
    if (n > 60) throw new Error('user_lost was never taken up again')
    await deliver(userEvent('created', { id: `user_${n}` }))
    await later(50)
  }
  org.faults.clear()
  await engine.drain()
})

test('who comes too late with a result changes nothing that a newer holder has settled', async () => {
  const db = await freshDatabase('postgres')
  await markDirty(db.query, [{ entity: 'person', clerkId: 'a' }], 1_000)
  const claim = (lease: string, now: number) =>
    claimDirty(db.query, 'person', { limit: 1, now, leaseMs: 30_000, lease })
  const result = (claims: Awaited<ReturnType<typeof claim>>, name: string) =>
    claims.map((one) => ({
      end: 'settled' as const,
      claim: one,
      agreed: { salesforceId: '003A', base: { FirstName: name } },
      held: { id: '003A', fields: { FirstName: name }, version: 0, asOf: 0 },
    }))
  const slow = await claim('p/1', 1_000)
  const quick = await claim('q/1', 41_000)
  expect(quick).toMatchObject([{ look: true }])
  await settle(db, 'person', result(quick, 'New'), 'q/1', 42_000)
  await settle(db, 'person', result(slow, 'Old'), 'p/1', 43_000)
  expect(await db.query('select base from clerkforce.link')).toEqual([{ base: { FirstName: 'New' } }])
  expect(await db.query("select body from clerkforce.record where side = 'salesforce'")).toEqual([
    { body: { FirstName: 'New' } },
  ])
})

test('of two people who adopt the same Contact at the same time, in two processes, the one who loses it gets one of its own', async () => {
  const db = await freshDatabase('postgres')
  const org = await startOrg()
  const [a, b] = [await startRoad({ db, org }), await startRoad({ db, org })]
  await later(300)
  org.settings.latencyMs = 100
  for (let n = 0; n < 4; n++) {
    org.person.create('Contact', { LastName: 'King', Email: `k${n}@acme.test` })
    await a.deliver(userEvent('created', { id: `user_old${n}`, email: `k${n}@acme.test` }))
    await later(40)
    await b.deliver(userEvent('created', { id: `user_new${n}`, email: `k${n}@acme.test` }))
    await later(300)
  }
  await a.engine.drain()
  const links = await db.query<{ clerk_id: string }>(
    'select clerk_id from clerkforce.link where salesforce_id is null and parked_at is null',
  )
  expect(links).toEqual([])
  expect(new Set(a.records('Contact').map((one) => one['Clerk_User_Id__c'])).size).toBe(a.records('Contact').length)
})

test('a refusal of everything is noticed after a few records, and not paid for record by record', async () => {
  const road = await startRoad({ clock: fastClock(10), engine: { leaseMs: 600_000 } })
  await road.deliver(userEvent('created', { id: 'user_0' }))
  await road.engine.drain(300_000)
  const before = salesforceCalls(road)
  const body = [{ errorCode: 'INSUFFICIENT_ACCESS', message: 'insufficient access rights on cross-reference id' }]
  road.org.faults.add({ path: '*/composite*', until: Date.now() + 1_500, respond: { status: 400, body } })
  for (let n = 1; n <= 60; n++) await road.deliver(userEvent('created', { id: `user_${n}` }))
  await road.engine.drain(600_000)
  const { parked } = await road.engine.counts()
  expect(parked).toBeLessThan(5)
  expect(road.records('Contact')).toHaveLength(61 - parked)
  expect(salesforceCalls(road) - before).toBeLessThan(150)
})

test('a match field that the org does not have is named at start, and nothing is written', async () => {
  const config = { organization: { match: { field: 'Web_Site__c', from: 'public_metadata.site' } } }
  const { engine } = await startRoad({ engine: { config } })
  await later(500)
  expect(engine.health().checked?.problems.join()).toContain('Account.Web_Site__c is missing')
})

test('adoption by e-mail address works also where the address is not mapped', async () => {
  const { deliver, engine, org, records } = await startRoad({
    engine: { config: { person: { fields: { Email: false } } } },
  })
  org.person.create('Contact', { LastName: 'King', Email: ada.email })
  await deliver(userEvent('created', ada))
  await engine.drain()
  expect(records('Contact')).toMatchObject([{ Clerk_User_Id__c: ada.id }])
})

test('members of an Account that people deleted go ahead without it, and only the organization is parked', async () => {
  const road = await startRoad({ clock: fastClock(20), engine: { leaseMs: 600_000 } })
  await road.deliver(membershipEvent('created', { id: 'orgmem_0', user: ada, organization: acme }))
  await road.engine.drain(600_000)
  road.org.person.remove('Account', String(only(road, 'Account')['Id']))
  for (let n = 1; n <= 3; n++)
    await road.deliver(
      membershipEvent('created', {
        id: `orgmem_${n}`,
        user: { id: `user_${n}` },
        organization: acme,
        createdAt: day(1),
      }),
    )
  await later(3_000)
  const parked = (await listParked(road.db.query, 20)).map(({ entity, code }) => `${entity} ${code}`)
  expect(new Set(parked)).toEqual(new Set(['organization DELETED_IN_SALESFORCE']))
  // Who was tried before comes after those who are new.
  expect(
    road
      .records('Contact')
      .map((one) => one['Clerk_User_Id__c'])
      .sort(),
  ).toEqual(['user_1', 'user_2', 'user_3'])
})

test('a member that was under way while its Account came into being is planned again', async () => {
  const db = await freshDatabase('postgres')
  const now = Date.now()
  await db.query(
    `insert into clerkforce.record (side, entity, id, body, version, seen, person_id, organization_id)
     values ('clerk', 'membership', 'm', '{"id": "m"}', 1, 1, 'p', 'o')`,
  )
  await markDirty(
    db.query,
    [
      { entity: 'person', clerkId: 'p' },
      { entity: 'organization', clerkId: 'o' },
    ],
    now,
  )
  // In a group of its own, or the claim would leave it out while its organization is under way.
  await db.query("update clerkforce.dirty set group_key = 'other' where rank = 1")
  const claim = (entity: 'person' | 'organization', lease: string) =>
    claimDirty(db.query, entity, { limit: 1, now, leaseMs: 30_000, lease })
  const [people, organizations] = [await claim('person', 'p/1'), await claim('organization', 'p/2')]
  const done = (claims: typeof people, salesforceId: string) =>
    claims.map((one) => ({ end: 'settled' as const, claim: one, agreed: { salesforceId, base: {} } }))
  await settle(db, 'organization', done(organizations, '001'), 'p/2', now)
  await settle(db, 'person', done(people, '003'), 'p/1', now)
  expect(await db.query('select l.entity from clerkforce.dirty d join clerkforce.link l on l.id = d.link_id')).toEqual([
    { entity: 'person' },
  ])
})

test('organizations and people go on while one organization waits for a person to decide', async () => {
  const config = { organization: { match: { field: 'Website', from: 'public_metadata.site', as: 'domain' as const } } }
  const road = await startRoad({ engine: { config } })
  for (const name of ['Acme One', 'Acme Two']) road.org.person.create('Account', { Name: name, Website: 'acme.test' })
  const twice = { ...acme, fields: { public_metadata: { site: 'https://acme.test' } } }
  await road.deliver(organizationEvent('created', twice))
  await road.deliver(membershipEvent('created', { id: 'orgmem_1', user: ada, organization: twice }))
  await later(600)
  expect((await listParked(road.db.query, 9)).map(({ code }) => code)).toEqual(['AMBIGUOUS'])
  expect(road.records('Contact')).toMatchObject([{ Clerk_User_Id__c: ada.id }])
})
