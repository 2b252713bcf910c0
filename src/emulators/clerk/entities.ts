/** A value that JSON can carry. */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json }
export type Metadata = { [key: string]: Json }

/** What the dashboard can switch on and off for users. */
export const userAttributes = [
  'email_address',
  'phone_number',
  'web3_wallet',
  'username',
  'first_name',
  'last_name',
  'password',
] as const
export type UserAttribute = (typeof userAttributes)[number]

export type IdentificationKind = 'email_address' | 'phone_number' | 'web3_wallet'
/** `verified` and `reserved` hold the value for this user alone; `unverified` does not. */
export type IdentificationStatus = 'verified' | 'reserved' | 'unverified'

/** An e-mail address, a phone number or a web3 wallet of a user. */
export type Identification = {
  id: string
  kind: IdentificationKind
  value: string
  status: IdentificationStatus
  linked_to: { type: string; id: string }[]
  reserved_for_second_factor: boolean
  default_second_factor: boolean
  /** How a verified value was verified: by whoever holds the secret key, or by a code that was sent to it. */
  verified_by: 'admin' | 'code'
  created_at: number
  updated_at: number
}

export type ScimOrigin = { directory_id: string; directory_enabled: boolean; external_id: string | null }

/** A password, as text that only a comparison can use, or a digest from elsewhere with the name of its hasher. */
export type Password = { hasher: string; digest: string; updated_at: number }

/** An account at another provider that the user signs in with. */
export type ExternalAccount = {
  id: string
  provider: string
  provider_user_id: string
  email_address: string
  first_name: string
  last_name: string
  username: string | null
  image_url: string | null
  label: string | null
  approved_scopes: string
  public_metadata: Metadata
  /** What GET /users/{id}/oauth_access_tokens/{provider} answers. */
  token: string
  token_expires_at: number | null
  created_at: number
  updated_at: number
}

export type Passkey = { id: string; name: string; last_used_at: number }

export type TrustedDevice = {
  id: string
  platform: 'ios' | 'android'
  app_identifier: string
  name: string | null
  status: 'active' | 'revoked'
  created_at: number
  updated_at: number
  revoked_at: number | null
}

/** What the emulator keeps of a user; `present-users.ts` turns it into Clerk's JSON. */
export type UserRecord = {
  id: string
  /** Order of insertion, which breaks ties between equal times of creation. */
  seq: number
  external_id: string | null
  username: string | null
  first_name: string | null
  last_name: string | null
  locale: string | null
  public_metadata: Metadata
  private_metadata: Metadata
  unsafe_metadata: Metadata
  identifications: Identification[]
  primary_email_address_id: string | null
  primary_phone_number_id: string | null
  primary_web3_wallet_id: string | null
  password: Password | null
  /** The secret of the user's authenticator, in base32. */
  totp_secret: string | null
  /** Codes that are not used up. */
  backup_codes: string[]
  mfa_enabled_at: number | null
  mfa_disabled_at: number | null
  external_accounts: ExternalAccount[]
  passkeys: Passkey[]
  trusted_devices: TrustedDevice[]
  /** The uploaded picture. */
  image_id: string | null
  bypass_client_trust: boolean
  banned: boolean
  locked: boolean
  deprovisioned: boolean
  scim: ScimOrigin | null
  delete_self_enabled: boolean
  create_organization_enabled: boolean
  create_organizations_limit: number | null
  last_sign_in_at: number | null
  last_active_at: number | null
  legal_accepted_at: number | null
  created_at: number
  updated_at: number
}

export type OrganizationRecord = {
  id: string
  seq: number
  name: string
  /** Empty when the instance has slugs switched off. */
  slug: string
  max_allowed_memberships: number
  admin_delete_enabled: boolean
  public_metadata: Metadata
  private_metadata: Metadata
  created_by: string | null
  image_id: string | null
  role_set_key: string
  created_at: number
  updated_at: number
}

export type MembershipRecord = {
  id: string
  seq: number
  user_id: string
  organization_id: string
  role: string
  public_metadata: Metadata
  private_metadata: Metadata
  /** The membership comes from a directory: the Backend API refuses to change it. */
  scim_managed: boolean
  created_at: number
  updated_at: number
}

export type InvitationStatus = 'pending' | 'accepted' | 'revoked' | 'expired'

export type InvitationRecord = {
  id: string
  seq: number
  organization_id: string
  email_address: string
  role: string
  inviter_user_id: string | null
  status: InvitationStatus
  public_metadata: Metadata
  private_metadata: Metadata
  url: string
  expires_at: number
  created_at: number
  updated_at: number
}

export type EnrollmentMode = 'manual_invitation' | 'automatic_invitation' | 'automatic_suggestion' | 'enterprise_sso'

/** A domain whose people may join an organization. */
export type DomainRecord = {
  id: string
  seq: number
  organization_id: string
  name: string
  enrollment_mode: EnrollmentMode
  verified: boolean
  /** When ownership was proven, which is another matter than `verified`. */
  ownership_verified_at: number | null
  created_at: number
  updated_at: number
}

/** An invitation to the application itself, without an organization. */
export type AppInvitationRecord = {
  id: string
  seq: number
  email_address: string
  public_metadata: Metadata
  status: InvitationStatus
  url: string
  expires_at: number
  created_at: number
  updated_at: number
}

export type WaitlistStatus = 'pending' | 'invited' | 'rejected' | 'completed'

export type WaitlistEntryRecord = {
  id: string
  seq: number
  email_address: string
  status: WaitlistStatus
  invitation_id: string | null
  invited_at: number | null
  created_at: number
  updated_at: number
}

/** Somebody who is signed in. `pending` while the application demands something first. */
export type SessionRecord = {
  id: string
  client_id: string
  user_id: string
  status: 'active' | 'pending' | 'ended' | 'removed' | 'revoked'
  created_at: number
  updated_at: number
}

/** A one-time code on its way to an address or a number. */
export type Verification = {
  id: string
  identification_id: string
  code: string
  status: 'unverified' | 'verified' | 'failed' | 'expired'
  attempts: number
  expire_at: number
}

export type PermissionRecord = {
  id: string
  seq: number
  key: string
  name: string
  description: string
  type: 'system' | 'custom'
  created_at: number
  updated_at: number
}

export type RoleRecord = {
  id: string
  seq: number
  key: string
  name: string
  description: string | null
  /** Ids, in the order in which they were given. */
  permission_ids: string[]
  created_at: number
  updated_at: number
}

/** The roles that the members of an organization may have. */
export type RoleSetRecord = {
  id: string
  seq: number
  key: string
  name: string
  description: string | null
  /** `initial` is the set of new organizations; there is always exactly one. */
  type: 'initial' | 'custom'
  role_ids: string[]
  default_role_id: string
  creator_role_id: string
  created_at: number
  updated_at: number
}

/** That a user or an organization subscribes; to what is not emulated. */
export type Subscription = { id: string; payer_id: string; created_at: number }

/** One adjustment of what a user or an organization has to its credit, in cents. */
export type CreditEntry = {
  id: string
  payer_id: string
  amount: number
  currency: string
  idempotency_key: string
  note: string | null
  created_at: number
}

/** A role as the instance's options define it. */
export type Role = { key: string; name: string; permissions: readonly string[] }
