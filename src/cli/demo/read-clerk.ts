import type { ClerkApi, ClerkInvitation, ClerkMembership, ClerkOrganization, ClerkUser } from './clerk-api.ts'

/** Everything that Clerk holds. */
export type ClerkSide = {
  users: ClerkUser[]
  organizations: ClerkOrganization[]
  memberships: ClerkMembership[]
  invitations: ClerkInvitation[]
}

/** Reads Clerk through its API, page by page. */
export const readClerk = async (clerk: ClerkApi): Promise<ClerkSide> => {
  const organizations = await clerk.list<ClerkOrganization>('/organizations')
  const invitations = organizations.map(({ id }) => clerk.list<ClerkInvitation>(`/organizations/${id}/invitations`))
  return {
    organizations,
    users: await clerk.list<ClerkUser>('/users'),
    memberships: await clerk.list<ClerkMembership>('/organization_memberships'),
    invitations: (await Promise.all(invitations)).flat(),
  }
}
