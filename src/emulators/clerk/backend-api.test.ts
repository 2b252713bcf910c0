import { expect, test } from 'vitest'
import { callClerkEmulator } from '../../../test/support/clerk-emulator.ts'
import { manualClock } from '../kit/clock.ts'

// What Clerk refuses and how it words it, seen from below the SDK: status, code, headers, exact shapes.

const start = callClerkEmulator

const person = (name: string) => ({ email_address: [`${name}@example.com`], first_name: name })

test('errors carry Clerk’s shape, a trace id and exactly application/json', async () => {
  const { call } = start()
  const { status, headers, body } = await call('GET', '/v1/users/user_none')
  expect(status).toBe(404)
  expect(headers.get('content-type')).toBe('application/json')
  expect(body).toEqual({
    errors: [{ code: 'resource_not_found', message: 'not found', long_message: 'No user was found with id user_none' }],
    clerk_trace_id: expect.stringMatching(/^[0-9a-f]{32}$/),
  })
})

test('a request without the secret key is refused', async () => {
  const { app, refusal } = start()
  expect((await app.request('/v1/users')).status).toBe(401)
  expect(await refusal('GET', '/v1/users', undefined, { authorization: 'Bearer sk_test_wrong' })).toMatchObject({
    status: 401,
    code: 'clerk_key_invalid',
  })
  expect(await refusal('GET', '/v1/users', undefined, { authorization: 'Basic x' })).toMatchObject({
    code: 'authorization_header_format_invalid',
  })
})

test('a body that is not JSON, not declared as JSON or has unknown or wrong parameters is refused', async () => {
  const { refusal } = start()
  expect(await refusal('POST', '/v1/users', '{')).toMatchObject({ status: 400, code: 'request_body_invalid' })
  expect(await refusal('POST', '/v1/users', '[]')).toMatchObject({ status: 400, code: 'request_body_invalid' })
  expect(await refusal('POST', '/v1/users', '{}', { 'content-type': 'text/plain' })).toMatchObject({
    status: 415,
    code: 'unsupported_content_type',
  })
  const wrong: [object, string, string][] = [
    [{ ...person('a'), nickname: 'x' }, 'form_param_unknown', 'nickname'],
    [{ ...person('a'), first_name: 3 }, 'form_param_type_invalid', 'first_name'],
    [{ ...person('a'), email_address: 'a@example.com' }, 'form_param_type_invalid', 'email_address'],
    [{ email_address: ['nonsense'] }, 'form_param_format_invalid', 'email_address'],
    [{ phone_number: ['12'] }, 'form_param_format_invalid', 'phone_number'],
    [{ ...person('a'), first_name: 'x'.repeat(257) }, 'form_param_max_length_exceeded', 'first_name'],
    [{ ...person('a'), created_at: 'yesterday' }, 'form_param_invalid_time', 'created_at'],
    [{ ...person('a'), public_metadata: ['x'] }, 'form_param_value_invalid', 'public_metadata'],
    [{ ...person('a'), locale: 'en_US' }, 'form_param_format_invalid', 'locale'],
    [
      { ...person('a'), email_address_identification_status: ['odd'] },
      'form_param_value_invalid',
      'email_address_identification_status',
    ],
  ]
  for (const [body, code, param] of wrong)
    expect(await refusal('POST', '/v1/users', body)).toEqual({ status: 422, code, meta: { param_name: param } })
  expect(await refusal('POST', '/v1/organizations', {})).toEqual({
    status: 422,
    code: 'form_param_missing',
    meta: { param_name: 'name' },
  })
  expect(await refusal('POST', '/v1/organizations', { name: 'see https://x.example' })).toMatchObject({
    code: 'form_param_value_invalid',
  })
})

test('an attribute that the instance has switched off is an unknown parameter', async () => {
  const { refusal, made, setSettings } = start({ userAttributes: ['email_address', 'first_name', 'last_name'] })
  const ada = await made('/v1/users', { ...person('ada'), external_id: 'crm-1' })
  const off = (name: string) => ({ status: 422, code: 'form_param_unknown', meta: { param_name: name } })
  expect(await refusal('POST', '/v1/users', { ...person('bob'), username: 'bobby' })).toEqual(off('username'))
  expect(await refusal('PATCH', `/v1/users/${ada}`, { password: null })).toEqual(off('password'))
  const phone = { user_id: ada, phone_number: '+15555550100' }
  expect(await refusal('POST', '/v1/phone_numbers', phone)).toEqual(off('phone_number'))
  setSettings({ userAttributes: ['email_address', 'phone_number'] })
  await made('/v1/phone_numbers', phone)
})

