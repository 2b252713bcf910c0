import { webAddress } from './bodies-joining.ts'
import type { IdentificationStatus, Metadata } from './entities.ts'
import { formError } from './errors.ts'
import { count, flag, listOf, metadata, oneOf, orNull, type Reader, type Shape, text, time } from './read-object.ts'

// The bodies that requests carry, parameter by parameter, as Clerk's OpenAPI lists them.

export type MetadataBody = { public_metadata?: Metadata; private_metadata?: Metadata }
export type UserMetadataBody = MetadataBody & { unsafe_metadata?: Metadata }

type UserBody = {
  external_id?: string | null
  first_name?: string | null
  last_name?: string | null
  locale?: string | null
  username?: string | null
  password?: string | null
  password_digest?: string | null
  password_hasher?: string | null
  skip_password_checks?: boolean | null
  totp_secret?: string | null
  backup_codes?: string[] | null
  delete_self_enabled?: boolean | null
  create_organization_enabled?: boolean | null
  create_organizations_limit?: number | null
  legal_accepted_at?: number | null
  skip_legal_checks?: boolean | null
  created_at?: number | null
  bypass_client_trust?: boolean | null
}

export type CreateUserBody = UserBody &
  UserMetadataBody & {
    email_address?: string[]
    email_address_identification_status?: ('verified' | 'reserved')[]
    phone_number?: string[]
    phone_number_identification_status?: ('verified' | 'reserved')[]
    web3_wallet?: string[]
    skip_password_requirement?: boolean | null
    skip_user_requirement?: boolean | null
    banned?: boolean | null
    locked?: boolean | null
  }

export type UpdateUserBody = UserBody &
  UserMetadataBody & {
    primary_email_address_id?: string | null
    primary_phone_number_id?: string | null
    primary_web3_wallet_id?: string | null
    profile_image_id?: string | null
    notify_primary_email_address_changed?: boolean | null
    sign_out_of_other_sessions?: boolean | null
  }

const name = orNull(text(256))

/** A BCP 47 language tag, such as en-US; en_US is none. */
const languageTag: Reader<string> = (value, param) => {
  const given = text()(value, param)
  try {
    Intl.getCanonicalLocales(given)
  } catch {
    throw formError('form_param_format_invalid', param, 'is invalid', `${param} must be a valid BCP-47 language tag.`)
  }
  return given
}

const userShape: Shape<UserBody> = {
  external_id: orNull(text()),
  first_name: name,
  last_name: name,
  locale: orNull(languageTag),
  username: orNull(text(64)),
  password: orNull(text()),
  password_digest: orNull(text()),
  password_hasher: orNull(text()),
  skip_password_checks: orNull(flag),
  totp_secret: orNull(text()),
  backup_codes: orNull(listOf(text())),
  delete_self_enabled: orNull(flag),
  create_organization_enabled: orNull(flag),
  create_organizations_limit: orNull(count(0, 1_000_000)),
  legal_accepted_at: orNull(time),
  skip_legal_checks: orNull(flag),
  created_at: orNull(time),
  bypass_client_trust: orNull(flag),
}

export const metadataShape: Shape<MetadataBody> = { public_metadata: metadata, private_metadata: metadata }
export const userMetadataShape: Shape<UserMetadataBody> = { ...metadataShape, unsafe_metadata: metadata }

export const createUserShape: Shape<CreateUserBody> = {
  ...userShape,
  ...userMetadataShape,
  email_address: listOf(text()),
  email_address_identification_status: listOf(oneOf('verified', 'reserved')),
  phone_number: listOf(text()),
  phone_number_identification_status: listOf(oneOf('verified', 'reserved')),
  web3_wallet: listOf(text()),
  skip_password_requirement: orNull(flag),
  skip_user_requirement: orNull(flag),
  banned: orNull(flag),
  locked: orNull(flag),
}

export const updateUserShape: Shape<UpdateUserBody> = {
  ...userShape,
  ...userMetadataShape,
  primary_email_address_id: orNull(text()),
  primary_phone_number_id: orNull(text()),
  primary_web3_wallet_id: orNull(text()),
  profile_image_id: orNull(text()),
  notify_primary_email_address_changed: orNull(flag),
  sign_out_of_other_sessions: orNull(flag),
}

export type UserIdsBody = { user_ids: string[] }
export const userIdsShape: Shape<UserIdsBody> = { user_ids: listOf(text(), 50) }

export type IdentificationChangeBody = {
  verified?: boolean | null
  primary?: boolean | null
  notify_primary_email_address_changed?: boolean | null
}
export const identificationChangeShape: Shape<IdentificationChangeBody> = {
  verified: orNull(flag),
  primary: orNull(flag),
  notify_primary_email_address_changed: orNull(flag),
}

