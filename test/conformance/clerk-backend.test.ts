import { createClerkClient } from '@clerk/backend'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type RunningClerkEmulator, startClerkEmulator } from '../../src/emulators/clerk/index.ts'
import { totpCode } from '../../src/emulators/clerk/second-factors.ts'

// The official SDK, unmodified, against the emulator: what a user's own program speaks. Which of its methods were called is noted, and
// the last test says whether that was each of them.

type Client = ReturnType<typeof createClerkClient>

/** The parts of the client whose every method the emulator answers. */
const inScope = [
  'users',
  'emailAddresses',
  'phoneNumbers',
  'organizations',
  'organizationRoles',
  'organizationPermissions',
  'roleSets',
  'invitations',
  'waitlistEntries',
  'webhooks',
] as const satisfies readonly (keyof Client)[]

const called = new Set<string>()
let emulator: RunningClerkEmulator
let clerk: Client

/** The client itself, with a note of what is called. */
const noting = (client: Client): Client =>
  new Proxy(client, {
    get: (whole, part: string) => {
      const api: unknown = Reflect.get(whole, part)
      if (typeof api !== 'object' || api === null) return api
      return new Proxy(api, {
        get: (own, name: string) => {
          called.add(`${part}.${name}`)
          return Reflect.get(own, name)
        },
      })
    },
  })

beforeAll(async () => {
  emulator = await startClerkEmulator({ rateLimits: false })
  const { secretKey, url: apiUrl } = emulator
  clerk = noting(createClerkClient({ secretKey, apiUrl, telemetry: { disabled: true } }))
})
beforeEach(() => emulator.reset())
afterAll(() => emulator.close())

