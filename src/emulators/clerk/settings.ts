import { builtInRoles } from './built-in-roles.ts'
import { type EnrollmentMode, type Role, type UserAttribute, userAttributes } from './entities.ts'
import type { Disorder } from './webhooks/disorder.ts'

/** Requests allowed in a window. */
export type Limit = { requests: number; windowMs: number }

/** https://clerk.com/docs/guides/how-clerk-works/system-limits, seen November 2026. `null` lifts a limit. */
export type RateLimits = {
  instance: Limit | null
  /** Updates, metadata included, of one user, organization or membership. */
  record: Limit | null
  organizationInvitations: Limit | null
  organizationInvitationsBulk: Limit | null
  /** Invitations to the application itself. */
  invitations: Limit | null
  invitationsBulk: Limit | null
}

export type WebhookEndpointOptions = {
  url: string
  /** `whsec_` and base64; made up when absent. */
  secret?: string
  /** Event types to send; all when absent. */
  events?: readonly string[]
  /** Whether it starts switched off. @default false */
  disabled?: boolean
}

export type ClerkSettings = {
  /** A development instance has a tenth of the rate limit. @default 'development' */
  environment: 'development' | 'production'
  /** The key that requests must carry. @default 'sk_test_' (or 'sk_live_') and characters made from the seed */
  secretKey: string
  /** Whether the instance has organizations at all; Clerk's dashboard switches them on. @default true */
  organizationsEnabled: boolean
  /** Whether organizations have slugs; Clerk switches them off for applications created after October 2025. @default false */
  slugs: boolean
  /** Members that an organization may have unless it says otherwise; 0 is no limit. @default 5 */
  membershipLimit: number
  /** The roles of the instance. @default org:admin and org:member */
  roles: readonly Role[]
  /** The role that an organization's creator gets. @default 'org:admin' */
  creatorRole: string
  /** Users that the instance may have; 0 is no limit. @default 0 */
  userLimit: number
  /** How people may join by an organization's domains; none switches domains off. @default all but 'enterprise_sso' */
  enrollmentModes: readonly EnrollmentMode[]
  /** Attributes that users have here; a request that names another is refused. @default all, though a new application of Clerk's has fewer */
  userAttributes: readonly UserAttribute[]
  /** Identifiers that a new user must have, unless the request skips it. @default [] (any one will do) */
  requiredIdentifiers: readonly ('email_address' | 'phone_number' | 'username')[]
  /** API version of a request that names none: Clerk does not document it, so it is the strictest. @default '2026-05-12' */
  defaultApiVersion: string
  /** `false` lifts all limits. @default Clerk's limits for the environment */
  rateLimits: RateLimits
  /** Whether deleting a user or an organization also sends organizationMembership.deleted. Undocumented. @default false */
  cascadeEvents: boolean
  /** Whether a sign-in also sends user.updated. Undocumented. @default false */
  signInUpdatesUser: boolean
  /** Unit of the event's `timestamp`: Clerk's prose says milliseconds, its published examples have seconds. @default 'ms' */
  timestampUnit: 'ms' | 's'
}

export type DeliverySettings = {
  /** Divides the waits of the retry schedule: 3600 makes five hours five seconds. @default 1 */
  retryScale: number
  /** How long an endpoint may take to answer. @default 15_000 */
  timeoutMs: number
  /** Attempts under way at once, to each endpoint. @default 16 */
  concurrency: number
  /** Finished messages kept for reading and replay; the oldest are dropped. @default 10_000 */
  keepMessages: number
  /** How long payloads are kept for replays; Clerk's own figure is not documented. @default 90 days, as Svix */
  retentionMs: number
  /**
   * `documented`: retries come exactly when the documentation says. `server`: as Svix's published server has them, up to a fifth earlier or
   * later, and not before a minute after a timeout or a 429. @default 'documented'
   */
  retryWaits: 'documented' | 'server'
}

export type ClerkOptions = Partial<Omit<ClerkSettings, 'rateLimits'>> &
  Partial<DeliverySettings> & {
    rateLimits?: false | Partial<RateLimits>
    /** Shorthand for one endpoint with `signingSecret`. */
    webhookUrl?: string
    /** Secret of the first endpoint that brings none of its own. @default made from the seed */
    signingSecret?: string
    webhooks?: readonly WebhookEndpointOptions[]
    disorder?: Partial<Disorder>
  }

const hour = 3_600_000

/** Settings as the controls show them: all but the key. */
export const shownSettings = ({ secretKey: _, ...shown }: ClerkSettings): Omit<ClerkSettings, 'secretKey'> => shown

/** Changes settings of an instance that runs. The limiter holds on to the limits, so they are changed in place. */
export const changeSettings = (settings: ClerkSettings, change: ClerkOptions): void => {
  const { rateLimits, ...rest } = change
  Object.assign(settings, rest)
  if (rateLimits !== undefined)
    Object.assign(settings.rateLimits, rateLimits === false ? limitsOf(settings.environment, false) : rateLimits)
}

const limitsOf = (environment: 'development' | 'production', chosen: ClerkOptions['rateLimits']): RateLimits => {
  if (chosen === false)
    return {
      instance: null,
      record: null,
      organizationInvitations: null,
      organizationInvitationsBulk: null,
      invitations: null,
      invitationsBulk: null,
    }
  return {
    instance: { requests: environment === 'production' ? 1000 : 100, windowMs: 10_000 },
    record: { requests: 10, windowMs: 10_000 },
    organizationInvitations: { requests: 250, windowMs: hour },
    organizationInvitationsBulk: { requests: 50, windowMs: hour },
    invitations: { requests: 100, windowMs: hour },
    invitationsBulk: { requests: 25, windowMs: hour },
    ...chosen,
  }
}

/** The instance's settings, with defaults where an option is absent. `secretKey` is what to use when none is given. */
export const readSettings = (options: ClerkOptions, secretKey: string): ClerkSettings => {
  const environment = options.environment ?? 'development'
  return {
    environment,
    secretKey: options.secretKey ?? secretKey,
    organizationsEnabled: options.organizationsEnabled ?? true,
    slugs: options.slugs ?? false,
    membershipLimit: options.membershipLimit ?? 5,
    roles: options.roles ?? builtInRoles,
    creatorRole: options.creatorRole ?? 'org:admin',
    userLimit: options.userLimit ?? 0,
    enrollmentModes: options.enrollmentModes ?? ['manual_invitation', 'automatic_invitation', 'automatic_suggestion'],
    userAttributes: options.userAttributes ?? userAttributes,
    requiredIdentifiers: options.requiredIdentifiers ?? [],
    defaultApiVersion: options.defaultApiVersion ?? '2026-05-12',
    rateLimits: limitsOf(environment, options.rateLimits),
    cascadeEvents: options.cascadeEvents ?? false,
    signInUpdatesUser: options.signInUpdatesUser ?? false,
    timestampUnit: options.timestampUnit ?? 'ms',
  }
}

/** How webhooks are delivered, with Svix's own figures where an option is absent. */
export const readDeliverySettings = (options: ClerkOptions): DeliverySettings => ({
  retryScale: options.retryScale ?? 1,
  timeoutMs: options.timeoutMs ?? 15_000,
  concurrency: options.concurrency ?? 16,
  keepMessages: options.keepMessages ?? 10_000,
  retentionMs: options.retentionMs ?? 90 * 86_400_000,
  retryWaits: options.retryWaits ?? 'documented',
})
