import type { ClerkEvent } from '../../clerk/event.ts'
import type { Observation } from '../../model/model.ts'
import { isOurs, observeInvitation, observeMembership, observeOrganization, observeUser } from '../mirror/from-clerk.ts'

const tombstone = (entity: 'person' | 'organization', id: string, at: number): Observation => ({
  side: 'clerk',
  entity,
  id,
  body: {},
  version: 0,
  seen: 0,
  deletedAt: at,
})

/** What an event shows, as observations; none for a type that clerkforce does not use, or an invitation of others. */
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
    case 'invitation':
      return isOurs(event.invitation) ? [observeInvitation(event.invitation, event.at)] : []
    case 'unused':
      return []
  }
}
