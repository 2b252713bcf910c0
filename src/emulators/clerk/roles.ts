import type { CreateRoleBody, UpdateRoleBody } from './bodies-roles.ts'
import { creatorPermissions } from './built-in-roles.ts'
import type { PermissionRecord, RoleRecord } from './entities.ts'
import { ApiError, formError, notFound, taken } from './errors.ts'
import type { Instance } from './instance.ts'
import { getPermission } from './permissions.ts'
import { deletedJson, isOpen } from './present-organizations.ts'
import { isCreatorEligible, roleJson } from './present-roles.ts'

/** Roles that an instance may have besides those that it started with. */
const CUSTOM_ROLES = 10

/** @throws ApiError 404 */
export const getRole = ({ store }: Instance, id: string): RoleRecord => {
  const role = store.roles.get(id)
  if (!role) throw notFound('Organization role not found')
  return role
}

export const roleByKey = ({ store }: Instance, key: string): RoleRecord | undefined =>
  store.roles.byCreation().find((role) => role.key === key)

const assertFreeKey = (instance: Instance, key: string, own?: RoleRecord): void => {
  const holder = roleByKey(instance, key)
  if (holder && holder !== own) throw taken('key')
}

const permissionIds = (instance: Instance, ids: readonly string[]): string[] => {
  for (const id of ids)
    if (!instance.store.permissions.get(id)) throw notFound(`No permission was found with id ${id}.`, 'permissions')
  return [...new Set(ids)]
}

/** @throws ApiError 422 when the role cannot be that of an organization's creator. */
export const assertCreatorEligible = (instance: Instance, role: RoleRecord): void => {
  if (!isCreatorEligible(instance, role))
    throw new ApiError(422, 'organization_missing_creator_role_permissions', 'missing permissions for creator role', {
      longMessage: `The creator role must contain the following permissions: ${creatorPermissions.join(', ')}`,
    })
}

const isCreatorRole = ({ store }: Instance, role: RoleRecord): boolean =>
  store.roleSets.byCreation().some(({ creator_role_id }) => creator_role_id === role.id)

const roleChanged = (instance: Instance, role: RoleRecord): void => {
  role.updated_at = instance.now()
  instance.store.roles.touch()
  instance.emit('role.updated', roleJson(instance, role))
}

/** POST /organization_roles. */
export const createRole = (instance: Instance, body: CreateRoleBody): RoleRecord => {
  const { store, settings } = instance
  assertFreeKey(instance, body.key)
  const ids = permissionIds(instance, body.permissions ?? [])
  if (store.roles.size() >= settings.roles.length + CUSTOM_ROLES)
    throw new ApiError(403, 'organization_instance_roles_quota_exceeded', 'organization roles quota exceeded', {
      longMessage: `You have reached your limit of ${CUSTOM_ROLES} custom organization roles per instance.`,
    })
  const now = instance.now()
  const role: RoleRecord = {
    id: instance.newId('role'),
    seq: instance.nextSeq(),
    key: body.key,
    name: body.name,
    description: body.description ?? null,
    permission_ids: ids,
    created_at: now,
    updated_at: now,
  }
  store.roles.insert(role)
  if (body.include_in_initial_role_set)
    for (const roleSet of store.roleSets.byCreation()) if (roleSet.type === 'initial') roleSet.role_ids.push(role.id)
  instance.emit('role.created', roleJson(instance, role))
  return role
}

/** Gives a role another set of permissions. @throws ApiError 422 when a creator's role would lack what it needs */
const setPermissions = (instance: Instance, role: RoleRecord, ids: string[]): void => {
  if (isCreatorRole(instance, role)) assertCreatorEligible(instance, { ...role, permission_ids: ids })
  role.permission_ids = ids
}

/** Memberships and invitations name their role by its key, and follow when it changes. */
const renameKey = ({ store }: Instance, role: RoleRecord, key: string): void => {
  for (const membership of store.memberships.byCreation()) if (membership.role === role.key) membership.role = key
  for (const invitation of store.invitations.byCreation()) if (invitation.role === role.key) invitation.role = key
  role.key = key
}

