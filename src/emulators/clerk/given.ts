/*
 * What callers give to the emulator, as schemas: options of a start, settings, seeds and the bodies of the controls. One place for both ways
 * in, because a misspelt name must be refused by either. Every table names all keys of its type: one that is forgotten does not compile.
 */
import { z } from 'zod'
import { faultSchema } from '../kit/faults.ts'
import { clockLike, duration } from '../kit/strict.ts'
import { type Role, type ScimOrigin, userAttributes } from './entities.ts'
import type { ClerkEmulatorOptions } from './index.ts'
import type { ClerkSeed, MembershipSeed, OrganizationSeed, UserSeed } from './seed.ts'
import type { SessionEnd } from './sessions.ts'
import type { ClerkSettings, DeliverySettings, RateLimits, WebhookEndpointOptions } from './settings.ts'
import type { Disorder } from './webhooks/disorder.ts'
import { isSecret } from './webhooks/endpoint.ts'
import { type EventType, eventTypes } from './webhooks/event-types.ts'
import type { EndpointChange, Replay } from './webhooks/index.ts'

type Rows<T> = Record<keyof T, z.ZodType>

const text = z.string()
const name = z.string().min(1)
const flag = z.boolean()
const count = z.int().min(0)
const time = z.number()
const orNull = (schema: z.ZodType) => schema.nullable().exactOptional()
const metadata = z.record(z.string(), z.json()).exactOptional()

const limit = z
  .strictObject({ requests: z.int().min(1), windowMs: z.int().min(1) })
  .nullable()
  .exactOptional()
const rateLimits = z.strictObject({
  instance: limit,
  record: limit,
  organizationInvitations: limit,
  organizationInvitationsBulk: limit,
  invitations: limit,
  invitationsBulk: limit,
} satisfies Rows<RateLimits>)

const changeableRows = {
  slugs: flag,
  organizationsEnabled: flag,
  membershipLimit: count,
  userLimit: count,
  enrollmentModes: z.array(
    z.literal(['manual_invitation', 'automatic_invitation', 'automatic_suggestion', 'enterprise_sso']),
  ),
  userAttributes: z.array(z.literal(userAttributes)),
  requiredIdentifiers: z.array(z.literal(['email_address', 'phone_number', 'username'])),
  defaultApiVersion: z.literal(['2021-02-05', '2024-10-01', '2025-04-10', '2025-11-10', '2026-05-12']),
  rateLimits: z.union([z.literal(false), rateLimits]),
  cascadeEvents: flag,
  signInUpdatesUser: flag,
  timestampUnit: z.literal(['ms', 's']),
}

export type ChangeableSettings = Partial<Omit<ClerkSettings, 'rateLimits'>> & {
  rateLimits?: false | Partial<RateLimits>
}

/** Settings that may change while the instance runs. */
export const settingsSchema = z.strictObject(changeableRows).partial() as unknown as z.ZodType<ChangeableSettings>
export const changeableSettings: readonly (keyof ClerkSettings)[] = Object.keys(
  changeableRows,
) as (keyof typeof changeableRows)[]

const role = z.strictObject({ key: name, name, permissions: z.array(name) } satisfies Rows<Role>)

const settingRows = {
  ...changeableRows,
  environment: z.literal(['development', 'production']),
  secretKey: z.string().regex(/^sk_(test|live)_./, 'must begin with sk_test_ or sk_live_'),
  roles: z.array(role).min(1),
  creatorRole: name,
} satisfies Rows<ClerkSettings>

const deliveryRows = {
  retryScale: z.number().positive(),
  timeoutMs: duration,
  concurrency: z.int().min(1),
  keepMessages: count,
  retentionMs: duration,
  retryWaits: z.literal(['documented', 'server']),
} satisfies Rows<DeliverySettings>

const url = z
  .string()
  .refine((given) => /^https?:$/.test(URL.parse(given)?.protocol ?? ''), 'an http:// or https:// address')
const secret = z.string().refine(isSecret, 'whsec_ and 24 to 75 bytes in base64, as Svix demands')

/** An endpoint of webhooks. */
export const endpointSchema = z.strictObject({
  url,
  secret: secret.exactOptional(),
  events: z.array(z.literal(eventTypes)).exactOptional(),
  disabled: flag.exactOptional(),
} satisfies Rows<WebhookEndpointOptions>) as unknown as z.ZodType<WebhookEndpointOptions>

/** What of an endpoint can be changed later; `events: null` is all types again. */
export const endpointChangeSchema = z.strictObject({
  url: url.exactOptional(),
  events: z.array(z.literal(eventTypes)).nullable().exactOptional(),
  disabled: flag.exactOptional(),
} satisfies Rows<EndpointChange>) as unknown as z.ZodType<EndpointChange>

