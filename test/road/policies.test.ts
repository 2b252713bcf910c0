import { expect, test } from 'vitest'
import type { MappingConfig } from '../../src/sync/plan/mapping.ts'
import {
  day,
  membershipEvent,
  organizationDeleted,
  organizationEvent,
  userDeleted,
  userEvent,
} from '../support/clerk-events.ts'
import { type Road, startRoad } from '../support/road.ts'

const acme = { id: 'org_acme', name: 'Acme' }
const initech = { id: 'org_initech', name: 'Initech' }
const ada = { id: 'user_ada', email: 'ada@acme.test' }
const atAcme = { id: 'orgmem_1', user: ada, organization: acme, createdAt: day(0) }
const atInitech = { id: 'orgmem_2', user: ada, organization: initech, createdAt: day(1) }

const withPolicies = async (policies: MappingConfig['policies'], relations = true): Promise<Road> => {
  const config = policies ? { policies } : {}
  const road = await startRoad({ engine: { config }, orgOptions: { contactsToMultipleAccounts: relations } })
  await road.deliver(userEvent('created', ada))
  await road.deliver(membershipEvent('created', atAcme))
  await road.engine.drain()
  return road
}

const accountOf = ({ records }: Road, contact: object | undefined): unknown =>
  records('Account').find((one) => one['Id'] === (contact as { AccountId?: string } | undefined)?.AccountId)?.['Name']

test('membership ended, deactivate: the relation is inactive with an end date, the Contact stays on the Account', async () => {
  const road = await withPolicies({})
  await road.deliver(membershipEvent('deleted', atAcme, day(5)))
  await road.engine.drain()
  expect(road.records('AccountContactRelation')).toMatchObject([{ IsActive: false, EndDate: '2026-01-10' }])
  expect(road.records('Contact')).toMatchObject([{ Clerk_Status__c: 'active' }])
  expect(accountOf(road, road.records('Contact')[0])).toBe('Acme')
})

test('membership ended, unlink: the last one clears the Account, with another the Contact moves there', async () => {
  const road = await withPolicies({ membershipEnded: 'unlink' })
  await road.deliver(membershipEvent('created', atInitech))
  await road.engine.drain()
  expect(road.records('AccountContactRelation')).toHaveLength(2)
  await road.deliver(membershipEvent('deleted', atAcme, day(5)))
  await road.engine.drain()
  expect(accountOf(road, road.records('Contact')[0])).toBe('Initech')
  expect(road.records('AccountContactRelation')).toMatchObject([
    { Clerk_Membership_Id__c: 'orgmem_2', IsDirect: true, IsActive: true },
  ])
  await road.deliver(membershipEvent('deleted', atInitech, day(6)))
  await road.engine.drain()
  expect(road.records('Contact')[0]?.['AccountId'] ?? null).toBe(null)
  expect((await road.engine.counts()).parked).toBe(0)
})

test('membership ended, keep: nothing changes in Salesforce', async () => {
  const road = await withPolicies({ membershipEnded: 'keep' })
  const before = road.records('AccountContactRelation')
  await road.deliver(membershipEvent('deleted', atAcme, day(5)))
  await road.engine.drain()
  expect(road.records('AccountContactRelation')).toEqual(before)
})

test('when the primary membership ends another one takes over, and the old relation stays as an inactive one', async () => {
  const road = await withPolicies({})
  await road.deliver(membershipEvent('created', atInitech))
  await road.engine.drain()
  expect(accountOf(road, road.records('Contact')[0])).toBe('Acme')
  await road.deliver(membershipEvent('deleted', atAcme, day(5)))
  await road.engine.drain()
  expect(accountOf(road, road.records('Contact')[0])).toBe('Initech')
  const relations = road
    .records('AccountContactRelation')
    .map((one) => [one['Clerk_Membership_Id__c'], one['IsActive'], one['IsDirect']])
  expect(relations.sort()).toEqual([
    ['orgmem_1', false, false],
    ['orgmem_2', true, true],
  ])
})

test('somebody who comes back to an organization gets the same relation, active again', async () => {
  const road = await withPolicies({})
  await road.deliver(membershipEvent('deleted', atAcme, day(5)))
  await road.engine.drain()
  await road.deliver(membershipEvent('created', { ...atAcme, id: 'orgmem_9', createdAt: day(8) }))
  await road.engine.drain()
  expect(road.records('AccountContactRelation')).toMatchObject([
    { Clerk_Membership_Id__c: 'orgmem_9', IsActive: true, StartDate: '2026-01-13' },
  ])
  expect(road.records('AccountContactRelation')[0]?.['EndDate'] ?? null).toBe(null)
})