test('a user needs an identifier, and those that the instance asks for', async () => {
  expect(await start().refusal('POST', '/v1/users', { first_name: 'A' })).toMatchObject({
    status: 422,
    code: 'form_data_missing',
  })
  const { refusal, call } = start({ requiredIdentifiers: ['email_address'] })
  expect(await refusal('POST', '/v1/users', { username: 'abcd' })).toMatchObject({ code: 'form_data_missing' })
  expect((await call('POST', '/v1/users', { username: 'abcd', skip_user_requirement: true })).status).toBe(200)
})

test('an address, number, username or external id that somebody has is taken', async () => {
  const { made, refusal, call } = start()
  const id = await made('/v1/users', {
    ...person('ada'),
    phone_number: ['+15551234567'],
    username: 'ada_l',
    external_id: 'x1',
  })
  const taken = (meta: string) => ({ status: 422, code: 'form_identifier_exists', meta: { param_name: meta } })
  expect(await refusal('POST', '/v1/users', { email_address: ['ADA@example.com'] })).toEqual(taken('email_address'))
  expect(await refusal('POST', '/v1/users', { ...person('b'), phone_number: ['+15551234567'] })).toEqual(
    taken('phone_number'),
  )
  expect(await refusal('POST', '/v1/users', { ...person('b'), username: 'ada_l' })).toEqual(taken('username'))
  expect(await refusal('POST', '/v1/users', { ...person('b'), external_id: 'x1' })).toEqual(taken('external_id'))
  expect(await call('GET', '/v1/users/count')).toMatchObject({ body: { object: 'total_count', total_count: 1 } })
  await call('DELETE', `/v1/users/${id}`)
  expect((await call('POST', '/v1/users', { ...person('ada'), username: 'ada_l', external_id: 'x1' })).status).toBe(200)
})

test('a reserved address is locked without being verified; an unverified one is not locked', async () => {
  const { call, made, refusal } = start()
  const { body } = await call('POST', '/v1/users', {
    ...person('ada'),
    email_address_identification_status: ['reserved'],
  })
  expect(body).toMatchObject({ email_addresses: [{ reserved: true, verification: null }] })
  expect((await refusal('POST', '/v1/users', person('ada'))).code).toBe('form_identifier_exists')
  const bob = await made('/v1/users', person('bob'))
  await call('POST', '/v1/email_addresses', { user_id: bob, email_address: 'free@example.com' })
  expect((await call('POST', '/v1/users', person('free'))).status).toBe(200)
})

test('a primary address must be the user’s own and verified, and the last identifier stays', async () => {
  const { call, made, refusal } = start()
  const [ada, bob] = [await made('/v1/users', person('ada')), await made('/v1/users', person('bob'))]
  const loose = await made('/v1/email_addresses', { user_id: ada, email_address: 'loose@example.com' })
  const primary = { primary_email_address_id: loose }
  expect((await refusal('PATCH', `/v1/users/${ada}`, primary)).code).toBe('form_verification_needed')
  expect(await refusal('PATCH', `/v1/users/${bob}`, primary)).toMatchObject({ status: 404, code: 'resource_not_found' })
  await call('DELETE', `/v1/email_addresses/${loose}`)
  const { body } = await call('GET', `/v1/users/${ada}`)
  const [only] = (body as { email_addresses: { id: string }[] }).email_addresses
  expect((await refusal('DELETE', `/v1/email_addresses/${only?.id}`)).code).toBe(
    'last_required_identification_deletion_failed',
  )
})

test('since 2026-05-12 users and organizations take metadata only at their metadata endpoints', async () => {
  const { call, made, refusal } = start()
  const user = await made('/v1/users', person('ada'))
  const organization = await made('/v1/organizations', { name: 'Acme' })
  for (const path of [`/v1/users/${user}`, `/v1/organizations/${organization}`]) {
    const body = { public_metadata: { a: 1 } }
    for (const headers of [{}, { 'clerk-api-version': '2026-05-12' }])
      expect(await refusal('PATCH', path, body, headers)).toMatchObject({ status: 422, code: 'form_param_deprecated' })
    const older = await call('PATCH', path, body, { 'clerk-api-version': '2025-11-10' })
    expect(older).toMatchObject({ status: 200, body: { public_metadata: { a: 1 } } })
    expect((await call('PATCH', `${path}?__clerk_api_version=2025-04-10`, body)).status).toBe(200)
    const both = await refusal('PATCH', `${path}?__clerk_api_version=2025-04-10`, body, {
      'clerk-api-version': '2025-04-10',
    })
    expect(both.status).toBe(400)
    expect((await refusal('GET', path, undefined, { 'clerk-api-version': '2020-01-01' })).status).toBe(400)
  }
})

