import { z } from 'zod'
import { SyncError } from '../errors.ts'

/**
 * What Clerk sends, checked where we read it and left alone elsewhere: fields that we do not name pass through, for the mapping may use any
 * of them. Webhooks and the Backend API carry the same objects. Field names stay Clerk's; times are always Unix milliseconds.
 */

export type Metadata = { readonly [key: string]: unknown }

type Extra = { readonly [field: string]: unknown }

export type ClerkEmailAddress = Extra & { id?: string | null | undefined; email_address: string }
export type ClerkPhoneNumber = Extra & { id?: string | null | undefined; phone_number: string }

export type ClerkUser = Extra & {
  id: string
  external_id?: string | null | undefined
  username?: string | null | undefined
  first_name?: string | null | undefined
  last_name?: string | null | undefined
  primary_email_address_id?: string | null | undefined
  primary_phone_number_id?: string | null | undefined
  email_addresses: ClerkEmailAddress[]
  phone_numbers: ClerkPhoneNumber[]
  public_metadata: Metadata
  private_metadata?: Metadata | null | undefined
  unsafe_metadata?: Metadata | null | undefined
  banned: boolean
  locked: boolean
  /** Set by Directory Sync when the identity provider deletes or disables the user, which arrives as `user.updated`. */
  deprovisioned?: boolean | null | undefined
  last_sign_in_at?: number | null | undefined
  created_at: number
  updated_at: number
}

export type ClerkOrganization = Extra & {
  id: string
  name: string
  /** Absent or null where the instance has slugs switched off, as new ones have. */
  slug?: string | null | undefined
  public_metadata: Metadata
  private_metadata?: Metadata | null | undefined
  created_by?: string | null | undefined
  created_at: number
  updated_at: number
}

/** Enough of the user to make a stub of the person when the membership arrives first. */
export type ClerkPublicUserData = Extra & {
  user_id: string
  first_name?: string | null | undefined
  last_name?: string | null | undefined
  /** Mostly the primary e-mail address, but it may be a phone number or a username. */
  identifier?: string | null | undefined
  banned?: boolean | null | undefined
  deprovisioned?: boolean | null | undefined
}

export type ClerkMembership = Extra & {
  id: string
  role: string
  role_name?: string | null | undefined
  organization: ClerkOrganization
  public_user_data: ClerkPublicUserData
  public_metadata: Metadata
  private_metadata?: Metadata | null | undefined
  created_at: number
  updated_at: number
}

/**
 * An invitation to an organization. Clerk's schema does not promise `organization_id` and `status`, but all its samples have them, and an
 * invitation to nobody knows where is of no use. Clerk sends no event when one expires: that is seen by asking.
 */
export type ClerkInvitation = Extra & {
  id: string
  email_address: string
  role: string
  organization_id: string
  /** pending, accepted, revoked or expired, unless Clerk invents another. */
  status: string
  public_metadata: Metadata
  private_metadata?: Metadata | null | undefined
  /** Who accepted it; in the event of that, and nowhere else. */
  user_id?: string | null | undefined
  expires_at?: number | null | undefined
  created_at: number
  updated_at: number
}

/** What remains in `user.deleted` and `organization.deleted`. The schema that Clerk publishes does not even promise the id. */
export type ClerkDeletedObject = Extra & { id?: string | null | undefined; deleted: boolean }

/** What every webhook has around its `data`. The id of the delivery is not in here: it is the `svix-id` header. */
export type ClerkEnvelope = Extra & { type: string; data: unknown; timestamp: number; instance_id: string }

/**
 * Clerk documents milliseconds, and all samples of its OpenAPI have seconds in the envelope (seen August 2026).
 * 1e11 is the year 5138 in seconds and 1973 in milliseconds, so that no real time is ambiguous.
 */
const milliseconds = z.number().overwrite((time) => (time < 1e11 ? time * 1000 : time))
const id = z.string().min(1)
const text = z.string().nullish()
const flag = z.boolean().nullish()
// Not z.record: that copies and checks each key, for a thing that only has to be an object.
const metadata = z.custom<Metadata>(
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  'expected object',
)

export const userSchema: z.ZodType<ClerkUser> = z.looseObject({
  id,
  external_id: text,
  username: text,
  first_name: text,
  last_name: text,
  primary_email_address_id: text,
  primary_phone_number_id: text,
  email_addresses: z.array(z.looseObject({ id: text, email_address: z.string() })),
  phone_numbers: z.array(z.looseObject({ id: text, phone_number: z.string() })),
  public_metadata: metadata,
  private_metadata: metadata.nullish(),
  unsafe_metadata: metadata.nullish(),
  banned: z.boolean(),
  locked: z.boolean(),
  deprovisioned: flag,
  last_sign_in_at: milliseconds.nullish(),
  created_at: milliseconds,
  updated_at: milliseconds,
})

export const organizationSchema: z.ZodType<ClerkOrganization> = z.looseObject({
  id,
  name: z.string(),
  slug: text,
  public_metadata: metadata,
  private_metadata: metadata.nullish(),
  created_by: text,
  created_at: milliseconds,
  updated_at: milliseconds,
})

export const membershipSchema: z.ZodType<ClerkMembership> = z.looseObject({
  id,
  role: z.string().min(1),
  role_name: text,
  organization: organizationSchema,
  public_user_data: z.looseObject({
    user_id: id,
    first_name: text,
    last_name: text,
    identifier: text,
    banned: flag,
    deprovisioned: flag,
  }),
  public_metadata: metadata,
  private_metadata: metadata.nullish(),
  created_at: milliseconds,
  updated_at: milliseconds,
})

export const invitationSchema: z.ZodType<ClerkInvitation> = z.looseObject({
  id,
  email_address: z.string(),
  role: z.string().min(1),
  organization_id: id,
  status: z.string().min(1),
  public_metadata: metadata,
  private_metadata: metadata.nullish(),
  user_id: text,
  expires_at: milliseconds.nullish(),
  created_at: milliseconds,
  updated_at: milliseconds,
})

export const deletedObjectSchema: z.ZodType<ClerkDeletedObject> = z.looseObject({ id: text, deleted: z.boolean() })

export const envelopeSchema: z.ZodType<ClerkEnvelope> = z.looseObject({
  type: z.string().min(1),
  data: z.unknown(),
  timestamp: milliseconds,
  instance_id: z.string(),
})

/**
 * Checks `value`, which `what` names in the error, such as `user.created event`.
 * @throws SyncError `CLERK_UNREADABLE`, to be parked: it names the fields at fault and none of their values.
 */
export function parseAs<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const faults = result.error.issues
    .slice(0, 3)
    .map((issue) => `${issue.path.join('.') || 'the whole'}: ${issue.message}`)
  throw new SyncError('CLERK_UNREADABLE', 'park', `Clerk's ${what} is not as documented. ${faults.join('; ')}`)
}
