import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type RunningClerkEmulator, startClerkEmulator } from '../emulators/clerk/index.ts'
import { against, clerkError, clientFor, failureOf, json, paramError } from './answers.test-support.ts'
import { membershipBody, organizationBody, userBody } from './bodies.test-support.ts'
import { isAbsent, isRecordPaced } from './clerk-error.ts'
import type { ClerkClient } from './client.ts'
import { createRecordPace } from './record-pace.ts'

let clerk: RunningClerkEmulator
let client: ClerkClient

beforeAll(async () => {
  clerk = await startClerkEmulator({ rateLimits: false })
})
afterAll(() => clerk.close())
beforeEach(() => {
  clerk.reset()
  clerk.setSettings({ slugs: false, rateLimits: false })
  client = clientFor(clerk.url, { secretKey: clerk.secretKey })
  clerk.seed({
    users: [
      {
        id: 'user_jane',
        first_name: 'Jane',
        last_name: 'Doe',
        username: 'jane',
        external_id: '003A',
        email_addresses: ['jane@example.com'],
        public_metadata: { plan: { tier: 'gold', seats: 5 }, theirs: [1, 2] },
        private_metadata: { note: 'x' },
      },
      { id: 'user_john', username: 'john' },
    ],
    organizations: [{ id: 'org_acme', name: 'Acme', public_metadata: { theirs: true }, created_by: null }],
    memberships: [{ user_id: 'user_jane', organization_id: 'org_acme', role: 'org:admin' }],
  })
})

test.each<[string, unknown, (client: ClerkClient) => Promise<unknown>, string, unknown]>([
  [
    'updateUser',
    userBody(),
    (to) => to.updateUser('user_1', { firstName: 'Jane', lastName: null, username: undefined, externalId: '003A' }),
    '/v1/users/user_1',
    { first_name: 'Jane', last_name: null, external_id: '003A' },
  ],
  [
    'mergeUserMetadata',
    userBody(),
    (to) => to.mergeUserMetadata('user_1', { privateMetadata: { a: { b: null } }, unsafeMetadata: { c: [1] } }),
    '/v1/users/user_1/metadata',
    { private_metadata: { a: { b: null } }, unsafe_metadata: { c: [1] } },
  ],
  [
    'updateOrganization',
    organizationBody(),
    (to) => to.updateOrganization('org_1', { name: 'Acme' }),
    '/v1/organizations/org_1',
    { name: 'Acme' },
  ],
  [
    'mergeOrganizationMetadata',
    organizationBody(),
    (to) => to.mergeOrganizationMetadata('org_1', { publicMetadata: { tier: 'gold' } }),
    '/v1/organizations/org_1/metadata',
    { public_metadata: { tier: 'gold' } },
  ],
  [
    'mergeMembershipMetadata',
    membershipBody(),
    (to) => to.mergeMembershipMetadata('org_1', 'user_1', { privateMetadata: { desk: 7 } }),
    '/v1/organizations/org_1/memberships/user_1/metadata',
    { private_metadata: { desk: 7 } },
  ],
])('%s sends what was given and nothing else', async (_, answer, call, pathname, body) => {
  const { client, seen } = await against(json(200, answer))
  await expect(call(client)).resolves.toEqual(answer)
  expect(seen).toMatchObject([{ method: 'PATCH', url: { pathname, search: '' } }])
  expect(seen[0]?.body).toEqual(body)
  expect(seen[0]?.headers).toMatchObject({
    authorization: 'Bearer sk_test_1',
    'clerk-api-version': '2026-05-12',
    'content-type': 'application/json',
  })
})

test('an id cannot lead out of its path', async () => {
  const { client, seen } = await against(json(200, membershipBody()))
  await client.mergeMembershipMetadata('org/1', '../x?', {})
  expect(seen[0]?.url.pathname).toBe('/v1/organizations/org%2F1/memberships/..%2Fx%3F/metadata')
})

