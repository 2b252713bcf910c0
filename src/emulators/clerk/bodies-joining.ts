import type { EnrollmentMode, Metadata } from './entities.ts'
import { formError } from './errors.ts'
import { count, flag, metadata, oneOf, orNull, type Reader, type Shape, text } from './read-object.ts'

// The bodies of requests about ways to join: domains of organizations, invitations to the application, the waitlist.

const labels = /^(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$/

/** A domain name, in lower case. */
const domainName: Reader<string> = (value, param) => {
  const given = text(253)(value, param).trim().toLowerCase()
  if (!labels.test(given))
    throw formError('form_param_format_invalid', param, 'is invalid', `${param} must be a valid domain name.`)
  return given
}

export const enrollmentModes: readonly EnrollmentMode[] = [
  'manual_invitation',
  'automatic_invitation',
  'automatic_suggestion',
  'enterprise_sso',
]

export type CreateDomainBody = { name: string; enrollment_mode: EnrollmentMode; verified?: boolean | null }
export const createDomainShape: Shape<CreateDomainBody> = {
  name: domainName,
  enrollment_mode: oneOf(...enrollmentModes),
  verified: orNull(flag),
}

export type UpdateDomainBody = { enrollment_mode?: EnrollmentMode | null; verified?: boolean | null }
export const updateDomainShape: Shape<UpdateDomainBody> = {
  enrollment_mode: orNull(oneOf(...enrollmentModes)),
  verified: orNull(flag),
}

/** An address to come back to. */
export const webAddress: Reader<string> = (value, param) => {
  const given = text()(value, param)
  if (!URL.canParse(given) || given.includes(' '))
    throw formError('form_param_format_invalid', param, 'is invalid', `${param} must be a valid url.`)
  return given
}

export type CreateAppInvitationBody = {
  email_address: string
  public_metadata?: Metadata | null
  redirect_url?: string | null
  notify?: boolean | null
  ignore_existing?: boolean | null
  expires_in_days?: number | null
  template_slug?: 'invitation' | 'waitlist_invitation'
}
export const createAppInvitationShape: Shape<CreateAppInvitationBody> = {
  email_address: text(),
  public_metadata: orNull(metadata),
  redirect_url: orNull(webAddress),
  notify: orNull(flag),
  ignore_existing: orNull(flag),
  expires_in_days: orNull(count(1, 365)),
  template_slug: oneOf('invitation', 'waitlist_invitation'),
}

export type CreateWaitlistEntryBody = { email_address: string; notify?: boolean | null }
export const createWaitlistEntryShape: Shape<CreateWaitlistEntryBody> = { email_address: text(), notify: orNull(flag) }

export type InviteWaitlistEntryBody = { ignore_existing?: boolean | null }
export const inviteWaitlistEntryShape: Shape<InviteWaitlistEntryBody> = { ignore_existing: orNull(flag) }
