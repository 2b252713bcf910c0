import type { ExternalAccount, Passkey, TrustedDevice } from './entities.ts'

// What a user signs in with besides addresses and passwords.

/** The strategy as Clerk names it: `oauth_google` for the provider `google`. */
export const strategyOf = (provider: string): string => (provider.startsWith('oauth_') ? provider : `oauth_${provider}`)

export const externalAccountJson = (account: ExternalAccount): Record<string, unknown> => ({
  object: 'external_account',
  id: account.id,
  provider: strategyOf(account.provider),
  identification_id: account.id.replace(/^eac/, 'idn'),
  provider_user_id: account.provider_user_id,
  approved_scopes: account.approved_scopes,
  email_address: account.email_address,
  first_name: account.first_name,
  last_name: account.last_name,
  image_url: account.image_url,
  username: account.username,
  public_metadata: account.public_metadata,
  label: account.label,
  created_at: account.created_at,
  updated_at: account.updated_at,
  verification: {
    object: 'verification_oauth',
    status: 'verified',
    strategy: strategyOf(account.provider),
    attempts: null,
    expire_at: account.created_at + 600_000,
  },
})

/** A token that the provider gave for the user. */
export const oauthTokenJson = (account: ExternalAccount): Record<string, unknown> => ({
  object: 'oauth_access_token',
  external_account_id: account.id,
  provider_user_id: account.provider_user_id,
  token: account.token,
  expires_at: account.token_expires_at,
  provider: strategyOf(account.provider),
  public_metadata: account.public_metadata,
  label: account.label,
  scopes: account.approved_scopes.split(' ').filter((scope) => scope !== ''),
})

export const passkeyJson = (passkey: Passkey): Record<string, unknown> => ({
  id: passkey.id,
  object: 'passkey',
  name: passkey.name,
  last_used_at: passkey.last_used_at,
  verification: {
    object: 'verification_passkey',
    status: 'verified',
    strategy: 'passkey',
    attempts: null,
    expire_at: null,
  },
})

export const trustedDeviceJson = (device: TrustedDevice): Record<string, unknown> => ({
  object: 'trusted_device',
  id: device.id,
  platform: device.platform,
  app_identifier: device.app_identifier,
  name: device.name,
  algorithm: 'ES256',
  status: device.status,
  created_at: device.created_at,
  updated_at: device.updated_at,
  last_used_at: null,
  revoked_at: device.revoked_at,
})
