import fc from 'fast-check'
import { expect, test } from 'vitest'
import { callClerkEmulator } from '../../../test/support/clerk-emulator.ts'
import { manualClock } from '../kit/clock.ts'

// Ways to join: domains of organizations, invitations to the application, the waitlist.

const day = 86_400_000

test('a domain is used once in an organization, once verified in the instance, and never a common provider’s', async () => {
  const { made, refusal, call } = callClerkEmulator()
  const [acme, beta] = [
    await made('/v1/organizations', { name: 'Acme' }),
    await made('/v1/organizations', { name: 'Beta' }),
  ]
  const [ours, theirs] = [`/v1/organizations/${acme}/domains`, `/v1/organizations/${beta}/domains`]
  const domain = (name: string, more = {}) => ({ name, enrollment_mode: 'manual_invitation', ...more })
  await made(ours, domain('Acme.Example'))
  const taken = { status: 422, code: 'organization_domain_already_exists', meta: { param_name: 'name' } }
  expect(await refusal('POST', ours, domain('acme.example', { verified: false }))).toEqual(taken)
  expect(await refusal('POST', theirs, domain('acme.example'))).toEqual(taken)
  const loose = await made(theirs, domain('acme.example', { verified: false }))
  expect(await refusal('PATCH', `${theirs}/${loose}`, { verified: true })).toEqual(taken)
  expect((await refusal('POST', ours, domain('gmail.com'))).code).toBe('organization_domain_common')
  expect((await refusal('POST', ours, domain('not a domain'))).code).toBe('form_param_format_invalid')
  expect((await refusal('POST', ours, { name: 'b.example' })).code).toBe('form_param_missing')
  for (let i = 2; i <= 10; i++) await made(ours, domain(`d${i}.example`))
  expect(await refusal('POST', ours, domain('d11.example'))).toMatchObject({
    status: 403,
    code: 'organization_domain_quota_exceeded',
  })
  expect((await call('GET', `/v1/organization_domains?query=${beta}`)).body).toMatchObject({ total_count: 1 })
  expect((await call('GET', '/v1/organization_domains?query=ACME&verified=true')).body).toMatchObject({
    total_count: 1,
  })
  expect((await call('GET', `${ours}?enrollment_mode=-manual_invitation`)).body).toMatchObject({ total_count: 0 })
  expect((await refusal('GET', '/v1/organization_domains?query=%20')).status).toBe(422)
  expect((await refusal('GET', `${ours}?verified=perhaps`)).status).toBe(422)
})

test('enrollment modes must be switched on, and all but invitations by hand need a verified domain', async () => {
  const { made, refusal, ok, events } = callClerkEmulator({
    enrollmentModes: ['manual_invitation', 'automatic_invitation'],
  })
  const path = `/v1/organizations/${await made('/v1/organizations', { name: 'Acme' })}/domains`
  const off = { status: 403, code: 'organization_domain_enrollment_mode_not_enabled' }
  expect(await refusal('POST', path, { name: 'a.example', enrollment_mode: 'automatic_suggestion' })).toEqual(off)
  const domain = await made(path, { name: 'a.example', enrollment_mode: 'manual_invitation', verified: false })
  const automatic = { enrollment_mode: 'automatic_invitation' }
  expect((await refusal('PATCH', `${path}/${domain}`, automatic)).code).toBe('form_conditional_param_disallowed')
  await ok('PATCH', `${path}/${domain}`, { ...automatic, verified: true })
  const first = await ok('POST', `${path}/${domain}/verify_ownership`)
  expect(first).toMatchObject({ ownership_verification: { strategy: 'manual_override', status: 'verified' } })
  expect(await ok('POST', `${path}/${domain}/verify_ownership`)).toEqual(first)
  await ok('DELETE', `${path}/${domain}`)
  expect(events().slice(1)).toEqual([
    'organizationDomain.created',
    'organizationDomain.updated',
    'organizationDomain.updated',
    'organizationDomain.deleted',
  ])
})

test('an address is invited once, unless the request says that this does not matter', async () => {
  const clock = manualClock()
  const { made, refusal, ok, call } = callClerkEmulator({ clock })
  await made('/v1/users', { email_address: ['ada@example.com'] })
  const invite = (email_address: string, more = {}) => ({ email_address, ...more })
  const first = await made('/v1/invitations', invite('One@example.com', { expires_in_days: 1 }))
  expect(await refusal('POST', '/v1/invitations', invite('one@example.com'))).toEqual({
    status: 400,
    code: 'duplicate_record',
    meta: { email_addresses: ['one@example.com'] },
  })
  expect((await refusal('POST', '/v1/invitations', invite('ada@example.com'))).code).toBe('form_identifier_exists')
  await ok('POST', '/v1/invitations', invite('ada@example.com', { ignore_existing: true }))
  const bulk = [invite('two@example.com'), invite('ada@example.com', { ignore_existing: true })]
  expect((await refusal('POST', '/v1/invitations/bulk', bulk)).code).toBe('form_identifier_exists')
  expect((await refusal('POST', '/v1/invitations/bulk', Array(11).fill(invite('x@example.com')))).code).toBe(
    'bulk_size_exceeded',
  )
  expect((await refusal('POST', '/v1/invitations', invite('x@example.com', { redirect_url: 'nowhere' }))).code).toBe(
    'form_param_format_invalid',
  )
  await clock.advance(day)
  await ok('POST', '/v1/invitations', invite('one@example.com'))
  const list = (await call('GET', '/v1/invitations?status=expired')).body
  expect(list).toMatchObject([{ id: first, status: 'expired', revoked: false }])
})

