import type { ExternalAccount, Passkey, TrustedDevice, UserRecord } from './entities.ts'
import { ApiError, notFound } from './errors.ts'
import { dropIdentification } from './identifications.ts'
import type { Instance } from './instance.ts'
import { strategyOf } from './present-sign-in-means.ts'
import { userChanged } from './users.ts'

// What people connect to their account by themselves: accounts at other providers, passkeys, devices. The Backend API only lists
// and removes it; controls of the emulator, and seeds, put it there.

export type NewExternalAccount = Partial<Omit<ExternalAccount, 'id' | 'created_at' | 'updated_at'>> &
  Pick<ExternalAccount, 'provider' | 'provider_user_id'>

/** An account at a provider, with what is not given made up. */
const newExternalAccount = (instance: Instance, given: NewExternalAccount): ExternalAccount => ({
  email_address: '',
  first_name: '',
  last_name: '',
  username: null,
  image_url: null,
  label: null,
  approved_scopes: 'email profile',
  public_metadata: {},
  token: `token_of_${given.provider_user_id}`,
  token_expires_at: null,
  ...given,
  id: instance.newId('eac'),
  created_at: instance.now(),
  updated_at: instance.now(),
})

/** Connects an account; the user's own address that it shows is linked to it. */
export const connectAccount = (instance: Instance, user: UserRecord, given: NewExternalAccount): ExternalAccount => {
  const account = newExternalAccount(instance, given)
  user.external_accounts.push(account)
  for (const email of user.identifications)
    if (email.kind === 'email_address' && email.value === account.email_address)
      email.linked_to.push({ type: strategyOf(account.provider), id: account.id })
  userChanged(instance, user)
  return account
}

export const addPasskey = (instance: Instance, user: UserRecord, name: string): Passkey => {
  const passkey = { id: instance.newId('idn'), name, last_used_at: instance.now() }
  user.passkeys.push(passkey)
  userChanged(instance, user)
  return passkey
}

export const addTrustedDevice = (
  instance: Instance,
  user: UserRecord,
  given: Pick<TrustedDevice, 'platform' | 'app_identifier'> & { name?: string | null },
): TrustedDevice => {
  const now = instance.now()
  const device: TrustedDevice = {
    id: instance.newId('tdev'),
    platform: given.platform,
    app_identifier: given.app_identifier,
    name: given.name ?? null,
    status: 'active',
    created_at: now,
    updated_at: now,
    revoked_at: null,
  }
  user.trusted_devices.push(device)
  return device
}

/** The tokens of a user's accounts at one provider, which may be named with or without `oauth_`. */
export const accountsAt = (user: UserRecord, provider: string): ExternalAccount[] => {
  if (!/^(oauth_)?[a-z0-9_]+$/.test(provider))
    throw new ApiError(400, 'oauth_unsupported_provider', 'unsupported provider', {
      longMessage: `${provider} OAuth is not supported. Please contact us if you think this error should not appear.`,
    })
  return user.external_accounts.filter((account) => strategyOf(account.provider) === strategyOf(provider))
}

/** DELETE /users/{id}/external_accounts/{id}. */
export const disconnectAccount = (instance: Instance, user: UserRecord, id: string): void => {
  if (!user.external_accounts.some((account) => account.id === id))
    throw notFound(`No external account was found with id ${id}.`)
  user.external_accounts = user.external_accounts.filter((account) => account.id !== id)
  for (const email of user.identifications) email.linked_to = email.linked_to.filter((link) => link.id !== id)
  userChanged(instance, user)
}

/** DELETE /users/{id}/passkeys/{id}. */
export const deletePasskey = (instance: Instance, user: UserRecord, id: string): void => {
  if (!user.passkeys.some((passkey) => passkey.id === id)) throw notFound(`No passkey was found with id ${id}.`)
  user.passkeys = user.passkeys.filter((passkey) => passkey.id !== id)
  userChanged(instance, user)
}

/** DELETE /users/{id}/web3_wallets/{id}. */
export const deleteWeb3Wallet = (instance: Instance, user: UserRecord, id: string): void => {
  const wallet = user.identifications.find((own) => own.id === id && own.kind === 'web3_wallet')
  if (!wallet) throw notFound(`No web3 wallet was found with id ${id}.`)
  dropIdentification(instance, user, wallet)
  userChanged(instance, user)
}

/** DELETE /users/{id}/trusted_devices/{id}: no user is changed by it. */
export const revokeTrustedDevice = (instance: Instance, user: UserRecord, id: string): TrustedDevice => {
  const device = user.trusted_devices.find((own) => own.id === id && own.status === 'active')
  if (!device) throw notFound(`No trusted device was found with id ${id}.`)
  const now = instance.now()
  Object.assign(device, { status: 'revoked', revoked_at: now, updated_at: now })
  return device
}
