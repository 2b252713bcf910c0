import type { Identification, IdentificationKind, UserRecord } from './entities.ts'
import { externalAccountJson, passkeyJson } from './present-sign-in-means.ts'
import { hasSecondFactor } from './second-factors.ts'

// Clerk's JSON of each record. Field names and which of them are always there follow Clerk's published OpenAPI
// (Backend API 2026-05-12 and webhooks 2025-04-15, which agree on these schemas).

/** The picture that was uploaded, or the generated one that Clerk shows in its place. */
export const imageOf = ({ image_id }: { image_id: string | null }): { image_url: string; has_image: boolean } => ({
  image_url: `https://img.clerk.com/${image_id ?? 'none'}`,
  has_image: image_id !== null,
})

const codeStrategies = { email_address: 'email_code', phone_number: 'phone_code' } as const

const verificationOf = ({ kind, status, verified_by }: Identification): Record<string, unknown> | null => {
  if (status !== 'verified') return null
  const byCode = verified_by === 'code' && kind !== 'web3_wallet'
  return {
    object: byCode ? 'verification_otp' : 'verification_admin',
    status: 'verified',
    strategy: byCode ? codeStrategies[kind] : 'admin',
    attempts: byCode ? 1 : null,
    expire_at: null,
  }
}

const emailAddressJson = (email: Identification): Record<string, unknown> => ({
  id: email.id,
  object: 'email_address',
  email_address: email.value,
  reserved: email.status === 'reserved',
  verification: verificationOf(email),
  linked_to: email.linked_to,
  matches_sso_connection: false,
  created_at: email.created_at,
  updated_at: email.updated_at,
})

const phoneNumberJson = (phone: Identification): Record<string, unknown> => ({
  id: phone.id,
  object: 'phone_number',
  phone_number: phone.value,
  reserved_for_second_factor: phone.reserved_for_second_factor,
  default_second_factor: phone.default_second_factor,
  reserved: phone.status === 'reserved',
  verification: verificationOf(phone),
  linked_to: phone.linked_to,
  created_at: phone.created_at,
  updated_at: phone.updated_at,
})

const web3WalletJson = (wallet: Identification): Record<string, unknown> => ({
  id: wallet.id,
  object: 'web3_wallet',
  web3_wallet: wallet.value,
  verification: verificationOf(wallet),
  created_at: wallet.created_at,
  updated_at: wallet.updated_at,
})

const presenters = { email_address: emailAddressJson, phone_number: phoneNumberJson, web3_wallet: web3WalletJson }

export const identificationJson = (identification: Identification): Record<string, unknown> =>
  presenters[identification.kind](identification)

const identificationsJson = (user: UserRecord, kind: IdentificationKind): Record<string, unknown>[] =>
  user.identifications.filter((own) => own.kind === kind).map(identificationJson)

export const userJson = (user: UserRecord): Record<string, unknown> => ({
  id: user.id,
  object: 'user',
  username: user.username,
  first_name: user.first_name,
  last_name: user.last_name,
  locale: user.locale,
  ...imageOf(user),
  profile_image_url: imageOf(user).image_url,
  primary_email_address_id: user.primary_email_address_id,
  primary_phone_number_id: user.primary_phone_number_id,
  primary_web3_wallet_id: user.primary_web3_wallet_id,
  password_enabled: user.password !== null,
  password_last_updated_at: user.password?.updated_at ?? null,
  two_factor_enabled: hasSecondFactor(user),
  totp_enabled: user.totp_secret !== null,
  backup_code_enabled: user.backup_codes.length > 0,
  mfa_enabled_at: user.mfa_enabled_at,
  mfa_disabled_at: user.mfa_disabled_at,
  email_addresses: identificationsJson(user, 'email_address'),
  phone_numbers: identificationsJson(user, 'phone_number'),
  web3_wallets: identificationsJson(user, 'web3_wallet'),
  passkeys: user.passkeys.map(passkeyJson),
  external_accounts: user.external_accounts.map(externalAccountJson),
  saml_accounts: [],
  enterprise_accounts: [],
  public_metadata: user.public_metadata,
  private_metadata: user.private_metadata,
  unsafe_metadata: user.unsafe_metadata,
  external_id: user.external_id,
  last_sign_in_at: user.last_sign_in_at,
  banned: user.banned,
  locked: user.locked,
  deprovisioned: user.deprovisioned,
  // A locked user without a figure here stays locked until somebody unlocks it.
  lockout_expires_in_seconds: null,
  verification_attempts_remaining: user.locked ? 0 : 100,
  scim: user.scim,
  created_at: user.created_at,
  updated_at: user.updated_at,
  delete_self_enabled: user.delete_self_enabled,
  create_organization_enabled: user.create_organization_enabled,
  create_organizations_limit: user.create_organizations_limit,
  last_active_at: user.last_active_at,
  legal_accepted_at: user.legal_accepted_at,
  bypass_client_trust: user.bypass_client_trust,
})

/** What a user is called in lists: the primary address, else the primary number, else the username. */
export const identifierOf = (user: UserRecord): string | null => {
  const primary = (id: string | null) => user.identifications.find((candidate) => candidate.id === id)?.value ?? null
  return (
    primary(user.primary_email_address_id) ??
    primary(user.primary_phone_number_id) ??
    user.username ??
    primary(user.primary_web3_wallet_id)
  )
}

/** A user as memberships show it. */
export const publicUserData = (user: UserRecord): Record<string, unknown> => ({
  user_id: user.id,
  first_name: user.first_name,
  last_name: user.last_name,
  ...imageOf(user),
  identifier: identifierOf(user),
  username: user.username,
  profile_image_url: imageOf(user).image_url,
  banned: user.banned,
  deprovisioned: user.deprovisioned,
})
