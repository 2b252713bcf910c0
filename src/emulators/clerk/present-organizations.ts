import type { InvitationRecord, MembershipRecord, OrganizationRecord } from './entities.ts'
import type { Instance } from './instance.ts'
import { permissionKeys } from './present-roles.ts'
import { identifierOf, imageOf, publicUserData } from './present-users.ts'

/** Parts of an organization that an answer carries only on request, and an event always. */
export type OrganizationParts = { membersCount?: boolean; missingMember?: boolean; pendingInvitations?: boolean }

const everything: OrganizationParts = { membersCount: true, missingMember: true, pendingInvitations: true }

/** Whether an invitation can still be accepted. One whose time is over is marked only when somebody looks at it. */
export const isOpen = ({ status, expires_at }: InvitationRecord, now: number): boolean =>
  status === 'pending' && expires_at > now

/** How many people an organization waits for. */
export const pendingInvitations = ({ store, now }: Instance, organizationId: string): number =>
  [...store.invitationsOf(organizationId)].filter((invitation) => isOpen(invitation, now())).length

/** Whether a role may manage members, which is what Clerk asks of an organization's last such member. */
export const managesMembers = (instance: Instance, key: string): boolean => {
  const role = instance.store.roles.byCreation().find((candidate) => candidate.key === key)
  return role !== undefined && permissionKeys(instance, role).includes('org:sys_memberships:manage')
}

const lacksManager = (instance: Instance, organizationId: string): boolean =>
  ![...instance.store.membershipsOf(organizationId).values()].some(({ role }) => managesMembers(instance, role))

export const organizationJson = (
  instance: Instance,
  organization: OrganizationRecord,
  parts: OrganizationParts = {},
): Record<string, unknown> => ({
  object: 'organization',
  id: organization.id,
  name: organization.name,
  slug: organization.slug,
  ...imageOf(organization),
  ...(parts.membersCount && { members_count: instance.store.membershipsOf(organization.id).size }),
  ...(parts.missingMember && {
    missing_member_with_elevated_permissions: lacksManager(instance, organization.id),
  }),
  ...(parts.pendingInvitations && { pending_invitations_count: pendingInvitations(instance, organization.id) }),
  max_allowed_memberships: organization.max_allowed_memberships,
  admin_delete_enabled: organization.admin_delete_enabled,
  public_metadata: organization.public_metadata,
  private_metadata: organization.private_metadata,
  ...(organization.created_by !== null && { created_by: organization.created_by }),
  created_at: organization.created_at,
  updated_at: organization.updated_at,
  role_set_key: organization.role_set_key,
})

/** The organization as events carry it. */
export const organizationEvent = (instance: Instance, organization: OrganizationRecord): Record<string, unknown> =>
  organizationJson(instance, organization, everything)

export const membershipJson = (
  instance: Instance,
  membership: MembershipRecord,
  parts: OrganizationParts = {},
): Record<string, unknown> => {
  const { store } = instance
  const role = store.roles.byCreation().find(({ key }) => key === membership.role)
  const user = store.users.get(membership.user_id)
  const organization = store.organizations.get(membership.organization_id)
  return {
    object: 'organization_membership',
    id: membership.id,
    role: membership.role,
    role_name: role?.name ?? membership.role,
    permissions: role ? permissionKeys(instance, role) : [],
    public_metadata: membership.public_metadata,
    private_metadata: membership.private_metadata,
    ...(organization && { organization: organizationJson(instance, organization, parts) }),
    ...(user && { public_user_data: publicUserData(user) }),
    created_at: membership.created_at,
    updated_at: membership.updated_at,
  }
}

/** The membership as events carry it. */
export const membershipEvent = (instance: Instance, membership: MembershipRecord): Record<string, unknown> =>
  membershipJson(instance, membership, everything)

export const publicOrganizationJson = (organization: OrganizationRecord): Record<string, unknown> => ({
  id: organization.id,
  name: organization.name,
  slug: organization.slug,
  ...imageOf(organization),
})

export const invitationJson = (instance: Instance, invitation: InvitationRecord): Record<string, unknown> => {
  const inviter = invitation.inviter_user_id === null ? undefined : instance.store.users.get(invitation.inviter_user_id)
  return {
    object: 'organization_invitation',
    id: invitation.id,
    email_address: invitation.email_address,
    role: invitation.role,
    role_name: instance.store.roles.byCreation().find(({ key }) => key === invitation.role)?.name ?? invitation.role,
    organization_id: invitation.organization_id,
    inviter_id: invitation.inviter_user_id,
    public_inviter_data: inviter
      ? {
          user_id: inviter.id,
          first_name: inviter.first_name,
          last_name: inviter.last_name,
          ...imageOf(inviter),
          identifier: identifierOf(inviter) ?? '',
        }
      : null,
    status: invitation.status,
    public_metadata: invitation.public_metadata,
    private_metadata: invitation.private_metadata,
    url: invitation.status === 'pending' ? invitation.url : null,
    expires_at: invitation.expires_at,
    created_at: invitation.created_at,
    updated_at: invitation.updated_at,
  }
}

/** The invitation with what everybody may see of its organization. */
export const invitationOfOrganizationJson = (
  instance: Instance,
  invitation: InvitationRecord,
): Record<string, unknown> => {
  const organization = instance.store.organizations.get(invitation.organization_id)
  return {
    ...invitationJson(instance, invitation),
    ...(organization && { public_organization_data: publicOrganizationJson(organization) }),
  }
}

/** What is left of a record that was deleted. */
export const deletedJson = (object: string, fields: { id: string; slug?: string; external_id?: string }): object => ({
  object,
  ...fields,
  deleted: true,
})
