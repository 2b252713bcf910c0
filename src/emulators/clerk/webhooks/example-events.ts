import { domainJson } from '../domains.ts'
import type { SessionRecord } from '../entities.ts'
import { eventBody, type Instance } from '../instance.ts'
import { acceptedEvent } from '../invitations.ts'
import { emailJson, smsJson } from '../mail.ts'
import { eventChannel } from '../observe.ts'
import { waitlistEntryJson } from '../present-joining.ts'
import { deletedJson, invitationJson, membershipEvent, organizationEvent } from '../present-organizations.ts'
import { permissionJson, roleJson } from '../present-roles.ts'
import { userJson } from '../present-users.ts'
import { newSession, sessionJson } from '../sessions.ts'
import type { Store } from '../store.ts'
import { assertEventType, type EventType } from './event-types.ts'
import { billingExamples } from './example-billing.ts'
import { type Cast, createCast, type Kind, reachable } from './example-records.ts'
import type { Webhooks } from './index.ts'

/*
 * One event of any type, when a test wants it and nothing has caused it. It tells of the newest record of its kind; where the instance has
 * none, of a made up one that exists beside the instance and nowhere else. Neither changes anything: after an example of `user.deleted` the
 * user is still there.
 */

type Data = Record<string, unknown>
type Make = (cast: Cast) => Data

const make =
  <T>(kind: Kind<T>, json: (instance: Instance, record: T) => object): Make =>
  (cast) => {
    const { instance, record } = cast(kind)
    return { ...json(instance, record) }
  }

const deleted =
  (object: string) =>
  (_: Instance, { id }: { id: string }): object =>
    deletedJson(object, { id })

const users = ({ users: table }: Store) => table.byCreation()
const organizations = ({ organizations: table }: Store) => table.byCreation()
const domains = ({ domains: table }: Store) => table.byCreation()
const invitations = ({ invitations: table }: Store) => table.byCreation()
const memberships = ({ memberships: table }: Store) => table.byCreation()
const permissions = ({ permissions: table }: Store) => table.byCreation()
const roles = ({ roles: table }: Store) => table.byCreation()

const user = make(users, (_, record) => userJson(record))
const organization = make(organizations, organizationEvent)
const domain = make(domains, domainJson)
const membership = make(memberships, membershipEvent)
const permission = make(permissions, (_, record) => permissionJson(record))
const role = make(roles, roleJson)
const waitlistEntry = make(({ waitlist }) => waitlist.byCreation(), waitlistEntryJson)

const invitation = (status: 'pending' | 'revoked'): Make =>
  make(invitations, (instance, record) => invitationJson(instance, { ...record, status }))

const accepted: Make = (cast) => {
  const { instance, record } = cast(invitations)
  const host = instance.store.organizations.get(record.organization_id) ?? cast(organizations).record
  return acceptedEvent(instance, record, host, cast(users).record)
}

const session = (status: SessionRecord['status']): Make =>
  make(users, (instance, record) => sessionJson(newSession(instance, record, status), record))

const code = '424242'
const email = make(reachable('email_address'), (instance, { user: to, identification }) =>
  emailJson(instance, {
    slug: 'verification_code',
    to: { address: identification.value, identification, user: to },
    subject: `${code} is your verification code`,
    text: `Enter ${code} to go on.`,
    data: { otp_code: code },
  }),
)
const sms = make(reachable('phone_number'), (instance, { user: to, identification }) =>
  smsJson(instance, {
    slug: 'verification_code',
    to: { number: identification, user: to },
    text: `${code} is your verification code.`,
    data: { otp_code: code },
  }),
)

const examples: Readonly<Record<Exclude<EventType, keyof typeof billingExamples>, Make>> = {
  'user.created': user,
  'user.updated': user,
  'user.deleted': make(users, deleted('user')),
  'organization.created': organization,
  'organization.updated': organization,
  'organization.deleted': make(organizations, deleted('organization')),
  'organizationMembership.created': membership,
  'organizationMembership.updated': membership,
  'organizationMembership.deleted': membership,
  'organizationInvitation.created': invitation('pending'),
  'organizationInvitation.accepted': accepted,
  'organizationInvitation.revoked': invitation('revoked'),
  'organizationDomain.created': domain,
  'organizationDomain.updated': domain,
  'organizationDomain.deleted': make(domains, deleted('organization_domain')),
  'role.created': role,
  'role.updated': role,
  'role.deleted': make(roles, deleted('role')),
  'permission.created': permission,
  'permission.updated': permission,
  'permission.deleted': make(permissions, deleted('permission')),
  'session.created': session('active'),
  'session.pending': session('pending'),
  'session.ended': session('ended'),
  'session.removed': session('removed'),
  'session.revoked': session('revoked'),
  'waitlistEntry.created': waitlistEntry,
  'waitlistEntry.updated': waitlistEntry,
  'email.created': email,
  'sms.created': sms,
}

const isBilling = (type: EventType): type is keyof typeof billingExamples => type in billingExamples

const exampleData = (instance: Instance, type: EventType): Data => {
  const cast = createCast(instance)
  if (!isBilling(type)) return examples[type](cast)
  const { instance: known, record } = cast(users)
  return billingExamples[type](known, record)
}

const isData = (value: unknown): value is Data => typeof value === 'object' && value !== null && !Array.isArray(value)

/** Objects are merged at every depth; everything else takes the place of what was there. */
const overlay = (data: Data, changes: Readonly<Data>): Data => {
  const result = { ...data }
  for (const [key, change] of Object.entries(changes)) {
    const before = result[key]
    result[key] = isData(before) && isData(change) ? overlay(before, change) : change
  }
  return result
}

/** What was sent, and as which message. */
export type Emitted = { messageId: string; type: EventType; data: Data }

/**
 * Sends an example of an event, with `changes` laid over its data.
 * @throws Error for a type that Clerk does not send
 */
export const emitExample = (
  instance: Instance,
  webhooks: Pick<Webhooks, 'publish'>,
  type: string,
  changes: Readonly<Data> = {},
): Emitted => {
  assertEventType(type)
  const data = overlay(exampleData(instance, type), changes)
  const body = eventBody(instance, type, data)
  // What a caller makes of it is the caller's, and not what the emulator says.
  if (Object.keys(changes).length === 0) eventChannel.publish(body)
  const { id } = webhooks.publish(type, body)
  return { messageId: id, type, data }
}
