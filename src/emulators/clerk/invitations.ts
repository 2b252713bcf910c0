import type { CreateInvitationBody } from './bodies.ts'
import { createUser } from './create-user.ts'
import type { InvitationRecord, MembershipRecord, OrganizationRecord, UserRecord } from './entities.ts'
import { ApiError, notFound } from './errors.ts'
import { normaliseIdentifier } from './identifications.ts'
import type { Instance } from './instance.ts'
import { sendEmail } from './mail.ts'
import { assertNotMember, assertRoom, insertMembership } from './memberships.ts'
import { checkMetadataSize } from './metadata.ts'
import { invitationJson, isOpen, managesMembers, publicOrganizationJson } from './present-organizations.ts'
import { isGiven } from './read-object.ts'
import { assertRole } from './role-sets.ts'

const day = 86_400_000

/** Marks invitations whose time is over; Clerk sends no event for it. */
export const expireInvitations = ({ now }: Instance, invitations: Iterable<InvitationRecord>): void => {
  for (const invitation of invitations)
    if (invitation.status === 'pending' && !isOpen(invitation, now())) invitation.status = 'expired'
}

/** @throws ApiError 404 */
export const getInvitation = (instance: Instance, organizationId: string, id: string): InvitationRecord => {
  expireInvitations(instance, instance.store.invitationsOf(organizationId))
  const invitation = instance.store.invitations.get(id)
  if (!invitation || invitation.organization_id !== organizationId)
    throw notFound(`No invitation was found with id ${id}.`)
  return invitation
}

/** @throws ApiError 403 when the user is not a member who may manage the organization's members. */
const assertInviter = (instance: Instance, organization: OrganizationRecord, userId: string): void => {
  const membership = instance.store.membership(organization.id, userId)
  if (!membership || !managesMembers(instance, membership.role))
    throw new ApiError(403, 'not_an_admin_in_organization', 'not an administrator', {
      longMessage: 'Only an administrator of the organization can perform this action.',
    })
}

const checkInvitation = (instance: Instance, organization: OrganizationRecord, body: CreateInvitationBody): string => {
  assertRole(instance, organization, body.role)
  if (isGiven(body.inviter_user_id)) assertInviter(instance, organization, body.inviter_user_id)
  const email = normaliseIdentifier('email_address', body.email_address)
  const { store } = instance
  for (const user of store.holders('email_address', email)) assertNotMember(instance, organization, user)
  const open = [...store.invitationsOf(organization.id)]
  if (open.some((other) => other.status === 'pending' && other.email_address === email))
    throw new ApiError(400, 'organization_invitation_not_unique', 'organization invitation not unique', {
      longMessage: 'Organizations cannot have duplicate pending invitations for an email address.',
    })
  checkMetadataSize({ public_metadata: body.public_metadata ?? {}, private_metadata: body.private_metadata ?? {} })
  return email
}

/** Where the link of an invitation leads. */
export const ticketUrl = (address: string, ticket: string): string => {
  const url = new URL(address)
  url.searchParams.set('__clerk_ticket', ticket)
  return url.href
}

const insertInvitation = (
  instance: Instance,
  organization: OrganizationRecord,
  email: string,
  body: CreateInvitationBody,
): InvitationRecord => {
  const now = instance.now()
  const id = instance.newId('orginv')
  const invitation: InvitationRecord = {
    id,
    seq: instance.nextSeq(),
    organization_id: organization.id,
    email_address: email,
    role: body.role,
    inviter_user_id: body.inviter_user_id ?? null,
    status: 'pending',
    public_metadata: body.public_metadata ?? {},
    private_metadata: body.private_metadata ?? {},
    url: ticketUrl(body.redirect_url ?? 'https://accounts.example.com/accept', id),
    expires_at: now + (body.expires_in_days ?? 30) * day,
    created_at: now,
    updated_at: now,
  }
  instance.store.addInvitation(invitation)
  instance.emit('organizationInvitation.created', invitationJson(instance, invitation))
  if (body.notify ?? true)
    sendEmail(instance, {
      slug: 'organization_invitation',
      to: { address: email },
      subject: `${organization.name} invites you`,
      text: `Accept the invitation at ${invitation.url}`,
      data: { action_url: invitation.url, org: { name: organization.name } },
    })
  return invitation
}

/** One invitation, or a bulk of them: all are made or none. */
export const createInvitations = (
  instance: Instance,
  organization: OrganizationRecord,
  bodies: readonly CreateInvitationBody[],
): InvitationRecord[] => {
  expireInvitations(instance, instance.store.invitationsOf(organization.id))
  const emails = bodies.map((body) => checkInvitation(instance, organization, body))
  if (new Set(emails).size < emails.length)
    throw new ApiError(400, 'duplicate_record', 'duplicate e-mail addresses', {
      longMessage: 'The same e-mail address is invited more than once.',
    })
  assertRoom(instance, organization, bodies.length)
  return bodies.map((body, i) => insertInvitation(instance, organization, emails[i] ?? '', body))
}

const assertPending = (invitation: InvitationRecord): void => {
  if (invitation.status !== 'pending')
    throw new ApiError(400, 'organization_invitation_not_pending', 'organization invitation not pending', {
      longMessage: 'The organization invitation is not pending anymore.',
    })
}

/** Only pending invitations can be revoked. */
export const revokeInvitation = (
  instance: Instance,
  organization: OrganizationRecord,
  invitation: InvitationRecord,
  requestingUserId?: string | null,
): void => {
  if (isGiven(requestingUserId)) assertInviter(instance, organization, requestingUserId)
  assertPending(invitation)
  invitation.status = 'revoked'
  invitation.updated_at = instance.now()
  instance.emit('organizationInvitation.revoked', invitationJson(instance, invitation))
}

/** What `organizationInvitation.accepted` carries. */
export const acceptedEvent = (
  instance: Instance,
  invitation: InvitationRecord,
  organization: OrganizationRecord,
  user: UserRecord,
): Record<string, unknown> => ({
  ...invitationJson(instance, { ...invitation, status: 'accepted' }),
  user_id: user.id,
  data: { public_organization_data: publicOrganizationJson(organization) },
})

/** Whose address it is: an unverified one is nobody's yet. */
const ownerOfAddress = ({ store }: Instance, address: string): UserRecord | undefined =>
  store
    .holders('email_address', address)
    .find(({ identifications }) =>
      identifications.some(({ value, status }) => value === address && status !== 'unverified'),
    )

/**
 * What happens when the invited person follows the link: a user, if there is none with this address, and a membership that
 * carries the invitation's role and metadata.
 * @throws ApiError 400 when the invitation is not open any more, or its user became a member in another way
 */
export const acceptInvitation = (
  instance: Instance,
  invitation: InvitationRecord,
): { user: UserRecord; membership: MembershipRecord } => {
  const { store } = instance
  const organization = store.organizations.get(invitation.organization_id)
  if (!organization) throw notFound('Given organization not found.')
  expireInvitations(instance, store.invitationsOf(organization.id))
  assertPending(invitation)
  const owner = ownerOfAddress(instance, invitation.email_address)
  if (owner) assertNotMember(instance, organization, owner)
  const user = owner ?? createUser(instance, { email_address: [invitation.email_address], skip_user_requirement: true })
  invitation.status = 'accepted'
  invitation.updated_at = instance.now()
  instance.emit('organizationInvitation.accepted', acceptedEvent(instance, invitation, organization, user))
  const { role, public_metadata, private_metadata } = invitation
  const membership = insertMembership(instance, organization, user, { role, public_metadata, private_metadata })
  return { user, membership }
}