test('null clears a field of a user, and what is not named stays', async () => {
  const updated = await client.updateUser('user_jane', { firstName: null, username: null, externalId: null })
  expect(updated).toMatchObject({ first_name: null, last_name: 'Doe', username: null, external_id: null })
  await expect(client.getUser('user_jane')).resolves.toEqual(updated)
  await expect(client.updateUser('user_john', { username: 'jane', externalId: '003A' })).resolves.toMatchObject({
    username: 'jane',
    external_id: '003A',
  })
})

test('metadata is merged at every level: null removes a key, a list is replaced, and what is not named stays', async () => {
  const merged = await client.mergeUserMetadata('user_jane', {
    publicMetadata: { plan: { seats: null, since: 2026 }, theirs: [3] },
    unsafeMetadata: { colour: 'red' },
  })
  expect(merged).toMatchObject({
    public_metadata: { plan: { tier: 'gold', since: 2026 }, theirs: [3] },
    private_metadata: { note: 'x' },
    unsafe_metadata: { colour: 'red' },
  })
  expect(merged.public_metadata['plan']).not.toHaveProperty('seats')
})

test('an organization gets a name, and metadata beside that of others', async () => {
  await expect(client.updateOrganization('org_acme', { name: 'Acme & Söhne' })).resolves.toMatchObject({
    id: 'org_acme',
    name: 'Acme & Söhne',
  })
  const merged = await client.mergeOrganizationMetadata('org_acme', {
    publicMetadata: { industry: 'Steel' },
    privateMetadata: { owner: '005A' },
  })
  expect(merged).toMatchObject({
    name: 'Acme & Söhne',
    public_metadata: { theirs: true, industry: 'Steel' },
    private_metadata: { owner: '005A' },
  })
})

test('a membership gets metadata, and answers with its user and organization', async () => {
  await expect(
    client.mergeMembershipMetadata('org_acme', 'user_jane', { publicMetadata: { seat: 'A' } }),
  ).resolves.toMatchObject({
    role: 'org:admin',
    public_metadata: { seat: 'A' },
    public_user_data: { user_id: 'user_jane' },
    organization: { id: 'org_acme' },
  })
})

test('a slug is refused where slugs are switched off, and set where they are on', async () => {
  expect(await failureOf(client.updateOrganization('org_acme', { slug: 'acme' }))).toMatchObject({
    kind: 'refused',
    status: 403,
    code: 'organization_slugs_disabled',
  })
  clerk.setSettings({ slugs: true })
  await expect(client.updateOrganization('org_acme', { slug: 'acme' })).resolves.toMatchObject({ slug: 'acme' })
})

test('a record that is gone is refused in the words of Clerk, and told apart', async () => {
  for (const call of [
    client.updateUser('user_nobody', { firstName: 'X' }),
    client.mergeUserMetadata('user_nobody', {}),
    client.updateOrganization('org_nobody', { name: 'X' }),
    client.mergeOrganizationMetadata('org_nobody', {}),
    client.mergeMembershipMetadata('org_acme', 'user_john', {}),
  ]) {
    const failure = await failureOf(call)
    expect(failure).toMatchObject({ kind: 'refused', status: 404, code: 'resource_not_found', param: undefined })
    expect(isAbsent(failure)).toBe(true)
  }
})

test('a 404 about something that the request mentions does not make the record absent', async () => {
  const { client } = await against(paramError(404, 'resource_not_found', 'role'))
  const failure = await failureOf(client.updateUser('user_1', {}))
  expect([failure.kind, failure.param, isAbsent(failure)]).toEqual(['refused', 'role', false])
})

test('an attribute that a directory manages is told by its name, and nothing of the update was done', async () => {
  const scim = { directory_id: 'dir_1', directory_enabled: true, external_id: null }
  clerk.seed({ users: [{ id: 'user_scim', first_name: 'S', scim }] })
  expect(await failureOf(client.updateUser('user_scim', { firstName: 'T', externalId: '003B' }))).toMatchObject({
    kind: 'managed',
    status: 409,
    code: 'attribute_managed_by_scim',
    param: 'first_name',
  })
  await expect(client.getUser('user_scim')).resolves.toMatchObject({ first_name: 'S', external_id: null })
  await expect(client.updateUser('user_scim', { externalId: '003B' })).resolves.toMatchObject({ external_id: '003B' })
})

