import { Hono } from 'hono'
import {
  addRolesShape,
  createRoleSetShape,
  replaceRoleSetShape,
  replaceRoleShape,
  updateRoleSetShape,
} from '../bodies-roles.ts'
import type { RoleSetRecord } from '../entities.ts'
import type { Instance } from '../instance.ts'
import { listByName } from '../list-by-name.ts'
import { roleSetJson } from '../present-roles.ts'
import { type ClerkContext, type ClerkEnv, json, pathParam, readBody } from '../request.ts'
import { addRoles, createRoleSet, getRoleSet, replaceRole, replaceRoleSet, updateRoleSet } from '../role-sets.ts'

/** `/v1/role_sets`. */
export const roleSetRoutes = (instance: Instance): Hono<ClerkEnv> => {
  const app = new Hono<ClerkEnv>()
  const find = (c: ClerkContext): RoleSetRecord => getRoleSet(instance, pathParam(c, 'key_or_id'))
  app.get('/', (c) => {
    const { page, total } = listByName(instance.store.roleSets.byCreation(), c)
    return json({ data: page.map((roleSet) => roleSetJson(instance, roleSet)), total_count: total })
  })
  app.post('/', async (c) => {
    const required = ['name', 'default_role_key', 'creator_role_key', 'roles'] as const
    return json(roleSetJson(instance, createRoleSet(instance, await readBody(c, createRoleSetShape, required))))
  })
  app.get('/:key_or_id', (c) => json(roleSetJson(instance, find(c))))
  app.patch('/:key_or_id', async (c) => {
    const roleSet = find(c)
    updateRoleSet(instance, roleSet, await readBody(c, updateRoleSetShape))
    return json(roleSetJson(instance, roleSet))
  })
  app.post('/:key_or_id/replace', async (c) => {
    const roleSet = find(c)
    return json(replaceRoleSet(instance, roleSet, await readBody(c, replaceRoleSetShape, ['dest_role_set_key'])))
  })
  app.post('/:key_or_id/roles', async (c) => {
    const roleSet = find(c)
    addRoles(instance, roleSet, await readBody(c, addRolesShape, ['role_keys']))
    return json(roleSetJson(instance, roleSet))
  })
  app.post('/:key_or_id/roles/replace', async (c) => {
    const roleSet = find(c)
    replaceRole(instance, roleSet, await readBody(c, replaceRoleShape, ['role_key', 'to_role_key']))
    return json(roleSetJson(instance, roleSet))
  })
  return app
}
