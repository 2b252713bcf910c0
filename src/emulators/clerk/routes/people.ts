import { Hono } from 'hono'
import { acceptAppInvitation, getAppInvitation } from '../app-invitations.ts'
import { subscribe, subscriptionJson } from '../credits.ts'
import type { TrustedDevice } from '../entities.ts'
import { notFound } from '../errors.ts'
import type { Instance } from '../instance.ts'
import { appInvitationJson } from '../present-joining.ts'
import { trustedDeviceJson } from '../present-sign-in-means.ts'
import { userJson } from '../present-users.ts'
import { oneOf, orNull, text } from '../read-object.ts'
import { json, pathParam, readBody } from '../request.ts'
import { addPasskey, addTrustedDevice, connectAccount, type NewExternalAccount } from '../sign-in-means.ts'
import { getUser } from '../users.ts'

type Account = Pick<NewExternalAccount, 'provider' | 'provider_user_id'> & {
  user_id: string
  email_address?: string
  token?: string
  approved_scopes?: string
}
type Device = { user_id: string; platform: TrustedDevice['platform']; app_identifier: string; name?: string | null }

/** What people do with their own accounts: following an invitation, connecting other accounts, adding passkeys and devices. */
export const peopleRoutes = (instance: Instance): Hono => {
  const app = new Hono()
  app.post('/app-invitations/:id/accept', (c) => {
    const invitation = getAppInvitation(instance, pathParam(c, 'id'))
    const user = acceptAppInvitation(instance, invitation)
    return json({ user: userJson(user), invitation: appInvitationJson(invitation) })
  })
  app.post('/external-accounts', async (c) => {
    const { user_id, ...given } = await readBody<Account>(
      c,
      {
        user_id: text(),
        provider: text(),
        provider_user_id: text(),
        email_address: text(),
        token: text(),
        approved_scopes: text(),
      },
      ['user_id', 'provider', 'provider_user_id'],
    )
    const user = getUser(instance, user_id)
    connectAccount(instance, user, given)
    return json(userJson(user))
  })
  app.post('/passkeys', async (c) => {
    const { user_id, name = 'Passkey' } = await readBody<{ user_id: string; name?: string }>(
      c,
      { user_id: text(), name: text() },
      ['user_id'],
    )
    const user = getUser(instance, user_id)
    addPasskey(instance, user, name)
    return json(userJson(user))
  })
  app.post('/subscriptions', async (c) => {
    const { payer_id } = await readBody<{ payer_id: string }>(c, { payer_id: text() }, ['payer_id'])
    const { store } = instance
    if (!store.users.get(payer_id) && !store.organizations.get(payer_id))
      throw notFound(`There is no user and no organization ${payer_id}.`, 'payer_id')
    subscribe(instance, payer_id)
    return json(subscriptionJson(instance, payer_id))
  })
  app.post('/trusted-devices', async (c) => {
    const { user_id, ...given } = await readBody<Device>(
      c,
      { user_id: text(), platform: oneOf('ios', 'android'), app_identifier: text(), name: orNull(text()) },
      ['user_id', 'platform', 'app_identifier'],
    )
    return json(trustedDeviceJson(addTrustedDevice(instance, getUser(instance, user_id), given)))
  })
  return app
}
