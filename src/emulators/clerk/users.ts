import type { CreateUserBody, UpdateUserBody, UserMetadataBody } from './bodies.ts'
import type { Identification, IdentificationKind, UserRecord } from './entities.ts'
import { ApiError, formError, identifierTaken, invalidValue, notFound } from './errors.ts'
import { makePrimary, newIdentification } from './identifications.ts'
import type { Instance } from './instance.ts'
import { removeMembership } from './memberships.ts'
import { changeMetadata, checkMetadataSize } from './metadata.ts'
import { deletedJson } from './present-organizations.ts'
import { sessionEvent, userJson } from './present-users.ts'

/** @throws ApiError 404 */
export const getUser = ({ store }: Instance, id: string): UserRecord => {
  const user = store.users.get(id)
  if (!user) throw notFound(`No user was found with id ${id}`)
  return user
}

/** Stamps a change of a user and sends `user.updated`. */
export const userChanged = (instance: Instance, user: UserRecord): void => {
  user.updated_at = instance.now()
  instance.store.users.touch()
  instance.emit('user.updated', userJson(user))
}

const assertUsername = ({ store }: Instance, username: string, own?: UserRecord): void => {
  if (!/^[a-z0-9_-]{4,64}$/i.test(username))
    throw formError(
      'form_username_invalid_length',
      'username',
      'is invalid',
      'Username must be 4 to 64 letters, digits, - or _.',
    )
  const holder = store.userByUsername(username)
  if (holder && holder !== own) throw identifierTaken('username')
}

const assertExternalId = ({ store }: Instance, externalId: string, own?: UserRecord): void => {
  const holder = store.userByExternalId(externalId)
  if (holder && holder !== own) throw identifierTaken('external_id')
}

const identificationsOf = (instance: Instance, body: CreateUserBody, kind: IdentificationKind): Identification[] => {
  const values = body[kind] ?? []
  const statuses = body[`${kind}_identification_status`]
  if (statuses && statuses.length !== values.length)
    throw invalidValue(`${kind}_identification_status`, `One status is needed for each ${kind}.`)
  const created = values.map((value, i) => newIdentification(instance, kind, value, statuses?.[i] ?? 'verified'))
  if (new Set(created.map(({ value }) => value)).size < created.length) throw identifierTaken(kind)
  return created
}

const assertRequirements = ({ settings }: Instance, body: CreateUserBody): void => {
  const given = {
    email_address: (body.email_address ?? []).length > 0,
    phone_number: (body.phone_number ?? []).length > 0,
    username: Boolean(body.username),
  }
  const missing = body.skip_user_requirement ? [] : settings.requiredIdentifiers.filter((kind) => !given[kind])
  if (missing.length > 0 || !Object.values(given).some(Boolean))
    throw new ApiError(422, 'form_data_missing', 'missing data', {
      longMessage: `${missing.join(', ') || 'An identifier'} must be included; it doesn't meet the instance's requirements.`,
      meta: { param_names: missing },
    })
}

/** Creates a user as POST /users does: addresses and numbers are verified unless the request says that they are reserved. */
export const createUser = (instance: Instance, body: CreateUserBody): UserRecord => {
  assertRequirements(instance, body)
  checkMetadataSize(body)
  if (body.username) assertUsername(instance, body.username)
  if (body.external_id) assertExternalId(instance, body.external_id)
  const emails = identificationsOf(instance, body, 'email_address')
  const phones = identificationsOf(instance, body, 'phone_number')
  const now = instance.now()
  const user: UserRecord = {
    id: instance.newId('user'),
    seq: instance.nextSeq(),
    external_id: body.external_id || null,
    username: body.username || null,
    first_name: body.first_name ?? null,
    last_name: body.last_name ?? null,
    locale: body.locale ?? null,
    public_metadata: body.public_metadata ?? {},
    private_metadata: body.private_metadata ?? {},
    unsafe_metadata: body.unsafe_metadata ?? {},
    identifications: [...emails, ...phones],
    primary_email_address_id: emails[0]?.id ?? null,
    primary_phone_number_id: phones[0]?.id ?? null,
    password_enabled: Boolean(body.password || body.password_digest),
    banned: body.banned ?? false,
    locked: body.locked ?? false,
    deprovisioned: false,
    scim: null,
    delete_self_enabled: body.delete_self_enabled ?? true,
    create_organization_enabled: body.create_organization_enabled ?? true,
    create_organizations_limit: body.create_organizations_limit ?? null,
    last_sign_in_at: null,
    last_active_at: null,
    legal_accepted_at: body.legal_accepted_at ?? null,
    created_at: body.created_at ?? now,
    updated_at: now,
  }
  instance.store.addUser(user)
  instance.emit('user.created', userJson(user))
  return user
}