test.each([
  ['deactivate', { Clerk_Status__c: 'deleted', LastName: 'Lovelace', Email: 'ada@acme.test' }],
  ['keep', { Clerk_Status__c: 'active', LastName: 'Lovelace', Email: 'ada@acme.test' }],
] as const)('user deleted, %s', async (userDeletedPolicy, expected) => {
  const road = await withPolicies({ userDeleted: userDeletedPolicy })
  await road.deliver(userDeleted('user_ada', day(4)))
  await road.engine.drain()
  expect(road.records('Contact')).toMatchObject([expected])
})

test('user deleted, anonymise: no personal data is left on the Contact', async () => {
  const road = await withPolicies({ userDeleted: 'anonymise' })
  await road.deliver(userDeleted('user_ada', day(4)))
  await road.engine.drain()
  const [contact] = road.records('Contact')
  expect(contact).toMatchObject({ LastName: 'Deleted user', Clerk_Status__c: 'deleted', Clerk_User_Id__c: 'user_ada' })
  expect(JSON.stringify(contact)).not.toMatch(/Ada|Lovelace|acme\.test/)
})

test('user deleted, delete: the Contact is deleted, its relations with it, and nothing revives it', async () => {
  const road = await withPolicies({ userDeleted: 'delete' })
  await road.deliver(userDeleted('user_ada', day(4)))
  await road.engine.drain()
  await road.deliver(userEvent('updated', { ...ada, first: 'Zombie', at: day(6) }))
  await road.deliver(membershipEvent('updated', { ...atAcme, role: 'org:admin', at: day(6) }))
  await road.engine.drain()
  expect(road.records('Contact')).toEqual([])
  expect(road.records('AccountContactRelation')).toEqual([])
  expect(await road.engine.counts()).toMatchObject({ parked: 0, dirty: 0 })
})

test('organization deleted, deactivate: the Account says so and its memberships have ended', async () => {
  const road = await withPolicies({})
  await road.deliver(organizationDeleted('org_acme', day(4)))
  await road.engine.drain()
  expect(road.records('Account')).toMatchObject([{ Clerk_Status__c: 'deleted', Name: 'Acme' }])
  expect(road.records('AccountContactRelation')).toMatchObject([{ IsActive: false, EndDate: '2026-01-09' }])
})

test('organization deleted, keep: the Account stays as it is', async () => {
  const road = await withPolicies({ organizationDeleted: 'keep', membershipEnded: 'keep' })
  await road.deliver(organizationDeleted('org_acme', day(4)))
  await road.engine.drain()
  expect(road.records('Account')).toMatchObject([{ Clerk_Status__c: 'active' }])
})

test('without Contacts to Multiple Accounts only the primary Account is kept, and it is said', async () => {
  const road = await withPolicies({}, false)
  expect(road.engine.health().checked?.notices.join()).toMatch(/Contacts to Multiple Accounts is off/)
  expect(accountOf(road, road.records('Contact')[0])).toBe('Acme')
  await road.deliver(membershipEvent('created', atInitech))
  await road.engine.drain()
  expect(accountOf(road, road.records('Contact')[0])).toBe('Acme')
  await road.deliver(membershipEvent('deleted', atAcme, day(5)))
  await road.engine.drain()
  expect(accountOf(road, road.records('Contact')[0])).toBe('Initech')
  await road.deliver(membershipEvent('deleted', atInitech, day(6)))
  await road.engine.drain()
  expect(road.records('Contact')).toMatchObject([{ Clerk_Status__c: 'inactive' }])
})

test.each([
  ['banned', { banned: true }],
  ['locked', { locked: true }],
  ['deprovisioned', { deprovisioned: true, banned: true }],
] as const)('a user who is %s has a Contact that says so', async (status, fields) => {
  const road = await withPolicies({})
  await road.deliver(userEvent('updated', { ...ada, at: day(2), fields }))
  await road.engine.drain()
  expect(road.records('Contact')).toMatchObject([{ Clerk_Status__c: status }])
})

test('a membership that comes before its user and its organization ends right', async () => {
  const road = await startRoad()
  await road.deliver(membershipEvent('created', atAcme))
  await road.engine.drain()
  expect(road.records('Contact')).toMatchObject([{ LastName: 'Lovelace', Email: 'ada@acme.test' }])
  await road.deliver(userEvent('created', { ...ada, first: 'Augusta', at: day(0) }))
  await road.deliver(organizationEvent('created', acme))
  await road.engine.drain()
  expect(road.records('Contact')).toMatchObject([{ FirstName: 'Augusta', LastName: 'Lovelace' }])
  expect(road.records('AccountContactRelation')).toHaveLength(1)
})
