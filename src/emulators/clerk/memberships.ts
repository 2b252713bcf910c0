import type { CreateMembershipBody, MetadataBody } from './bodies.ts'
import type { MembershipRecord, Metadata, OrganizationRecord, UserRecord } from './entities.ts'
import { ApiError, notFound } from './errors.ts'
import type { Instance } from './instance.ts'
import { changeMetadata, checkMetadataSize } from './metadata.ts'
import { managesMembers, membershipEvent, pendingInvitations } from './present-organizations.ts'
import { assertRole } from './role-sets.ts'

/**
 * Room for `more` members. Invitations that are still open take room too.
 * @throws ApiError 403
 */
export const assertRoom = (instance: Instance, organization: OrganizationRecord, more = 1): void => {
  const limit = organization.max_allowed_memberships
  if (limit === 0) return
  const members = instance.store.membershipsOf(organization.id).size
  if (members + pendingInvitations(instance, organization.id) + more > limit)
    throw new ApiError(403, 'organization_membership_quota_exceeded', 'organization membership quota exceeded', {
      longMessage: `You have reached your limit of ${limit} organization memberships, including outstanding invitations.`,
    })
}

/** @throws ApiError 404 */
export const getMembership = ({ store }: Instance, organizationId: string, userId: string): MembershipRecord => {
  const membership = store.membership(organizationId, userId)
  if (!membership) throw notFound('Organization membership was not found.')
  return membership
}

/** @throws ApiError 400 */
export const assertNotMember = ({ store }: Instance, organization: OrganizationRecord, user: UserRecord): void => {
  if (store.membership(organization.id, user.id))
    throw new ApiError(400, 'already_a_member_in_organization', 'already a member', {
      longMessage: `${user.id} is already a member of the organization.`,
    })
}

type NewMembership = { role: string; public_metadata: Metadata; private_metadata: Metadata }

/** Puts a user into an organization, without asking for room. */
export const insertMembership = (
  instance: Instance,
  organization: OrganizationRecord,
  user: UserRecord,
  input: NewMembership,
): MembershipRecord => {
  const now = instance.now()
  const membership: MembershipRecord = {
    id: instance.newId('orgmem'),
    seq: instance.nextSeq(),
    user_id: user.id,
    organization_id: organization.id,
    ...input,
    scim_managed: false,
    created_at: now,
    updated_at: now,
  }
  instance.store.addMembership(membership)
  instance.emit('organizationMembership.created', membershipEvent(instance, membership))
  return membership
}

/** POST /organizations/{id}/memberships. */
export const createMembership = (
  instance: Instance,
  organization: OrganizationRecord,
  body: CreateMembershipBody,
): MembershipRecord => {
  assertRole(instance, organization, body.role)
  const user = instance.store.users.get(body.user_id)
  if (!user) throw notFound(`No user was found with id ${body.user_id}`, 'user_id')
  assertNotMember(instance, organization, user)
  assertRoom(instance, organization)
  const metadata = { public_metadata: body.public_metadata ?? {}, private_metadata: body.private_metadata ?? {} }
  checkMetadataSize(metadata)
  return insertMembership(instance, organization, user, { role: body.role, ...metadata })
}

/** @throws ApiError 400 when nobody else in the organization may manage its members. */
const assertNotLastManager = (instance: Instance, membership: MembershipRecord): void => {
  if (!managesMembers(instance, membership.role)) return
  for (const other of instance.store.membershipsOf(membership.organization_id).values())
    if (other !== membership && managesMembers(instance, other.role)) return
  throw new ApiError(400, 'organization_minimum_permissions_needed', 'minimum permissions needed', {
    longMessage: 'There has to be at least one organization member with the minimum required permissions.',
  })
}

const assertNotFromDirectory = (membership: MembershipRecord): void => {
  if (membership.scim_managed)
    throw new ApiError(409, 'organization_membership_managed_by_scim', 'membership role managed by SCIM', {
      longMessage: 'This membership is managed by a SCIM directory and cannot be changed manually.',
    })
}

const membershipChanged = (instance: Instance, membership: MembershipRecord): void => {
  membership.updated_at = instance.now()
  instance.store.memberships.touch()
  instance.emit('organizationMembership.updated', membershipEvent(instance, membership))
}

/** PATCH /organizations/{id}/memberships/{user_id}. */
export const changeRole = (instance: Instance, membership: MembershipRecord, role: string): void => {
  const organization = instance.store.organizations.get(membership.organization_id)
  if (organization) assertRole(instance, organization, role)
  assertNotFromDirectory(membership)
  if (!managesMembers(instance, role)) assertNotLastManager(instance, membership)
  membership.role = role
  membershipChanged(instance, membership)
}

/** Merges metadata into a membership's, as PATCH does. */
export const changeMembershipMetadata = (
  instance: Instance,
  membership: MembershipRecord,
  body: MetadataBody,
): void => {
  const { public_metadata, private_metadata } = membership
  Object.assign(membership, changeMetadata({ public_metadata, private_metadata }, body, 'merge'))
  membershipChanged(instance, membership)
}

/** Takes a membership out, with or without its event. */
export const removeMembership = (instance: Instance, membership: MembershipRecord, withEvent: boolean): void => {
  const data = withEvent ? membershipEvent(instance, membership) : undefined
  instance.store.removeMembership(membership)
  if (data) instance.emit('organizationMembership.deleted', data)
}

/** DELETE /organizations/{id}/memberships/{user_id}: refused for the last member who may manage the others. */
export const deleteMembership = (instance: Instance, membership: MembershipRecord): void => {
  assertNotFromDirectory(membership)
  assertNotLastManager(instance, membership)
  removeMembership(instance, membership, true)
}