const scimAttributes = ['first_name', 'last_name', 'username', 'primary_email_address_id'] as const

/** @throws ApiError 409 when a directory owns one of the attributes that the request would change. */
const assertNotFromDirectory = (user: UserRecord, body: UpdateUserBody): void => {
  if (!user.scim?.directory_enabled) return
  const attribute = scimAttributes.find((name) => body[name] !== undefined && body[name] !== user[name])
  if (attribute)
    throw new ApiError(409, 'attribute_managed_by_scim', 'managed by SCIM', {
      longMessage: `${attribute} is managed by the user's directory.`,
      meta: { param_name: attribute },
    })
}

/** @throws ApiError 409 when the user belongs to a directory. */
export const assertNotScim = (user: UserRecord): void => {
  if (user.scim?.directory_enabled)
    throw new ApiError(409, 'user_managed_by_scim', 'managed by SCIM', {
      longMessage: "This user is managed by the organization's directory.",
    })
}

const primaryOf = (user: UserRecord, kind: IdentificationKind, id: string): Identification => {
  const own = user.identifications.find((candidate) => candidate.id === id && candidate.kind === kind)
  if (!own) throw notFound(`No ${kind} with id ${id} was found on the user.`, `primary_${kind}_id`)
  if (own.status === 'unverified') throw invalidValue(`primary_${kind}_id`, `${kind} must be verified.`)
  return own
}

/** PATCH /users/{id}: everything is checked before anything changes. */
export const updateUser = (instance: Instance, user: UserRecord, body: UpdateUserBody): void => {
  assertNotFromDirectory(user, body)
  if (body.username) assertUsername(instance, body.username, user)
  if (body.external_id) assertExternalId(instance, body.external_id, user)
  const email = body.primary_email_address_id && primaryOf(user, 'email_address', body.primary_email_address_id)
  const phone = body.primary_phone_number_id && primaryOf(user, 'phone_number', body.primary_phone_number_id)
  const metadata = changeMetadata(metadataOf(user), body, 'replace')

  Object.assign(user, metadata)
  if (body.username !== undefined) instance.store.setUsername(user, body.username || null)
  if (body.external_id !== undefined) instance.store.setExternalId(user, body.external_id || null)
  if (email) makePrimary(user, email)
  if (phone) makePrimary(user, phone)
  for (const field of [
    'first_name',
    'last_name',
    'locale',
    'legal_accepted_at',
    'create_organizations_limit',
  ] as const) {
    const value = body[field]
    if (value !== undefined) Object.assign(user, { [field]: value })
  }
  user.delete_self_enabled = body.delete_self_enabled ?? user.delete_self_enabled
  user.create_organization_enabled = body.create_organization_enabled ?? user.create_organization_enabled
  if (body.password || body.password_digest) user.password_enabled = true
  if (body.created_at) {
    user.created_at = body.created_at
    instance.store.users.touch(true)
  }
  userChanged(instance, user)
}

const metadataOf = ({
  public_metadata,
  private_metadata,
  unsafe_metadata,
}: UserRecord): Required<UserMetadataBody> => ({
  public_metadata,
  private_metadata,
  unsafe_metadata,
})

/** PATCH merges, PUT replaces. */
export const changeUserMetadata = (
  instance: Instance,
  user: UserRecord,
  body: UserMetadataBody,
  mode: 'merge' | 'replace',
): void => {
  Object.assign(user, changeMetadata(metadataOf(user), body, mode))
  userChanged(instance, user)
}

/** Bans, locks or deprovisions a user, or takes it back. */
export const setUserFlag = (
  instance: Instance,
  user: UserRecord,
  field: 'banned' | 'locked' | 'deprovisioned',
  value: boolean,
): void => {
  user[field] = value
  userChanged(instance, user)
}

/** What a sign-in leaves behind: two times on the user and a session. `last_active_at` has day precision. */
export const signIn = (instance: Instance, user: UserRecord): void => {
  const now = instance.now()
  user.last_sign_in_at = now
  user.last_active_at = now - (now % 86_400_000)
  instance.store.users.touch()
  instance.emit('session.created', sessionEvent(instance, user))
  if (instance.settings.signInUpdatesUser) userChanged(instance, user)
}

/** Deletes a user and the memberships with it. */
export const deleteUser = (instance: Instance, user: UserRecord): object => {
  for (const membership of [...instance.store.membershipsOfUser(user.id)])
    removeMembership(instance, membership, instance.settings.cascadeEvents)
  instance.store.removeUser(user)
  const deleted = deletedJson('user', {
    id: user.id,
    ...(user.external_id !== null && { external_id: user.external_id }),
  })
  instance.emit('user.deleted', deleted)
  return deleted
}
