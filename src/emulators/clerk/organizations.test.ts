import { request } from 'node:http'
import { expect, test } from 'vitest'
import { callClerkEmulator } from '../../../test/support/clerk-emulator.ts'
import { startClerkEmulator } from './index.ts'

test('an empty id is an id that nothing has, not the absence of one', async () => {
  const { made, refusal } = callClerkEmulator({ slugs: true })
  const acme = await made('/v1/organizations', { name: 'Acme' })
  const path = `/v1/organizations/${acme}`
  const kim = { email_address: 'kim@example.com', role: 'org:member' }
  const invitation = await made(`${path}/invitations`, { ...kim, inviter_user_id: null })
  const codes = [
    await refusal('POST', '/v1/organizations', { name: 'A', created_by: '' }),
    await refusal('POST', '/v1/organizations', { name: 'A', slug: '' }),
    await refusal('PATCH', path, { role_set_key: '' }),
    await refusal('POST', `${path}/invitations`, { ...kim, inviter_user_id: '' }),
    await refusal('POST', `${path}/invitations/${invitation}/revoke`, { requesting_user_id: '' }),
  ].map(({ code }) => code)
  expect(codes).toEqual([
    'organization_creator_not_found',
    'form_param_format_invalid',
    'form_resource_not_found',
    'not_an_admin_in_organization',
    'not_an_admin_in_organization',
  ])
})

test('an instance without organizations refuses whatever is about them, and serves the rest', async () => {
  const { refusal, made, ok, setSettings } = callClerkEmulator({ organizationsEnabled: false })
  const ada = await made('/v1/users', { email_address: ['ada@example.com'] })
  const off = { status: 403, code: 'organization_not_enabled_in_instance' }
  expect(await refusal('POST', '/v1/organizations', { name: 'Acme' })).toEqual(off)
  for (const path of [
    'organizations/org_1/invitations',
    'organization_memberships',
    'role_sets',
    `users/${ada}/organization_memberships`,
  ])
    expect(await refusal('GET', `/v1/${path}`)).toEqual(off)
  await ok('PATCH', `/v1/users/${ada}/metadata`, { private_metadata: { crm: '1' } })
  setSettings({ organizationsEnabled: true })
  await made('/v1/organizations', { name: 'Acme', created_by: ada })
})

test('an organization that is deleted while a change of it is still arriving is not changed', async () => {
  const emulator = await startClerkEmulator()
  const headers = { authorization: `Bearer ${emulator.secretKey}`, 'content-type': 'application/json' }
  const [id] = emulator.seed({ organizations: [{ name: 'Acme' }] }).organizations
  const url = `${emulator.url}/v1/organizations/${id}`
  try {
    const patch = request(url, { method: 'PATCH', headers: { ...headers, 'content-length': '15' } })
    const status = new Promise((resolve, reject) => {
      patch.on('error', reject).on('response', (response) => resolve(response.resume().statusCode))
    })
    await new Promise((resolve) => patch.write('{"name":', resolve))
    expect((await fetch(url, { method: 'DELETE', headers })).status).toBe(200)
    patch.end('"late"}')
    expect(await status).toBe(404)
    expect(emulator.webhooks.messages().map(({ type }) => type)).toEqual(['organization.deleted'])
  } finally {
    await emulator.close()
  }
})

test('a request that a gateway gave up on may have been done', async () => {
  const { call, ok, faults, events } = callClerkEmulator()
  faults.add({
    method: 'POST',
    path: '/v1/organizations',
    times: 1,
    respond: { status: 504, body: '', afterWork: true },
  })
  expect((await call('POST', '/v1/organizations', { name: 'Acme' })).status).toBe(504)
  expect(await ok('GET', '/v1/organizations')).toMatchObject({ total_count: 1 })
  expect(events()).toEqual(['organization.created'])
})
