import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type RunningClerkEmulator, startClerkEmulator } from '../emulators/clerk/index.ts'
import { against, clientFor, failureOf, json } from './answers.test-support.ts'
import { invitationBody } from './bodies.test-support.ts'
import { isAbsent } from './clerk-error.ts'
import type { ClerkClient } from './client.ts'

let clerk: RunningClerkEmulator
let client: ClerkClient
let time = Date.UTC(2026, 4, 1)

beforeAll(async () => {
  const clock = { now: () => time, sleep: () => Promise.resolve() }
  clerk = await startClerkEmulator({ clock, rateLimits: false })
})
afterAll(() => clerk.close())
beforeEach(() => {
  clerk.reset()
  clerk.setSettings({ rateLimits: false })
  client = clientFor(clerk.url, { secretKey: clerk.secretKey })
  clerk.seed({
    users: [{ id: 'user_jane', email_addresses: ['jane@example.com'] }],
    organizations: [{ id: 'org_acme', name: 'Acme', created_by: null }],
    memberships: [{ user_id: 'user_jane', organization_id: 'org_acme', role: 'org:admin' }],
  })
})

const JOHN = { emailAddress: 'john@example.com', role: 'org:member' }
const invite = (fields: object = {}) => client.createInvitation('org_acme', { ...JOHN, ...fields })

test('an invitation sends what was given, and leaves the rest to Clerk', async () => {
  const { client, seen } = await against(json(200, invitationBody()))
  await expect(client.createInvitation('org/1', JOHN)).resolves.toMatchObject({ id: 'orginv_1' })
  await client.createInvitation('org_1', {
    ...JOHN,
    inviterUserId: 'user_jane',
    publicMetadata: { a: 1 },
    privateMetadata: { b: 2 },
    redirectUrl: 'https://app.example.com/welcome',
    expiresInDays: 7,
    notify: false,
  })
  expect(seen[0]).toMatchObject({ method: 'POST', url: { pathname: '/v1/organizations/org%2F1/invitations' } })
  expect(seen[0]?.headers).toMatchObject({ 'clerk-api-version': '2026-05-12' })
  expect(seen.map(({ body }) => body)).toEqual([
    { email_address: 'john@example.com', role: 'org:member' },
    {
      email_address: 'john@example.com',
      role: 'org:member',
      inviter_user_id: 'user_jane',
      public_metadata: { a: 1 },
      private_metadata: { b: 2 },
      redirect_url: 'https://app.example.com/welcome',
      expires_in_days: 7,
      notify: false,
    },
  ])
})

test('listings ask for what was asked of them, newest first, and go on to the last page', async () => {
  const ids = Array.from({ length: 600 }, (_, index) => `orginv_${index}`)
  const { client, seen } = await against((request, response) => {
    const offset = Number(request.url.searchParams.get('offset'))
    const data = ids.slice(offset, offset + 500).map((id) => invitationBody({ id }))
    json(200, { data, total_count: ids.length })(request, response, 0)
  })
  const found = await client.listInvitations('org_1', { status: 'pending', emailAddress: 'jane+1@example.com' })
  expect(found.map(({ id }) => id)).toEqual(ids)
  const query = { status: 'pending', email_address: 'jane+1@example.com', order_by: '-created_at', limit: '500' }
  expect(seen.map(({ url }) => Object.fromEntries(url.searchParams))).toEqual([
    { ...query, offset: '0' },
    { ...query, offset: '500' },
  ])
  await client.listInvitations('org_1')
  expect(seen[2]?.url.searchParams.has('status')).toBe(false)
})

test('an invitation is made, got, found by address and status, and revoked', async () => {
  const made = await invite({ privateMetadata: { contact: '003A' } })
  expect(made).toMatchObject({
    organization_id: 'org_acme',
    email_address: 'john@example.com',
    role: 'org:member',
    status: 'pending',
    private_metadata: { contact: '003A' },
  })
  await expect(client.getInvitation('org_acme', made.id)).resolves.toEqual(made)
  const other = await invite({ emailAddress: 'other@example.com' })
  const ids = async (criteria: object) => (await client.listInvitations('org_acme', criteria)).map(({ id }) => id)
  expect(new Set(await ids({}))).toEqual(new Set([made.id, other.id]))
  expect(await ids({ emailAddress: 'john@example.com' })).toEqual([made.id])
  await expect(client.revokeInvitation('org_acme', made.id)).resolves.toMatchObject({ id: made.id, status: 'revoked' })
  await expect(client.revokeInvitation('org_acme', other.id, 'user_jane')).resolves.toMatchObject({ status: 'revoked' })
  expect([await ids({ status: 'pending' }), await ids({ status: 'revoked' })]).toEqual([[], expect.any(Array)])
})

