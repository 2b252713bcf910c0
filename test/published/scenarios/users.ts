import { type Driver, idOf } from '../driver.ts'

/** A user's life: made, found, changed, banned, locked, and gone. */
export const lifeOfAUser = async (drive: Driver): Promise<void> => {
  const { get, post, put, patch, remove, ask } = drive
  const ada = await post('/users', {
    email_address: ['ada@example.com'],
    phone_number: ['+15555550100'],
    username: 'ada_l',
    first_name: 'Ada',
    last_name: null,
    external_id: 'crm-1',
    password: 'correct horse battery',
    public_metadata: { plan: 'gold' },
    private_metadata: { crm: { id: 7 } },
    unsafe_metadata: { theme: 'dark' },
  })
  const id = idOf(ada)
  const bob = idOf(await post('/users', { email_address: ['bob@example.com'], skip_password_requirement: true }))
  for (const query of [
    '',
    '?query=ada',
    '?limit=1&order_by=-created_at',
    '?email_address=ada@example.com',
    '?banned=false',
  ])
    await get(`/users${query}`)
  await get(`/users?starting_after=${bob}&order_by=-created_at`)
  await get('/users/count?query=ada')
  await get(`/users/${id}`)
  await patch(`/users/${id}`, { first_name: null, last_name: 'Lovelace' })
  await patch(`/users/${id}/metadata`, { public_metadata: { plan: null, since: 1843 } })
  await put(`/users/${id}/metadata`, { unsafe_metadata: {} })
  for (const verb of ['ban', 'unban', 'lock', 'unlock']) await post(`/users/${id}/${verb}`)
  for (const verb of ['ban', 'unban']) await post(`/users/${verb}`, { user_ids: [id, bob] })
  await ask('POST', '/users', { email_address: ['ada@example.com'] })
  await ask('POST', '/users', { shoe_size: 43 })
  await ask('GET', '/users?limit=-1')
  await ask('GET', '/users/count?banned=perhaps')
  await ask('PATCH', `/users/${id}`, { username: 'x' })
  await ask('PATCH', `/users/${id}/metadata`, { public_metadata: { big: 'x'.repeat(9_000) } })
  await ask('PUT', `/users/${id}/metadata`, { public_metadata: 'no' })
  await drive.control('/sign-in', { user_id: id })
  await get(`/users/${id}`)
  await remove(`/users/${id}`)
}

/** What a user signs in with besides names: passwords, second factors, pictures. */
export const securityOfAUser = async ({ post, remove, ask, get, ...drive }: Driver): Promise<void> => {
  const grace = await post('/users', { email_address: ['grace@example.com'], password: 'a nanosecond of wire' })
  const id = idOf(grace)
  await post(`/users/${id}/verify_password`, { password: 'a nanosecond of wire' })
  await ask('POST', `/users/${id}/verify_password`, { password: 'wrong' })
  await ask('POST', `/users/${id}/verify_totp`, { code: '000000' })
  await post(`/users/${id}/password/set_compromised`, {})
  await post(`/users/${id}/password/unset_compromised`)
  await post(`/users/${id}/remove_password`, {})
  for (const factor of ['mfa', 'totp', 'backup_code']) await remove(`/users/${id}/${factor}`)
  await get(`/users/${id}/trusted_devices`)
  await get(`/users/${id}/oauth_access_tokens/oauth_google`)
  const picture = new FormData()
  picture.set('file', new Blob([new Uint8Array([0x89, 0x50, 0x4e, 0x47])], { type: 'image/png' }), 'grace.png')
  await post(`/users/${id}/profile_image`, picture)
  await remove(`/users/${id}/profile_image`)
  await drive.put(`/users/${id}/email_address`, { email_address: 'grace@navy.example' })
  await drive.put(`/users/${id}/phone_number`, { phone_number: '+15555550101', identification_status: 'reserved' })
}

/** E-mail addresses and phone numbers on their own. */
export const identifiersOfAUser = async ({ get, post, patch, remove, ask }: Driver): Promise<void> => {
  const id = idOf(await post('/users', { email_address: ['alan@example.com'] }))
  const own = {
    email_address: ['alan@bletchley.example', 'turing@example.com'],
    phone_number: ['+15555550102', '+15555550103'],
  } as const
  for (const [kind, plural] of [
    ['email_address', 'email_addresses'],
    ['phone_number', 'phone_numbers'],
  ] as const) {
    const [value, second] = own[kind]
    const added = idOf(await post(`/${plural}`, { user_id: id, [kind]: value }))
    const verified = idOf(await post(`/${plural}`, { user_id: id, [kind]: second, verified: true, primary: true }))
    await get(`/${plural}/${added}`)
    await ask('POST', `/${plural}`, { user_id: id, [kind]: value })
    await ask('POST', `/${plural}`, { user_id: 'user_nobody', [kind]: value })
    await ask('POST', `/${plural}`, { user_id: id, [kind]: 'not one' })
    await patch(`/${plural}/${added}`, { verified: true })
    await patch(`/${plural}/${added}`, { primary: true })
    await remove(`/${plural}/${verified}`)
  }
}