/** PATCH /organization_roles/{id}. */
export const updateRole = (instance: Instance, role: RoleRecord, body: UpdateRoleBody): void => {
  if (body.key) assertFreeKey(instance, body.key, role)
  if (body.permissions) setPermissions(instance, role, permissionIds(instance, body.permissions))
  if (body.key && body.key !== role.key) renameKey(instance, role, body.key)
  role.name = body.name ?? role.name
  if (body.description !== undefined) role.description = body.description
  roleChanged(instance, role)
}

/** What may use a role, by the end of the code with which Clerk then refuses to delete it. */
const usesOf = ({ store, now }: Instance, role: RoleRecord): [code: string, reason: string, used: boolean][] => {
  const sets = store.roleSets.byCreation()
  const members = store.memberships.byCreation()
  const invitations = store.invitations.byCreation()
  return [
    ['default_creator_role', 'the role of creators', sets.some((set) => set.creator_role_id === role.id)],
    ['domain_default_role', 'the default role', sets.some((set) => set.default_role_id === role.id)],
    ['assigned_members', 'assigned to members', members.some((membership) => membership.role === role.key)],
    [
      'exists_in_invitations',
      'in pending invitations',
      invitations.some((invitation) => invitation.role === role.key && isOpen(invitation, now())),
    ],
  ]
}

const assertUnused = (instance: Instance, role: RoleRecord): void => {
  for (const [code, reason, used] of usesOf(instance, role))
    if (used)
      throw new ApiError(422, `organization_role_${code}`, `role is ${reason}`, {
        longMessage: `The organization role cannot be deleted as it is ${reason}.`,
      })
}

/** DELETE /organization_roles/{id}: refused while anything uses the role. */
export const deleteRole = (instance: Instance, role: RoleRecord): object => {
  assertUnused(instance, role)
  for (const roleSet of instance.store.roleSets.byCreation())
    roleSet.role_ids = roleSet.role_ids.filter((id) => id !== role.id)
  instance.store.roles.remove(role)
  const deleted = deletedJson('role', { id: role.id })
  instance.emit('role.deleted', deleted)
  return deleted
}

const has = (role: RoleRecord, permission: PermissionRecord): boolean => role.permission_ids.includes(permission.id)

/** POST /organization_roles/{id}/permissions/{id}. @throws ApiError 409 when the role has it already */
export const assignPermission = (instance: Instance, role: RoleRecord, permissionId: string): void => {
  const permission = getPermission(instance, permissionId)
  if (has(role, permission))
    throw new ApiError(409, 'organization_role_permission_association_exists', 'permission already assigned to role', {
      longMessage: `The role ${role.key} has the permission ${permission.key} already.`,
    })
  role.permission_ids = [...role.permission_ids, permission.id]
  roleChanged(instance, role)
}

/** DELETE /organization_roles/{id}/permissions/{id}. */
export const removePermission = (instance: Instance, role: RoleRecord, permissionId: string): void => {
  const permission = getPermission(instance, permissionId)
  if (!has(role, permission)) throw notFound(`The role ${role.key} does not have the permission ${permission.key}.`)
  const left = role.permission_ids.filter((id) => id !== permission.id)
  setPermissions(instance, role, left)
  roleChanged(instance, role)
}

/** The role that a parameter names by its key. @throws ApiError 404 that names the parameter */
export const namedRole = (instance: Instance, key: string, param: string): RoleRecord => {
  const role = roleByKey(instance, key)
  if (!role) throw notFound('Organization role not found', param)
  return role
}

/** @throws ApiError 422 unless the role is one of these. */
export const assertAmong = (ids: readonly string[], role: RoleRecord, param: string): void => {
  if (!ids.includes(role.id))
    throw formError(
      'form_param_value_invalid',
      param,
      'is invalid',
      `${param} must be one of the roles of the role set, which ${role.key} is not.`,
    )
}
