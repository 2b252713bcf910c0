import { expect, test } from 'vitest'
import { linkPairs, unlinkPair } from '../../src/sync/decide/decide.ts'
import { listParked } from '../../src/sync/mirror/counts.ts'
import { claimDirty, markDirty } from '../../src/sync/mirror/dirty.ts'
import { settle } from '../../src/sync/mirror/settle.ts'
import { day, membershipEvent, organizationEvent, userEvent } from '../support/clerk-events.ts'
import { type Road, startRoad } from '../support/road.ts'

const ada = { id: 'user_ada', email: 'ada@acme.test' }

const deciding = ({ db, salesforce }: Road) => ({ db, api: salesforce, now: Date.now })

const settled = async ({ engine }: Road): Promise<void> => {
  engine.wake()
  await engine.drain()
}

test('a person decides which of several Contacts it is, and the decision is remembered and told', async () => {
  const road = await startRoad()
  const { deliver, engine, org, records, db } = road
  const first = org.person.create('Contact', { LastName: 'King', Email: 'ada@acme.test' })
  const second = org.person.create('Contact', { LastName: 'Byron', Email: 'ada@acme.test' })
  await deliver(userEvent('created', ada))
  await engine.drain()
  expect(await listParked(db.query, 10)).toMatchObject([{ code: 'AMBIGUOUS' }])
  expect(await linkPairs(deciding(road), [{ clerkId: 'user_ada', salesforceId: second.slice(0, 15) }])).toEqual([
    { clerkId: 'user_ada', salesforceId: second, refused: null },
  ])
  await settled(road)
  expect(records('Contact').map((one) => [one['Id'], one['Clerk_User_Id__c']])).toEqual([
    [first, undefined],
    [second, 'user_ada'],
  ])
  expect(await listParked(db.query, 10)).toEqual([])
  const lines = await db.query<{ kind: string; reason: string }>(
    'select kind, reason from clerkforce.change order by id',
  )
  expect(lines).toContainEqual({ kind: 'link', reason: 'a person linked it' })
  expect(lines).toContainEqual({ kind: 'adopt', reason: 'a person linked it' })
})

test('an unlinked Contact loses the key, keeps what it has, and is not found again by its e-mail address', async () => {
  const road = await startRoad()
  const { deliver, engine, org, records } = road
  const id = org.person.create('Contact', { LastName: 'King', Email: 'ada@acme.test', Title: 'Countess' })
  await deliver(userEvent('created', ada))
  await engine.drain()
  expect(records('Contact')[0]).toMatchObject({ Id: id, Clerk_User_Id__c: 'user_ada' })
  expect(await unlinkPair(deciding(road), id)).toEqual({ clerkId: 'user_ada', salesforceId: id })
  await settled(road)
  await deliver(userEvent('updated', { ...ada, first: 'Augusta', at: day(3) }))
  await settled(road)
  expect(records('Contact')).toMatchObject([{ Id: id, FirstName: 'Ada', LastName: 'Lovelace', Title: 'Countess' }])
  expect(records('Contact')[0]?.['Clerk_User_Id__c'] ?? null).toBe(null)
  expect(records('Contact')[0]?.['Clerk_Status__c'] ?? null).toBe(null)
  // Decided again, to another one.
  const other = org.person.create('Contact', { LastName: 'Right' })
  await linkPairs(deciding(road), [{ clerkId: 'user_ada', salesforceId: other }])
  await settled(road)
  expect(records('Contact').find((one) => one['Id'] === other)).toMatchObject({
    Clerk_User_Id__c: 'user_ada',
    FirstName: 'Augusta',
  })
})

test('with "none", or unlinked for a new one, the records that match are left alone and a new one is made', async () => {
  const road = await startRoad()
  const { deliver, engine, org, records } = road
  org.person.create('Contact', { LastName: 'King', Email: 'ada@acme.test' })
  org.person.create('Contact', { LastName: 'Byron', Email: 'ada@acme.test' })
  const linked = org.person.create('Contact', { LastName: 'Hopper', Email: 'grace@acme.test' })
  await deliver(userEvent('created', ada))
  await deliver(userEvent('created', { id: 'user_grace', email: 'grace@acme.test' }))
  await engine.drain()
  await linkPairs(deciding(road), [{ clerkId: 'user_ada', salesforceId: null }])
  await unlinkPair(deciding(road), 'user_grace', { makeNew: true })
  await settled(road)
  const keyed = records('Contact').flatMap((one) => (one['Clerk_User_Id__c'] ? [one['Clerk_User_Id__c']] : []))
  expect(keyed.toSorted()).toEqual(['user_ada', 'user_grace'])
  expect(records('Contact')).toHaveLength(5)
  expect(records('Contact').find((one) => one['Id'] === linked)?.['Clerk_User_Id__c'] ?? null).toBe(null)
  // And it stays so when Clerk changes.
  await deliver(userEvent('updated', { id: 'user_grace', email: 'grace@acme.test', first: 'Grace', at: day(3) }))
  await settled(road)
  expect(records('Contact')).toHaveLength(5)
})