/** What somebody does with their own account, through the emulator's controls. */
const control = async (path: string, body: object = {}): Promise<Record<string, unknown>> => {
  const response = await fetch(`${emulator.url}/_emulator${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  return (await response.json()) as Record<string, unknown>
}

const picture = () => new Blob([new Uint8Array([0x89, 0x50, 0x4e, 0x47])], { type: 'image/png' })

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

test('domains are added, listed, changed and removed', async () => {
  const { id: organizationId } = await clerk.organizations.createOrganization({ name: 'Acme' })
  const created = await clerk.organizations.createOrganizationDomain({
    organizationId,
    name: 'Acme.example',
    enrollmentMode: 'manual_invitation',
  })
  // The SDK has no class for domains: it hands on what the API says.
  expect(created).toMatchObject({
    name: 'acme.example',
    organization_id: organizationId,
    enrollment_mode: 'manual_invitation',
  })
  expect(created.verification?.status).toBe('verified')
  const changed = await clerk.organizations.updateOrganizationDomain({
    organizationId,
    domainId: created.id,
    enrollmentMode: 'automatic_invitation',
  })
  expect(changed).toMatchObject({ enrollment_mode: 'automatic_invitation' })
  const list = await clerk.organizations.getOrganizationDomainList({ organizationId })
  expect(list.data.map(({ id }) => id)).toEqual([created.id])
  await clerk.organizations.deleteOrganizationDomain({ organizationId, domainId: created.id })
  expect((await clerk.organizations.getOrganizationDomainList({ organizationId })).totalCount).toBe(0)
})

test('pictures are uploaded and taken away', async () => {
  const { id, hasImage, imageUrl } = await ada()
  expect(hasImage).toBe(false)
  const pictured = await clerk.users.updateUserProfileImage(id, { file: picture() })
  expect(pictured.hasImage).toBe(true)
  expect(pictured.imageUrl).not.toBe(imageUrl)
  expect((await clerk.users.deleteUserProfileImage(id)).hasImage).toBe(false)
  const organization = await clerk.organizations.createOrganization({ name: 'Acme', createdBy: id })
  const logo = await clerk.organizations.updateOrganizationLogo(organization.id, {
    file: picture(),
    uploaderUserId: id,
  })
  expect(logo.hasImage).toBe(true)
  expect((await clerk.organizations.deleteOrganizationLogo(organization.id)).hasImage).toBe(false)
})

test('passwords, authenticators and backup codes are verified and removed', async () => {
  const secret = 'JBSWY3DPEHPK3PXP'
  const { id } = await clerk.users.createUser({
    emailAddress: ['ada@example.com'],
    password: 'notes on the engine',
    totpSecret: secret,
    backupCodes: ['once-only', 'another'],
  })
  expect(await clerk.users.verifyPassword({ userId: id, password: 'notes on the engine' })).toEqual({ verified: true })
  await expect(clerk.users.verifyPassword({ userId: id, password: 'other' })).rejects.toMatchObject({
    status: 422,
    errors: [{ code: 'incorrect_password' }],
  })
  const code = totpCode(secret, emulator.clock.now())
  expect(await clerk.users.verifyTOTP({ userId: id, code })).toMatchObject({ verified: true, code_type: 'totp' })
  expect(await clerk.users.verifyTOTP({ userId: id, code: 'once-only' })).toMatchObject({ code_type: 'backup_code' })
  await expect(clerk.users.verifyTOTP({ userId: id, code: 'once-only' })).rejects.toMatchObject({ status: 422 })
  await clerk.users.setPasswordCompromised(id, { revokeAllSessions: true })
  await clerk.users.unsetPasswordCompromised(id)
  expect((await clerk.users.removePassword(id)).passwordEnabled).toBe(false)
  expect(await clerk.users.deleteUserBackupCodes(id)).toMatchObject({ user_id: id })
  expect((await clerk.users.getUser(id)).backupCodeEnabled).toBe(false)
  expect(await clerk.users.deleteUserTOTP(id)).toMatchObject({ user_id: id })
  expect(await clerk.users.getUser(id)).toMatchObject({ totpEnabled: false, twoFactorEnabled: false })
  expect(await clerk.users.disableUserMFA(id)).toMatchObject({ user_id: id })
})

test('connected accounts, passkeys and wallets are shown and removed, and tokens are handed out', async () => {
  const wallet = '0x0123456789abcdef0123456789abcdef01234567'
  const { id } = await clerk.users.createUser({ emailAddress: ['ada@example.com'], web3Wallet: [wallet] } as object)
  const account = { provider: 'google', provider_user_id: '12345', email_address: 'ada@example.com', token: 'ya29' }
  await control('/external-accounts', { user_id: id, ...account })
  await control('/passkeys', { user_id: id })
  const tokens = await clerk.users.getUserOauthAccessToken(id, 'google')
  expect(tokens).toMatchObject({ totalCount: 1, data: [{ token: 'ya29', provider: 'oauth_google' }] })
  const user = await clerk.users.getUser(id)
  expect(user.web3Wallets.map(({ web3Wallet }) => web3Wallet)).toEqual([wallet])
  expect(user.emailAddresses[0]?.linkedTo).toMatchObject([{ type: 'oauth_google' }])
  await expect(clerk.users.replaceUserEmailAddress(id, { emailAddress: 'king@example.com' })).rejects.toMatchObject({
    errors: [{ code: 'delete_linked_identification_disallowed' }],
  })
  const [externalAccount] = user.externalAccounts
  await clerk.users.deleteUserExternalAccount({ userId: id, externalAccountId: externalAccount?.id ?? '' })
  const [web3Wallet] = user.web3Wallets
  await clerk.users.deleteUserWeb3Wallet({ userId: id, web3WalletIdentificationId: web3Wallet?.id ?? '' })
  const passkeys = (user.raw as { passkeys: { id: string }[] } | null)?.passkeys ?? []
  await clerk.users.deleteUserPasskey({ userId: id, passkeyIdentificationId: passkeys[0]?.id ?? '' })
  expect(await clerk.users.getUser(id)).toMatchObject({ externalAccounts: [], web3Wallets: [] })
})

test('roles and permissions are made, joined, parted and deleted', async () => {
  const read = await clerk.organizationPermissions.createOrganizationPermission({
    name: 'Read invoices',
    key: 'org:invoices:read',
    description: 'Sees invoices',
  })
  const all = await clerk.organizationPermissions.getOrganizationPermissionList({ limit: 50 })
  expect(all.totalCount).toBe(9)
  expect((await clerk.organizationPermissions.getOrganizationPermission(read.id)).key).toBe('org:invoices:read')
  const renamed = await clerk.organizationPermissions.updateOrganizationPermission({
    permissionId: read.id,
    name: 'See invoices',
  })
  expect(renamed.name).toBe('See invoices')

  const role = await clerk.organizationRoles.createOrganizationRole({ name: 'Billing', key: 'org:billing' })
  const ids = { organizationRoleId: role.id, permissionId: read.id }
  const joined = await clerk.organizationRoles.assignPermissionToOrganizationRole(ids)
  expect(joined.permissions.map(({ key }) => key)).toEqual(['org:invoices:read'])
  expect((await clerk.organizationRoles.removePermissionFromOrganizationRole(ids)).permissions).toEqual([])
  const changed = await clerk.organizationRoles.updateOrganizationRole({
    organizationRoleId: role.id,
    description: 'Accounts',
  })
  expect(changed.description).toBe('Accounts')
  expect((await clerk.organizationRoles.getOrganizationRole(role.id)).name).toBe('Billing')
  const roles = await clerk.organizationRoles.getOrganizationRoleList({ orderBy: 'name' })
  expect(roles.data.map(({ key }) => key)).toEqual(['org:admin', 'org:billing', 'org:member'])
  await clerk.organizationRoles.deleteOrganizationRole(role.id)
  await clerk.organizationPermissions.deleteOrganizationPermission(read.id)
  expect((await clerk.organizationRoles.getOrganizationRoleList()).totalCount).toBe(2)
})

test('role sets say which roles members may have, and members move when a role goes', async () => {
  const admin = await ada()
  const bob = await clerk.users.createUser({ emailAddress: ['bob@example.com'] })
  await clerk.organizationRoles.createOrganizationRole({ name: 'Billing', key: 'org:billing' })
  const { id: organizationId } = await clerk.organizations.createOrganization({ name: 'Acme', createdBy: admin.id })
  const member = { organizationId, userId: bob.id, role: 'org:billing' }
  await expect(clerk.organizations.createOrganizationMembership(member)).rejects.toMatchObject({ status: 404 })
  const initial = (await clerk.roleSets.getRoleSetList()).data[0]
  const key = initial?.key ?? ''
  await clerk.roleSets.addRolesToRoleSet({ roleSetKeyOrId: key, roleKeys: ['org:billing'] })
  expect((await clerk.organizations.createOrganizationMembership(member)).role).toBe('org:billing')
  expect((await clerk.roleSets.getRoleSet(key)).roles).toHaveLength(3)

  const small = await clerk.roleSets.createRoleSet({
    name: 'Small firms',
    defaultRoleKey: 'org:member',
    creatorRoleKey: 'org:admin',
    roles: ['org:admin', 'org:member'],
  })
  expect(small.key).toBe('role_set:small_firms')
  const replace = { roleSetKeyOrId: key, destRoleSetKey: small.key }
  await expect(clerk.roleSets.replaceRoleSet(replace)).rejects.toMatchObject({ status: 422 })
  await clerk.roleSets.replaceRoleSet({ ...replace, reassignmentMappings: { 'org:billing': 'org:member' } })
  const members = await clerk.organizations.getOrganizationMembershipList({ organizationId, userId: [bob.id] })
  expect(members.data[0]?.role).toBe('org:member')
  await clerk.roleSets.addRolesToRoleSet({ roleSetKeyOrId: small.id, roleKeys: ['org:billing'] })
  const without = { roleSetKeyOrId: small.id, roleKey: 'org:member', toRoleKey: 'org:billing' }
  expect((await clerk.roleSets.replaceRoleInRoleSet(without)).defaultRole?.key).toBe('org:billing')
  expect((await clerk.roleSets.updateRoleSet({ roleSetKeyOrId: small.id, name: 'Firms' })).name).toBe('Firms')
})

test('invitations to the application are made, listed, revoked and accepted', async () => {
  const first = await clerk.invitations.createInvitation({ emailAddress: 'one@example.com', publicMetadata: { a: 1 } })
  await expect(clerk.invitations.createInvitation({ emailAddress: 'one@example.com' })).rejects.toMatchObject({
    status: 400,
    errors: [{ code: 'duplicate_record' }],
  })
  const [second] = await clerk.invitations.createInvitationBulk([{ emailAddress: 'two@example.com' }])
  expect((await clerk.invitations.revokeInvitation(second?.id ?? '')).status).toBe('revoked')
  const { user } = await control(`/app-invitations/${first.id}/accept`)
  expect(user).toMatchObject({ public_metadata: { a: 1 } })
  const list = await clerk.invitations.getInvitationList()
  expect(list).toMatchObject({ totalCount: 1, data: [{ id: first.id, status: 'accepted' }] })
  // The SDK has this method and the published API has no such operation.
  await expect(clerk.invitations.deleteInvitation(first.id)).rejects.toMatchObject({ status: 404 })
})

test('people wait, are invited, and are turned away', async () => {
  const kim = await clerk.waitlistEntries.create({ emailAddress: 'kim@example.com' })
  expect((await clerk.waitlistEntries.create({ emailAddress: 'KIM@example.com' })).id).toBe(kim.id)
  const [lea, max] = await clerk.waitlistEntries.createBulk([
    { emailAddress: 'lea@example.com' },
    { emailAddress: 'max@example.com', notify: false },
  ])
  const invited = await clerk.waitlistEntries.invite(kim.id)
  expect(invited).toMatchObject({ status: 'invited', invitation: { emailAddress: 'kim@example.com' } })
  expect((await clerk.waitlistEntries.reject(lea?.id ?? '')).status).toBe('rejected')
  await clerk.waitlistEntries.delete(max?.id ?? '')
  const list = await clerk.waitlistEntries.list({ orderBy: '+email_address' })
  expect(list.data.map(({ status }) => status)).toEqual(['invited', 'rejected'])
  await control(`/app-invitations/${invited.invitation?.id}/accept`)
  expect((await clerk.waitlistEntries.list({ status: 'completed' })).totalCount).toBe(1)
})

test('the Svix app is made, opened and deleted', async () => {
  expect(await clerk.webhooks.createSvixApp()).toMatchObject({ svix_url: expect.stringMatching(/^https:/) })
  expect(await clerk.webhooks.generateSvixAuthURL()).toMatchObject({ svix_url: expect.stringMatching(/^https:/) })
  await clerk.webhooks.deleteSvixApp()
  await expect(clerk.webhooks.generateSvixAuthURL()).rejects.toMatchObject({ errors: [{ code: 'svix_app_missing' }] })
})

test('subscriptions are read where there are any', async () => {
  const { id } = await ada()
  await expect(clerk.billing.getUserBillingSubscription(id)).rejects.toMatchObject({ status: 404 })
  await control('/subscriptions', { payer_id: id })
  expect(await clerk.billing.getUserBillingSubscription(id)).toMatchObject({ status: 'active', payerId: id })
})

test('what is not emulated says so', async () => {
  const beyond = [
    () => clerk.allowlistIdentifiers.getAllowlistIdentifierList(),
    () => clerk.apiKeys.list({ subject: 'user_1' }),
    () => clerk.billing.getPlanList(),
    () => clerk.clients.getClient('client_1'),
    () => clerk.domains.list(),
    () => clerk.enterpriseConnections.getEnterpriseConnectionList(),
    () => clerk.instance.get(),
    () => clerk.jwks.getJwks(),
    () => clerk.machines.list(),
    () => clerk.oauthApplications.list(),
    () => clerk.redirectUrls.getRedirectUrlList(),
    () => clerk.sessions.getSessionList(),
    () => clerk.signInTokens.revokeSignInToken('sit_1'),
    () => clerk.signUps.get('sua_1'),
    () => clerk.testingTokens.createTestingToken(),
  ]
  for (const call of beyond)
    await expect(call()).rejects.toMatchObject({ status: 501, errors: [{ code: 'not_emulated' }] })
})

test('every method of the parts in scope was called', () => {
  const helpers = new Set(['constructor', 'request', 'requireId'])
  const methods = inScope.flatMap((part) =>
    Object.getOwnPropertyNames(Object.getPrototypeOf(clerk[part]))
      .filter((name) => !helpers.has(name))
      .map((name) => `${part}.${name}`),
  )
  expect(methods.length).toBeGreaterThan(80)
  expect(methods.filter((method) => !called.has(method))).toEqual([])
})