test('an invitation is found by its address, whatever capitals it is asked for with', async () => {
  const { id } = await invite({ emailAddress: 'John@Example.COM' })
  await expect(client.listInvitations('org_acme', { emailAddress: 'JOHN@example.com' })).resolves.toMatchObject([
    { id },
  ])
  const { client: other, seen } = await against(json(200, { data: [], total_count: 0 }))
  await other.listInvitations('org_1', { emailAddress: 'JOHN@example.com' })
  expect(seen[0]?.url.searchParams.get('email_address')).toBe('john@example.com')
})

test('an invitation that was not answered in time has expired', async () => {
  const made = await invite({ expiresInDays: 2 })
  expect((made.expires_at ?? 0) - made.created_at).toBe(2 * 86_400_000)
  time += 2 * 86_400_000
  await expect(client.getInvitation('org_acme', made.id)).resolves.toMatchObject({ status: 'expired' })
  await expect(client.listInvitations('org_acme', { status: 'expired' })).resolves.toMatchObject([{ id: made.id }])
})

test('only a pending invitation can be revoked', async () => {
  const { id } = await invite()
  await client.revokeInvitation('org_acme', id)
  expect(await failureOf(client.revokeInvitation('org_acme', id))).toMatchObject({
    kind: 'refused',
    status: 400,
    code: 'organization_invitation_not_pending',
  })
})

test('an invitation that is not there is undefined, and an organization that is not there has no empty list', async () => {
  await expect(client.getInvitation('org_acme', 'orginv_nobody')).resolves.toBeUndefined()
  await expect(client.getInvitation('org_nobody', 'orginv_nobody')).resolves.toBeUndefined()
  for (const call of [
    client.listInvitations('org_nobody'),
    client.createInvitation('org_nobody', JOHN),
    client.revokeInvitation('org_acme', 'orginv_nobody'),
  ]) {
    const failure = await failureOf(call)
    expect([failure.kind, isAbsent(failure)]).toEqual(['refused', true])
  }
})

test('a role that the instance does not have does not make the organization absent', async () => {
  const failure = await failureOf(invite({ role: 'org:king' }))
  expect(failure).toMatchObject({ kind: 'refused', status: 404, code: 'resource_not_found', param: 'role' })
  expect(isAbsent(failure)).toBe(false)
})

test('a second invitation, one of a member, and one for which there is no room are refused', async () => {
  await invite()
  expect(await failureOf(invite())).toMatchObject({ status: 400, code: 'organization_invitation_not_unique' })
  expect(await failureOf(invite({ emailAddress: 'jane@example.com' }))).toMatchObject({
    kind: 'refused',
    status: 400,
    code: 'already_a_member_in_organization',
  })
  for (const name of ['a', 'b', 'c']) await invite({ emailAddress: `${name}@example.com` })
  expect(await failureOf(invite({ emailAddress: 'd@example.com' }))).toMatchObject({
    kind: 'refused',
    status: 403,
    code: 'organization_membership_quota_exceeded',
  })
})

test('what Clerk finds wrong with an invitation is refused, by the name of the parameter and without the address', async () => {
  const failure = await failureOf(invite({ emailAddress: 'not an address' }))
  expect(failure).toMatchObject({ kind: 'refused', status: 422, param: 'email_address' })
  expect(failure.message).not.toContain('not an address')
})

test('an invitation whose answer was lost is found, and one that was not taken on was not made', async () => {
  clerk.faults.add({ method: 'POST', drop: 'answer', times: 1 })
  expect(await failureOf(invite())).toMatchObject({ kind: 'lost-answer' })
  const found = await client.listInvitations('org_acme', { emailAddress: 'john@example.com' })
  expect(found).toHaveLength(1)
  clerk.faults.add({ method: 'POST', respond: { status: 503 }, times: 1 })
  expect(await failureOf(invite({ emailAddress: 'other@example.com' }))).toMatchObject({ kind: 'outage' })
  await expect(client.listInvitations('org_acme')).resolves.toHaveLength(1)
})

test('the limit of invitations per hour says how long to wait, and holds up nothing else', async () => {
  clerk.setSettings({ rateLimits: { organizationInvitations: { requests: 1, windowMs: 3_600_000 } } })
  const { id } = await invite()
  expect(await failureOf(invite({ emailAddress: 'other@example.com' }))).toMatchObject({
    kind: 'rate',
    status: 429,
    retryAfterMs: 3_600_000,
  })
  await expect(client.getInvitation('org_acme', id)).resolves.toMatchObject({ id })
})
