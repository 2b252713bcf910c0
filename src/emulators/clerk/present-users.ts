import type { Identification, UserRecord } from './entities.ts'
import type { Instance } from './instance.ts'

// Clerk's JSON of each record. Field names and which of them are always there follow Clerk's published OpenAPI
// (Backend API 2026-05-12 and webhooks 2025-04-15, which agree on these schemas).

/** Nobody has a picture here; Clerk shows a generated one in its place. */
export const imageUrl = 'https://img.clerk.com/none'

const verified = {
  object: 'verification_admin',
  status: 'verified',
  strategy: 'admin',
  attempts: null,
  expire_at: null,
}

const emailAddressJson = (email: Identification): Record<string, unknown> => ({
  id: email.id,
  object: 'email_address',
  email_address: email.value,
  reserved: email.status === 'reserved',
  verification: email.status === 'verified' ? verified : null,
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
  default_second_factor: phone.reserved_for_second_factor,
  reserved: phone.status === 'reserved',
  verification: phone.status === 'verified' ? verified : null,
  linked_to: phone.linked_to,
  created_at: phone.created_at,
  updated_at: phone.updated_at,
})

export const identificationJson = (identification: Identification): Record<string, unknown> =>
  identification.kind === 'email_address' ? emailAddressJson(identification) : phoneNumberJson(identification)

export const userJson = (user: UserRecord): Record<string, unknown> => ({
  id: user.id,
  object: 'user',
  username: user.username,
  first_name: user.first_name,
  last_name: user.last_name,
  locale: user.locale,
  image_url: imageUrl,
  profile_image_url: imageUrl,
  has_image: false,
  primary_email_address_id: user.primary_email_address_id,
  primary_phone_number_id: user.primary_phone_number_id,
  primary_web3_wallet_id: null,
  password_enabled: user.password_enabled,
  two_factor_enabled: false,
  totp_enabled: false,
  backup_code_enabled: false,
  mfa_enabled_at: null,
  mfa_disabled_at: null,
  email_addresses: user.identifications.filter(({ kind }) => kind === 'email_address').map(emailAddressJson),
  phone_numbers: user.identifications.filter(({ kind }) => kind === 'phone_number').map(phoneNumberJson),
  web3_wallets: [],
  passkeys: [],
  external_accounts: [],
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
  bypass_client_trust: false,
})

/** What a user is called in lists: the primary address, else the primary number, else the username. */
export const identifierOf = (user: UserRecord): string | null => {
  const primary = (id: string | null) => user.identifications.find((candidate) => candidate.id === id)?.value
  return primary(user.primary_email_address_id) ?? primary(user.primary_phone_number_id) ?? user.username
}

/** A user as memberships show it. */
export const publicUserData = (user: UserRecord): Record<string, unknown> => ({
  user_id: user.id,
  first_name: user.first_name,
  last_name: user.last_name,
  image_url: imageUrl,
  has_image: false,
  identifier: identifierOf(user),
  username: user.username,
  profile_image_url: imageUrl,
  banned: user.banned,
  deprovisioned: user.deprovisioned,
})

/** The session that a sign-in opens, as `session.created` carries it. */
export const sessionEvent = (instance: Instance, user: UserRecord): Record<string, unknown> => {
  const now = instance.now()
  const week = 7 * 24 * 3_600_000
  return {
    object: 'session',
    id: instance.newId('sess'),
    client_id: instance.newId('client'),
    user_id: user.id,
    user: userJson(user),
    status: 'active',
    actor: null,
    last_active_organization_id: null,
    last_active_at: now,
    expire_at: now + week,
    abandon_at: now + 30 * 24 * 3_600_000,
    created_at: now,
    updated_at: now,
  }
}
