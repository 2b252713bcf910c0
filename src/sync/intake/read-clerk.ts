import type { ClerkEvent } from '../../clerk/event.ts'
import type { ClerkMembership, ClerkOrganization, ClerkUser } from '../../clerk/schemas.ts'
import type { Body, Observation } from '../../model/model.ts'

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

const tombstone = (entity: 'person' | 'organization', id: string, at: number): Observation => ({
  side: 'clerk',
  entity,
  id,
  body: {},
  version: 0,
  seen: 0,
  deletedAt: at,
})

/** What an event shows, as observations; none for a type that clerkforce does not use. */
export const observationsOf = (event: ClerkEvent): Observation[] => {
  switch (event.kind) {
    case 'user':
      return [observeUser(event.user, event.at)]
    case 'organization':
      return [observeOrganization(event.organization, event.at)]
    case 'membership':
      return observeMembership(event.membership, event.at)
    case 'membership-deleted':
      return observeMembership(event.membership, event.at, event.at)
    case 'user-deleted':
      return [tombstone('person', event.id, event.at)]
    case 'organization-deleted':
      return [tombstone('organization', event.id, event.at)]
    case 'unused':
      return []
  }
}
