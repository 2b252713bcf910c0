import { Hono } from 'hono'
import { createPermissionShape, createRoleShape, updatePermissionShape, updateRoleShape } from '../bodies-roles.ts'
import type { Instance } from '../instance.ts'
import { listByName } from '../list-by-name.ts'
import { createPermission, deletePermission, getPermission, updatePermission } from '../permissions.ts'
import { permissionJson, roleJson } from '../present-roles.ts'
import { type ClerkEnv, json, pathParam, readBody } from '../request.ts'
import { assignPermission, createRole, deleteRole, getRole, removePermission, updateRole } from '../roles.ts'

/** `/v1/organization_permissions`. */
export const permissionRoutes = (instance: Instance): Hono<ClerkEnv> => {
  const app = new Hono<ClerkEnv>()
  app.get('/', (c) => {
    const { page, total } = listByName(instance.store.permissions.byCreation(), c)
    return json({ data: page.map(permissionJson), total_count: total })
  })
  app.post('/', async (c) => {
    const body = await readBody(c, createPermissionShape, ['name', 'key'])
    return json(permissionJson(createPermission(instance, body)))
  })
  app.get('/:id', (c) => json(permissionJson(getPermission(instance, pathParam(c, 'id')))))
  app.patch('/:id', async (c) => {
    const permission = getPermission(instance, pathParam(c, 'id'))
    updatePermission(instance, permission, await readBody(c, updatePermissionShape))
    return json(permissionJson(permission))
  })
  app.delete('/:id', (c) => json(deletePermission(instance, getPermission(instance, pathParam(c, 'id')))))
  return app
}

/** `/v1/organization_roles`. */
export const roleRoutes = (instance: Instance): Hono<ClerkEnv> => {
  const app = new Hono<ClerkEnv>()
  app.get('/', (c) => {
    const { page, total } = listByName(instance.store.roles.byCreation(), c)
    return json({ data: page.map((role) => roleJson(instance, role)), total_count: total })
  })
  app.post('/', async (c) => {
    const body = await readBody(c, createRoleShape, ['name', 'key'])
    return json(roleJson(instance, createRole(instance, body)))
  })
  app.get('/:id', (c) => json(roleJson(instance, getRole(instance, pathParam(c, 'id')))))
  app.patch('/:id', async (c) => {
    const role = getRole(instance, pathParam(c, 'id'))
    updateRole(instance, role, await readBody(c, updateRoleShape))
    return json(roleJson(instance, role))
  })
  app.delete('/:id', (c) => json(deleteRole(instance, getRole(instance, pathParam(c, 'id')))))
  app.post('/:id/permissions/:permission_id', (c) => {
    const role = getRole(instance, pathParam(c, 'id'))
    assignPermission(instance, role, pathParam(c, 'permission_id'))
    return json(roleJson(instance, role))
  })
  app.delete('/:id/permissions/:permission_id', (c) => {
    const role = getRole(instance, pathParam(c, 'id'))
    removePermission(instance, role, pathParam(c, 'permission_id'))
    return json(roleJson(instance, role))
  })
  return app
}
