import { expect, test } from 'vitest'
import { callClerkEmulator } from '../../../test/support/clerk-emulator.ts'

const person = (name: string) => ({ email_address: [`${name}@example.com`] })
type Listed = { data: { id: string; key: string }[] }

const idOf = async (
  { call }: Pick<ReturnType<typeof callClerkEmulator>, 'call'>,
  path: string,
  key: string,
): Promise<string> => {
  const { body } = await call('GET', `${path}?limit=100`)
  return (body as Listed).data.find((record) => record.key === key)?.id ?? 'none'
}

test('an instance starts with eight system permissions, two roles and the role set of new organizations', async () => {
  const { ok } = callClerkEmulator()
  expect(await ok('GET', '/v1/organization_permissions')).toMatchObject({ total_count: 8 })
  expect(await ok('GET', '/v1/organization_roles?order_by=key')).toMatchObject({
    total_count: 2,
    data: [
      { key: 'org:admin', is_creator_eligible: true },
      { key: 'org:member', is_creator_eligible: false },
    ],
  })
  expect(await ok('GET', '/v1/role_sets')).toMatchObject({
    data: [{ type: 'initial', creator_role: { key: 'org:admin' }, default_role: { key: 'org:member' } }],
  })
})

test('ids of the built-in roles depend on their keys alone, and do not use up ids of records', async () => {
  const [one, two] = [callClerkEmulator({ seed: 1 }), callClerkEmulator({ seed: 2 })]
  const path = '/v1/organization_roles'
  expect(await idOf(one, path, 'org:admin')).toBe(await idOf(two, path, 'org:admin'))
})

test('permissions have keys of a form, once, and system permissions stay as they are', async () => {
  const emulator = callClerkEmulator()
  const { made, refusal, ok } = emulator
  const path = '/v1/organization_permissions'
  for (const key of ['invoices:read', 'org:read', 'org:sys_invoices:read', 'org:Invoices:read'])
    expect((await refusal('POST', path, { name: 'Read', key })).code).toBe('form_param_format_invalid')
  const read = await made(path, { name: 'Read', key: 'org:invoices:read' })
  expect(await refusal('POST', path, { name: 'Again', key: 'org:invoices:read' })).toEqual({
    status: 422,
    code: 'form_already_exists',
    meta: { param_name: 'key' },
  })
  const system = await idOf(emulator, path, 'org:sys_memberships:manage')
  expect(await refusal('PATCH', `${path}/${system}`, { name: 'X' })).toMatchObject({ status: 403 })
  expect(await refusal('DELETE', `${path}/${system}`)).toMatchObject({
    status: 403,
    code: 'organization_system_permission_not_modifiable',
  })
  const role = await made('/v1/organization_roles', { name: 'Billing', key: 'org:billing', permissions: [read] })
  await ok('DELETE', `${path}/${read}`)
  expect(await ok('GET', `/v1/organization_roles/${role}`)).toMatchObject({ permissions: [] })
})

test('a role that anything uses is not deleted, and the creators’ role keeps what creators need', async () => {
  const emulator = callClerkEmulator({ membershipLimit: 0 })
  const { made, refusal, ok } = emulator
  const roles = '/v1/organization_roles'
  const role = await made(roles, { name: 'Billing', key: 'org:billing', include_in_initial_role_set: true })
  const ada = await made('/v1/users', person('ada'))
  const acme = await made('/v1/organizations', { name: 'Acme', created_by: ada })
  const bob = await made('/v1/users', person('bob'))
  await made(`/v1/organizations/${acme}/memberships`, { user_id: bob, role: 'org:billing' })
  const used = (code: string) => ({ status: 422, code: `organization_role_${code}` })
  expect(await refusal('DELETE', `${roles}/${role}`)).toEqual(used('assigned_members'))
  await ok('PATCH', `/v1/organizations/${acme}/memberships/${bob}`, { role: 'org:member' })
  const invitations = `/v1/organizations/${acme}/invitations`
  const kim = await made(invitations, { email_address: 'kim@example.com', role: 'org:billing' })
  expect(await refusal('DELETE', `${roles}/${role}`)).toEqual(used('exists_in_invitations'))
  await ok('POST', `${invitations}/${kim}/revoke`)
  await ok('DELETE', `${roles}/${role}`)
  for (const [key, code] of [
    ['org:admin', 'default_creator_role'],
    ['org:member', 'domain_default_role'],
  ] as const)
    expect(await refusal('DELETE', `${roles}/${await idOf(emulator, roles, key)}`)).toEqual(used(code))
  const admin = await idOf(emulator, roles, 'org:admin')
  const manage = await idOf(emulator, '/v1/organization_permissions', 'org:sys_memberships:manage')
  const missing = { status: 422, code: 'organization_missing_creator_role_permissions' }
  expect(await refusal('PATCH', `${roles}/${admin}`, { permissions: [] })).toEqual(missing)
  expect(await refusal('DELETE', `${roles}/${admin}/permissions/${manage}`)).toEqual(missing)
  expect(await refusal('POST', `${roles}/${admin}/permissions/${manage}`)).toEqual({
    status: 409,
    code: 'organization_role_permission_association_exists',
  })
})

