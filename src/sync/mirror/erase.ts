/**
 * Erase: takes a person's data out of the database, for good.
 *
 *   begin (one transaction)                     search the inbox (a batch at a time)          the writer, as ever
 *   mirror, links, journal, requests, gaps  ->  bodies of the webhooks that tell of him  ->   the policy, in Salesforce
 *
 * - What stays is ids, times and states: the tombstone, so that nothing late brings the person back; that he had a Contact; that something was
 *   written, and when, without the values. What comes in later is emptied as it comes (erased.ts).
 * - `begin` is short whatever the size of the tables. It locks the table of records, so that nobody is half-way through storing what is
 *   about to be erased, and takes the links away from a writer that has claimed them: its result, with all values, is refused.
 * - The inbox is searched after that, at leisure: a webhook that comes meanwhile is emptied when it is read. How far the search is stands in
 *   the row of the erasure, so that it may be killed and another process goes on (search-inbox.ts).
 * - Salesforce is not called here. The links are dirty, and what the plan makes of an erased person is the policy `userErased`.
 *
 * It cannot reach backups, what an organization's metadata says of its members, nor the pages of a PostgreSQL that the next vacuum frees.
 */
import { createHash } from 'node:crypto'
import type { Database, Query } from '../../db/database.ts'
import { toJsonb } from '../../db/jsonb.ts'
import type { Body, Entity, Fields } from '../../model/model.ts'
import { normaliseEmail } from '../plan/value.ts'
import { markDirty } from './dirty.ts'
import { bareReason, emptyClerkRecords, keptInSalesforce, markErased, onlyKeys } from './erased.ts'

/** How often something was removed or emptied, by table. */
export type Removed = { readonly [table: string]: number }

type Known = { addresses: string[]; contactId: string | null; invitations: string[] }

const tombstone = `
  insert into clerkforce.record (side, entity, id, body, version, seen, deleted_at) values ('clerk', 'person', $1, '{}', 0, 0, $2)
  on conflict (side, entity, id) do nothing`

const seen = `
  select r.body, l.base, l.salesforce_id as "contactId", s.body as held from clerkforce.record r
  left join clerkforce.link l on l.entity = 'person' and l.clerk_id = r.id
  left join clerkforce.record s on s.side = 'salesforce' and s.entity = 'person' and s.id = l.salesforce_id
  where r.side = 'clerk' and r.entity = 'person' and r.id = $1`

// Invitations to the person's addresses, those that the person took up, and those of the Contact.
const invitationsOf = `
  select r.id from clerkforce.record r where r.side = 'clerk' and r.entity = 'invitation'
    and (r.body ->> 'user_id' = $1 or lower(r.body ->> 'email_address') = any($2))
  union select l.clerk_id from clerkforce.link l where l.entity = 'invitation' and l.salesforce_id = $3 and l.clerk_id is not null
  union select q.clerk_id from clerkforce.request q
    where (q.accepted_by = $1 or q.salesforce_id = $3) and q.kind = 'invitation' and q.clerk_id is not null`

/** All addresses that Clerk shows of a user, and the one that Salesforce has; normalised. */
export const addressesIn = (bodies: readonly ({ readonly [key: string]: unknown } | null)[]): string[] => {
  const listed = bodies.flatMap((body) => {
    const list: unknown = body?.['email_addresses']
    const own = Array.isArray(list) ? list.map((one: unknown) => (one as Body | null)?.['email_address']) : []
    return [...own, body?.['Email']]
  })
  const texts = listed.filter((one): one is string => typeof one === 'string' && one !== '')
  return [...new Set(texts.map(normaliseEmail))]
}

const readKnown = async (query: Query, personId: string): Promise<Known> => {
  type Row = { body: Body; base: Fields | null; contactId: string | null; held: Fields | null }
  const [row] = await query<Row>(seen, [personId])
  const addresses = addressesIn([row?.body ?? null, row?.base ?? null, row?.held ?? null])
  const contactId = row?.contactId ?? null
  const invitations = await query<{ id: string }>(invitationsOf, [personId, addresses, contactId])
  return { addresses, contactId, invitations: invitations.map(({ id }) => id) }
}

/** A hash by which an address is known again during one erasure, and by nobody who has not got the address. */
export const markOf = (erasure: string, address: string): string =>
  createHash('sha256')
    .update(`${erasure} ${normaliseEmail(address)}`)
    .digest('hex')

type Link = { id: number; entity: Entity; clerkId: string; salesforceId: string | null }

const linksOf = `
  select l.id, l.entity, l.clerk_id as "clerkId", l.salesforce_id as "salesforceId" from clerkforce.link l
  join unnest($1::text[], $2::text[]) as one(entity, id) on l.entity = one.entity and l.clerk_id = one.id`

