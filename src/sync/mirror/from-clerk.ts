/** Clerk's records as observations. */
import type { ClerkInvitation, ClerkMembership, ClerkOrganization, ClerkUser } from '../../clerk/schemas.ts'
import type { Body, Observation } from '../../model/model.ts'
import { invitationMark, readMark } from './requests.ts'

const bodyOf = (source: object): Body => source as Body

/** A user as Clerk shows it. `seen` is the event's time; 0 for an answer of the API, which is as new as its version. */
export const observeUser = (user: ClerkUser, seen = 0): Observation => ({
  side: 'clerk',
  entity: 'person',
  id: user.id,
  body: bodyOf(user),
  version: user.updated_at,
  seen,
})

/** An organization as Clerk shows it. */
export const observeOrganization = (organization: ClerkOrganization, seen = 0): Observation => ({
  side: 'clerk',
  entity: 'organization',
  id: organization.id,
  body: bodyOf(organization),
  version: organization.updated_at,
  seen,
})

/**
 * What a membership's payload tells of its user: a stub in the shape of a user, at version 0, so that any real sight of the user
 * replaces it. The identifier is mostly the primary e-mail address, but may be a phone number or a user name.
 */
const observeStub = ({ public_user_data: user }: ClerkMembership, seen: number): Observation => {
  const email = user.identifier?.includes('@') ? user.identifier : undefined
  return {
    side: 'clerk',
    entity: 'person',
    id: user.user_id,
    body: {
      id: user.user_id,
      first_name: user.first_name ?? null,
      last_name: user.last_name ?? null,
      username: email || !user.identifier ? null : user.identifier,
      primary_email_address_id: email ? 'stub' : null,
      email_addresses: email ? [{ id: 'stub', email_address: email }] : [],
      primary_phone_number_id: null,
      phone_numbers: [],
      public_metadata: {},
      private_metadata: null,
      unsafe_metadata: {},
      banned: user.banned ?? false,
      deprovisioned: user.deprovisioned ?? false,
    },
    version: 0,
    seen,
  }
}

/** A membership with what its payload carries: its organization, and a stub of its user. */
export const observeMembership = (membership: ClerkMembership, seen = 0, deletedAt?: number): Observation[] => {
  const { organization, public_user_data: user, ...own } = membership
  return [
    observeOrganization(organization),
    observeStub(membership, seen),
    {
      side: 'clerk',
      entity: 'membership',
      id: membership.id,
      body: bodyOf(own),
      version: membership.updated_at,
      seen,
      personId: user.user_id,
      organizationId: organization.id,
      ...(deletedAt === undefined ? {} : { deletedAt }),
    },
  ]
}

/** Whether a Contact asked for this invitation: those of others are theirs, and are not kept. */
export const isOurs = ({ private_metadata: metadata }: ClerkInvitation): boolean =>
  readMark(metadata?.[invitationMark]) !== undefined

/**
 * An invitation, without what only its reader may have (the address of its link holds a ticket). Clerk documents neither that its
 * `updated_at` moves when it ends, nor any event when it expires. Once it has ended it never is pending again, so that counts as newer.
 */
export const observeInvitation = (invitation: ClerkInvitation, seen = 0): Observation => {
  const { id, email_address, role, organization_id, status, user_id, expires_at, created_at, updated_at } = invitation
  const mark = invitation.private_metadata?.[invitationMark]
  return {
    side: 'clerk',
    entity: 'invitation',
    id,
    body: {
      id,
      email_address,
      role,
      organization_id,
      status,
      user_id: user_id ?? null,
      expires_at: expires_at ?? null,
      private_metadata: typeof mark === 'string' ? { [invitationMark]: mark } : {},
      created_at,
      updated_at,
    },
    version: status === 'pending' ? updated_at : updated_at + 1,
    seen,
  }
}
