import { type Driver, idOf } from '../driver.ts'

/** An organization and its people. */
export const lifeOfAnOrganization = async ({ get, post, put, patch, remove, ask }: Driver): Promise<void> => {
  const ada = idOf(await post('/users', { email_address: ['ada@acme.example'], first_name: 'Ada' }))
  const bob = idOf(await post('/users', { username: 'bob_builds', skip_user_requirement: true }))
  const acme = await post('/organizations', {
    name: 'Acme',
    created_by: ada,
    max_allowed_memberships: 0,
    public_metadata: { tier: 1 },
    private_metadata: { crm: '001' },
  })
  const path = `/organizations/${idOf(acme)}`
  await get('/organizations?include_members_count=true&order_by=-members_count')
  await get(`${path}?include_members_count=true&include_missing_member_with_elevated_permissions=true`)
  await patch(path, { name: 'Acme Ltd', admin_delete_enabled: false })
  await patch(`${path}/metadata`, { public_metadata: { tier: null } })
  await put(`${path}/metadata`, { private_metadata: { crm: '002' } })
  await ask('POST', '/organizations', { name: 'Acme', slug: 'acme' })
  await ask('POST', '/organizations', { name: 'Acme', created_by: 'user_nobody' })
  await ask('PATCH', path, { public_metadata: {} })
  const logo = new FormData()
  logo.set('file', new Blob([new Uint8Array([0x89, 0x50, 0x4e, 0x47])], { type: 'image/png' }), 'acme.png')
  await put(`${path}/logo`, logo)
  await remove(`${path}/logo`)

  await post(`${path}/memberships`, { user_id: bob, role: 'org:member', public_metadata: { desk: 4 } })
  await get(`${path}/memberships?order_by=-created_at&role=org:member`)
  await get('/organization_memberships?limit=500&order_by=created_at')
  await get(`/users/${bob}/organization_memberships`)
  await patch(`${path}/memberships/${bob}`, { role: 'org:admin' })
  await patch(`${path}/memberships/${bob}/metadata`, { private_metadata: { desk: 5 } })
  await ask('POST', `${path}/memberships`, { user_id: bob, role: 'org:member' })
  await ask('POST', `${path}/memberships`, { user_id: bob, role: 'org:wizard' })
  await ask('PATCH', `${path}/memberships/${ada}`, { role: 'org:wizard' })
  await remove(`${path}/memberships/${bob}`)
  await ask('DELETE', `${path}/memberships/${ada}`)
  await remove(path)
}

/** Invitations to an organization. */
export const invitationsOfAnOrganization = async (drive: Driver): Promise<void> => {
  const { get, post, ask } = drive
  const ada = idOf(await post('/users', { email_address: ['ada@beta.example'] }))
  const cy = idOf(await post('/users', { email_address: ['cy@beta.example'] }))
  const beta = idOf(await post('/organizations', { name: 'Beta', created_by: ada, max_allowed_memberships: 4 }))
  const path = `/organizations/${beta}/invitations`
  const invite = (email_address: string) => ({ email_address, role: 'org:member', inviter_user_id: ada })
  const first = idOf(await post(path, { ...invite('cy@beta.example'), public_metadata: { via: 'form' } }))
  const second = idOf(await post(path, { email_address: 'dee@beta.example', role: 'org:admin', expires_in_days: 3 }))
  await ask('POST', path, invite('dee@beta.example'))
  await ask('POST', path, invite('ada@beta.example'))
  await ask('POST', path, { ...invite('eve@beta.example'), inviter_user_id: cy })
  await post(`${path}/bulk`, [invite('eve@beta.example')])
  await ask('POST', `${path}/bulk`, [invite('fay@beta.example')])
  await get(path)
  await get(`${path}/pending`)
  await get(`${path}/${first}`)
  await get(`${path}?status=revoked`)
  await get('/organization_invitations?status=pending')
  await get(`/users/${cy}/organization_invitations`)
  await post(`${path}/${second}/revoke`, { requesting_user_id: ada })
  await ask('POST', `${path}/${second}/revoke`, { requesting_user_id: ada })
  await drive.control(`/invitations/${first}/accept`)
  await get(`${path}?status=accepted`)
}
