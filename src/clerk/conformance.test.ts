import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createClerkClient as createOfficialClient } from '@clerk/backend'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type RunningClerkEmulator, startClerkEmulator } from '../emulators/clerk/index.ts'
import { type ClerkClient, createClerkClient } from './client.ts'
import { type ClerkEvent, parseEvent } from './event.ts'
import { createVerifier } from './signature.ts'

/* The client, the verifier and the parser against the Clerk emulator, which follows Clerk's documentation and shares no code with them. */

let clerk: RunningClerkEmulator
let client: ClerkClient
const received: ClerkEvent[] = []
const receiver = createServer(async (request, response) => {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const body = Buffer.concat(chunks)
  const verdict = verify({ headers: new Headers(request.headers as Record<string, string>), body, now: Date.now() })
  if (verdict.ok) received.push(parseEvent(JSON.parse(body.toString())))
  response.writeHead(verdict.ok ? 204 : 401).end()
})
let verify: ReturnType<typeof createVerifier>

beforeAll(async () => {
  receiver.listen(0, '127.0.0.1')
  await once(receiver, 'listening')
  const webhookUrl = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`
  clerk = await startClerkEmulator({ webhookUrl, rateLimits: false })
  verify = createVerifier({ secrets: clerk.signingSecrets() })
  client = createClerkClient({ secretKey: clerk.secretKey, apiUrl: clerk.url })
})
afterAll(async () => {
  await client.close()
  await clerk.close()
  receiver.close()
})
beforeEach(() => {
  clerk.reset()
  received.length = 0
})

const JANE = { id: 'user_jane', first_name: 'Jane', email_addresses: ['jane@example.com'] }
const ACME = { id: 'org_acme', name: 'Acme', created_by: null }

test('users are got one by one or many at once, and missing ones are missing', async () => {
  const users = Array.from({ length: 99 }, (_, index) => ({ id: `user_${index}` }))
  clerk.seed({ users: [JANE, ...users] })
  await expect(client.getUser('user_jane')).resolves.toMatchObject({
    first_name: 'Jane',
    email_addresses: [{ email_address: 'jane@example.com' }],
  })
  await expect(client.getUser('user_nobody')).resolves.toBeUndefined()
  const many = await client.getUsers([...users.map((user) => user.id), 'user_nobody'])
  expect(many.map((user) => user.id).sort()).toEqual(users.map((user) => user.id).sort())
})

test('a user with more memberships than a page has all of them', async () => {
  const organizations = Array.from({ length: 620 }, (_, index) => ({ id: `org_${index}`, name: `Org ${index}` }))
  const memberships = organizations.map((one) => ({ user_id: 'user_jane', organization_id: one.id, role: 'org:admin' }))
  clerk.seed({ users: [JANE], organizations, memberships })
  const found = await client.listUserMemberships('user_jane')
  expect(new Set(found?.map((one) => one.organization.id)).size).toBe(620)
  expect(found?.[0]).toMatchObject({ role: 'org:admin', public_user_data: { user_id: 'user_jane' } })
  await expect(client.listUserMemberships('user_nobody')).resolves.toBeUndefined()
})

test('an organization is created, got and found again, newest first', async () => {
  const first = await client.createOrganization({ name: 'Acme', publicMetadata: { tier: 'gold' } })
  const second = await client.createOrganization({ name: 'Acme Polska', privateMetadata: { key: 'k' } })
  await expect(client.getOrganization(first.id)).resolves.toMatchObject({ public_metadata: { tier: 'gold' } })
  await expect(client.getOrganization(second.id)).resolves.toMatchObject({ private_metadata: { key: 'k' } })
  await expect(client.getOrganization('org_nobody')).resolves.toBeUndefined()
  const found = await client.findOrganizations({ query: 'Acme' })
  expect(found.map((one) => one.name)).toEqual(['Acme Polska', 'Acme'])
  await expect(client.findOrganizations({ query: 'Umbrella' })).resolves.toEqual([])
})

test("Clerk's own client sees what was written, and takes it for the same", async () => {
  const official = createOfficialClient({
    secretKey: clerk.secretKey,
    apiUrl: clerk.url,
    telemetry: { disabled: true },
  })
  clerk.seed({ users: [JANE], organizations: [ACME] })
  clerk.seed({ memberships: [{ user_id: 'user_jane', organization_id: 'org_acme', role: 'org:admin' }] })
  await client.updateUser('user_jane', { firstName: null, lastName: 'Doe', username: 'jane', externalId: '003A' })
  await client.mergeUserMetadata('user_jane', { publicMetadata: { a: { b: 1, c: 2 } }, unsafeMetadata: { d: 3 } })
  await official.users.updateUserMetadata('user_jane', { publicMetadata: { theirs: true } })
  const user = await client.mergeUserMetadata('user_jane', { publicMetadata: { a: { b: null } } })
  expect((await official.users.getUser('user_jane')).raw).toEqual(user)
  expect(await official.users.getUser('user_jane')).toMatchObject({
    firstName: null,
    lastName: 'Doe',
    username: 'jane',
    externalId: '003A',
    publicMetadata: { a: { c: 2 }, theirs: true },
    unsafeMetadata: { d: 3 },
  })
  await client.updateOrganization('org_acme', { name: 'Acme Polska' })
  const organization = await client.mergeOrganizationMetadata('org_acme', { privateMetadata: { owner: '005A' } })
  expect((await official.organizations.getOrganization({ organizationId: 'org_acme' })).raw).toEqual(organization)
  await client.mergeMembershipMetadata('org_acme', 'user_jane', { publicMetadata: { desk: 7 } })
  const memberships = await official.organizations.getOrganizationMembershipList({ organizationId: 'org_acme' })
  expect(memberships.data).toMatchObject([{ publicMetadata: { desk: 7 }, organization: { name: 'Acme Polska' } }])
})

test("Clerk's own client and ours see each other's invitations", async () => {
  const official = createOfficialClient({
    secretKey: clerk.secretKey,
    apiUrl: clerk.url,
    telemetry: { disabled: true },
  })
  clerk.seed({ organizations: [ACME] })
  const ours = await client.createInvitation('org_acme', { emailAddress: 'jane@example.com', role: 'org:member' })
  const theirs = await official.organizations.createOrganizationInvitation({
    organizationId: 'org_acme',
    emailAddress: 'john@example.com',
    role: 'org:admin',
    privateMetadata: { contact: '003A' },
  })
  await client.revokeInvitation('org_acme', ours.id)
  const listed = await official.organizations.getOrganizationInvitationList({ organizationId: 'org_acme' })
  expect(new Map(listed.data.map(({ id, status }) => [id, status]))).toEqual(
    new Map([
      [ours.id, 'revoked'],
      [theirs.id, 'pending'],
    ]),
  )
  await expect(client.getInvitation('org_acme', theirs.id)).resolves.toMatchObject({
    role: 'org:admin',
    private_metadata: { contact: '003A' },
  })
})

test('a refusal is in the words of Clerk', async () => {
  await expect(client.createOrganization({ name: 'Acme', slug: 'acme' })).rejects.toMatchObject({
    kind: 'refused',
    status: 403,
    code: 'organization_slugs_disabled',
    traceId: expect.stringMatching(/^[0-9a-f]{32}$/),
  })
  await expect(client.createOrganization({ name: 'Acme', createdBy: 'user_nobody' })).rejects.toMatchObject({
    kind: 'refused',
    code: 'organization_creator_not_found',
  })
})

test('a wrong key is a matter of the key', async () => {
  const stranger = createClerkClient({ secretKey: 'sk_test_wrong', apiUrl: clerk.url })
  await expect(stranger.getUser('user_jane')).rejects.toMatchObject({ kind: 'auth', status: 401 })
  await stranger.close()
})

test('a spent rate limit says how long to wait', async () => {
  const strict = await startClerkEmulator({ rateLimits: { instance: { requests: 3, windowMs: 10_000 } } })
  const hasty = createClerkClient({ secretKey: strict.secretKey, apiUrl: strict.url })
  const calls = await Promise.allSettled([1, 2, 3, 4].map(() => hasty.getUser('user_jane')))
  const rejected = calls.flatMap((call) => (call.status === 'rejected' ? [call.reason] : []))
  expect(rejected).toEqual([expect.objectContaining({ kind: 'rate', status: 429, retryAfterMs: expect.any(Number) })])
  await hasty.close()
  await strict.close()
})

test('an answer lost after the work was done is told from a request that was never taken on', async () => {
  clerk.faults.add({ method: 'POST', drop: 'answer', times: 1 })
  await expect(client.createOrganization({ name: 'Acme' })).rejects.toMatchObject({ kind: 'lost-answer' })
  await expect(client.findOrganizations({ query: 'Acme' })).resolves.toHaveLength(1)
  clerk.faults.add({ method: 'POST', respond: { status: 503 }, times: 1 })
  await expect(client.createOrganization({ name: 'Umbrella' })).rejects.toMatchObject({ kind: 'outage', status: 503 })
  await expect(client.findOrganizations({ query: 'Umbrella' })).resolves.toEqual([])
})

test('what the emulator sends is verified and read, and says the same as what it answers', async () => {
  const membership = { id: 'orgmem_1', user_id: 'user_jane', organization_id: 'org_acme', role: 'org:admin' }
  clerk.seed({ users: [JANE], organizations: [ACME], memberships: [membership], events: true })
  await clerk.webhooks.idle()
  const user = await client.getUser('user_jane')
  const organization = await client.getOrganization('org_acme')
  const [listed] = (await client.listUserMemberships('user_jane')) ?? []
  expect(received).toHaveLength(3)
  const news = new Map(received.map((event) => [event.kind, event]))
  expect(news.get('user')).toMatchObject({ type: 'user.created', user })
  expect(news.get('organization')).toMatchObject({ organization: { id: organization?.id, name: 'Acme' } })
  expect(news.get('membership')).toMatchObject({ membership: { id: listed?.id, role: 'org:admin' } })
  expect(Math.abs(Date.now() - (news.get('user')?.at ?? 0))).toBeLessThan(60_000)
})

test('an invitation tells of itself, when it is made, accepted and revoked', async () => {
  clerk.seed({ organizations: [ACME] })
  const invite = (emailAddress: string) => client.createInvitation('org_acme', { emailAddress, role: 'org:member' })
  const accepted = await invite('jane@example.com')
  const revoked = await client.revokeInvitation('org_acme', (await invite('john@example.com')).id)
  await fetch(`${clerk.url}/_emulator/invitations/${accepted.id}/accept`, { method: 'POST' })
  await clerk.webhooks.idle()
  const told = received.flatMap((event) => (event.kind === 'invitation' ? [event] : []))
  const of = (id: string) => told.filter(({ invitation }) => invitation.id === id)
  expect(new Set(of(accepted.id).map(({ type, invitation }) => [type, invitation.status].join()))).toEqual(
    new Set(['organizationInvitation.created,pending', 'organizationInvitation.accepted,accepted']),
  )
  const acceptance = of(accepted.id).find(({ invitation }) => invitation.status === 'accepted')
  await expect(client.getUser(acceptance?.invitation.user_id ?? '')).resolves.toMatchObject({
    email_addresses: [{ email_address: 'jane@example.com' }],
  })
  const revocation = of(revoked.id).find(({ type }) => type === 'organizationInvitation.revoked')
  expect(revocation?.invitation).toMatchObject({ status: 'revoked', updated_at: revoked.updated_at })
})
