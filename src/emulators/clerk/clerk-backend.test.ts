import { createClerkClient } from '@clerk/backend'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type RunningClerkEmulator, startClerkEmulator } from './index.ts'

// The official SDK, unmodified, against the emulator: what a user's own program speaks.

let emulator: RunningClerkEmulator
let clerk: ReturnType<typeof createClerkClient>

beforeAll(async () => {
  emulator = await startClerkEmulator({ rateLimits: false })
  clerk = createClerkClient({
    secretKey: emulator.secretKey,
    apiUrl: emulator.url,
    telemetry: { disabled: true },
  })
})
beforeEach(() => emulator.reset())
afterAll(() => emulator.close())

const ada = () => clerk.users.createUser({ emailAddress: ['ada@example.com'], firstName: 'Ada', lastName: 'Lovelace' })

test('a user is created with a verified primary address, found, changed and deleted', async () => {
  const created = await ada()
  expect(created.primaryEmailAddress?.emailAddress).toBe('ada@example.com')
  expect(created.primaryEmailAddress?.verification?.status).toBe('verified')
  expect(await clerk.users.getUser(created.id)).toMatchObject({ id: created.id, firstName: 'Ada' })

  const changed = await clerk.users.updateUser(created.id, { lastName: 'King', externalId: 'crm-1', locale: 'en-GB' })
  expect(changed).toMatchObject({ lastName: 'King', externalId: 'crm-1', locale: 'en-GB' })
  const replaced = await clerk.users.replaceUserEmailAddress(created.id, { emailAddress: 'king@example.com' })
  expect(replaced.emailAddress).toBe('king@example.com')
  const number = await clerk.users.replaceUserPhoneNumber(created.id, { phoneNumber: '+442071234567' })
  expect(number.phoneNumber).toBe('+442071234567')

  expect(await clerk.users.deleteUser(created.id)).toMatchObject({ id: created.id })
  await expect(clerk.users.getUser(created.id)).rejects.toMatchObject({
    status: 404,
    clerkTraceId: expect.stringMatching(/^[0-9a-f]{32}$/),
    errors: [{ code: 'resource_not_found', message: 'not found' }],
  })
})

test('bans and locks set their flags and take them back', async () => {
  const { id } = await ada()
  expect((await clerk.users.banUser(id)).banned).toBe(true)
  expect((await clerk.users.unbanUser(id)).banned).toBe(false)
  expect((await clerk.users.lockUser(id)).locked).toBe(true)
  expect((await clerk.users.unlockUser(id)).locked).toBe(false)
})

test('metadata merges with PATCH, replaces with PUT, and null removes a key', async () => {
  const { id } = await ada()
  await clerk.users.updateUserMetadata(id, {
    publicMetadata: { plan: { name: 'pro', seats: 3 } },
    privateMetadata: { a: 1 },
  })
  const merged = await clerk.users.updateUserMetadata(id, { publicMetadata: { plan: { seats: null, trial: true } } })
  expect(merged.publicMetadata).toEqual({ plan: { name: 'pro', trial: true } })
  expect(merged.privateMetadata).toEqual({ a: 1 })
  const replaced = await clerk.users.replaceUserMetadata(id, { publicMetadata: { b: 2 } })
  expect(replaced.publicMetadata).toEqual({ b: 2 })
  expect(replaced.privateMetadata).toEqual({ a: 1 })
})

test('lists of users are filtered, ordered, counted and paged', async () => {
  for (let i = 0; i < 25; i++)
    await clerk.users.createUser({ emailAddress: [`p${i}@example.com`], firstName: `P${i}`, externalId: `x${i}` })
  const first = await clerk.users.getUserList({ limit: 10, orderBy: '+created_at' })
  expect(first.totalCount).toBe(25)
  expect(first.data.map(({ firstName }) => firstName)).toEqual(Array.from({ length: 10 }, (_, i) => `P${i}`))
  const last = await clerk.users.getUserList({ limit: 10, offset: 20, orderBy: '+created_at' })
  expect(last.data).toHaveLength(5)
  expect((await clerk.users.getUserList()).data[0]?.firstName).toBe('P24')
  expect((await clerk.users.getUserList({ emailAddress: ['p3@example.com', 'nobody@example.com'] })).data).toHaveLength(
    1,
  )
  expect((await clerk.users.getUserList({ externalId: ['x4', 'x5'] })).totalCount).toBe(2)
  expect(await clerk.users.getCount({ query: 'P1' })).toBe(11)
})

test('e-mail addresses are added, verified, made primary and deleted', async () => {
  const { id } = await ada()
  const second = await clerk.emailAddresses.createEmailAddress({ userId: id, emailAddress: 'Second@Example.com' })
  expect(second).toMatchObject({ emailAddress: 'second@example.com', verification: null })
  await clerk.emailAddresses.updateEmailAddress(second.id, { verified: true, primary: true })
  expect((await clerk.users.getUser(id)).primaryEmailAddressId).toBe(second.id)
  expect((await clerk.emailAddresses.getEmailAddress(second.id)).emailAddress).toBe('second@example.com')
  await clerk.emailAddresses.deleteEmailAddress(second.id)
  expect((await clerk.users.getUser(id)).primaryEmailAddress?.emailAddress).toBe('ada@example.com')
})

test('phone numbers are added, verified, made primary and deleted', async () => {
  const { id } = await ada()
  const phone = await clerk.phoneNumbers.createPhoneNumber({ userId: id, phoneNumber: '+15551234567', verified: true })
  expect((await clerk.users.getUser(id)).primaryPhoneNumberId).toBe(phone.id)
  expect((await clerk.phoneNumbers.updatePhoneNumber(phone.id, { primary: true })).phoneNumber).toBe('+15551234567')
  expect((await clerk.phoneNumbers.getPhoneNumber(phone.id)).id).toBe(phone.id)
  await clerk.phoneNumbers.deletePhoneNumber(phone.id)
  expect((await clerk.users.getUser(id)).phoneNumbers).toEqual([])
})