test('metadata beyond 8 KB is refused and nothing changes', async () => {
  const { call, made, refusal } = start()
  const id = await made('/v1/users', person('ada'))
  const path = `/v1/users/${id}/metadata`
  expect((await call('PATCH', path, { public_metadata: { a: 'x'.repeat(8_184) } })).status).toBe(200)
  expect(await refusal('PATCH', path, { private_metadata: { b: 'yy' } })).toEqual({
    status: 422,
    code: 'form_param_exceeds_allowed_size',
    meta: { param_name: 'private_metadata' },
  })
  expect(await call('GET', `/v1/users/${id}`)).toMatchObject({ body: { private_metadata: {} } })
})

test('slugs are off unless the instance has them', async () => {
  const off = start()
  expect(await off.refusal('POST', '/v1/organizations', { name: 'Acme', slug: 'acme' })).toMatchObject({
    status: 403,
    code: 'organization_slugs_disabled',
  })
  expect((await off.call('POST', '/v1/organizations', { name: 'Acme' })).body).toMatchObject({ slug: '' })
  const on = start({ slugs: true })
  await on.made('/v1/organizations', { name: 'Acme', slug: 'acme' })
  expect(await on.call('GET', '/v1/organizations/acme')).toMatchObject({ body: { name: 'Acme' } })
  expect((await on.refusal('POST', '/v1/organizations', { name: 'Other', slug: 'acme' })).code).toBe(
    'form_identifier_exists',
  )
  expect((await on.refusal('POST', '/v1/organizations', { name: 'Other', slug: 'Ac me' })).code).toBe(
    'form_param_format_invalid',
  )
  const { body } = await on.call('POST', '/v1/organizations', { name: 'Acme' })
  expect((body as { slug: string }).slug).toMatch(/^acme-\d+$/)
})

test('creating an organization twice makes two: only a slug is unique', async () => {
  const { call, made } = start()
  await made('/v1/organizations', { name: 'Acme' })
  await made('/v1/organizations', { name: 'Acme' })
  expect(await call('GET', '/v1/organizations')).toMatchObject({ body: { total_count: 2 } })
})

test('memberships keep their rules: once, a known role and user, room, and always somebody in charge', async () => {
  const { call, made, refusal } = start({ membershipLimit: 2 })
  const [ada, bob, cy] = [
    await made('/v1/users', person('ada')),
    await made('/v1/users', person('bob')),
    await made('/v1/users', person('cy')),
  ]
  const organization = await made('/v1/organizations', { name: 'Acme', created_by: ada })
  const path = `/v1/organizations/${organization}/memberships`
  const add = (user_id: string, role = 'org:member') => refusal('POST', path, { user_id, role })
  expect(await add(ada)).toMatchObject({ status: 400, code: 'already_a_member_in_organization' })
  expect(await add(bob, 'org:owner')).toEqual({ status: 404, code: 'resource_not_found', meta: { param_name: 'role' } })
  expect(await add('user_none')).toMatchObject({ status: 404, code: 'resource_not_found' })
  expect(await refusal('PATCH', `${path}/${ada}`, { role: 'org:member' })).toMatchObject({
    status: 400,
    code: 'organization_minimum_permissions_needed',
  })
  expect(await refusal('DELETE', `${path}/${ada}`)).toMatchObject({
    status: 400,
    code: 'organization_minimum_permissions_needed',
  })
  const invitation = await made(`/v1/organizations/${organization}/invitations`, {
    email_address: 'dee@example.com',
    role: 'org:member',
  })
  expect(await add(bob)).toMatchObject({ status: 403, code: 'organization_membership_quota_exceeded' })
  await call('POST', `/v1/organizations/${organization}/invitations/${invitation}/revoke`)
  expect((await call('POST', path, { user_id: bob, role: 'org:admin' })).status).toBe(200)
  expect((await add(cy)).code).toBe('organization_membership_quota_exceeded')
  await call('PATCH', `/v1/organizations/${organization}`, { max_allowed_memberships: 0 })
  expect((await call('POST', path, { user_id: cy, role: 'org:member' })).status).toBe(200)
  expect((await call('DELETE', `${path}/${ada}`)).status).toBe(200)
  expect(await refusal('POST', '/v1/organizations', { name: 'Other', created_by: 'user_none' })).toMatchObject({
    status: 400,
    code: 'organization_creator_not_found',
  })
})

