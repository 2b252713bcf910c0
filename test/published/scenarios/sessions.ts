import { type Driver, idOf } from '../driver.ts'

/** Signing in, and every way in which a session ends. */
export const sessionsOfAUser = async ({ post, patch, control }: Driver): Promise<void> => {
  const user_id = idOf(await post('/users', { email_address: ['zoe@example.com'], password: 'through the turnstile' }))
  await control('/sign-in', { user_id, pending: true })
  await control('/sign-in', { user_id })
  for (const how of ['ended', 'removed', 'revoked']) {
    await control('/sign-in', { user_id })
    await control('/sign-out', { user_id, how })
  }
  await control('/sign-in', { user_id })
  await patch(`/users/${user_id}`, { password: 'through the other turnstile', sign_out_of_other_sessions: true })
  await control('/sign-in', { user_id })
  await post(`/users/${user_id}/ban`)
}
