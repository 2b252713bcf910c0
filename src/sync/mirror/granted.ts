/**
 * Granted: recognises, in what Clerk shows, what a Salesforce record had asked for, in the transaction that observes it.
 *
 *   organization with our mark  ->  its link gets that very Account
 *   invitation with our mark    ->  its link gets the Contact that was invited; the newest invitation has the Contact's fields
 *   accepted invitation, or the membership that it became  ->  the user's link gets that very Contact
 *   somebody new with the address of such an invitation    ->  the same, before the acceptance is told of
 *
 * So it makes no difference whether Clerk's answer comes first or its webhook, or which of the webhooks of an acceptance: each of them says
 * all there is to say. The mark stands in `private_metadata`, which only a secret key can write. A link that is paired already stays so.
 */
import type { Query } from '../../db/database.ts'
import { type Observation, readPath } from '../../model/model.ts'
import { primaryEmail } from '../plan/mapping.ts'
import { normaliseEmail } from '../plan/value.ts'
import { lookAgain } from './dirty.ts'
import { intentMark } from './intents.ts'
import { type Entry, writeLines } from './journal.ts'
import { invitationMark, readMark } from './requests.ts'

type Row = {
  key: string
  kind: string
  salesforceId: string
  round: number
  acceptedBy: string | null
  /** The invitation's Contact now: Salesforce may have merged the one that asked. */
  invitedId: string | null
}

// Locked, so that Clerk's answer and its webhook pair one after the other. An organization that is done was paired then.
const findRequests = `
  select r.key, r.kind, r.salesforce_id as "salesforceId", r.round, r.accepted_by as "acceptedBy", (
    select l.salesforce_id from clerkforce.link l where l.entity = 'invitation' and l.clerk_id = r.clerk_id) as "invitedId"
  from clerkforce.request r where r.key = any($1) and (r.kind = 'invitation' or r.state <> 'done') order by r.key for update`

/** The mark in `private_metadata`, as text. */
const markIn = ({ body }: Observation, name: string): string | undefined => {
  const mark = readPath(body, `private_metadata.${name}`)
  return typeof mark === 'string' ? mark : undefined
}

type Marked = { one: Observation; key: string; round: number }

const markedOf = (one: Observation): Marked[] => {
  if (one.side !== 'clerk') return []
  if (one.entity === 'organization') {
    const key = markIn(one, intentMark)
    return key?.startsWith('account/') ? [{ one, key, round: 1 }] : []
  }
  if (one.entity !== 'invitation' && one.entity !== 'membership') return []
  const mark = readMark(markIn(one, invitationMark))
  return mark ? [{ one, ...mark }] : []
}

// A record of Salesforce has one link: whoever has it keeps it.
const pairFree = `
  insert into clerkforce.link as mine (entity, clerk_id, salesforce_id)
  select $1, $2, $3 where not exists (select 1 from clerkforce.link l where l.entity = $1 and l.salesforce_id = $3)
  on conflict (entity, clerk_id) do update set salesforce_id = excluded.salesforce_id where mine.salesforce_id is null
  returning id`

// By the pair that its mark has made: whatever it is called by now.
const provisioned = `
  select l.clerk_id as id from clerkforce.request q
  join clerkforce.link l on l.entity = 'organization' and l.salesforce_id = q.salesforce_id
  join clerkforce.record r on r.side = 'clerk' and r.entity = 'organization' and r.id = l.clerk_id
  where q.key = $1 and r.body #>> '{private_metadata,${intentMark}}' = q.key`

/** The organization that was made for a request, where Clerk has told of it already. */
export const findProvisioned = async (query: Query, key: string): Promise<string | undefined> => {
  const [row] = await query<{ id: string }>(provisioned, [key])
  return row?.id
}

const pairNewest = `
  update clerkforce.link set salesforce_id = null, base = null
  where entity = 'invitation' and salesforce_id = $1 and clerk_id is distinct from $2`

/** Takes a Contact from the invitation that it had before `clerkId`; null: from any. */
export const freeContact = async (query: Query, contactId: string, clerkId: string | null): Promise<void> => {
  await query(pairNewest, [contactId, clerkId])
}

const noteInvitation = `
  update clerkforce.request set clerk_id = $2, organization_id = coalesce($3, organization_id), watch_at = $4 where key = $1`

/** Clerk sends no event when an invitation expires: asked some time after, because clocks differ. */
const watchAfterMs = 60_000

const watchAt = ({ body, deletedAt }: Observation): number | null => {
  const expiresAt = body['expires_at']
  const open = body['status'] === 'pending' && deletedAt === undefined
  return open && typeof expiresAt === 'number' ? expiresAt + watchAfterMs : null
}

const textIn = ({ body }: Observation, field: string): string | null => {
  const value = body[field]
  return typeof value === 'string' ? value : null
}

const takeInvitation = async (query: Query, one: Observation, request: Row): Promise<void> => {
  const contactId = request.invitedId ?? request.salesforceId
  await freeContact(query, contactId, one.id)
  await query(pairFree, ['invitation', one.id, contactId])
  await query(noteInvitation, [request.key, one.id, textIn(one, 'organization_id'), watchAt(one)])
}

