import { type Driver, idOf } from '../driver.ts'

/** Invitations to the application itself. */
export const invitationsToTheApplication = async ({ get, post, ask }: Driver): Promise<void> => {
  await post('/users', { email_address: ['here@example.com'] })
  const body = { email_address: 'hal@example.com', public_metadata: { via: 'form' }, expires_in_days: 3 }
  const id = idOf(await post('/invitations', body))
  await ask('POST', '/invitations', body)
  await ask('POST', '/invitations', { email_address: 'here@example.com' })
  await ask('POST', '/invitations', { email_address: 'nobody' })
  await post('/invitations/bulk', [{ email_address: 'ivy@example.com' }, { email_address: 'joe@example.com' }])
  await ask('POST', '/invitations/bulk', [])
  await get('/invitations?status=pending&query=hal')
  await post(`/invitations/${id}/revoke`)
  await ask('POST', `/invitations/${id}/revoke`)
}

/** People who wait to be let in. */
export const waitlist = async ({ get, post, remove, ask }: Driver): Promise<void> => {
  const kim = idOf(await post('/waitlist_entries', { email_address: 'kim@example.com' }))
  const lea = idOf(await post('/waitlist_entries', { email_address: 'lea@example.com', notify: false }))
  const max = idOf(await post('/waitlist_entries', { email_address: 'max@example.com' }))
  await ask('POST', '/waitlist_entries', { email_address: 'nobody' })
  await post('/waitlist_entries/bulk', [{ email_address: 'ned@example.com' }])
  await ask('POST', '/waitlist_entries/bulk', [])
  await post(`/waitlist_entries/${kim}/invite`, {})
  await ask('POST', `/waitlist_entries/${kim}/invite`, {})
  await ask('DELETE', `/waitlist_entries/${kim}`)
  await post(`/waitlist_entries/${lea}/reject`)
  await ask('POST', `/waitlist_entries/${lea}/reject`)
  await remove(`/waitlist_entries/${max}`)
  await get('/waitlist_entries?status=invited&order_by=-created_at')
}

/** The application's own door to Svix. */
export const svixApplication = async ({ post, ask }: Driver): Promise<void> => {
  await post('/webhooks/svix')
  await ask('POST', '/webhooks/svix')
  await post('/webhooks/svix_url')
  await ask('DELETE', '/webhooks/svix')
  await ask('POST', '/webhooks/svix_url')
}
