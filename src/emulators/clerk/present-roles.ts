import { creatorPermissions } from './built-in-roles.ts'
import type { PermissionRecord, RoleRecord, RoleSetRecord } from './entities.ts'
import type { Instance } from './instance.ts'

export const permissionJson = (permission: PermissionRecord): Record<string, unknown> => ({
  object: 'permission',
  id: permission.id,
  name: permission.name,
  key: permission.key,
  description: permission.description,
  type: permission.type,
  created_at: permission.created_at,
  updated_at: permission.updated_at,
})

const permissionsOf = ({ store }: Instance, role: RoleRecord): PermissionRecord[] =>
  role.permission_ids.flatMap((id) => store.permissions.get(id) ?? [])

export const permissionKeys = (instance: Instance, role: RoleRecord): string[] =>
  permissionsOf(instance, role).map(({ key }) => key)

/** Whether a role may do what the creator of an organization must be able to do. */
export const isCreatorEligible = (instance: Instance, role: RoleRecord): boolean => {
  const keys = permissionKeys(instance, role)
  return creatorPermissions.every((key) => keys.includes(key))
}

export const roleJson = (instance: Instance, role: RoleRecord): Record<string, unknown> => ({
  object: 'role',
  id: role.id,
  name: role.name,
  key: role.key,
  description: role.description,
  is_creator_eligible: isCreatorEligible(instance, role),
  permissions: permissionsOf(instance, role).map(permissionJson),
  created_at: role.created_at,
  updated_at: role.updated_at,
})

/** How many members have each role, by role key, in the organizations of a role set. */
const memberCounts = ({ store }: Instance, roleSet: RoleSetRecord): Map<string, number> => {
  const counts = new Map<string, number>()
  for (const { role, organization_id } of store.memberships.byCreation())
    if (store.organizations.get(organization_id)?.role_set_key === roleSet.key)
      counts.set(role, (counts.get(role) ?? 0) + 1)
  return counts
}

export const roleSetJson = (instance: Instance, roleSet: RoleSetRecord): Record<string, unknown> => {
  const counts = memberCounts(instance, roleSet)
  const item = (id: string): Record<string, unknown> | null => {
    const role = instance.store.roles.get(id)
    if (!role) return null
    const members = counts.get(role.key) ?? 0
    return {
      object: 'role_set_item',
      id: role.id,
      name: role.name,
      key: role.key,
      description: role.description,
      members_count: members,
      has_members: members > 0,
      created_at: role.created_at,
      updated_at: role.updated_at,
    }
  }
  return {
    object: 'role_set',
    id: roleSet.id,
    name: roleSet.name,
    key: roleSet.key,
    description: roleSet.description,
    roles: roleSet.role_ids.map(item).filter((role) => role !== null),
    default_role: item(roleSet.default_role_id),
    creator_role: item(roleSet.creator_role_id),
    type: roleSet.type,
    // Members move at once, so that no migration is ever seen under way.
    role_set_migration: null,
    created_at: roleSet.created_at,
    updated_at: roleSet.updated_at,
  }
}