test('a role’s new key is the key of its members and invitations too', async () => {
  const emulator = callClerkEmulator({ membershipLimit: 0 })
  const { made, ok } = emulator
  const ada = await made('/v1/users', person('ada'))
  const acme = await made('/v1/organizations', { name: 'Acme', created_by: ada })
  await made(`/v1/organizations/${acme}/invitations`, { email_address: 'b@example.com', role: 'org:admin' })
  const admin = await idOf(emulator, '/v1/organization_roles', 'org:admin')
  await ok('PATCH', `/v1/organization_roles/${admin}`, { key: 'org:owner', name: 'Owner' })
  for (const list of ['memberships', 'invitations'])
    expect(await ok('GET', `/v1/organizations/${acme}/${list}`)).toMatchObject({
      data: [{ role: 'org:owner', role_name: 'Owner' }],
    })
  const beta = await made('/v1/organizations', { name: 'Beta', created_by: ada })
  expect(await ok('GET', `/v1/organizations/${beta}/memberships`)).toMatchObject({ data: [{ role: 'org:owner' }] })
})

test('ten roles can be added to those of the start', async () => {
  const { made, refusal } = callClerkEmulator()
  for (let i = 0; i < 10; i++) await made('/v1/organization_roles', { name: `R${i}`, key: `org:r${i}` })
  expect(await refusal('POST', '/v1/organization_roles', { name: 'R', key: 'org:r' })).toMatchObject({
    status: 403,
    code: 'organization_instance_roles_quota_exceeded',
  })
})

test('an organization moves to another role set only when its members’ roles are in it', async () => {
  const { made, refusal, ok, events } = callClerkEmulator({ membershipLimit: 0 })
  await made('/v1/organization_roles', { name: 'Billing', key: 'org:billing', include_in_initial_role_set: true })
  const ada = await made('/v1/users', person('ada'))
  const bob = await made('/v1/users', person('bob'))
  const acme = await made('/v1/organizations', { name: 'Acme', created_by: ada })
  await made(`/v1/organizations/${acme}/memberships`, { user_id: bob, role: 'org:billing' })
  const sets = { default_role_key: 'org:member', creator_role_key: 'org:admin' }
  const keys = ['org:admin', 'org:member']
  expect(await refusal('POST', '/v1/role_sets', { ...sets, name: 'S', roles: ['org:admin'] })).toMatchObject({
    code: 'form_param_value_invalid',
    meta: { param_name: 'default_role_key' },
  })
  const body = { ...sets, creator_role_key: 'org:member', name: 'S', roles: keys }
  expect((await refusal('POST', '/v1/role_sets', body)).code).toBe('organization_missing_creator_role_permissions')
  await made('/v1/role_sets', { ...sets, name: 'Small', key: 'role_set:small', roles: keys, type: 'initial' })
  expect(await ok('GET', '/v1/role_sets/role_set:primary')).toMatchObject({ type: 'custom' })
  const path = `/v1/organizations/${acme}`
  expect((await refusal('PATCH', path, { role_set_key: 'role_set:none' })).code).toBe('form_resource_not_found')
  expect((await refusal('PATCH', path, { role_set_key: 'role_set:small' })).status).toBe(422)
  const before = events().length
  await ok('POST', '/v1/role_sets/role_set:primary/replace', {
    dest_role_set_key: 'role_set:small',
    reassignment_mappings: { 'org:billing': 'org:member' },
  })
  expect(events().slice(before)).toEqual(['organizationMembership.updated'])
  expect(await ok('GET', path)).toMatchObject({ role_set_key: 'role_set:small' })
  expect((await refusal('GET', '/v1/role_sets/role_set:primary')).status).toBe(404)
})
