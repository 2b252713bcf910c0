import type {
  AddRolesBody,
  CreateRoleSetBody,
  ReplaceRoleBody,
  ReplaceRoleSetBody,
  RoleMappings,
  UpdateRoleSetBody,
} from './bodies-roles.ts'
import type { MembershipRecord, OrganizationRecord, RoleRecord, RoleSetRecord } from './entities.ts'
import { formError, notFound, taken } from './errors.ts'
import type { Instance } from './instance.ts'
import { deletedJson, membershipEvent } from './present-organizations.ts'
import { assertAmong, assertCreatorEligible, namedRole, roleByKey } from './roles.ts'

/** Roles in one set, at most. */
const ROLES_IN_SET = 10

const byKey = ({ store }: Instance, key: string): RoleSetRecord | undefined =>
  store.roleSets.byCreation().find((roleSet) => roleSet.key === key)

/** By key or id. @throws ApiError 404 */
export const getRoleSet = (instance: Instance, keyOrId: string): RoleSetRecord => {
  const roleSet = instance.store.roleSets.get(keyOrId) ?? byKey(instance, keyOrId)
  if (!roleSet) throw notFound(`No role set was found with key or id ${keyOrId}.`)
  return roleSet
}

/** The set of new organizations. */
export const initialRoleSet = ({ store }: Instance): RoleSetRecord => {
  const initial = store.roleSets.byCreation().find(({ type }) => type === 'initial')
  if (!initial) throw new Error('an instance has an initial role set')
  return initial
}

/** The set that a request chose for an organization. @throws ApiError 422 for one that does not exist */
export const chosenRoleSet = (instance: Instance, key: string): RoleSetRecord => {
  const roleSet = byKey(instance, key)
  if (!roleSet)
    throw formError(
      'form_resource_not_found',
      'role_set_key',
      'is missing',
      'The resource associated with the supplied role_set_key was not found.',
    )
  return roleSet
}

/** The role that the creator of an organization gets. */
export const creatorRole = ({ store, settings }: Instance, roleSet: RoleSetRecord): string =>
  store.roles.get(roleSet.creator_role_id)?.key ?? settings.creatorRole

/** @throws ApiError 404 that names the parameter, as Clerk does for a role that members of the organization cannot have. */
export const assertRole = (instance: Instance, organization: OrganizationRecord, key: string): void => {
  const role = roleByKey(instance, key)
  const allowed = byKey(instance, organization.role_set_key)
  if (!role || (allowed && !allowed.role_ids.includes(role.id))) throw notFound('Organization role not found', 'role')
}

const membersIn = ({ store }: Instance, roleSetKey: string): MembershipRecord[] =>
  store.memberships
    .byCreation()
    .filter(({ organization_id }) => store.organizations.get(organization_id)?.role_set_key === roleSetKey)

/** Gives members another role, each with its event. */
const reassign = (instance: Instance, members: readonly MembershipRecord[], mappings: RoleMappings): void => {
  for (const membership of members) {
    const role = mappings[membership.role]
    if (role === undefined || role === membership.role) continue
    membership.role = role
    membership.updated_at = instance.now()
    instance.emit('organizationMembership.updated', membershipEvent(instance, membership))
  }
  instance.store.memberships.touch()
}

const touch = (instance: Instance, roleSet: RoleSetRecord): void => {
  roleSet.updated_at = instance.now()
  instance.store.roleSets.touch()
}

const makeInitial = (instance: Instance, roleSet: RoleSetRecord): void => {
  for (const other of instance.store.roleSets.byCreation()) other.type = 'custom'
  roleSet.type = 'initial'
}

const assertFreeKey = (instance: Instance, key: string, own?: RoleSetRecord): void => {
  const holder = byKey(instance, key)
  if (holder && holder !== own) throw taken('key')
}

const keyFrom = (instance: Instance, name: string): string => {
  const words = name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '_')
  const base = `role_set:${words.replaceAll(/^_|_$/g, '') || 'custom'}`
  let key = base
  for (let n = 2; byKey(instance, key); n++) key = `${base}_${n}`
  return key
}

/** POST /role_sets. */
export const createRoleSet = (instance: Instance, body: CreateRoleSetBody): RoleSetRecord => {
  if (body.key !== undefined) assertFreeKey(instance, body.key)
  const role_ids = [...new Set(body.roles.map((key) => namedRole(instance, key, 'roles').id))]
  const standard = namedRole(instance, body.default_role_key, 'default_role_key')
  const creator = namedRole(instance, body.creator_role_key, 'creator_role_key')
  assertAmong(role_ids, standard, 'default_role_key')
  assertAmong(role_ids, creator, 'creator_role_key')
  assertCreatorEligible(instance, creator)
  const now = instance.now()
  const roleSet: RoleSetRecord = {
    id: instance.newId('rset'),
    seq: instance.nextSeq(),
    key: body.key ?? keyFrom(instance, body.name),
    name: body.name,
    description: body.description ?? null,
    type: 'custom',
    role_ids,
    default_role_id: standard.id,
    creator_role_id: creator.id,
    created_at: now,
    updated_at: now,
  }
  instance.store.roleSets.insert(roleSet)
  if (body.type === 'initial') makeInitial(instance, roleSet)
  return roleSet
}

type Chosen = { default_role_key?: string | null | undefined; creator_role_key?: string | null | undefined }