test('an invitation is revoked once, accepted once, and a revoked one is not listed', async () => {
  const { made, refusal, ok, call } = callClerkEmulator()
  const [one, two] = [
    await made('/v1/invitations', { email_address: 'one@example.com' }),
    await made('/v1/invitations', { email_address: 'two@example.com', public_metadata: { team: 7 } }),
  ]
  await ok('POST', `/v1/invitations/${one}/revoke`)
  expect((await refusal('POST', `/v1/invitations/${one}/revoke`)).code).toBe('invitation_already_revoked')
  const accepted = await ok('POST', `/_emulator/app-invitations/${two}/accept`)
  expect(accepted).toMatchObject({ user: { public_metadata: { team: 7 } }, invitation: { status: 'accepted' } })
  expect((await refusal('POST', `/v1/invitations/${two}/revoke`)).code).toBe('invitation_already_accepted')
  expect((await call('GET', '/v1/invitations')).body).toMatchObject([{ id: two }])
  expect((await call('GET', '/v1/invitations?status=revoked')).body).toMatchObject([{ id: one, revoked: true }])
  expect((await refusal('POST', '/v1/invitations/inv_none/revoke')).status).toBe(404)
})

test('invitations to the application are counted by the hour, one by one and in bulk', async () => {
  const { app, secretKey } = callClerkEmulator({
    rateLimits: { instance: null, invitations: { requests: 2, windowMs: 1_000 }, invitationsBulk: null },
    clock: manualClock(),
  })
  const post = async (path: string, body: unknown) => {
    const headers = { authorization: `Bearer ${secretKey}`, 'content-type': 'application/json' }
    return (await app.request(path, { method: 'POST', headers, body: JSON.stringify(body) })).status
  }
  const statuses: number[] = []
  for (const name of ['a', 'b', 'c'])
    statuses.push(await post('/v1/invitations', { email_address: `${name}@example.com` }))
  expect(statuses).toEqual([200, 200, 429])
  expect(await post('/v1/invitations/bulk', [{ email_address: 'd@example.com' }])).toBe(200)
})

test('who waits already keeps the entry, and only pending entries are rejected or deleted', async () => {
  const { made, refusal, ok, events } = callClerkEmulator()
  const kim = await made('/v1/waitlist_entries', { email_address: 'kim@example.com' })
  expect(await made('/v1/waitlist_entries', { email_address: 'Kim@example.com' })).toBe(kim)
  const twice = [{ email_address: 'lea@example.com' }, { email_address: 'LEA@example.com' }]
  expect((await refusal('POST', '/v1/waitlist_entries/bulk', twice)).code).toBe('duplicate_list_items_not_allowed')
  await ok('POST', `/v1/waitlist_entries/${kim}/invite`)
  expect((await refusal('POST', `/v1/waitlist_entries/${kim}/invite`)).code).toBe('duplicate_record')
  await ok('POST', `/v1/waitlist_entries/${kim}/invite`, { ignore_existing: true })
  for (const [method, path] of [
    ['POST', `/v1/waitlist_entries/${kim}/reject`],
    ['DELETE', `/v1/waitlist_entries/${kim}`],
  ] as const)
    expect((await refusal(method, path)).status).toBe(409)
  await made('/v1/users', { email_address: ['kim@example.com'] })
  expect(await ok('GET', '/v1/waitlist_entries?status=completed')).toMatchObject({ total_count: 1 })
  expect(events()).toEqual([
    'waitlistEntry.created',
    'email.created',
    'email.created',
    'waitlistEntry.updated',
    'email.created',
    'waitlistEntry.updated',
    'user.created',
    'waitlistEntry.updated',
  ])
})

test('whatever is asked of a waitlist, an address has one entry, and lists show each entry once', async () => {
  const request = fc.record({
    verb: fc.constantFrom('create', 'invite', 'reject', 'delete', 'sign up'),
    name: fc.constantFrom('a', 'b', 'c'),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(request, { maxLength: 25 }), async (requests) => {
      const { call } = callClerkEmulator()
      const ids = new Map<string, string>()
      for (const { verb, name } of requests) {
        const email_address = `${name}@example.com`
        const path = `/v1/waitlist_entries/${ids.get(name) ?? 'wle_none'}`
        if (verb === 'create') {
          const { body } = await call('POST', '/v1/waitlist_entries', { email_address })
          const { id } = body as { id: string }
          expect(ids.get(name) ?? id).toBe(id)
          ids.set(name, id)
        } else if (verb === 'sign up') await call('POST', '/v1/users', { email_address: [email_address] })
        else if (verb === 'delete') {
          if ((await call('DELETE', path)).status === 200) ids.delete(name)
        } else await call('POST', `${path}/${verb}`)
      }
      const { body } = await call('GET', '/v1/waitlist_entries?order_by=email_address')
      const { data } = body as { data: { id: string; email_address: string }[] }
      expect(data.map(({ email_address }) => email_address)).toEqual(
        [...ids.keys()].sort().map((name) => `${name}@example.com`),
      )
      expect(new Set(data.map(({ id }) => id))).toEqual(new Set(ids.values()))
    }),
    { numRuns: 40 },
  )
})