type PersonLink = { id: number; clerkId: string | null; salesforceId: string | null }

/** Pairs a user with the Contact that was invited. Where one of them has another already, nothing changes, and the journal says so. */
const pairPerson = async (query: Query, userId: string, contactId: string, now: number): Promise<void> => {
  const links = await query<PersonLink>(
    `select id, clerk_id as "clerkId", salesforce_id as "salesforceId" from clerkforce.link where entity = 'person' and clerk_id = $1
     union select id, clerk_id, salesforce_id from clerkforce.link where entity = 'person' and salesforce_id = $2`,
    [userId, contactId],
  )
  const own = links.find(({ clerkId }) => clerkId === userId)
  const other = links.find(({ salesforceId }) => salesforceId === contactId)
  if (own?.salesforceId === contactId) return
  if (own?.salesforceId || other) {
    const detail = own?.salesforceId
      ? `the user has Contact ${own.salesforceId} already, and keeps it: if they are the same person, merge the two Contacts`
      : `Contact ${contactId} has another user already (${other?.clerkId}): the user gets a Contact like anybody else`
    const entry: Entry = {
      side: 'salesforce',
      kind: 'adopt',
      salesforceId: contactId,
      reason: 'the Contact was invited',
      fields: {},
      result: 'PAIRED_ALREADY',
      detail,
    }
    await writeLines(query, [{ linkId: own?.id ?? null, entry }], now)
    return
  }
  await query(pairFree, ['person', userId, contactId])
  // Parked, perhaps, because several Contacts have the address: now it is known which. Somebody not seen yet has nothing to be planned.
  if (own) await lookAgain(query, [own.id], now)
}

const acceptedBy = ({ one }: Marked): string | null =>
  one.entity === 'membership' ? (one.personId ?? null) : one.entity === 'invitation' ? textIn(one, 'user_id') : null

const takeAcceptance = async (query: Query, userId: string, request: Row, now: number): Promise<void> => {
  if (request.acceptedBy !== null) return
  request.acceptedBy = userId
  await query('update clerkforce.request set accepted_by = $2 where key = $1', [request.key, userId])
  await pairPerson(query, userId, request.invitedId ?? request.salesforceId, now)
}

/** Recognises marks in what was observed, before the links that it concerns are marked dirty. */
export const recogniseMarks = async (
  query: Query,
  observations: readonly Observation[],
  now: number,
): Promise<void> => {
  const marked = observations.flatMap(markedOf)
  if (marked.length === 0) return
  const rows = await query<Row>(findRequests, [[...new Set(marked.map(({ key }) => key))]])
  const byKey = new Map(rows.map((row) => [row.key, row]))
  for (const each of marked) {
    const request = byKey.get(each.key)
    // A mark that we know nothing of is another installation's, and one of an earlier round is history.
    if (!request || request.round !== each.round) continue
    if (each.one.entity === 'organization') await query(pairFree, ['organization', each.one.id, request.salesforceId])
    else if (each.one.entity === 'invitation') await takeInvitation(query, each.one, request)
    const userId = acceptedBy(each)
    if (userId !== null) await takeAcceptance(query, userId, request, now)
  }
}

// Each address by its own index, whatever the planner believes about the table. An invitation of ours has a link with its Contact.
const invitedWith = `
  select wanted.id as "userId", min(l.salesforce_id) as "contactId"
  from unnest($1::text[], $2::text[]) as wanted(id, address), lateral (
    select i.id from clerkforce.record i
    where i.side = 'clerk' and i.entity = 'invitation' and lower(i.body ->> 'email_address') = wanted.address
      and i.deleted_at is null and i.body ->> 'status' in ('pending', 'accepted') offset 0) invitation
  join clerkforce.link l on l.entity = 'invitation' and l.clerk_id = invitation.id and l.salesforce_id is not null
  where not exists (select 1 from clerkforce.link p where p.entity = 'person' and p.salesforce_id = l.salesforce_id)
    and not exists (
      select 1 from clerkforce.link p where p.entity = 'person' and p.clerk_id = wanted.id and p.salesforce_id is not null)
  group by wanted.id having count(distinct l.salesforce_id) = 1`

/** Pairs people who are new with the Contact that was invited by their address, where it is one and free. */
export const recogniseInvited = async (query: Query, people: readonly Observation[], now: number): Promise<void> => {
  const known = people.flatMap((one) => {
    const address = primaryEmail(one.body)
    return address === undefined ? [] : [{ id: one.id, address: normaliseEmail(address) }]
  })
  if (known.length === 0) return
  const found = await query<{ userId: string; contactId: string }>(invitedWith, [
    known.map(({ id }) => id),
    known.map(({ address }) => address),
  ])
  for (const { userId, contactId } of found) await pairPerson(query, userId, contactId, now)
}

const watchPlace = `
  update clerkforce.request set watch_at = $2 where organization_id = any($1) and watch_at is not null`

/** An organization takes its invitations with it, without a word of Clerk's: they are asked for. */
export const watchEnded = async (query: Query, organizationIds: readonly string[], now: number): Promise<void> => {
  if (organizationIds.length > 0) await query(watchPlace, [organizationIds, now])
}