const emptyLinks = `
  update clerkforce.link set parked_reason = null, parked_code = null, parked_at = null,
    base = case when base is null then null else ${onlyKeys('base', '$2')} - 'Clerk_User_Id__c' end
  where id = any($1)`

// Nobody may settle a claim from before: with its values it would bring back what is being erased.
const takeClaims = `
  update clerkforce.dirty set leased_by = null, due_at = $2, look = true, attempts = 0, waits_for = null, version = version + 1
  where link_id = any($1)`

const forgetRecords = `
  delete from clerkforce.record where side = 'salesforce' and (entity, id) in (select * from unnest($1::text[], $2::text[])) returning 1`

const emptyJournal = `
  update clerkforce.change c set detail = null,
    reason = case when c.result = 'done' then c.reason else '${bareReason}' end,
    fields = coalesce((select jsonb_object_agg(key, value || '{"before": null, "after": null}') from jsonb_each(c.fields)), '{}')
  where c.link_id = any($1) or (c.salesforce_id = $2 and (c.link_id is null or c.kind in ('link', 'unlink')))
  returning 1`

// What was asked for and not given is not given any more: it would invite the person who was erased.
const closeRequests = `
  update clerkforce.request set leased_by = null, version = version + 1, watch_at = null,
    decided_at = case when state in ('asked', 'open', 'failed') then $3 else decided_at end,
    code = case when state in ('asked', 'open', 'failed') then 'ERASED' end, reason = null,
    state = case when state in ('asked', 'open', 'failed') then 'denied' else state end
  where kind = 'invitation' and (salesforce_id = $1 or accepted_by = $4 or clerk_id = any($2)) returning 1`

// Candidates that carry the person's id or address, or are the Contact: what a scan has shown of it before it was linked.
const forgetCandidates = `
  delete from clerkforce.candidate where (entity = 'person' and (key = $1 or match = any($2) or id = $3))
    or (entity = 'membership' and (key = any($4) or body ->> 'ContactId' = $3)) returning 1`

const count = async (rows: Promise<unknown[]>): Promise<number> => (await rows).length

const empty = async (query: Query, erasure: string, personId: string, now: number): Promise<Removed> => {
  const { addresses, contactId, invitations } = await readKnown(query, personId)
  await query(tombstone, [personId, now])
  const records = await emptyClerkRecords(query, [personId], invitations, now)
  // Makes the link of somebody whom we never wrote: Salesforce may have a Contact of his all the same.
  const planned = records.filter(({ entity }) => entity !== 'invitation')
  await markDirty(
    query,
    planned.map(({ entity, id }) => ({ entity, clerkId: id })),
    now,
  )
  await markErased(query, records)
  const links = await query<Link>(linksOf, [records.map(({ entity }) => entity), records.map(({ id }) => id)])
  const linkIds = links.map(({ id }) => id)
  for (const entity of ['person', 'membership', 'invitation'] as const) {
    const ids = links.flatMap((link) => (link.entity === entity ? [link.id] : []))
    await query(emptyLinks, [ids, keptInSalesforce(entity)])
  }
  await query(takeClaims, [linkIds, now])
  const held = links.filter(({ entity, salesforceId }) => entity !== 'invitation' && salesforceId !== null)
  const pairs = [held.map(({ entity }) => entity), held.map(({ salesforceId }) => salesforceId)]
  const removed = {
    record: records.length + (await count(query(forgetRecords, pairs))),
    link: links.length,
    change: await count(query(emptyJournal, [linkIds, contactId])),
    request: await count(query(closeRequests, [contactId, invitations, now, personId])),
    candidate: await count(query(forgetCandidates, [personId, addresses, contactId, planned.map(({ id }) => id)])),
    // What was planned for the person is not done any more, nor what somebody has said yes to: the policy takes its place.
    planned: await count(query('delete from clerkforce.planned where link_id = any($1) returning 1', [linkIds])),
    expected: await count(query('delete from clerkforce.expected where link_id = any($1) returning 1', [linkIds])),
    gap: await count(query('delete from clerkforce.gap where person_id = $1 returning 1', [personId])),
    stale: await count(
      query(
        'delete from clerkforce.stale where (entity, id) in (select * from unnest($1::text[], $2::text[])) returning 1',
        pairs,
      ),
    ),
  }
  await query('insert into clerkforce.erasure (id, person_id, at, removed, marks) values ($1, $2, $3, $4, $5)', [
    erasure,
    personId,
    now,
    toJsonb(removed),
    addresses.map((address) => markOf(erasure, address)),
  ])
  return removed
}

/**
 * Begins to erase a person: everything but the inbox, in one short transaction.
 * @param erasure a text that no other erasure has; the receipt is found by it.
 */
export const beginErasure = (db: Database, erasure: string, personId: string, now: number): Promise<Removed> =>
  db.transaction(async (query) => {
    await query('lock table clerkforce.record in share row exclusive mode')
    return empty(query, erasure, personId, now)
  })
