import { Hono } from 'hono'
import type { UserRecord } from '../entities.ts'
import type { Instance } from '../instance.ts'
import { noPassword, verifyPassword } from '../passwords.ts'
import { userJson } from '../present-users.ts'
import { flag, orNull, text } from '../read-object.ts'
import { type ClerkContext, type ClerkEnv, json, pathParam, readBody } from '../request.ts'
import { disableSecondFactors, verifyTotp } from '../second-factors.ts'
import { endSessions } from '../sessions.ts'
import { getUser, userChanged } from '../users.ts'

/** Passwords of users. */
const passwordRoutes = (instance: Instance): Hono<ClerkEnv> => {
  const app = new Hono<ClerkEnv>()
  const find = (c: ClerkContext): UserRecord => getUser(instance, pathParam(c, 'user_id'))
  app.post('/:user_id/remove_password', async (c) => {
    const user = find(c)
    const body = await readBody<{ sign_out_of_other_sessions?: boolean }>(c, { sign_out_of_other_sessions: flag })
    // Without a password there is no change, and no event either.
    if (user.password) {
      user.password = null
      userChanged(instance, user)
      if (body.sign_out_of_other_sessions) endSessions(instance, user, 'revoked')
    }
    return json(userJson(user))
  })
  app.post('/:user_id/verify_password', async (c) => {
    const user = find(c)
    const { password } = await readBody<{ password: string }>(c, { password: text() }, ['password'])
    verifyPassword(user, password)
    return json({ verified: true })
  })
  app.post('/:user_id/password/set_compromised', async (c) => {
    const user = find(c)
    const body = await readBody<{ revoke_all_sessions?: boolean | null }>(c, { revoke_all_sessions: orNull(flag) })
    if (!user.password) throw noPassword()
    userChanged(instance, user)
    if (body.revoke_all_sessions) endSessions(instance, user, 'revoked')
    return json(userJson(user))
  })
  app.post('/:user_id/password/unset_compromised', (c) => {
    const user = find(c)
    if (!user.password) throw noPassword()
    userChanged(instance, user)
    return json(userJson(user))
  })
  return app
}

/** `/v1/users/{id}`: passwords, authenticators and backup codes. */
export const credentialRoutes = (instance: Instance): Hono<ClerkEnv> => {
  const app = passwordRoutes(instance)
  const find = (c: ClerkContext): UserRecord => getUser(instance, pathParam(c, 'user_id'))
  app.post('/:user_id/verify_totp', async (c) => {
    const user = find(c)
    const { code } = await readBody<{ code: string }>(c, { code: text() }, ['code'])
    const kind = verifyTotp(user, code, instance.now())
    if (kind === 'backup_code') userChanged(instance, user)
    return json({ verified: true, code_type: kind })
  })
  const removals: readonly (readonly [string, (user: UserRecord) => void])[] = [
    ['mfa', disableSecondFactors],
    ['totp', (user) => Object.assign(user, { totp_secret: null })],
    ['backup_code', (user) => Object.assign(user, { backup_codes: [] })],
  ]
  for (const [path, remove] of removals)
    app.delete(`/:user_id/${path}`, (c) => {
      const user = find(c)
      remove(user)
      userChanged(instance, user)
      return json({ user_id: user.id })
    })
  return app
}