test('invitations are unique while pending, expire, and only pending ones are revoked', async () => {
  const clock = manualClock()
  const { call, made, refusal } = start({ clock, membershipLimit: 0 })
  const ada = await made('/v1/users', person('ada'))
  const organization = await made('/v1/organizations', { name: 'Acme', created_by: ada })
  const path = `/v1/organizations/${organization}/invitations`
  const dee = { email_address: 'dee@example.com', role: 'org:member', expires_in_days: 1 }
  const id = await made(path, dee)
  expect((await refusal('POST', path, dee)).code).toBe('organization_invitation_not_unique')
  expect((await refusal('POST', path, { ...dee, email_address: 'ada@example.com' })).code).toBe(
    'already_a_member_in_organization',
  )
  expect(
    (await refusal('POST', path, { ...dee, email_address: 'e@example.com', inviter_user_id: 'user_none' })).code,
  ).toBe('not_an_admin_in_organization')
  expect(
    (
      await refusal(
        'POST',
        `${path}/bulk`,
        Array.from({ length: 11 }, () => dee),
      )
    ).code,
  ).toBe('bulk_size_exceeded')
  await clock.advance(86_400_000)
  expect(await call('GET', `${path}/${id}`)).toMatchObject({ body: { status: 'expired', url: null } })
  expect((await refusal('POST', `${path}/${id}/revoke`)).code).toBe('organization_invitation_not_pending')
  expect((await call('POST', path, dee)).status).toBe(200)
  expect(await call('GET', '/v1/organization_invitations?status=pending')).toMatchObject({ body: { total_count: 1 } })
})

test('what a directory manages cannot be changed here', async () => {
  const { call, made, refusal, seed } = start()
  const scim = { directory_id: 'dir_1', directory_enabled: true, external_id: null }
  seed({ users: [{ id: 'user_s', email_addresses: ['s@example.com'], first_name: 'S', scim }] })
  const ada = await made('/v1/users', person('ada'))
  const organization = await made('/v1/organizations', { name: 'Acme', created_by: ada })
  expect(await refusal('PATCH', '/v1/users/user_s', { first_name: 'T' })).toEqual({
    status: 409,
    code: 'attribute_managed_by_scim',
    meta: { param_name: 'first_name' },
  })
  expect((await call('PATCH', '/v1/users/user_s', { external_id: 'x' })).status).toBe(200)
  expect((await refusal('PUT', '/v1/users/user_s/email_address', { email_address: 't@example.com' })).code).toBe(
    'user_managed_by_scim',
  )
  expect(await refusal('DELETE', '/v1/users/user_s')).toMatchObject({ status: 409, code: 'user_managed_by_scim' })
  await made(`/v1/organizations/${organization}/memberships`, { user_id: 'user_s', role: 'org:member' })
  await call('POST', '/_emulator/scim', { user_id: 'user_s', organization_id: organization, managed: true })
  const path = `/v1/organizations/${organization}/memberships/user_s`
  for (const [method, body] of [
    ['DELETE', undefined],
    ['PATCH', { role: 'org:admin' }],
  ] as const)
    expect(await refusal(method, path, body)).toMatchObject({
      status: 409,
      code: 'organization_membership_managed_by_scim',
    })
  const { body } = await call('POST', '/_emulator/deprovision', { user_id: 'user_s' })
  expect(body).toMatchObject({ deprovisioned: true })
})

test('pages: default 10, more than 500 falls back to 10, and nonsense is refused', async () => {
  const { call, refusal, seed } = start()
  seed({ users: Array.from({ length: 520 }, (_, i) => ({ email_addresses: [`p${i}@example.com`] })) })
  const length = async (query: string) => ((await call('GET', `/v1/users${query}`)).body as unknown[]).length
  expect([await length(''), await length('?limit=500'), await length('?limit=501')]).toEqual([10, 500, 10])
  for (const query of ['limit=ten', 'limit=0', 'offset=-1', 'order_by=shoe_size', 'banned=maybe'])
    expect((await refusal('GET', `/v1/users?${query}`)).status).toBe(422)
  const tooMany = Array.from({ length: 101 }, (_, i) => `user_id=u${i}`).join('&')
  expect((await refusal('GET', `/v1/users?${tooMany}`)).code).toBe('form_param_array_size_exceeded')
})