test.each([
  ['user_managed_by_scim', 'managed'],
  ['organization_membership_managed_by_scim', 'managed'],
  ['conflict', 'refused'],
])('409 %s is %s', async (code, kind) => {
  const { client } = await against(clerkError(409, code, 'No.'))
  expect(await failureOf(client.updateUser('user_1', {}))).toMatchObject({ kind, code, message: 'No.' })
})

test('what Clerk finds wrong with a value is refused, by the name of the parameter', async () => {
  expect(await failureOf(client.updateUser('user_john', { username: 'jane' }))).toMatchObject({
    kind: 'refused',
    status: 422,
    code: 'form_identifier_exists',
    param: 'username',
  })
  const tooLarge = { publicMetadata: { text: 'x'.repeat(9_000) } }
  expect(await failureOf(client.mergeOrganizationMetadata('org_acme', tooLarge))).toMatchObject({
    kind: 'refused',
    status: 422,
    param: 'public_metadata',
  })
})

test('an update whose answer was lost may be sent again, and one that was not taken on was not done', async () => {
  clerk.faults.add({ method: 'PATCH', drop: 'answer', times: 1 })
  const update = () => client.mergeUserMetadata('user_jane', { publicMetadata: { plan: { seats: 7, tier: null } } })
  expect(await failureOf(update())).toMatchObject({ kind: 'lost-answer', status: undefined })
  const [done, again] = [await client.getUser('user_jane'), await update()]
  expect(done?.public_metadata).toEqual({ plan: { seats: 7 }, theirs: [1, 2] })
  expect(again.public_metadata).toEqual(done?.public_metadata)
  clerk.faults.add({ method: 'PATCH', respond: { status: 503 }, times: 1 })
  expect(await failureOf(client.updateUser('user_jane', { firstName: 'Joan' }))).toMatchObject({ kind: 'outage' })
  await expect(client.getUser('user_jane')).resolves.toMatchObject({ first_name: 'Jane' })
})

test('a 200 to an update that cannot be read is a lost answer', async () => {
  const { client } = await against(json(200, { id: 'user_1' }))
  const failure = await failureOf(client.updateUser('user_1', {}))
  expect(failure).toMatchObject({ kind: 'lost-answer', code: 'UNREADABLE' })
})

test('Clerk answers the eleventh update of one record in ten seconds with how long to wait', async () => {
  clerk.setSettings({ rateLimits: { record: { requests: 10, windowMs: 10_000 } } })
  for (let count = 0; count < 5; count++) {
    await client.updateUser('user_jane', { firstName: `Jane ${count}` })
    await client.mergeUserMetadata('user_jane', { publicMetadata: { count } })
  }
  const failure = await failureOf(client.updateUser('user_jane', { firstName: 'Jane' }))
  expect(failure).toMatchObject({ kind: 'rate', status: 429, retryAfterMs: expect.any(Number) })
  expect(isRecordPaced(failure)).toBe(false)
  await client.updateUser('user_john', { firstName: 'John' })
})

test('with a pace for records, Clerk never sees the eleventh: fields and metadata of a record share one', async () => {
  let time = 0
  const recordPace = createRecordPace({ now: () => time })
  const { client, seen } = await against(
    (request, response) =>
      json(200, request.url.pathname.includes('/users/') ? userBody() : organizationBody())(request, response, 0),
    { recordPace },
  )
  for (let count = 0; count < 5; count++) {
    await client.updateUser('user_1', { firstName: 'Jane' })
    await client.mergeUserMetadata('user_1', {})
  }
  const failure = await failureOf(client.mergeUserMetadata('user_1', {}))
  expect(failure).toMatchObject({ kind: 'rate', retryAfterMs: 10_000, status: undefined })
  expect(failure.message).toContain('/users/user_1')
  expect(isRecordPaced(failure)).toBe(true)
  expect(seen).toHaveLength(10)
  await client.updateUser('user_2', {})
  await client.mergeOrganizationMetadata('org_1', {})
  time = 10_000
  await client.updateUser('user_1', {})
  expect(seen).toHaveLength(13)
})
