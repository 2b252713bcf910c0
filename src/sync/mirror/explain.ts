/**
 * What the database knows of one record, for explaining it. Each statement goes by an index and brings a bounded number of rows, so that the
 * answer takes as long with a million lines of journal as with ten (`bench/explain.ts` holds it to that).
 */
import type { Query } from '../../db/database.ts'
import type { Body, Entity, Fields, Side, Value } from '../../model/model.ts'
import { type Claim, stillManaged, tiers } from './dirty.ts'
import type { RequestKind } from './requests.ts'

/** A pair as the database has it. */
export type KnownLink = {
  id: number
  entity: Entity
  clerkId: string | null
  salesforceId: string | null
  base: Fields | null
  parkedAt: number | null
  parkedCode: string | null
  parkedReason: string | null
  /** Fields that somebody else manages in Clerk, as a claim has them. */
  managed: string[]
  erased: boolean
}

const linkColumns = (
  now: string,
): string => `l.id, l.entity, l.clerk_id as "clerkId", l.salesforce_id as "salesforceId", l.base, l.parked_at as "parkedAt",
  l.parked_code as "parkedCode", l.parked_reason as "parkedReason", ${stillManaged(now)} as managed, l.erased`
const kinds = "unnest(array['organization', 'person', 'membership', 'invitation']) as kind(entity)"

const linksOf = `
  select ${linkColumns('$2')} from ${kinds}, lateral (
    select * from clerkforce.link where entity = kind.entity and clerk_id = $1 limit 1) l
  union all
  select ${linkColumns('$2')} from ${kinds}, lateral (
    select * from clerkforce.link where entity = kind.entity and salesforce_id = $1 limit 1) l`

/** The links that a record of either side has; a Contact may have one as a person and one as what was invited. */
export const findLinks = (query: Query, id: string, now: number): Promise<KnownLink[]> =>
  query<KnownLink>(linksOf, [id, now])

const formerLink = `
  select ${linkColumns('$2')} from (
    select link_id from clerkforce.change where salesforce_id = $1 and kind = 'unlink' and link_id is not null order by id desc limit 1) former,
  lateral (select * from clerkforce.link where id = former.link_id limit 1) l`

/** The link that a Salesforce record had last, when it has none any more. */
export const findFormerLink = async (query: Query, salesforceId: string, now: number): Promise<KnownLink | undefined> =>
  (await query<KnownLink>(formerLink, [salesforceId, now]))[0]

// Each side by its own index.
const byAddress = `
  select 'clerk' as side, id from clerkforce.record where side = 'clerk' and entity = 'person'
    and lower(jsonb_path_query_array(body, '$.email_addresses[*].email_address')::text)::jsonb @> jsonb_build_array($1::text)
  union all
  select 'salesforce', id from clerkforce.record where side = 'salesforce' and entity = 'person' and lower(body ->> 'Email') = $1
  union all
  select 'clerk', id from clerkforce.record where side = 'clerk' and entity = 'invitation' and lower(body ->> 'email_address') = $1
  limit $2`

/** Records of people and invitations with an e-mail address, whatever its case. */
export const findByAddress = (query: Query, address: string, limit: number): Promise<{ side: Side; id: string }[]> =>
  query(byAddress, [address.toLowerCase(), limit])

export type KnownRecord = {
  side: Side
  entity: Entity
  id: string
  body: Body
  version: number
  seen: number
  deletedAt: number | null
  personId: string | null
  organizationId: string | null
}

const records = `
  select r.* from ${kinds}, unnest(array['clerk', 'salesforce']) as one(side), unnest($1::text[]) as wanted(id), lateral (
    select side, entity, id, body, version, seen, deleted_at as "deletedAt", person_id as "personId", organization_id as "organizationId"
    from clerkforce.record where side = one.side and entity = kind.entity and id = wanted.id limit 1) r`

/** What the mirror has under these ids. */
export const readRecords = (query: Query, ids: readonly string[]): Promise<KnownRecord[]> =>
  query<KnownRecord>(records, [ids])

/** A link that is to be worked on, and the parent that it waits for. */
export type KnownDirty = {
  dueAt: number
  attempts: number
  look: boolean
  leased: boolean
  /** Only planned: nobody has said yes to it yet. */
  planned: boolean
  parent: { link: number; entity: Entity; clerkId: string | null; parkedCode: string | null } | null
}

const dirtyOf = `
  select d.due_at as "dueAt", d.attempts, d.look, d.leased_by is not null as leased, d.tier = ${tiers.planned} as planned,
    case when p.id is not null then jsonb_build_object('link', p.id, 'entity', p.entity, 'clerkId', p.clerk_id, 'parkedCode', p.parked_code) end as parent
  from clerkforce.dirty d left join clerkforce.link p on p.id = d.waits_for where d.link_id = $1`

export const readDirty = async (query: Query, linkId: number): Promise<KnownDirty | undefined> =>
  (await query<KnownDirty>(dirtyOf, [linkId]))[0]

/** A link as a claim of it would be, for asking the plan what it would do. Nothing is claimed. */
export const readAsClaim = async (query: Query, linkId: number, now: number): Promise<Claim | undefined> => {
  const [claim] = await query<Claim>(
    `select l.*, l.id as "linkId", l.clerk_id as "clerkId", l.salesforce_id as "salesforceId", coalesce(d.version, 0) as version,
       coalesce(d.attempts, 0) as attempts, coalesce(d.look, false) as look, coalesce(d.tier, 0) as tier, d.run_id as "runId",
       ${stillManaged('$2')} as managed
     from clerkforce.link l left join clerkforce.dirty d on d.link_id = l.id where l.id = $1 and l.clerk_id is not null`,
    [linkId, now],
  )
  return claim
}

