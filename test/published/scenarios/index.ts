import type { Driver } from '../driver.ts'
import { domainsOfAnOrganization, rolesAndPermissions } from './access.ts'
import { invitationsToTheApplication, svixApplication, waitlist } from './invitations.ts'
import { invitationsOfAnOrganization, lifeOfAnOrganization } from './organizations.ts'
import { sessionsOfAUser } from './sessions.ts'
import { billing, codes, meansToSignIn } from './sign-in-means.ts'
import { identifiersOfAUser, lifeOfAUser, securityOfAUser } from './users.ts'

/** What is asked of the emulator, each against a fresh one. */
export const scenarios: readonly ((drive: Driver) => Promise<void>)[] = [
  lifeOfAUser,
  securityOfAUser,
  identifiersOfAUser,
  sessionsOfAUser,
  codes,
  meansToSignIn,
  billing,
  lifeOfAnOrganization,
  invitationsOfAnOrganization,
  rolesAndPermissions,
  domainsOfAnOrganization,
  invitationsToTheApplication,
  waitlist,
  svixApplication,
]

/** The tags of the operations that the emulator has. */
export const tagsInScope: ReadonlySet<string> = new Set([
  'Users',
  'Email Addresses',
  'Phone Numbers',
  'Organizations',
  'Organization Memberships',
  'Organization Invitations',
  'Organization Domains',
  'Organization Roles',
  'Organization Permissions',
  'Role Sets',
  'Invitations',
  'Waitlist Entries',
  'Webhooks',
])
