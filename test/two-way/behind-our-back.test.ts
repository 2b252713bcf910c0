import { afterAll, beforeAll, expect, test } from 'vitest'
import { jumpingClock } from '../support/jumping-clock.ts'
import { type Pairs, pairsOf } from '../support/pairs.ts'
import { startTwoSides, type TwoSides, until } from '../support/two-sides.ts'

/** One pair of sides for all: each test has users and organizations of its own. */
let sides: TwoSides
let pairs: Pairs
const closers: (() => Promise<void>)[] = []

beforeAll(async () => {
  sides = await startTwoSides({ clock: jumpingClock(), ended: (close) => closers.push(close) })
  pairs = pairsOf(sides)
})
afterAll(async () => {
  for (const close of closers.reverse()) await close()
})

/** Members of an organization, as Clerk counts them. */
const membersOf = async (organizationId: string): Promise<unknown> =>
  (await sides.callClerk('GET', `/organizations/${organizationId}/memberships`))['total_count']

const codeOf = async (clerkId: string): Promise<string | null> => (await pairs.link(clerkId)).code

test('a Contact that is deleted parks its user within the second, and nothing happens in Clerk', async () => {
  const { org, settled, callClerk } = sides
  const { userId, contactId } = await pairs.person('Deleted')
  const calls = pairs.clerkCalls()
  org.person.remove('Contact', contactId)
  await until(async () => (await codeOf(userId)) === 'DELETED_IN_SALESFORCE', 1_000)
  await settled()
  expect((await pairs.link(userId)).reason).toContain(contactId)
  expect(pairs.carrying('Contact', userId)).toBeUndefined()
  expect(pairs.clerkCalls()).toBe(calls)
  expect((await pairs.journal(userId)).filter(({ kind }) => kind === 'park')).toHaveLength(1)
  expect(await callClerk('GET', `/users/${userId}`)).toMatchObject({ id: userId, banned: false, locked: false })
})

test('a Contact that is undeleted agrees again by itself', async () => {
  const { org, settled, record } = sides
  const { userId, contactId } = await pairs.person('Undeleted')
  org.person.remove('Contact', contactId)
  await settled()
  expect(await codeOf(userId)).toBe('DELETED_IN_SALESFORCE')
  org.person.undelete('Contact', contactId)
  await settled()
  expect(await pairs.link(userId)).toMatchObject({ salesforceId: contactId, code: null, dirty: false })
  await sides.callClerk('PATCH', `/users/${userId}`, { first_name: 'Again' })
  await settled()
  expect(record('Contact', contactId)).toMatchObject({ FirstName: 'Again', Clerk_User_Id__c: userId })
})

test('an Account that is deleted parks its organization, its people and their relations, and all come back with it', async () => {
  const { org, settled } = sides
  const { organizationId, accountId } = await pairs.organization('Cascade')
  const { userId, contactId } = await pairs.person('Cascaded')
  const membershipId = await pairs.join(organizationId, userId)
  const relationId = pairs.carrying('AccountContactRelation', membershipId)?.['Id']
  const calls = pairs.clerkCalls()
  org.person.remove('Account', accountId)
  await until(async () => (await codeOf(organizationId)) === 'DELETED_IN_SALESFORCE', 1_000)
  await settled()
  expect(await codeOf(userId)).toBe('DELETED_IN_SALESFORCE')
  expect(pairs.clerkCalls()).toBe(calls)
  expect(await membersOf(organizationId)).toBe(1)
  org.person.undelete('Account', accountId)
  await settled()
  expect(await pairs.link(organizationId)).toMatchObject({ salesforceId: accountId, code: null })
  expect(await pairs.link(userId)).toMatchObject({ salesforceId: contactId, code: null })
  expect(await pairs.link(membershipId)).toMatchObject({ salesforceId: relationId, code: null, dirty: false })
  expect(pairs.carrying('AccountContactRelation', membershipId)).toMatchObject({ IsActive: true, IsDirect: true })
})

test('a Contact that is merged into one without a Clerk id takes the id to it, and its relations follow', async () => {
  const { org, settled, record } = sides
  const { organizationId, accountId } = await pairs.organization('Merging')
  const { userId, contactId } = await pairs.person('Merged')
  const membershipId = await pairs.join(organizationId, userId)
  const winner = org.person.create('Contact', { LastName: 'Winner', Email: 'other@example.com' })
  await settled()
  org.person.merge('Contact', winner, contactId)
  await settled()
  expect(record('Contact', winner)).toMatchObject({ Clerk_User_Id__c: userId, Clerk_Status__c: 'active' })
  expect(await pairs.link(userId)).toMatchObject({ salesforceId: winner, code: null })
  expect(pairs.carrying('AccountContactRelation', membershipId)).toMatchObject({
    ContactId: winner,
    AccountId: accountId,
    IsActive: true,
  })
  expect(await pairs.link(membershipId)).toMatchObject({ code: null, dirty: false })
})

test('a Contact that is merged into another user’s parks its own user, and leaves the other alone', async () => {
  const { org, settled, record } = sides
  const loser = await pairs.person('Loser')
  const winner = await pairs.person('Winner')
  org.person.merge('Contact', winner.contactId, loser.contactId)
  await settled()
  const { code, reason } = await pairs.link(loser.userId)
  expect(code).toBe('LINKED_TO_ANOTHER')
  expect(reason).toContain(winner.contactId)
  expect(reason).toContain(winner.userId)
  expect(record('Contact', winner.contactId)).toMatchObject({ Clerk_User_Id__c: winner.userId, LastName: 'Winner' })
  expect(await pairs.link(winner.userId)).toMatchObject({ salesforceId: winner.contactId, code: null })
})

