import { Hono } from 'hono'
import type { UserRecord } from '../entities.ts'
import type { Instance } from '../instance.ts'
import { readPicture } from '../pictures.ts'
import { deletedJson } from '../present-organizations.ts'
import { oauthTokenJson, trustedDeviceJson } from '../present-sign-in-means.ts'
import { userJson } from '../present-users.ts'
import { type ClerkContext, type ClerkEnv, flagParam, json, pageOf, pathParam, readPage } from '../request.ts'
import {
  accountsAt,
  deletePasskey,
  deleteWeb3Wallet,
  disconnectAccount,
  revokeTrustedDevice,
} from '../sign-in-means.ts'
import { getUser, userChanged } from '../users.ts'

type Remove = (instance: Instance, user: UserRecord, id: string) => void

const removals: readonly (readonly [path: string, object: string, remove: Remove])[] = [
  ['external_accounts', 'external_account', disconnectAccount],
  ['passkeys', 'passkey', deletePasskey],
  ['web3_wallets', 'web3_wallet', deleteWeb3Wallet],
]

/** `/v1/users/{id}`: connected accounts and their tokens, passkeys, wallets, devices, the picture. */
export const signInMeansRoutes = (instance: Instance): Hono<ClerkEnv> => {
  const app = new Hono<ClerkEnv>()
  const find = (c: ClerkContext): UserRecord => getUser(instance, pathParam(c, 'user_id'))
  for (const [path, object, remove] of removals)
    app.delete(`/:user_id/${path}/:id`, (c) => {
      const id = pathParam(c, 'id')
      remove(instance, find(c), id)
      return json(deletedJson(object, { id }))
    })
  app.get('/:user_id/oauth_access_tokens/:provider', (c) => {
    const accounts = accountsAt(find(c), pathParam(c, 'provider'))
    const { page, total } = pageOf(accounts, readPage(c))
    const tokens = page.map(oauthTokenJson)
    return json(flagParam(c, 'paginated') ? { data: tokens, total_count: total } : tokens)
  })
  app.get('/:user_id/trusted_devices', (c) => {
    const active = find(c).trusted_devices.filter(({ status }) => status === 'active')
    return json({ data: active.map(trustedDeviceJson), total_count: active.length })
  })
  app.delete('/:user_id/trusted_devices/:id', (c) =>
    json(trustedDeviceJson(revokeTrustedDevice(instance, find(c), pathParam(c, 'id')))),
  )
  app.post('/:user_id/profile_image', async (c) => {
    const user = find(c)
    user.image_id = (await readPicture(instance, c)).imageId
    userChanged(instance, user)
    return json(userJson(user))
  })
  app.delete('/:user_id/profile_image', (c) => {
    const user = find(c)
    user.image_id = null
    userChanged(instance, user)
    return json(userJson(user))
  })
  return app
}
