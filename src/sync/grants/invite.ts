import { ClerkError, isAbsent, isRefusal } from '../../clerk/clerk-error.ts'
import type { ClerkClient } from '../../clerk/client.ts'
import type { ClerkInvitation } from '../../clerk/schemas.ts'
import type { Query } from '../../db/database.ts'
import { observeInvitation } from '../mirror/from-clerk.ts'
import { invitationIn } from '../mirror/from-salesforce.ts'
import { type Entry, writeLines } from '../mirror/journal.ts'
import { observeClerk } from '../mirror/observe.ts'
import { observeSalesforce } from '../mirror/observe-salesforce.ts'
import { endRequest, holdOpen, markTried } from '../mirror/request-claims.ts'
import { invitationMark, lackingMs, lacks, type Request, requestMark } from '../mirror/requests.ts'
import type { Held } from '../mirror/settle.ts'
import { type InviteRule, meets } from '../plan/grants.ts'
import { type CarryOut, type Ending, fail, later, lost, noLongerWanted, wordsOf } from './ending.ts'

const reason = 'the Contact asks for an invitation'
/** How long the organization of the Account is waited for at first; whoever makes it here wakes those that wait. */
const waitMs = 5_000

const organizationOf = `
  select l.clerk_id as id, r.deleted_at is not null as deleted from clerkforce.link l
  left join clerkforce.record r on r.side = 'clerk' and r.entity = 'organization' and r.id = l.clerk_id
  where l.entity = 'organization' and l.salesforce_id = $1 and l.clerk_id is not null`

/** The organization that the Contact's Account stands for, or why nobody can be invited to it. */
const findOrganization = async (query: Query, accountId: string): Promise<{ id: string } | { ending: Ending }> => {
  const [found] = await query<{ id: string; deleted: boolean }>(organizationOf, [accountId])
  if (!found)
    return { ending: later('WAITS_FOR_ORGANIZATION', `waits for the organization of Account ${accountId}`, waitMs) }
  if (found.deleted)
    return {
      ending: fail(
        'ORGANIZATION_DELETED',
        `the organization of Account ${accountId} was deleted in Clerk: nobody can be invited to it. When the Account has one again, approve`,
      ),
    }
  return { id: found.id }
}

const linkOf = `select id from clerkforce.link where entity = 'invitation' and clerk_id = $1`

const finish = async (
  query: Query,
  { key, salesforceId }: Request,
  sight: Held,
  invitation: ClerkInvitation,
  now: number,
): Promise<void> => {
  if (!(await holdOpen(query, key))) return
  await observeClerk(query, [observeInvitation(invitation)], now)
  // The Contact as it was just read: what becomes of the invitation can be written without another look.
  await observeSalesforce(query, 'invitation', [{ ...invitationIn(sight), clerkId: null }], now)
  await endRequest(query, key, { state: 'done', clerkId: invitation.id }, now)
  const [link] = await query<{ id: number }>(linkOf, [invitation.id])
  const { role, organization_id } = invitation
  const fields = Object.entries({ role, organization_id }).map(([field, after]) => [
    field,
    { before: null, after, why: reason },
  ])
  const entry: Entry = {
    side: 'clerk',
    kind: 'invite',
    salesforceId,
    reason,
    fields: Object.fromEntries(fields),
    result: 'done',
  }
  await writeLines(query, [{ linkId: link?.id ?? null, entry }], now)
}

/** The invitation of an earlier try. By its mark alone: the address may have changed since. */
const findMarked = async (
  clerk: Pick<ClerkClient, 'listInvitations'>,
  organizationId: string,
  mark: string,
): Promise<ClerkInvitation | undefined> => {
  try {
    const found = await clerk.listInvitations(organizationId)
    return found.findLast(({ private_metadata: metadata }) => metadata?.[invitationMark] === mark)
  } catch (error) {
    // An organization that is gone has taken its invitations with it.
    if (isAbsent(error)) return undefined
    throw error
  }
}

/** What Clerk answers to somebody who was invited, or has joined, before. */
const invitedBefore = new Set(['organization_invitation_not_unique', 'already_a_member_in_organization'])

/** Sends the invitation, or finds out what came of an earlier try. */
const send = async (
  clerk: ClerkClient,
  organizationId: string,
  mark: string,
  { role, redirectUrl, expiresInDays }: InviteRule,
  emailAddress: string,
): Promise<ClerkInvitation> => {
  const privateMetadata = { [invitationMark]: mark }
  try {
    return await clerk.createInvitation(organizationId, {
      emailAddress,
      role,
      redirectUrl,
      expiresInDays,
      privateMetadata,
    })
  } catch (error) {
    if (!(error instanceof ClerkError) || !invitedBefore.has(error.code)) throw error
    // Perhaps by ourselves, in a try that was still under way when it was looked for.
    const own = await findMarked(clerk, organizationId, mark)
    if (own) return own
    throw error
  }
}

/** Invites the Contact to the organization of its Account. */
export const invite =
  (rule: InviteRule): CarryOut =>
  async ({ db, clerk, clock, lease }, request, sight) => {
    const { key, triedAt, organizationId: triedIn } = request
    const mark = requestMark(request)
    const done = (invitation: ClerkInvitation): Ending => ({
      end: 'done',
      finish: (query) => finish(query, request, sight, invitation, clock.now()),
    })
    try {
      const earlier = triedAt !== null && triedIn !== null ? await findMarked(clerk, triedIn, mark) : undefined
      if (earlier) return done(earlier)
      if (!meets(rule.when, sight.fields)) return noLongerWanted
      const lacking = lacks(sight.fields)
      if (lacking) return later(lacking.code, lacking.reason, lackingMs)
      const organization = await findOrganization(db.query, String(sight.fields['AccountId']))
      if ('ending' in organization) return organization.ending
      const trying = { key, lease, organizationId: organization.id }
      if (!(await markTried(db.query, trying, clock.now()))) return { end: 'left' }
      return done(await send(clerk, organization.id, mark, rule, String(sight.fields['Email'])))
    } catch (error) {
      if (!(error instanceof ClerkError)) throw error
      if (error.kind === 'lost-answer') return lost(error)
      if (isAbsent(error)) return later(error.code, `Clerk does not know the organization: ${error.message}`, waitMs)
      if (!isRefusal(error)) throw error
      return fail(error.code, `Clerk refuses the invitation: ${wordsOf(error)}. Change what it names, then approve`)
    }
  }