test('memberships move with their person from one Contact to another', async () => {
  const road = await startRoad()
  const { deliver, engine, org, records } = road
  await deliver(organizationEvent('created', { id: 'org_acme', name: 'Acme' }))
  await deliver(userEvent('created', ada))
  await deliver(
    membershipEvent('created', { id: 'orgmem_1', user: ada, organization: { id: 'org_acme', name: 'Acme' } }),
  )
  await engine.drain()
  const [account] = records('Account')
  const before = records('Contact')[0]?.['Id'] as string
  const holding = org.person.create('Account', { Name: 'Holding' })
  const right = org.person.create('Contact', { LastName: 'Right', AccountId: holding })
  await unlinkPair(deciding(road), 'user_ada')
  await linkPairs(deciding(road), [{ clerkId: 'user_ada', salesforceId: right }])
  await settled(road)
  const relations = records('AccountContactRelation').filter((one) => one['Clerk_Membership_Id__c'] === 'orgmem_1')
  expect(relations).toMatchObject([{ ContactId: right, AccountId: account?.['Id'], IsActive: true }])
  expect(records('Contact').find((one) => one['Id'] === before)?.['Clerk_User_Id__c'] ?? null).toBe(null)
})

test('an organization is linked to the Account that a person names, without any rule of matching', async () => {
  const road = await startRoad()
  const { deliver, engine, org, records } = road
  const held = org.person.create('Account', { Name: 'Acme Incorporated' })
  await deliver(organizationEvent('created', { id: 'org_acme', name: 'Acme' }))
  await engine.drain()
  await unlinkPair(deciding(road), 'org_acme')
  await linkPairs(deciding(road), [{ clerkId: 'org_acme', salesforceId: held }])
  await settled(road)
  expect(records('Account').find((one) => one['Id'] === held)).toMatchObject({
    Name: 'Acme',
    Clerk_Org_Id__c: 'org_acme',
  })
})

test('what cannot be linked is refused with a reason, alone, and the others are decided', async () => {
  const road = await startRoad()
  const { deliver, engine, org, records } = road
  await deliver(userEvent('created', ada))
  await deliver(userEvent('created', { id: 'user_grace', email: 'grace@acme.test' }))
  await engine.drain()
  const [adas] = records('Contact').filter((one) => one['Clerk_User_Id__c'] === 'user_ada')
  const keyed = org.person.create('Contact', { LastName: 'Keyed', Clerk_User_Id__c: 'user_before' })
  const free = org.person.create('Contact', { LastName: 'Free' })
  await unlinkPair(deciding(road), 'user_grace')
  const results = await linkPairs(deciding(road), [
    { clerkId: 'orgmem_1', salesforceId: free },
    { clerkId: 'user_grace', salesforceId: '001000000000001AAA' },
    { clerkId: 'user_nobody', salesforceId: free },
    { clerkId: 'user_ada', salesforceId: free },
    { clerkId: 'user_grace', salesforceId: adas?.['Id'] as string },
    { clerkId: 'user_grace', salesforceId: '003000000000999AAA' },
    { clerkId: 'user_grace', salesforceId: keyed },
    { clerkId: 'user_grace', salesforceId: free },
    { clerkId: 'user_grace', salesforceId: null },
  ])
  expect(results.map(({ refused }) => refused)).toEqual([
    expect.stringMatching(/^orgmem_1 is not the id of a user/),
    expect.stringMatching(/is not the id of a Contact, 003…, which is what user_grace can be linked to/),
    expect.stringMatching(/^clerkforce has not seen user_nobody/),
    expect.stringMatching(/^user_ada is linked to Contact 003\w+: unlink it first/),
    expect.stringMatching(/is linked to user_ada: unlink that first/),
    expect.stringMatching(/does not show Contact 003000000000999AAA/),
    expect.stringMatching(/carries the Clerk id user_before/),
    null,
    expect.stringMatching(/named twice/),
  ])
  await expect(unlinkPair(deciding(road), 'user_nobody')).rejects.toThrow(/linked to nothing/)
})

test('what is under way when somebody decides does not bring the old pair back', async () => {
  const road = await startRoad()
  const { deliver, engine, db, records } = road
  await deliver(userEvent('created', ada))
  await engine.drain()
  await engine.stop()
  const now = Date.now()
  await markDirty(db.query, [{ entity: 'person', clerkId: 'user_ada' }], now)
  const [claim] = await claimDirty(db.query, 'person', { limit: 1, now, leaseMs: 60_000, lease: 'other/1' })
  if (!claim) throw new Error('there was nothing to claim')
  await unlinkPair(deciding(road), 'user_ada')
  const agreed = { salesforceId: claim.salesforceId, base: { LastName: 'Lovelace' } }
  await settle(db, 'person', [{ claim, end: 'settled', agreed }], 'other/1', now)
  const links = await db.query("select salesforce_id as id, base from clerkforce.link where clerk_id = 'user_ada'")
  expect(links).toEqual([{ id: null, base: null }])
  const again = await startRoad({ db, org: road.org })
  await settled(again)
  expect(records('Contact')[0]?.['Clerk_User_Id__c'] ?? null).toBe(null)
})

test('a record that a person gave to one is adopted by no other, though the one may have to wait', async () => {
  const road = await startRoad()
  const { deliver, engine, org, db, records } = road
  await deliver(userEvent('created', ada))
  await engine.drain()
  await engine.stop()
  const given = org.person.create('Contact', { LastName: 'Hopper', Email: 'grace@acme.test' })
  await unlinkPair(deciding(road), 'user_ada')
  await linkPairs(deciding(road), [{ clerkId: 'user_ada', salesforceId: given }])
  const now = Date.now()
  const [claim] = await claimDirty(db.query, 'person', { limit: 1, now, leaseMs: 60_000, lease: 'other/1' })
  expect(claim?.clerkId).toBe('user_ada')
  const again = await startRoad({ db, org })
  await again.deliver(userEvent('created', { id: 'user_grace', email: 'grace@acme.test' }))
  const keyed = () => records('Contact').find((one) => one['Clerk_User_Id__c'] === 'user_grace')?.['Id']
  await expect.poll(keyed, { timeout: 5_000 }).toBeDefined()
  expect(keyed()).not.toBe(given)
})