export type AttemptBody = { verification_id: string; code: string }
export const attemptShape: Shape<AttemptBody> = { verification_id: text(), code: text() }

export type PhoneChangeBody = Omit<IdentificationChangeBody, 'notify_primary_email_address_changed'> & {
  reserved_for_second_factor?: boolean | null
}
export const phoneChangeShape: Shape<PhoneChangeBody> = {
  verified: orNull(flag),
  primary: orNull(flag),
  reserved_for_second_factor: orNull(flag),
}

export type NewEmailBody = IdentificationChangeBody & { user_id: string; email_address: string }
export const newEmailShape: Shape<NewEmailBody> = {
  ...identificationChangeShape,
  user_id: text(),
  email_address: text(),
}

export type NewPhoneBody = PhoneChangeBody & { user_id: string; phone_number: string }
export const newPhoneShape: Shape<NewPhoneBody> = { ...phoneChangeShape, user_id: text(), phone_number: text() }

export type ReplaceEmailBody = {
  email_address: string
  identification_status?: IdentificationStatus
  notify_primary_email_address_changed?: boolean | null
}
export const replaceEmailShape: Shape<ReplaceEmailBody> = {
  email_address: text(),
  identification_status: oneOf('verified', 'reserved', 'unverified'),
  notify_primary_email_address_changed: orNull(flag),
}

export type ReplacePhoneBody = { phone_number: string; identification_status?: IdentificationStatus }
export const replacePhoneShape: Shape<ReplacePhoneBody> = {
  phone_number: text(),
  identification_status: oneOf('verified', 'reserved', 'unverified'),
}

const organizationName: Reader<string> = (value, param) => {
  const given = text(256)(value, param)
  if (given.trim() === '') throw formError('form_param_nil', param, 'is empty', `${param} must not be empty.`)
  if (/https?:\/\/|www\.|<[^>]*>/i.test(given))
    throw formError('form_param_value_invalid', param, 'is invalid', `${param} must not contain URLs or HTML.`)
  return given
}

type NullableMetadataBody = { public_metadata?: Metadata | null; private_metadata?: Metadata | null }
const nullableMetadataShape: Shape<NullableMetadataBody> = {
  public_metadata: orNull(metadata),
  private_metadata: orNull(metadata),
}

export type CreateOrganizationBody = NullableMetadataBody & {
  name: string
  created_by?: string | null
  slug?: string | null
  max_allowed_memberships?: number | null
  created_at?: number | null
  role_set_key?: string | null
}
export const createOrganizationShape: Shape<CreateOrganizationBody> = {
  ...nullableMetadataShape,
  name: organizationName,
  created_by: orNull(text()),
  slug: orNull(text()),
  max_allowed_memberships: orNull(count(0, 1_000_000)),
  created_at: orNull(time),
  role_set_key: orNull(text()),
}

export type UpdateOrganizationBody = MetadataBody & {
  name?: string | null
  slug?: string | null
  max_allowed_memberships?: number | null
  admin_delete_enabled?: boolean | null
  created_at?: number | null
  role_set_key?: string | null
}
export const updateOrganizationShape: Shape<UpdateOrganizationBody> = {
  ...metadataShape,
  name: orNull(organizationName),
  slug: orNull(text()),
  max_allowed_memberships: orNull(count(0, 1_000_000)),
  admin_delete_enabled: orNull(flag),
  created_at: orNull(time),
  role_set_key: orNull(text()),
}

export type CreateMembershipBody = NullableMetadataBody & { user_id: string; role: string }
export const createMembershipShape: Shape<CreateMembershipBody> = {
  ...nullableMetadataShape,
  user_id: text(),
  role: text(),
}

export type RoleBody = { role: string }
export const roleShape: Shape<RoleBody> = { role: text() }

export type CreateInvitationBody = NullableMetadataBody & {
  email_address: string
  role: string
  inviter_user_id?: string | null
  redirect_url?: string | null
  expires_in_days?: number | null
  notify?: boolean | null
}
export const createInvitationShape: Shape<CreateInvitationBody> = {
  ...nullableMetadataShape,
  email_address: text(),
  role: text(),
  inviter_user_id: orNull(text()),
  redirect_url: orNull(webAddress),
  expires_in_days: orNull(count(1, 365)),
  notify: orNull(flag),
}

export type RevokeInvitationBody = { requesting_user_id?: string | null }
export const revokeInvitationShape: Shape<RevokeInvitationBody> = { requesting_user_id: orNull(text()) }
