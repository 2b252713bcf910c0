import { seededRandom } from '../kit/random.ts'
import type { PermissionRecord, Role, RoleRecord, RoleSetRecord } from './entities.ts'

/** What an organization's creator must be allowed to do; https://clerk.com/docs/guides/organizations/control-access/roles-and-permissions */
export const creatorPermissions: readonly string[] = [
  'org:sys_memberships:manage',
  'org:sys_memberships:read',
  'org:sys_profile:delete',
]

const systemPermissions: readonly (readonly [key: string, name: string])[] = [
  ['org:sys_profile:manage', 'Manage organization'],
  ['org:sys_profile:delete', 'Delete organization'],
  ['org:sys_memberships:read', 'Read members'],
  ['org:sys_memberships:manage', 'Manage members'],
  ['org:sys_domains:read', 'Read domains'],
  ['org:sys_domains:manage', 'Manage domains'],
  ['org:sys_billing:read', 'Read billing'],
  ['org:sys_billing:manage', 'Manage billing'],
]

/** The permissions that Clerk gives its two built-in roles. */
export const builtInRoles: readonly Role[] = [
  { key: 'org:admin', name: 'Admin', permissions: systemPermissions.map(([key]) => key) },
  { key: 'org:member', name: 'Member', permissions: ['org:sys_memberships:read', 'org:sys_billing:read'] },
]

/** Ids that follow from keys alone: what an instance starts with does not use up the ids that its records get. */
const idFrom = (prefix: string, key: string): string => {
  const seed = [...key].reduce((sum, character) => Math.imul(sum, 31) + (character.codePointAt(0) ?? 0), 7)
  return `${prefix}_${seededRandom(seed).text(27)}`
}

export type RoleTables = { permissions: PermissionRecord[]; roles: RoleRecord[]; roleSets: RoleSetRecord[] }

/** The permissions, roles and the role set that an instance starts with; they come before everything that is made later. */
export const startingRoles = (roles: readonly Role[], creatorRole: string, now: number): RoleTables => {
  const times = { created_at: now, updated_at: now }
  const custom = new Set(roles.flatMap(({ permissions }) => permissions))
  for (const [key] of systemPermissions) custom.delete(key)
  const names = [...systemPermissions, ...[...custom].map((key) => [key, key] as const)]
  const permissions = names.map(
    ([key, name], i): PermissionRecord => ({
      id: idFrom('perm', key),
      seq: i - 1_000,
      key,
      name,
      description: '',
      type: custom.has(key) ? 'custom' : 'system',
      ...times,
    }),
  )
  const records = roles.map(
    (role, i): RoleRecord => ({
      id: idFrom('role', role.key),
      seq: i - 1_000,
      key: role.key,
      name: role.name,
      description: null,
      permission_ids: role.permissions.map((key) => idFrom('perm', key)),
      ...times,
    }),
  )
  const creator = idFrom('role', creatorRole)
  const member = roles.find(({ key }) => key === 'org:member') ?? roles.at(-1)
  const primary: RoleSetRecord = {
    id: idFrom('rset', 'role_set:primary'),
    seq: 0,
    key: 'role_set:primary',
    name: 'Primary Role Set',
    description: null,
    type: 'initial',
    role_ids: records.map(({ id }) => id),
    default_role_id: member ? idFrom('role', member.key) : creator,
    creator_role_id: creator,
    ...times,
  }
  return { permissions, roles: records, roleSets: [primary] }
}