export const rotateSchema: z.ZodType<{ secret?: string; graceMs?: number }> = z.strictObject({
  secret: secret.exactOptional(),
  graceMs: duration.exactOptional(),
})

/** What to send again, without the endpoint, which the path names. */
export const replaySchema = z.union([
  z.strictObject({ which: z.literal('one'), messageId: name }),
  z.strictObject({
    which: z.literal(['failed', 'missing']),
    since: time.exactOptional(),
    until: time.exactOptional(),
  }),
]) as unknown as z.ZodType<Replay>

const share = z.number().min(0).max(1)
export const disorderSchema = z
  .strictObject({ twice: share, delayed: share, maxDelayMs: duration, shuffled: share } satisfies Rows<Disorder>)
  .partial() as unknown as z.ZodType<Partial<Disorder>>

const scim = z.strictObject({
  directory_id: name,
  directory_enabled: flag,
  external_id: name.nullable(),
} satisfies Rows<ScimOrigin>)

const metadataRows = { public_metadata: metadata, private_metadata: metadata }
const stampRows = { created_at: time.exactOptional(), updated_at: time.exactOptional() }

const user = z.strictObject({
  id: name.exactOptional(),
  email_addresses: z.array(name).exactOptional(),
  phone_numbers: z.array(name).exactOptional(),
  username: orNull(name),
  first_name: orNull(text),
  last_name: orNull(text),
  locale: orNull(text),
  external_id: orNull(name),
  unsafe_metadata: metadata,
  banned: flag.exactOptional(),
  locked: flag.exactOptional(),
  deprovisioned: flag.exactOptional(),
  scim: orNull(scim),
  last_sign_in_at: orNull(time),
  ...metadataRows,
  ...stampRows,
} satisfies Rows<UserSeed>)

const organization = z.strictObject({
  id: name.exactOptional(),
  name,
  slug: text.exactOptional(),
  max_allowed_memberships: count.exactOptional(),
  created_by: orNull(name),
  role_set_key: name.exactOptional(),
  ...metadataRows,
  ...stampRows,
} satisfies Rows<OrganizationSeed>)

const membership = z.strictObject({
  id: name.exactOptional(),
  user_id: name,
  organization_id: name,
  role: name.exactOptional(),
  scim_managed: flag.exactOptional(),
  ...metadataRows,
  ...stampRows,
} satisfies Rows<MembershipSeed>)

export const seedSchema = z.strictObject({
  users: z.array(user).exactOptional(),
  organizations: z.array(organization).exactOptional(),
  memberships: z.array(membership).exactOptional(),
  events: flag.exactOptional(),
} satisfies Rows<ClerkSeed>) as unknown as z.ZodType<ClerkSeed>

export const signInSchema: z.ZodType<{ user_id: string; pending?: boolean }> = z.strictObject({
  user_id: name,
  pending: flag.exactOptional(),
})
export const signOutSchema: z.ZodType<{ user_id: string; session_id?: string; how?: SessionEnd }> = z.strictObject({
  user_id: name,
  session_id: name.exactOptional(),
  how: z.literal(['ended', 'removed', 'revoked']).exactOptional(),
})
/** An event of our own making, with what is to be different in it. */
export const eventSchema: z.ZodType<{ type: EventType; data?: Readonly<Record<string, unknown>> }> = z.strictObject({
  type: z.literal(eventTypes),
  data: z.record(z.string(), z.unknown()).exactOptional(),
})
export const deprovisionSchema: z.ZodType<{ user_id: string; deprovisioned?: boolean }> = z.strictObject({
  user_id: name,
  deprovisioned: flag.exactOptional(),
})
export const scimSchema: z.ZodType<{
  user_id: string
  scim?: ScimOrigin | null
  organization_id?: string
  managed?: boolean
}> = z.strictObject({
  user_id: name,
  scim: scim.nullable().exactOptional(),
  organization_id: name.exactOptional(),
  managed: flag.exactOptional(),
})

/** What `createClerkEmulator` takes. */
const optionRows = {
  ...settingRows,
  ...deliveryRows,
  clock: clockLike,
  seed: z.int().min(0),
  idSeed: z.int().min(0),
  state: name,
  faults: z.array(faultSchema),
  webhookUrl: url,
  signingSecret: secret,
  webhooks: z.array(endpointSchema),
  disorder: disorderSchema,
} satisfies Rows<ClerkEmulatorOptions>

/** The options of an emulator by the name of the function that takes them. Undefined counts as absent. */
export const optionSchemas = {
  createClerkEmulator: z.strictObject(optionRows).partial() as z.ZodType,
  startClerkEmulator: z.strictObject({ ...optionRows, port: z.int().min(0).max(65_535) }).partial() as z.ZodType,
}
