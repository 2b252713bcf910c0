import { formError } from './errors.ts'
import { flag, listOf, oneOf, orNull, type Reader, type Shape, text } from './read-object.ts'

// The bodies of requests about permissions, roles and role sets.

/** Text of a form. `example` says in words what it is. */
const matching =
  (pattern: RegExp, wanted: string): Reader<string> =>
  (value, param) => {
    const given = text(256)(value, param)
    if (!pattern.test(given))
      throw formError('form_param_format_invalid', param, 'is invalid', `${param} must be ${wanted}.`)
    return given
  }

const permissionKey = matching(
  /^org:(?!sys_)[a-z0-9_]+:[a-z0-9_]+$/,
  'of the form org:feature:action, in lower-case letters, digits and underscores, and not begin with org:sys_',
)
const roleKey = matching(
  /^org:[a-z0-9_]+$/,
  "'org:' followed by lower-case letters, digits and underscores, such as org:billing",
)
const roleSetKey = matching(
  /^role_set:[a-z0-9_]+$/,
  "'role_set:' followed by lower-case letters, digits and underscores, such as role_set:enterprise",
)

const name: Reader<string> = (value, param) => {
  const given = text(256)(value, param)
  if (given.trim() === '') throw formError('form_param_nil', param, 'is empty', `${param} must not be empty.`)
  return given
}

export type CreatePermissionBody = { name: string; key: string; description?: string }
export const createPermissionShape: Shape<CreatePermissionBody> = { name, key: permissionKey, description: text(256) }

export type UpdatePermissionBody = Partial<CreatePermissionBody>
export const updatePermissionShape: Shape<UpdatePermissionBody> = createPermissionShape

export type CreateRoleBody = {
  name: string
  key: string
  description?: string | null
  permissions?: string[] | null
  include_in_initial_role_set?: boolean | null
}
export const createRoleShape: Shape<CreateRoleBody> = {
  name,
  key: roleKey,
  description: orNull(text(256)),
  permissions: orNull(listOf(text())),
  include_in_initial_role_set: orNull(flag),
}

export type UpdateRoleBody = {
  name?: string | null
  key?: string | null
  description?: string | null
  permissions?: string[] | null
}
export const updateRoleShape: Shape<UpdateRoleBody> = {
  name: orNull(name),
  key: orNull(roleKey),
  description: orNull(text(256)),
  permissions: orNull(listOf(text())),
}

/** At least one role and ten at most, as the endpoint's description has it. */
const roleKeys: Reader<string[]> = (value, param) => {
  const given = listOf(text(), 10)(value, param)
  if (given.length === 0)
    throw formError('form_param_value_invalid', param, 'is invalid', `${param} must name at least one role.`)
  return given
}

export type CreateRoleSetBody = {
  name: string
  key?: string
  description?: string | null
  default_role_key: string
  creator_role_key: string
  type?: 'initial' | 'custom'
  roles: string[]
}
export const createRoleSetShape: Shape<CreateRoleSetBody> = {
  name,
  key: roleSetKey,
  description: orNull(text(256)),
  default_role_key: text(),
  creator_role_key: text(),
  type: oneOf('initial', 'custom'),
  roles: roleKeys,
}

export type UpdateRoleSetBody = {
  name?: string | null
  key?: string | null
  description?: string | null
  type?: 'initial' | null
  default_role_key?: string | null
  creator_role_key?: string | null
}
export const updateRoleSetShape: Shape<UpdateRoleSetBody> = {
  name: orNull(name),
  key: orNull(roleSetKey),
  description: orNull(text(256)),
  type: orNull(oneOf('initial')),
  default_role_key: orNull(text()),
  creator_role_key: orNull(text()),
}

export type AddRolesBody = { role_keys: string[]; default_role_key?: string; creator_role_key?: string }
export const addRolesShape: Shape<AddRolesBody> = {
  role_keys: roleKeys,
  default_role_key: text(),
  creator_role_key: text(),
}

export type ReplaceRoleBody = { role_key: string; to_role_key: string }
export const replaceRoleShape: Shape<ReplaceRoleBody> = { role_key: text(), to_role_key: text() }

/** Keys of roles that go, with the keys of those that take their place. */
export type RoleMappings = Readonly<Record<string, string>>
const mappings: Reader<RoleMappings> = (value, param) => {
  const wrong = () =>
    formError('form_param_type_invalid', param, 'is invalid', `${param} must be an object of role keys.`)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong()
  return Object.fromEntries(
    Object.entries(value).map(([from, to]: [string, unknown]) => {
      if (typeof to !== 'string') throw wrong()
      return [from, to]
    }),
  )
}
export type ReplaceRoleSetBody = { dest_role_set_key: string; reassignment_mappings?: RoleMappings | null }
export const replaceRoleSetShape: Shape<ReplaceRoleSetBody> = {
  dest_role_set_key: text(),
  reassignment_mappings: orNull(mappings),
}