/** Reads the default role and the creators' role of a set that will have these roles. */
const chosenRoles = (instance: Instance, ids: readonly string[], body: Chosen): Partial<RoleSetRecord> => {
  const read = (param: keyof Chosen): RoleRecord | undefined => {
    const key = body[param]
    if (!key) return undefined
    const role = namedRole(instance, key, param)
    assertAmong(ids, role, param)
    return role
  }
  const standard = read('default_role_key')
  const creator = read('creator_role_key')
  if (creator) assertCreatorEligible(instance, creator)
  return { ...(standard && { default_role_id: standard.id }), ...(creator && { creator_role_id: creator.id }) }
}

/** PATCH /role_sets/{key or id}. */
export const updateRoleSet = (instance: Instance, roleSet: RoleSetRecord, body: UpdateRoleSetBody): void => {
  if (body.key) assertFreeKey(instance, body.key, roleSet)
  Object.assign(roleSet, chosenRoles(instance, roleSet.role_ids, body))
  if (body.key && body.key !== roleSet.key) {
    for (const organization of instance.store.organizations.byCreation())
      if (organization.role_set_key === roleSet.key) organization.role_set_key = body.key
    roleSet.key = body.key
  }
  roleSet.name = body.name ?? roleSet.name
  if (body.description !== undefined) roleSet.description = body.description
  if (body.type === 'initial') makeInitial(instance, roleSet)
  touch(instance, roleSet)
}

/** POST /role_sets/{key or id}/roles. */
export const addRoles = (instance: Instance, roleSet: RoleSetRecord, body: AddRolesBody): void => {
  const added = body.role_keys.map((key) => namedRole(instance, key, 'role_keys').id)
  const ids = [...new Set([...roleSet.role_ids, ...added])]
  if (ids.length > ROLES_IN_SET)
    throw formError(
      'form_param_array_size_exceeded',
      'role_keys',
      'exceeds maximum size',
      `A role set should not exceed ${ROLES_IN_SET} roles.`,
    )
  Object.assign(roleSet, { role_ids: ids, ...chosenRoles(instance, added, body) })
  touch(instance, roleSet)
}

/** POST /role_sets/{key or id}/roles/replace: the members of one role get another, and so does what the role stood for. */
export const replaceRole = (instance: Instance, roleSet: RoleSetRecord, body: ReplaceRoleBody): void => {
  const from = namedRole(instance, body.role_key, 'role_key')
  const to = namedRole(instance, body.to_role_key, 'to_role_key')
  assertAmong(roleSet.role_ids, from, 'role_key')
  if (from === to)
    throw formError('form_param_value_invalid', 'to_role_key', 'is invalid', 'to_role_key must be another role.')
  if (roleSet.creator_role_id === from.id) {
    assertCreatorEligible(instance, to)
    roleSet.creator_role_id = to.id
  }
  if (roleSet.default_role_id === from.id) roleSet.default_role_id = to.id
  roleSet.role_ids = [...new Set([...roleSet.role_ids.filter((id) => id !== from.id), to.id])]
  reassign(instance, membersIn(instance, roleSet.key), { [from.key]: to.key })
  touch(instance, roleSet)
}

/** @throws ApiError 422 for a role that members have and the new set lacks, unless it is mapped to one that the set has. */
const assertMapped = (
  instance: Instance,
  members: readonly MembershipRecord[],
  to: RoleSetRecord,
  mappings: RoleMappings,
  param: string,
): void => {
  for (const key of new Set(members.map(({ role }) => role))) {
    const role = namedRole(instance, mappings[key] ?? key, param)
    if (to.role_ids.includes(role.id)) continue
    throw formError(
      mappings[key] === undefined ? 'form_param_missing' : 'form_param_value_invalid',
      param,
      'is invalid',
      `Members have the role ${key}, which must be replaced by a role of ${to.key}.`,
    )
  }
}

/** POST /role_sets/{key or id}/replace: its organizations move to another set, and it is gone. */
export const replaceRoleSet = (instance: Instance, roleSet: RoleSetRecord, body: ReplaceRoleSetBody): object => {
  const destination = byKey(instance, body.dest_role_set_key)
  if (!destination) throw notFound(`No role set was found with key ${body.dest_role_set_key}.`, 'dest_role_set_key')
  if (destination === roleSet)
    throw formError(
      'form_param_value_invalid',
      'dest_role_set_key',
      'is invalid',
      'dest_role_set_key must be another role set.',
    )
  const mappings = body.reassignment_mappings ?? {}
  const members = membersIn(instance, roleSet.key)
  assertMapped(instance, members, destination, mappings, 'reassignment_mappings')
  for (const organization of instance.store.organizations.byCreation())
    if (organization.role_set_key === roleSet.key) organization.role_set_key = destination.key
  reassign(instance, members, mappings)
  if (roleSet.type === 'initial') makeInitial(instance, destination)
  instance.store.roleSets.remove(roleSet)
  touch(instance, destination)
  return deletedJson('role_set', { id: roleSet.id })
}

/** Gives an organization another set. @throws ApiError 422 when members have roles that the set lacks */
export const assignRoleSet = (instance: Instance, organization: OrganizationRecord, key: string): void => {
  const roleSet = chosenRoleSet(instance, key)
  const members = [...instance.store.membershipsOf(organization.id).values()]
  assertMapped(instance, members, roleSet, {}, 'role_set_key')
  organization.role_set_key = roleSet.key
}
