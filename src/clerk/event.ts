import {
  type ClerkInvitation,
  type ClerkMembership,
  type ClerkOrganization,
  type ClerkUser,
  deletedObjectSchema,
  envelopeSchema,
  invitationSchema,
  membershipSchema,
  organizationSchema,
  parseAs,
  userSchema,
} from './schemas.ts'

type News =
  | { kind: 'user'; user: ClerkUser }
  | { kind: 'user-deleted'; id: string }
  | { kind: 'organization'; organization: ClerkOrganization }
  | { kind: 'organization-deleted'; id: string }
  | { kind: 'membership'; membership: ClerkMembership }
  /** Carries the whole membership, whose `updated_at` may still be that of its creation: only `at` says when it ended. */
  | { kind: 'membership-deleted'; membership: ClerkMembership }
  /** Created, accepted (then with its `user_id`) or revoked: `status` says which. */
  | { kind: 'invitation'; invitation: ClerkInvitation }
  /** A type that clerkforce has no use for, today's or tomorrow's, or a deletion that does not say of what. */
  | { kind: 'unused' }

/** A webhook that has been read. `type` is Clerk's name for it, `at` is when Clerk says it happened, in Unix milliseconds. */
export type ClerkEvent = { type: string; at: number } & News

type ReadNews = (data: unknown, what: string) => News

const readUser: ReadNews = (data, what) => ({ kind: 'user', user: parseAs(userSchema, data, what) })
const readOrganization: ReadNews = (data, what) => ({
  kind: 'organization',
  organization: parseAs(organizationSchema, data, what),
})
const readMembership: ReadNews = (data, what) => ({
  kind: 'membership',
  membership: parseAs(membershipSchema, data, what),
})
const readInvitation: ReadNews = (data, what) => ({
  kind: 'invitation',
  invitation: parseAs(invitationSchema, data, what),
})
const readDeleted =
  (kind: 'user-deleted' | 'organization-deleted'): ReadNews =>
  (data, what) => {
    const { id } = parseAs(deletedObjectSchema, data, what)
    return id ? { kind, id } : { kind: 'unused' }
  }

const READERS: ReadonlyMap<string, ReadNews> = new Map<string, ReadNews>([
  ['user.created', readUser],
  ['user.updated', readUser],
  ['user.deleted', readDeleted('user-deleted')],
  ['organization.created', readOrganization],
  ['organization.updated', readOrganization],
  ['organization.deleted', readDeleted('organization-deleted')],
  ['organizationMembership.created', readMembership],
  ['organizationMembership.updated', readMembership],
  [
    'organizationMembership.deleted',
    (data, what) => ({ kind: 'membership-deleted', membership: parseAs(membershipSchema, data, what) }),
  ],
  ['organizationInvitation.created', readInvitation],
  ['organizationInvitation.accepted', readInvitation],
  ['organizationInvitation.revoked', readInvitation],
])

/** The types of event that clerkforce acts on; every other one is acknowledged and counted. */
export const USED_EVENT_TYPES: ReadonlySet<string> = new Set(READERS.keys())

/**
 * Reads the parsed JSON of a webhook's body.
 * @throws SyncError `CLERK_UNREADABLE` where a used event, or the envelope of any, is not as Clerk documents it.
 */
export function parseEvent(body: unknown): ClerkEvent {
  const { type, data, timestamp } = parseAs(envelopeSchema, body, 'webhook')
  const read = READERS.get(type)
  const news: News = read === undefined ? { kind: 'unused' } : read(data, `${type} event`)
  return { type, at: timestamp, ...news }
}
