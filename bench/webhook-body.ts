/** A webhook of a new user with what Clerk sends for one who signed up with Google: 3 KB. */
import { createHash } from 'node:crypto'
import { userEvent } from '../test/support/clerk-events.ts'

/** The size of the bodies, in bytes. */
export const bodySize = 3_072

const verification = {
  status: 'verified',
  strategy: 'oauth_google',
  attempts: null,
  expire_at: null,
  object: 'verification_google_oauth',
}

const externalAccount = (n: number): object => ({
  object: 'google_account',
  id: `gac_${n}`,
  provider: 'oauth_google',
  google_id: `1078${n}`,
  identification_id: `idn_g${n}`,
  provider_user_id: `1078${n}`,
  approved_scopes: 'email https://www.googleapis.com/auth/userinfo.email openid profile',
  email_address: `user${n}@example.com`,
  given_name: 'Ada',
  family_name: 'Lovelace',
  picture: `https://lh3.example.com/a/${n}=s1000-c`,
  avatar_url: `https://lh3.example.com/a/${n}=s1000-c`,
  username: null,
  public_metadata: {},
  label: null,
  created_at: 1_767_603_600_000,
  updated_at: 1_767_603_600_000,
  verification,
})

const fields = (n: number): { [field: string]: unknown } => ({
  profile_image_url: `https://img.example.com/${n}`,
  image_url: `https://img.example.com/${n}`,
  has_image: true,
  primary_web3_wallet_id: null,
  web3_wallets: [],
  passkeys: [],
  password_enabled: false,
  two_factor_enabled: false,
  totp_enabled: false,
  backup_code_enabled: false,
  mfa_enabled_at: null,
  mfa_disabled_at: null,
  saml_accounts: [],
  enterprise_accounts: [],
  external_accounts: [externalAccount(n)],
  email_addresses: [
    {
      object: 'email_address',
      id: `idn_user_${n}`,
      email_address: `user${n}@example.com`,
      reserved: false,
      matches_sso_connection: false,
      linked_to: [{ id: `idn_g${n}`, type: 'oauth_google' }],
      verification,
      created_at: 1_767_603_600_000,
      updated_at: 1_767_603_600_000,
    },
  ],
  delete_self_enabled: true,
  create_organization_enabled: true,
  create_organizations_limit: null,
  lockout_expires_in_seconds: null,
  verification_attempts_remaining: 100,
  last_active_at: 1_767_603_600_000,
  legal_accepted_at: 1_767_603_600_000,
})

const digest = (text: string): string => createHash('sha256').update(text).digest('base64url')

/** The body of the `n`th user; the application's own metadata makes up the rest of its size. */
export const webhookBody = (n: number): string => {
  const metadata: { [field: string]: string } = {}
  const bodyWith = (): string =>
    JSON.stringify(userEvent('created', { id: `user_${n}`, fields: { ...fields(n), public_metadata: metadata } }))
  const missing = (): number => bodySize - bodyWith().length
  const perField = `,"field_00":"${digest('')}"`.length
  for (let left = missing(), i = 10; left > 0; left -= perField, i++)
    metadata[`field_${i}`] = digest(`${n} ${i}`).slice(0, Math.max(0, left - `,"field_00":""`.length))
  return bodyWith()
}
