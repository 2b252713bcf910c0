import type { CreatePermissionBody, UpdatePermissionBody } from './bodies-roles.ts'
import type { PermissionRecord } from './entities.ts'
import { ApiError, notFound, taken } from './errors.ts'
import type { Instance } from './instance.ts'
import { deletedJson } from './present-organizations.ts'
import { permissionJson } from './present-roles.ts'

/** @throws ApiError 404 */
export const getPermission = ({ store }: Instance, id: string): PermissionRecord => {
  const permission = store.permissions.get(id)
  if (!permission) throw notFound(`No permission was found with id ${id}.`)
  return permission
}

const assertOwn = (permission: PermissionRecord): void => {
  if (permission.type === 'system')
    throw new ApiError(403, 'organization_system_permission_not_modifiable', 'system permission cannot be modified', {
      longMessage: `${permission.key} cannot be modified because it is a system permission.`,
    })
}

const assertFreeKey = ({ store }: Instance, key: string, own?: PermissionRecord): void => {
  if (store.permissions.byCreation().some((other) => other !== own && other.key === key)) throw taken('key')
}

/** POST /organization_permissions. */
export const createPermission = (instance: Instance, body: CreatePermissionBody): PermissionRecord => {
  assertFreeKey(instance, body.key)
  const now = instance.now()
  const permission: PermissionRecord = {
    id: instance.newId('perm'),
    seq: instance.nextSeq(),
    key: body.key,
    name: body.name,
    description: body.description ?? '',
    type: 'custom',
    created_at: now,
    updated_at: now,
  }
  instance.store.permissions.insert(permission)
  instance.emit('permission.created', permissionJson(permission))
  return permission
}

/** PATCH /organization_permissions/{id}: only permissions that are the instance's own. */
export const updatePermission = (
  instance: Instance,
  permission: PermissionRecord,
  body: UpdatePermissionBody,
): void => {
  assertOwn(permission)
  if (body.key !== undefined) assertFreeKey(instance, body.key, permission)
  Object.assign(permission, body)
  permission.updated_at = instance.now()
  instance.store.permissions.touch()
  instance.emit('permission.updated', permissionJson(permission))
}

/** Deletes a permission and takes it from the roles that have it. */
export const deletePermission = (instance: Instance, permission: PermissionRecord): object => {
  assertOwn(permission)
  for (const role of instance.store.roles.byCreation())
    role.permission_ids = role.permission_ids.filter((id) => id !== permission.id)
  instance.store.permissions.remove(permission)
  const deleted = deletedJson('permission', { id: permission.id })
  instance.emit('permission.deleted', deleted)
  return deleted
}