/** A line of the journal. */
export type KnownChange = {
  id: number
  at: number
  linkId: number | null
  side: Side
  kind: string
  salesforceId: string | null
  reason: string
  fields: { readonly [field: string]: { before: Value; after: Value; why: string; rule?: string } }
  result: string
  detail: string | null
  /** The run that brought it about. */
  runId: number | null
}

const changeColumns =
  'id, at, link_id as "linkId", side, kind, salesforce_id as "salesforceId", reason, fields, result, detail, run_id as "runId"'

/** The newest lines of the journal about a link, and about its Salesforce record where no link was known; newest first. */
export const readChanges = async (
  query: Query,
  linkId: number | null,
  salesforceId: string | null,
  limit: number,
): Promise<KnownChange[]> => {
  const own = await query<KnownChange>(
    `select ${changeColumns} from clerkforce.change where link_id = $1 order by id desc limit $2`,
    [linkId, limit],
  )
  const apart = await query<KnownChange>(
    `select ${changeColumns} from clerkforce.change where link_id is null and salesforce_id = $1 order by id desc limit $2`,
    [salesforceId, limit],
  )
  return [...own, ...apart].sort((a, b) => b.id - a.id).slice(0, limit)
}

/** A hint that told of a record; `body` of a change event alone, whose header says what changed. */
export type KnownHint = {
  recordId: string
  carried: boolean
  at: number
  deliveryId: string
  type: string | null
  readAt: number | null
  problem: string | null
  event: Buffer | null
}

// `offset 0`: one look by key for each, whatever the planner believes about the table.
const hints = `
  select told.record_id as "recordId", told.carried, told.at, told.delivery_id as "deliveryId", h.type, h.observed_at as "readAt", h.problem,
    case when h.type ~ '^[A-Z]' then h.body end as event
  from unnest($1::text[]) as wanted(id), unnest(array[false, true]) as how(carried), lateral (
    select * from clerkforce.hint_record r where r.record_id = wanted.id and r.carried = how.carried
    order by r.at desc, r.delivery_id desc limit case when how.carried then $3::integer else $2::integer end) told
  left join lateral (select type, observed_at, problem, body from clerkforce.hint where delivery_id = told.delivery_id offset 0) h on true`

/** The newest hints about these records, and of those that only carried them fewer. */
export const readHintsOf = (
  query: Query,
  ids: readonly string[],
  { own, carried }: { own: number; carried: number },
): Promise<KnownHint[]> => query<KnownHint>(hints, [ids, own, carried])

/** What a Salesforce record asked for in Clerk. */
export type KnownRequest = {
  key: string
  kind: RequestKind
  salesforceId: string
  /** asked | open | done | denied | failed | withdrawn */
  state: string
  round: number
  askedAt: number
  decidedAt: number | null
  triedAt: number | null
  doneAt: number | null
  clerkId: string | null
  acceptedBy: string | null
  code: string | null
  reason: string | null
}

export const readRequests = (query: Query, salesforceId: string): Promise<KnownRequest[]> =>
  query<KnownRequest>(
    `select key, kind, salesforce_id as "salesforceId", state, round, asked_at as "askedAt", decided_at as "decidedAt", tried_at as "triedAt",
       done_at as "doneAt", clerk_id as "clerkId", accepted_by as "acceptedBy", code, reason
     from clerkforce.request where salesforce_id = $1 order by asked_at`,
    [salesforceId],
  )

/** What is still to be asked: Clerk about a person, Salesforce about a record. */
export type KnownQuestions = { gap: boolean; stale: { attempts: number } | undefined }

export const readQuestions = async (
  query: Query,
  clerkId: string | null,
  salesforceId: string | null,
): Promise<KnownQuestions> => {
  const gaps = await query('select 1 from clerkforce.gap where person_id = $1', [clerkId])
  const [stale] = await query<{ attempts: number }>(
    `select attempts from clerkforce.stale
     where entity in ('organization', 'person', 'membership') and id = $1 limit 1`,
    [salesforceId],
  )
  return { gap: gaps.length > 0, stale }
}

/** A membership beside its person or organization. */
export type KnownMember = {
  id: string
  personId: string
  organizationId: string
  deletedAt: number | null
  salesforceId: string | null
  parkedCode: string | null
}

const members = (column: 'person_id' | 'organization_id'): string => `
  select r.id, r.person_id as "personId", r.organization_id as "organizationId", r.deleted_at as "deletedAt",
    l.salesforce_id as "salesforceId", l.parked_code as "parkedCode"
  from (select id, person_id, organization_id, deleted_at from clerkforce.record where ${column} = $1 limit $2) r
  left join lateral (
    select salesforce_id, parked_code from clerkforce.link where entity = 'membership' and clerk_id = r.id limit 1) l on true`

/** Memberships of a person or organization, so many at the most and in no order. */
export const readMembers = (
  query: Query,
  entity: 'person' | 'organization',
  clerkId: string,
  limit: number,
): Promise<KnownMember[]> =>
  query<KnownMember>(members(entity === 'person' ? 'person_id' : 'organization_id'), [clerkId, limit])
