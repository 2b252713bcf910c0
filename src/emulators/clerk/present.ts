import type { Identification, InvitationRecord, MembershipRecord, OrganizationRecord, UserRecord } from './entities.ts'
import type { Instance } from './instance.ts'

// Clerk's JSON of each record. Field names and which of them are always there follow Clerk's published OpenAPI
// (Backend API 2026-05-12 and webhooks 2025-04-15, which agree on these schemas).

const imageUrl = 'https://img.clerk.com/none'

const verified = {
  object: 'verification_admin',
  status: 'verified',
  strategy: 'admin',
  attempts: null,
  expire_at: null,
}

export const emailAddressJson = (email: Identification): Record<string, unknown> => ({
  id: email.id,
  object: 'email_address',
  email_address: email.value,
  reserved: email.status === 'reserved',
  verification: email.status === 'verified' ? verified : null,
  linked_to: email.linked_to,
  matches_sso_connection: false,
  created_at: email.created_at,
  updated_at: email.updated_at,
})

export const phoneNumberJson = (phone: Identification): Record<string, unknown> => ({
  id: phone.id,
  object: 'phone_number',
  phone_number: phone.value,
  reserved_for_second_factor: phone.reserved_for_second_factor,
  default_second_factor: phone.reserved_for_second_factor,
  reserved: phone.status === 'reserved',
  verification: phone.status === 'verified' ? verified : null,
  linked_to: phone.linked_to,
  created_at: phone.created_at,
  updated_at: phone.updated_at,
})

export const identificationJson = (identification: Identification): Record<string, unknown> =>
  identification.kind === 'email_address' ? emailAddressJson(identification) : phoneNumberJson(identification)

export const userJson = (user: UserRecord): Record<string, unknown> => ({
  id: user.id,
  object: 'user',
  username: user.username,
  first_name: user.first_name,
  last_name: user.last_name,
  locale: user.locale,
  image_url: imageUrl,
  profile_image_url: imageUrl,
  has_image: false,
  primary_email_address_id: user.primary_email_address_id,
  primary_phone_number_id: user.primary_phone_number_id,
  primary_web3_wallet_id: null,
  password_enabled: user.password_enabled,
  two_factor_enabled: false,
  totp_enabled: false,
  backup_code_enabled: false,
  mfa_enabled_at: null,
  mfa_disabled_at: null,
  email_addresses: user.identifications.filter(({ kind }) => kind === 'email_address').map(emailAddressJson),
  phone_numbers: user.identifications.filter(({ kind }) => kind === 'phone_number').map(phoneNumberJson),
  web3_wallets: [],
  passkeys: [],
  external_accounts: [],
  saml_accounts: [],
  enterprise_accounts: [],
  public_metadata: user.public_metadata,
  private_metadata: user.private_metadata,
  unsafe_metadata: user.unsafe_metadata,
  external_id: user.external_id,
  last_sign_in_at: user.last_sign_in_at,
  banned: user.banned,
  locked: user.locked,
  deprovisioned: user.deprovisioned,
  // A locked user without a figure here stays locked until somebody unlocks it.
  lockout_expires_in_seconds: null,
  verification_attempts_remaining: user.locked ? 0 : 100,
  scim: user.scim,
  created_at: user.created_at,
  updated_at: user.updated_at,
  delete_self_enabled: user.delete_self_enabled,
  create_organization_enabled: user.create_organization_enabled,
  create_organizations_limit: user.create_organizations_limit,
  last_active_at: user.last_active_at,
  legal_accepted_at: user.legal_accepted_at,
  bypass_client_trust: false,
})

/** Parts of an organization that an answer carries only on request, and an event always. */
export type OrganizationParts = { membersCount?: boolean; missingMember?: boolean; pendingInvitations?: boolean }

const everything: OrganizationParts = { membersCount: true, missingMember: true, pendingInvitations: true }

const pendingInvitations = ({ store }: Instance, organizationId: string): number =>
  [...store.invitationsOf(organizationId)].filter(({ status }) => status === 'pending').length

/** Whether a role may manage members, which is what Clerk asks of an organization's last such member. */
export const managesMembers = ({ settings }: Instance, role: string): boolean =>
  settings.roles.find(({ key }) => key === role)?.permissions.includes('org:sys_memberships:manage') ?? false

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
  image_url: imageUrl,
  has_image: false,
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

/** What a user is called in lists: the primary address, else the primary number, else the username. */
export const identifierOf = (user: UserRecord): string | null => {
  const primary = (id: string | null) => user.identifications.find((candidate) => candidate.id === id)?.value
  return primary(user.primary_email_address_id) ?? primary(user.primary_phone_number_id) ?? user.username
}

const publicUserData = (user: UserRecord): Record<string, unknown> => ({
  user_id: user.id,
  first_name: user.first_name,
  last_name: user.last_name,
  image_url: imageUrl,
  has_image: false,
  identifier: identifierOf(user),
  username: user.username,
  profile_image_url: imageUrl,
  banned: user.banned,
  deprovisioned: user.deprovisioned,
})

export const membershipJson = (
  instance: Instance,
  membership: MembershipRecord,
  parts: OrganizationParts = {},
): Record<string, unknown> => {
  const { store, settings } = instance
  const role = settings.roles.find(({ key }) => key === membership.role)
  const user = store.users.get(membership.user_id)
  const organization = store.organizations.get(membership.organization_id)
  return {
    object: 'organization_membership',
    id: membership.id,
    role: membership.role,
    role_name: role?.name ?? membership.role,
    permissions: role?.permissions ?? [],
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
  image_url: imageUrl,
  has_image: false,
})

export const invitationJson = (instance: Instance, invitation: InvitationRecord): Record<string, unknown> => {
  const inviter = invitation.inviter_user_id === null ? undefined : instance.store.users.get(invitation.inviter_user_id)
  return {
    object: 'organization_invitation',
    id: invitation.id,
    email_address: invitation.email_address,
    role: invitation.role,
    role_name: instance.settings.roles.find(({ key }) => key === invitation.role)?.name ?? invitation.role,
    organization_id: invitation.organization_id,
    inviter_id: invitation.inviter_user_id,
    public_inviter_data: inviter
      ? {
          user_id: inviter.id,
          first_name: inviter.first_name,
          last_name: inviter.last_name,
          image_url: imageUrl,
          has_image: false,
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

/** What is left of a record that was deleted. */
export const deletedJson = (object: string, fields: { id: string; slug?: string; external_id?: string }): object => ({
  object,
  ...fields,
  deleted: true,
})

/** The session that a sign-in opens, as `session.created` carries it. */
export const sessionEvent = (instance: Instance, user: UserRecord): Record<string, unknown> => {
  const now = instance.now()
  const week = 7 * 24 * 3_600_000
  return {
    object: 'session',
    id: instance.newId('sess'),
    client_id: instance.newId('client'),
    user_id: user.id,
    user: userJson(user),
    status: 'active',
    actor: null,
    last_active_organization_id: null,
    last_active_at: now,
    expire_at: now + week,
    abandon_at: now + 30 * 24 * 3_600_000,
    created_at: now,
    updated_at: now,
  }
}
