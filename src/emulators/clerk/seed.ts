import { withoutSignInMeans } from './create-user.ts'
import type { Metadata, ScimOrigin, UserRecord } from './entities.ts'
import { ApiError } from './errors.ts'
import { newIdentification } from './identifications.ts'
import type { Instance } from './instance.ts'
import { membershipEvent, organizationEvent } from './present-organizations.ts'
import { userJson } from './present-users.ts'
import { chosenRoleSet, initialRoleSet } from './role-sets.ts'
import { roleByKey } from './roles.ts'

type MetadataSeed = { public_metadata?: Metadata; private_metadata?: Metadata }

export type UserSeed = MetadataSeed & {
  id?: string
  email_addresses?: readonly string[]
  phone_numbers?: readonly string[]
  username?: string | null
  first_name?: string | null
  last_name?: string | null
  locale?: string | null
  external_id?: string | null
  unsafe_metadata?: Metadata
  banned?: boolean
  locked?: boolean
  deprovisioned?: boolean
  scim?: ScimOrigin | null
  last_sign_in_at?: number | null
  created_at?: number
  updated_at?: number
}

export type OrganizationSeed = MetadataSeed & {
  id?: string
  name: string
  slug?: string
  max_allowed_memberships?: number
  created_by?: string | null
  role_set_key?: string
  created_at?: number
  updated_at?: number
}

export type MembershipSeed = MetadataSeed & {
  id?: string
  user_id: string
  organization_id: string
  role?: string
  scim_managed?: boolean
  created_at?: number
  updated_at?: number
}

/** Records that are there before the story begins. Times are in milliseconds; what is absent is made up or empty. */
export type ClerkSeed = {
  users?: readonly UserSeed[]
  organizations?: readonly OrganizationSeed[]
  memberships?: readonly MembershipSeed[]
  /** Send the events that creating these records would have sent. @default false */
  events?: boolean
}

/** The ids of what was seeded, in the order of the seed. */
export type Seeded = { users: string[]; organizations: string[]; memberships: string[] }

const stamps = (instance: Instance, given: { created_at?: number; updated_at?: number }) => {
  const created = given.created_at ?? instance.now()
  return { created_at: created, updated_at: given.updated_at ?? created }
}

const refuse = (text: string): never => {
  throw new ApiError(422, 'seed_invalid', text)
}

const metadataOf = ({ public_metadata = {}, private_metadata = {} }: MetadataSeed) => ({
  public_metadata,
  private_metadata,
})

const seedUser = (instance: Instance, given: UserSeed): UserRecord => {
  const { store } = instance
  const id = given.id ?? instance.newId('user')
  if (store.users.get(id)) refuse(`There is a user ${id} already.`)
  const external = given.external_id ?? null
  if (external !== null && store.userByExternalId(external)) refuse(`User ${id}: its external_id is taken.`)
  const username = given.username ?? null
  if (username !== null && store.userByUsername(username)) refuse(`User ${id}: its username is taken.`)
  const emails = (given.email_addresses ?? []).map((value) =>
    newIdentification(instance, 'email_address', value, 'verified'),
  )
  const phones = (given.phone_numbers ?? []).map((value) =>
    newIdentification(instance, 'phone_number', value, 'verified'),
  )
  const user: UserRecord = {
    id,
    seq: instance.nextSeq(),
    external_id: external,
    username,
    first_name: given.first_name ?? null,
    last_name: given.last_name ?? null,
    locale: given.locale ?? null,
    ...metadataOf(given),
    unsafe_metadata: given.unsafe_metadata ?? {},
    identifications: [...emails, ...phones],
    primary_email_address_id: emails[0]?.id ?? null,
    primary_phone_number_id: phones[0]?.id ?? null,
    ...withoutSignInMeans(),
    banned: given.banned ?? false,
    locked: given.locked ?? false,
    deprovisioned: given.deprovisioned ?? false,
    scim: given.scim ?? null,
    delete_self_enabled: true,
    create_organization_enabled: true,
    create_organizations_limit: null,
    last_sign_in_at: given.last_sign_in_at ?? null,
    last_active_at: given.last_sign_in_at ?? null,
    legal_accepted_at: null,
    ...stamps(instance, given),
  }
  store.addUser(user)
  return user
}

const seedOrganization = (instance: Instance, given: OrganizationSeed) => {
  const { store, settings } = instance
  const id = given.id ?? instance.newId('org')
  if (store.organizations.get(id)) refuse(`There is an organization ${id} already.`)
  if (given.slug && store.organizationBySlug(given.slug)) refuse(`Organization ${id}: its slug is taken.`)
  const organization = {
    id,
    seq: instance.nextSeq(),
    name: given.name,
    slug: given.slug ?? '',
    max_allowed_memberships: given.max_allowed_memberships ?? settings.membershipLimit,
    admin_delete_enabled: true,
    ...metadataOf(given),
    created_by: given.created_by ?? null,
    image_id: null,
    role_set_key: given.role_set_key ? chosenRoleSet(instance, given.role_set_key).key : initialRoleSet(instance).key,
    ...stamps(instance, given),
  }
  store.addOrganization(organization)
  return organization
}

const seedMembership = (instance: Instance, given: MembershipSeed) => {
  const { store, settings } = instance
  const { user_id, organization_id, role = settings.roles.at(-1)?.key ?? 'org:member' } = given
  if (!store.users.get(user_id)) refuse(`A membership names user ${user_id}, who does not exist.`)
  if (!store.organizations.get(organization_id))
    refuse(`A membership names organization ${organization_id}, which does not exist.`)
  if (store.membership(organization_id, user_id)) refuse(`User ${user_id} is a member of ${organization_id} already.`)
  if (!roleByKey(instance, role)) refuse(`A membership has the role ${role}, which does not exist.`)
  const membership = {
    id: given.id ?? instance.newId('orgmem'),
    seq: instance.nextSeq(),
    user_id,
    organization_id,
    role,
    ...metadataOf(given),
    scim_managed: given.scim_managed ?? false,
    ...stamps(instance, given),
  }
  store.addMembership(membership)
  return membership
}

/**
 * Adds records without asking for room, rate or roles' rights; ids, identifiers and references must still be sound.
 * @throws ApiError 422 for one that is not; what came before it stays.
 */
export const seedRecords = (instance: Instance, seed: ClerkSeed): Seeded => {
  const seeded: Seeded = { users: [], organizations: [], memberships: [] }
  for (const given of seed.users ?? []) {
    const user = seedUser(instance, given)
    seeded.users.push(user.id)
    if (seed.events) instance.emit('user.created', userJson(user))
  }
  for (const given of seed.organizations ?? []) {
    const organization = seedOrganization(instance, given)
    seeded.organizations.push(organization.id)
    if (seed.events) instance.emit('organization.created', organizationEvent(instance, organization))
  }
  for (const given of seed.memberships ?? []) {
    const membership = seedMembership(instance, given)
    seeded.memberships.push(membership.id)
    if (seed.events) instance.emit('organizationMembership.created', membershipEvent(instance, membership))
  }
  return seeded
}