test('two Contacts that no user has may be merged, deleted and undeleted: nothing happens', async () => {
  const { org, settled } = sides
  const [one, other] = ['One', 'Other'].map((LastName) => org.person.create('Contact', { LastName }))
  await settled()
  const calls = pairs.clerkCalls()
  org.person.merge('Contact', String(one), String(other))
  org.person.remove('Contact', String(one))
  org.person.undelete('Contact', String(one))
  await settled()
  expect(pairs.clerkCalls()).toBe(calls)
  expect(org.state()['Contact']?.filter(({ Id }) => Id === one || Id === other)).toMatchObject([
    { LastName: 'One', IsDeleted: false },
    { LastName: 'Other', IsDeleted: true, MasterRecordId: one },
  ])
})

test('an Account that is merged takes its organization and its people to the one that remains', async () => {
  const { org, settled, record } = sides
  const { organizationId, accountId } = await pairs.organization('Merged Account')
  const { userId, contactId } = await pairs.person('Employee')
  const membershipId = await pairs.join(organizationId, userId)
  const winner = org.person.create('Account', { Name: 'Winner Account' })
  await settled()
  org.person.merge('Account', winner, accountId)
  await settled()
  expect(record('Account', winner)).toMatchObject({ Clerk_Org_Id__c: organizationId, Clerk_Status__c: 'active' })
  expect(await pairs.link(organizationId)).toMatchObject({ salesforceId: winner, code: null })
  expect(record('Contact', contactId)).toMatchObject({ AccountId: winner, Clerk_User_Id__c: userId })
  expect(pairs.carrying('AccountContactRelation', membershipId)).toMatchObject({
    AccountId: winner,
    ContactId: contactId,
  })
})

test('a new Contact with a user’s address, as a converted lead makes one, is left alone', async () => {
  const { org, settled, record } = sides
  const { userId, contactId, email } = await pairs.person('Lead')
  const calls = pairs.clerkCalls()
  const other = org.person.create('Contact', { LastName: 'Converted', Email: email })
  await settled()
  expect(record('Contact', other)['Clerk_User_Id__c']).toBeUndefined()
  expect(await pairs.link(userId)).toMatchObject({ salesforceId: contactId, code: null })
  expect(pairs.clerkCalls()).toBe(calls)
})

test('a change of fields that nothing is mapped to costs no read and no call', async () => {
  const { org, settled } = sides
  const { contactId } = await pairs.person('Owned')
  const { accountId } = await pairs.organization('Owned')
  const before = [pairs.clerkCalls(), pairs.salesforceCalls()]
  org.person.edit('Contact', contactId, { Department: 'Sales', Description: 'words' })
  org.person.edit('Contact', contactId, { OwnerId: org.userId })
  org.person.edit('Account', accountId, { OwnerId: org.userId })
  await settled()
  expect([pairs.clerkCalls(), pairs.salesforceCalls()]).toEqual(before)
})

test('Clerk_Status__c that somebody edits is put back', async () => {
  const { org, settled, record } = sides
  const { contactId } = await pairs.person('Status')
  org.person.edit('Contact', contactId, { Clerk_Status__c: 'banned' })
  await settled()
  expect(record('Contact', contactId)['Clerk_Status__c']).toBe('active')
})

test('a Contact whose Account somebody changes stays there, and has a relation to the organization', async () => {
  const { org, settled, record } = sides
  const { organizationId, accountId } = await pairs.organization('Left')
  const { userId, contactId } = await pairs.person('Mover')
  const membershipId = await pairs.join(organizationId, userId)
  const other = org.person.create('Account', { Name: 'Parent company' })
  await settled()
  org.person.edit('Contact', contactId, { AccountId: other })
  await settled()
  expect(record('Contact', contactId)['AccountId']).toBe(other)
  expect(pairs.carrying('AccountContactRelation', membershipId)).toMatchObject({
    AccountId: accountId,
    IsDirect: false,
    IsActive: true,
  })
  expect(await codeOf(membershipId)).toBeNull()
})

test('a relation that somebody deletes or switches off is made again', async () => {
  const { org, settled } = sides
  const first = await pairs.organization('First')
  const second = await pairs.organization('Second')
  const { userId } = await pairs.person('Related')
  const direct = await pairs.join(first.organizationId, userId)
  const indirect = await pairs.join(second.organizationId, userId)
  const idOf = (membershipId: string) => String(pairs.carrying('AccountContactRelation', membershipId)?.['Id'])
  org.person.remove('AccountContactRelation', idOf(indirect))
  await settled()
  expect(pairs.carrying('AccountContactRelation', indirect)).toMatchObject({ IsActive: true, IsDirect: false })
  org.person.edit('AccountContactRelation', idOf(indirect), { IsActive: false, EndDate: '2026-01-01' })
  org.person.edit('AccountContactRelation', idOf(direct), { IsActive: false, EndDate: '2026-01-01' })
  await settled()
  expect(pairs.carrying('AccountContactRelation', indirect)).toMatchObject({ IsActive: true })
  expect(pairs.carrying('AccountContactRelation', direct)).toMatchObject({ IsActive: true, IsDirect: true })
  expect(await membersOf(second.organizationId)).toBe(1)
})
