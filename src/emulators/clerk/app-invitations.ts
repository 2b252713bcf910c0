import type { CreateAppInvitationBody } from './bodies-joining.ts'
import { createUser } from './create-user.ts'
import type { AppInvitationRecord, UserRecord } from './entities.ts'
import { ApiError, identifierTaken, invalidValue, notFound } from './errors.ts'
import { normaliseIdentifier } from './identifications.ts'
import type { Instance } from './instance.ts'
import { ticketUrl } from './invitations.ts'
import { statuses } from './list-organizations.ts'
import { sendEmail } from './mail.ts'
import { checkMetadataSize } from './metadata.ts'
import { type ClerkContext, compareBy, type ListPage, pageOf, readOrder, readPage } from './request.ts'

// Invitations to the application itself. Clerk has no events for them, apart from that of the e-mail.

const day = 86_400_000

/** Marks invitations whose time is over. */
export const expireAppInvitations = ({ store, now }: Instance): readonly AppInvitationRecord[] => {
  const all = store.appInvitations.byCreation()
  for (const invitation of all)
    if (invitation.status === 'pending' && invitation.expires_at <= now()) invitation.status = 'expired'
  return all
}

/** @throws ApiError 404 */
export const getAppInvitation = (instance: Instance, id: string): AppInvitationRecord => {
  expireAppInvitations(instance)
  const invitation = instance.store.appInvitations.get(id)
  if (!invitation) throw notFound(`No invitation was found with id ${id}.`)
  return invitation
}

/** The address, if nobody has it and nobody is invited by it. `ignore_existing` lets both pass, in bulk only the latter. */
const checkAddress = (instance: Instance, body: CreateAppInvitationBody, bulk: boolean): string => {
  const email = normaliseIdentifier('email_address', body.email_address)
  const ignore = body.ignore_existing ?? false
  if ((bulk || !ignore) && instance.store.holders('email_address', email).length > 0)
    throw identifierTaken('email_address')
  checkMetadataSize({ public_metadata: body.public_metadata ?? {} })
  return email
}

const duplicate = (emails: readonly string[]): ApiError =>
  new ApiError(400, 'duplicate_record', 'duplicate invitation', {
    longMessage: `There are already pending invitations for the following email addresses: ${emails.join(', ')}`,
    meta: { email_addresses: emails },
  })

const insert = (instance: Instance, email: string, body: CreateAppInvitationBody): AppInvitationRecord => {
  const now = instance.now()
  const id = instance.newId('inv')
  const invitation: AppInvitationRecord = {
    id,
    seq: instance.nextSeq(),
    email_address: email,
    public_metadata: body.public_metadata ?? {},
    status: 'pending',
    url: ticketUrl(body.redirect_url ?? 'https://accounts.example.com/sign-up', id),
    expires_at: now + (body.expires_in_days ?? 30) * day,
    created_at: now,
    updated_at: now,
  }
  instance.store.appInvitations.insert(invitation)
  if (body.notify ?? true)
    sendEmail(instance, {
      slug: body.template_slug ?? 'invitation',
      to: { address: email },
      subject: 'Your invitation',
      text: `Accept the invitation at ${invitation.url}`,
      data: { action_url: invitation.url, invitation: { expires_in_days: body.expires_in_days ?? 30 } },
    })
  return invitation
}

/** One invitation, or a bulk of them: all are made or none. */
export const createAppInvitations = (
  instance: Instance,
  bodies: readonly CreateAppInvitationBody[],
  bulk: boolean,
): AppInvitationRecord[] => {
  const emails = bodies.map((body) => checkAddress(instance, body, bulk))
  const pending = new Set(
    expireAppInvitations(instance)
      .filter(({ status }) => status === 'pending')
      .map(({ email_address }) => email_address),
  )
  const twice = emails.filter((email, i) => emails.indexOf(email) !== i)
  const open = emails.filter((email, i) => pending.has(email) && !bodies[i]?.ignore_existing)
  if (twice.length > 0 || open.length > 0) throw duplicate([...new Set([...open, ...twice])])
  return bodies.map((body, i) => insert(instance, emails[i] ?? '', body))
}

const close = (instance: Instance, invitation: AppInvitationRecord, status: 'revoked' | 'accepted'): void => {
  invitation.status = status
  invitation.updated_at = instance.now()
  instance.store.appInvitations.touch()
}

const assertNotAccepted = ({ status }: AppInvitationRecord): void => {
  if (status === 'accepted')
    throw new ApiError(400, 'invitation_already_accepted', 'Invitation is already accepted, try signing in instead.')
}

const assertNotRevoked = ({ status }: AppInvitationRecord): void => {
  if (status === 'revoked') throw new ApiError(400, 'invitation_already_revoked', 'Invitation is already revoked.')
}

/** POST /invitations/{id}/revoke: what is neither revoked nor accepted. */
export const revokeAppInvitation = (instance: Instance, invitation: AppInvitationRecord): void => {
  assertNotRevoked(invitation)
  assertNotAccepted(invitation)
  close(instance, invitation, 'revoked')
}

/** What happens when the invited person follows the link and signs up: the metadata goes to the new user. */
export const acceptAppInvitation = (instance: Instance, invitation: AppInvitationRecord): UserRecord => {
  assertNotAccepted(invitation)
  assertNotRevoked(invitation)
  if (invitation.status === 'expired')
    throw new ApiError(400, 'invitation_expired', 'Invitation is expired.', { longMessage: 'Invitation is expired.' })
  const user = createUser(instance, {
    email_address: [invitation.email_address],
    public_metadata: invitation.public_metadata,
    skip_user_requirement: true,
  })
  close(instance, invitation, 'accepted')
  return user
}

/** GET /invitations: all but the revoked ones, unless a status is asked for. */
export const listAppInvitations = (instance: Instance, c: ClerkContext): ListPage<AppInvitationRecord> => {
  const order = readOrder(c, ['created_at', 'email_address', 'expires_at'], { key: 'created_at', descending: true })
  const wanted = c.req.query('status')
  if (wanted !== undefined && !statuses.some((status) => status === wanted))
    throw invalidValue('status', `status must be one of ${statuses.join(', ')}.`)
  const part = c.req.query('query')?.toLowerCase()
  const matching = expireAppInvitations(instance).filter(
    ({ id, status, email_address }) =>
      (wanted === undefined ? status !== 'revoked' : status === wanted) &&
      (!part || email_address.includes(part) || id.toLowerCase() === part),
  )
  const compare = compareBy<AppInvitationRecord>((invitation) => invitation[order.key], order.descending)
  const sorted = matching.sort(compare)
  return c.req.query('paginated') === 'false' ? { page: sorted, total: sorted.length } : pageOf(sorted, readPage(c))
}
