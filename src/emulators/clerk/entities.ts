/** A value that JSON can carry. */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json }
export type Metadata = { [key: string]: Json }

export type IdentificationKind = 'email_address' | 'phone_number'
/** `verified` and `reserved` hold the value for this user alone; `unverified` does not. */
export type IdentificationStatus = 'verified' | 'reserved' | 'unverified'

/** An e-mail address or a phone number of a user. */
export type Identification = {
  id: string
  kind: IdentificationKind
  value: string
  status: IdentificationStatus
  linked_to: { type: string; id: string }[]
  reserved_for_second_factor: boolean
  created_at: number
  updated_at: number
}

export type ScimOrigin = { directory_id: string; directory_enabled: boolean; external_id: string | null }

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
  password_enabled: boolean
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
  role_set_key: string | null
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

/** A role as the instance defines it. */
export type Role = { key: string; name: string; permissions: readonly string[] }