test('an organization is created with its creator as administrator, changed and deleted', async () => {
  const { id } = await ada()
  const organization = await clerk.organizations.createOrganization({
    name: 'Acme',
    createdBy: id,
    publicMetadata: { a: 1 },
  })
  const found = await clerk.organizations.getOrganization({
    organizationId: organization.id,
    includeMembersCount: true,
  })
  expect(found).toMatchObject({ name: 'Acme', membersCount: 1, maxAllowedMemberships: 5, createdBy: id })
  const renamed = await clerk.organizations.updateOrganization(organization.id, {
    name: 'Acme Ltd',
    maxAllowedMemberships: 9,
  })
  expect(renamed).toMatchObject({ name: 'Acme Ltd', maxAllowedMemberships: 9 })
  const merged = await clerk.organizations.updateOrganizationMetadata(organization.id, { publicMetadata: { b: 2 } })
  expect(merged.publicMetadata).toEqual({ a: 1, b: 2 })
  const replaced = await clerk.organizations.replaceOrganizationMetadata(organization.id, { publicMetadata: { c: 3 } })
  expect(replaced.publicMetadata).toEqual({ c: 3 })
  const list = await clerk.organizations.getOrganizationList({ query: 'acme', includeMembersCount: true })
  expect(list).toMatchObject({ totalCount: 1, data: [{ id: organization.id, membersCount: 1 }] })
  await clerk.organizations.deleteOrganization(organization.id)
  await expect(clerk.organizations.getOrganization({ organizationId: organization.id })).rejects.toMatchObject({
    status: 404,
  })
  expect((await clerk.users.getOrganizationMembershipList({ userId: id })).totalCount).toBe(0)
})

test('memberships are added, listed three ways, changed and removed', async () => {
  const admin = await ada()
  const user = await clerk.users.createUser({ emailAddress: ['bob@example.com'], firstName: 'Bob' })
  const { id: organizationId } = await clerk.organizations.createOrganization({ name: 'Acme', createdBy: admin.id })
  const ids = { organizationId, userId: user.id }
  const created = await clerk.organizations.createOrganizationMembership({ ...ids, role: 'org:member' })
  expect(created).toMatchObject({
    role: 'org:member',
    publicUserData: { userId: user.id, identifier: 'bob@example.com' },
  })
  expect(created.organization.id).toBe(organizationId)
  const changed = await clerk.organizations.updateOrganizationMembership({ ...ids, role: 'org:admin' })
  expect(changed.role).toBe('org:admin')
  const metadata = await clerk.organizations.updateOrganizationMembershipMetadata({
    ...ids,
    publicMetadata: { title: 'CTO' },
  })
  expect(metadata.publicMetadata).toEqual({ title: 'CTO' })

  expect((await clerk.organizations.getOrganizationMembershipList({ organizationId })).totalCount).toBe(2)
  const admins = await clerk.organizations.getOrganizationMembershipList({
    organizationId,
    emailAddress: ['bob@example.com'],
  })
  expect(admins.data.map(({ id }) => id)).toEqual([created.id])
  expect((await clerk.organizations.getInstanceOrganizationMembershipList({ limit: 1 })).totalCount).toBe(2)
  expect((await clerk.users.getOrganizationMembershipList({ userId: user.id })).data[0]?.id).toBe(created.id)

  const removed = await clerk.organizations.deleteOrganizationMembership(ids)
  expect(removed.id).toBe(created.id)
  expect((await clerk.organizations.getOrganizationMembershipList({ organizationId })).totalCount).toBe(1)
})

test('invitations are created, listed, revoked and accepted', async () => {
  const admin = await ada()
  const { id: organizationId } = await clerk.organizations.createOrganization({ name: 'Acme', createdBy: admin.id })
  const invite = (emailAddress: string) =>
    clerk.organizations.createOrganizationInvitation({
      organizationId,
      emailAddress,
      role: 'org:member',
      inviterUserId: admin.id,
      publicMetadata: { source: 'crm' },
    })
  const [first, second] = [await invite('one@example.com'), await invite('two@example.com')]
  const bulk = await clerk.organizations.createOrganizationInvitationBulk(organizationId, [
    { emailAddress: 'three@example.com', role: 'org:member' },
  ])
  expect(bulk.data[0]?.emailAddress).toBe('three@example.com')
  const revoked = await clerk.organizations.revokeOrganizationInvitation({ organizationId, invitationId: first.id })
  expect(revoked.status).toBe('revoked')
  const pending = await clerk.organizations.getOrganizationInvitationList({ organizationId, status: ['pending'] })
  expect(pending.totalCount).toBe(2)
  const path = `/_emulator/invitations/${second.id}/accept`
  const accepted = (await (await emulator.app.request(path, { method: 'POST' })).json()) as { user: { id: string } }
  const members = await clerk.organizations.getOrganizationMembershipList({
    organizationId,
    userId: [accepted.user.id],
  })
  expect(members.data[0]?.publicMetadata).toEqual({ source: 'crm' })
  const found = await clerk.organizations.getOrganizationInvitation({ organizationId, invitationId: second.id })
  expect(found.status).toBe('accepted')
  const own = await clerk.users.getOrganizationInvitationList({ userId: accepted.user.id })
  expect(own.data[0]?.publicOrganizationData?.name).toBe('Acme')
})
