import { type Driver, idOf } from '../driver.ts'

/** Roles, permissions and role sets. */
export const rolesAndPermissions = async ({ get, post, patch, remove, ask }: Driver): Promise<void> => {
  const read = idOf(await post('/organization_permissions', { name: 'Read invoices', key: 'org:invoices:read' }))
  const write = idOf(await post('/organization_permissions', { name: 'Write invoices', key: 'org:invoices:write' }))
  await ask('POST', '/organization_permissions', { name: 'Again', key: 'org:invoices:read' })
  await get('/organization_permissions?query=invoices')
  await get(`/organization_permissions/${read}`)
  await patch(`/organization_permissions/${read}`, { name: 'See invoices' })

  const billing = { name: 'Billing', key: 'org:billing', permissions: [read] }
  const role = idOf(await post('/organization_roles', billing))
  const spare = idOf(await post('/organization_roles', { name: 'Spare', key: 'org:spare' }))
  await ask('POST', '/organization_roles', billing)
  await get('/organization_roles?order_by=name')
  await get(`/organization_roles/${role}`)
  await patch(`/organization_roles/${role}`, { name: 'Accounts' })
  await post(`/organization_roles/${role}/permissions/${write}`)
  await ask('POST', `/organization_roles/${role}/permissions/${write}`)
  await remove(`/organization_roles/${role}/permissions/${write}`)

  const set = await post('/role_sets', {
    name: 'Small firms',
    key: 'role_set:small',
    default_role_key: 'org:member',
    creator_role_key: 'org:admin',
    roles: ['org:admin', 'org:member'],
  })
  const path = `/role_sets/${idOf(set)}`
  await get('/role_sets')
  await get(path)
  await patch(path, { name: 'Tiny firms' })
  await post(`${path}/roles`, { role_keys: ['org:billing'] })
  await post(`${path}/roles/replace`, { role_key: 'org:billing', to_role_key: 'org:member' })
  await post('/role_sets', {
    name: 'Large firms',
    key: 'role_set:large',
    default_role_key: 'org:member',
    creator_role_key: 'org:admin',
    roles: ['org:admin', 'org:member'],
  })
  await post(`${path}/replace`, { dest_role_set_key: 'role_set:large' })
  await remove(`/organization_roles/${spare}`)
  await remove(`/organization_permissions/${write}`)
}

/** Domains that make people members, and how they are proved. */
export const domainsOfAnOrganization = async ({ get, post, patch, remove, ask }: Driver): Promise<void> => {
  const path = `/organizations/${idOf(await post('/organizations', { name: 'Gamma' }))}/domains`
  const domain = idOf(
    await post(path, { name: 'gamma.example', enrollment_mode: 'automatic_invitation', verified: true }),
  )
  const second = idOf(await post(path, { name: 'gamma.test', enrollment_mode: 'manual_invitation', verified: false }))
  await ask('POST', path, { name: 'gamma.example', enrollment_mode: 'manual_invitation' })
  await ask('POST', path, { name: 'gamma.org', enrollment_mode: 'by_magic' })
  await get(`${path}?verified=true`)
  await get('/organization_domains?order_by=-created_at')
  await patch(`${path}/${domain}`, { enrollment_mode: 'automatic_suggestion' })
  await ask('POST', `${path}/${second}/verify_ownership`)
  await remove(`${path}/${second}`)
}
