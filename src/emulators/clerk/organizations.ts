import type { CreateOrganizationBody, MetadataBody, UpdateOrganizationBody } from './bodies.ts'
import { deleteDomain } from './domains.ts'
import type { OrganizationRecord } from './entities.ts'
import { ApiError, formError, identifierTaken, notFound } from './errors.ts'
import type { Instance } from './instance.ts'
import { insertMembership, removeMembership } from './memberships.ts'
import { changeMetadata, checkMetadataSize } from './metadata.ts'
import { deletedJson, organizationEvent } from './present-organizations.ts'
import { isGiven } from './read-object.ts'
import { assignRoleSet, chosenRoleSet, creatorRole, initialRoleSet } from './role-sets.ts'

/** By id. @throws ApiError 404 */
export const getOrganization = ({ store }: Instance, id: string): OrganizationRecord => {
  const organization = store.organizations.get(id)
  if (!organization) throw notFound('Given organization not found.')
  return organization
}

/** By id or slug. @throws ApiError 404 */
export const getOrganizationOrSlug = (instance: Instance, idOrSlug: string): OrganizationRecord =>
  instance.store.organizationBySlug(idOrSlug) ?? getOrganization(instance, idOrSlug)

/** Stamps a change of an organization and sends `organization.updated`. */
export const organizationChanged = (instance: Instance, organization: OrganizationRecord): void => {
  organization.updated_at = instance.now()
  instance.store.organizations.touch()
  instance.emit('organization.updated', organizationEvent(instance, organization))
}

/**
 * A slug that a request asked for.
 * @throws ApiError 403 while slugs are off, 422 when it is malformed or taken.
 */
const assertSlug = ({ settings, store }: Instance, slug: string, own?: OrganizationRecord): void => {
  if (!settings.slugs)
    throw new ApiError(403, 'organization_slugs_disabled', 'organization slugs are disabled', {
      longMessage: 'Organization slugs are not enabled for this instance.',
      meta: { param_name: 'slug' },
    })
  if (!/^[a-z0-9-]+$/.test(slug))
    throw formError(
      'form_param_format_invalid',
      'slug',
      'is invalid',
      'slug can only contain lower-case letters, digits and dashes.',
    )
  const holder = store.organizationBySlug(slug)
  if (holder && holder !== own) throw identifierTaken('slug')
}

/** The slug that Clerk makes of a name where none was asked for. */
const slugFrom = ({ settings, store, now }: Instance, name: string): string => {
  if (!settings.slugs) return ''
  const base =
    name
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^-|-$/g, '') || 'organization'
  let slug = base
  for (let n = now(); store.organizationBySlug(slug); n++) slug = `${base}-${n}`
  return slug
}

/** POST /organizations: `created_by`, if given, becomes its first member. */
export const createOrganization = (instance: Instance, body: CreateOrganizationBody): OrganizationRecord => {
  const { settings, store } = instance
  if (isGiven(body.slug)) assertSlug(instance, body.slug)
  const creator = isGiven(body.created_by) ? store.users.get(body.created_by) : undefined
  if (isGiven(body.created_by) && !creator)
    throw new ApiError(400, 'organization_creator_not_found', 'creator not found', {
      longMessage: `No users found with id ${body.created_by}.`,
    })
  const metadata = { public_metadata: body.public_metadata ?? {}, private_metadata: body.private_metadata ?? {} }
  checkMetadataSize(metadata)
  const roleSet = isGiven(body.role_set_key) ? chosenRoleSet(instance, body.role_set_key) : initialRoleSet(instance)
  const now = instance.now()
  const organization: OrganizationRecord = {
    id: instance.newId('org'),
    seq: instance.nextSeq(),
    name: body.name,
    slug: body.slug ?? slugFrom(instance, body.name),
    max_allowed_memberships: body.max_allowed_memberships ?? settings.membershipLimit,
    admin_delete_enabled: true,
    ...metadata,
    created_by: creator?.id ?? null,
    image_id: null,
    role_set_key: roleSet.key,
    created_at: body.created_at ?? now,
    updated_at: now,
  }
  store.addOrganization(organization)
  instance.emit('organization.created', organizationEvent(instance, organization))
  if (creator)
    insertMembership(instance, organization, creator, {
      role: creatorRole(instance, roleSet),
      public_metadata: {},
      private_metadata: {},
    })
  return organization
}

/** PATCH /organizations/{id}: everything is checked before anything changes. */
export const updateOrganization = (
  instance: Instance,
  organization: OrganizationRecord,
  body: UpdateOrganizationBody,
): void => {
  if (isGiven(body.slug)) assertSlug(instance, body.slug, organization)
  const metadata = changeMetadata(metadataOf(organization), body, 'replace')
  if (isGiven(body.role_set_key)) assignRoleSet(instance, organization, body.role_set_key)
  Object.assign(organization, metadata)
  if (body.slug) instance.store.setSlug(organization, body.slug)
  organization.name = body.name ?? organization.name
  organization.max_allowed_memberships = body.max_allowed_memberships ?? organization.max_allowed_memberships
  organization.admin_delete_enabled = body.admin_delete_enabled ?? organization.admin_delete_enabled
  if (body.created_at) {
    organization.created_at = body.created_at
    instance.store.organizations.touch(true)
  }
  organizationChanged(instance, organization)
}

const metadataOf = ({ public_metadata, private_metadata }: OrganizationRecord): Required<MetadataBody> => ({
  public_metadata,
  private_metadata,
})

/** PATCH merges, PUT replaces. */
export const changeOrganizationMetadata = (
  instance: Instance,
  organization: OrganizationRecord,
  body: MetadataBody,
  mode: 'merge' | 'replace',
): void => {
  Object.assign(organization, changeMetadata(metadataOf(organization), body, mode))
  organizationChanged(instance, organization)
}

/** Deletes an organization with its memberships and invitations. */
export const deleteOrganization = (instance: Instance, organization: OrganizationRecord): object => {
  const { store, settings } = instance
  for (const membership of [...store.membershipsOf(organization.id).values()])
    removeMembership(instance, membership, settings.cascadeEvents)
  for (const invitation of [...store.invitationsOf(organization.id)]) store.removeInvitation(invitation)
  for (const domain of store.domains.byCreation().filter(({ organization_id }) => organization_id === organization.id))
    deleteDomain(instance, domain, settings.cascadeEvents)
  store.removeOrganization(organization)
  const deleted = deletedJson('organization', {
    id: organization.id,
    ...(organization.slug !== '' && { slug: organization.slug }),
  })
  instance.emit('organization.deleted', deleted)
  return deleted
}