test('a cursor walks all users once, in either direction, and only in order of creation', async () => {
  const { call, refusal, seed } = start()
  const ids = seed({
    users: Array.from({ length: 23 }, (_, i) => ({
      email_addresses: [`p${i}@example.com`],
      created_at: 1_000 + (i % 5),
    })),
  }).users
  for (const order of ['', '&order_by=%2Bcreated_at', '&order_by=-created_at']) {
    const walked: string[] = []
    for (let after = ''; ; ) {
      const { body } = await call('GET', `/v1/users?limit=5${order}${after && `&starting_after=${after}`}`)
      const page = (body as { id: string }[]).map(({ id }) => id)
      walked.push(...page)
      after = page.at(-1) ?? ''
      if (page.length < 5) break
    }
    expect(walked).toHaveLength(23)
    expect(new Set(walked)).toEqual(new Set(ids))
  }
  expect((await refusal('GET', `/v1/users?starting_after=${ids[0]}&order_by=email_address`)).status).toBe(422)
  expect((await refusal('GET', `/v1/users?starting_after=${ids[0]}&offset=3`)).status).toBe(422)
})

test('filters include and exclude by sign, with or without brackets, and combine', async () => {
  const { call, seed } = start()
  seed({
    users: ['ann', 'ben', 'cid', 'dan'].map((name, i) => ({
      id: `user_${name}`,
      email_addresses: [`${name}@example.com`],
      first_name: name,
      external_id: `x-${name}`,
      created_at: 1_000 * (i + 1),
      banned: i === 3,
    })),
    organizations: [{ id: 'org_a', name: 'A' }],
    memberships: [
      { user_id: 'user_ann', organization_id: 'org_a' },
      { user_id: 'user_ben', organization_id: 'org_a' },
    ],
  })
  const names = async (query: string) => {
    const { body } = await call('GET', `/v1/users?order_by=first_name&${query}`)
    return (body as { first_name: string }[]).map(({ first_name }) => first_name).join()
  }
  expect(await names('user_id=user_ann&user_id[]=user_dan')).toBe('ann,dan')
  expect(await names('user_id=-user_ann&user_id=-user_ben')).toBe('cid,dan')
  expect(await names('organization_id=+org_a')).toBe('ann,ben')
  expect(await names('organization_id=-org_a')).toBe('cid,dan')
  expect(await names('organization_id=org_a&external_id=x-ben')).toBe('ben')
  expect(await names('banned=true')).toBe('dan')
  expect(await names('email_address_query=EN@')).toBe('ben')
  expect(await names('created_at_after=1000&created_at_before=4000')).toBe('ben,cid')
  const { body } = await call('GET', '/v1/organizations?user_id=user_ann&include_members_count=true')
  expect(body).toMatchObject({ total_count: 1, data: [{ id: 'org_a', members_count: 2 }] })
})

test('a sign-in leaves its time and a session, and changes the user only where the instance says so', async () => {
  const clock = manualClock()
  for (const signInUpdatesUser of [false, true]) {
    const { call, made, webhooks } = start({ clock, signInUpdatesUser })
    const id = await made('/v1/users', person('ada'))
    await clock.advance(1_000)
    await call('POST', '/_emulator/sign-in', { user_id: id })
    expect(await call('GET', `/v1/users/${id}`)).toMatchObject({ body: { last_sign_in_at: clock.now() } })
    expect(webhooks.messages().map(({ type }) => type)).toEqual([
      'user.created',
      'session.created',
      ...(signInUpdatesUser ? ['user.updated'] : []),
    ])
  }
})

test('reset brings back the start', async () => {
  const { call, made, faults, state } = start()
  await made('/v1/users', person('ada'))
  faults.add({ respond: { status: 500 } })
  await call('POST', '/_emulator/reset')
  expect(state()).toEqual({
    users: [],
    organizations: [],
    memberships: [],
    invitations: [],
    domains: [],
    app_invitations: [],
    waitlist_entries: [],
  })
  expect((await call('POST', '/v1/users', person('ada'))).status).toBe(200)
})

test('faults are set over HTTP and spare the controls', async () => {
  const { call } = start()
  await call('POST', '/_emulator/faults', {
    method: 'POST',
    path: '/v1/users*',
    times: 1,
    respond: { status: 502, body: { errors: [] } },
  })
  expect((await call('POST', '/v1/users', person('ada'))).status).toBe(502)
  expect((await call('POST', '/v1/users', person('ada'))).status).toBe(200)
  expect(await call('DELETE', '/_emulator/faults')).toMatchObject({ body: [] })
})

test('an answer can be lost after the work was done', async () => {
  const { call, faults } = start()
  faults.add({ path: '/v1/organizations', times: 1, drop: 'answer' })
  await expect(call('POST', '/v1/organizations', { name: 'Acme' })).rejects.toThrow('connection cut')
  expect(await call('GET', '/v1/organizations')).toMatchObject({ body: { total_count: 1 } })
})
