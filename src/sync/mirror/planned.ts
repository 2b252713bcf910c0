/** What a plan would do, link by link. Values: personal data, kept until the next plan, and for 30 days at most. */
import type { Query } from '../../db/database.ts'
import { toJsonb } from '../../db/jsonb.ts'
import { type Body, type Entity, rankOf, type Side, type Value } from '../../model/model.ts'
import { clerkName } from '../plan/clerk-name.ts'
import { tiers } from './dirty.ts'
import type { RunEntity } from './runs.ts'

/** `link`: paired, and nothing written. `wait`: its parent is set aside, or Salesforce does not say enough yet. */
export const plannedKinds: readonly ['create', 'adopt', 'update', 'link', 'end', 'delete', 'unpair', 'park', 'wait'] = [
  'create',
  'adopt',
  'update',
  'link',
  'end',
  'delete',
  'unpair',
  'park',
  'wait',
] as const
export type PlannedKind = (typeof plannedKinds)[number]

/**
 * - `overwrites`: replaces a value that the two sides never agreed on: somebody typed it.
 * - `ends`: takes somebody's access away, on paper.
 * - `ambiguous`: several records match, or one matches several.
 */
export const plannedFlags: readonly ['overwrites', 'ends', 'ambiguous'] = ['overwrites', 'ends', 'ambiguous'] as const
export type PlannedFlag = (typeof plannedFlags)[number]

export type PlannedField = { side: Side; before: Value; after: Value; why: string; rule?: string }

export type Foreseen = {
  linkId: number
  kind: PlannedKind
  /** `new:` and the Clerk id where it is to be made. */
  salesforceId: string | null
  /** The Account that a Contact will be on. */
  accountId: string | null
  flags: readonly PlannedFlag[]
  reason: string
  fields: { readonly [field: string]: PlannedField }
  print: string
}

/** Empties what earlier plans have left. */
export const dropPlanned = async (query: Query): Promise<void> => {
  await query('truncate clerkforce.planned')
}

/** A plan holds personal data, and is of no use any more when nobody has applied it for so long. */
const plannedKeptMs = 30 * 86_400_000

/** Empties plans that were made long ago. Returns how many records they had. */
export const prunePlanned = async (query: Query, now: number): Promise<number> => {
  const rows = await query(
    `delete from clerkforce.planned where run_id in (
       select id from clerkforce.run where kind = 'plan' and finished_at < $1) returning 1`,
    [now - plannedKeptMs],
  )
  return rows.length
}

/** The run of the plan that can be shown and written to a file: the one that was asked for last, once it is made, and while it is kept. */
export const readLastPlan = async (query: Query, now: number): Promise<number | undefined> => {
  const [row] = await query<{ id: number; usable: boolean }>(
    `select id, state = 'done' and finished_at >= $1 as usable from clerkforce.run where kind = 'plan' order by id desc limit 1`,
    [now - plannedKeptMs],
  )
  return row?.usable ? row.id : undefined
}

/** What both sides agree on is not dirty any more, however new it was to us. */
export const dropUnplanned = async (query: Query, runId: number): Promise<void> => {
  await query(
    `delete from clerkforce.dirty where link_id = any (array(
       select d.link_id from clerkforce.dirty d where d.tier = ${tiers.planned} and d.leased_by is null
         and not exists (select 1 from clerkforce.planned p where p.run_id = $1 and p.link_id = d.link_id)
       order by d.rank, d.link_id for update skip locked)) and tier = ${tiers.planned} and leased_by is null`,
    [runId],
  )
}

export const storePlanned = async (
  query: Query,
  runId: number,
  entity: RunEntity,
  rows: readonly Foreseen[],
): Promise<void> => {
  if (rows.length === 0) return
  await query(
    `insert into clerkforce.planned (run_id, rank, link_id, kind, salesforce_id, account_id, flags, reason, fields, print)
     select $1, $2, link_id, kind, salesforce_id, account_id, string_to_array(flags, ' '), reason, fields, print
     from unnest($3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::jsonb[], $10::text[])
       as one(link_id, kind, salesforce_id, account_id, flags, reason, fields, print)
     -- Who was erased since it was read: what an erasure has just removed must not come back.
     where exists (select 1 from clerkforce.link l where l.id = one.link_id and not l.erased for share)
     on conflict do nothing`,
    [
      runId,
      rankOf[entity],
      rows.map(({ linkId }) => linkId),
      rows.map(({ kind }) => kind),
      rows.map(({ salesforceId }) => salesforceId),
      rows.map(({ accountId }) => accountId),
      rows.map(({ flags }) => flags.join(' ')),
      rows.map(({ reason }) => reason),
      rows.map(({ fields }) => toJsonb(fields)),
      rows.map(({ print }) => print),
    ],
  )
}

/** What a plan foresees of links: the record, the Account that it will be on, and whether it will be set aside. */
export const readForeseen = async (
  query: Query,
  runId: number,
  linkIds: readonly number[],
): Promise<Map<number, Pick<Foreseen, 'salesforceId' | 'accountId'> & { parked: boolean }>> => {
  const rows = await query<Pick<Foreseen, 'linkId' | 'salesforceId' | 'accountId'> & { parked: boolean }>(
    `select link_id as "linkId", salesforce_id as "salesforceId", account_id as "accountId", kind = 'park' as parked
     from clerkforce.planned where run_id = $1 and link_id = any($2)`,
    [runId, linkIds],
  )
  return new Map(rows.map(({ linkId, ...row }) => [linkId, row]))
}

/** Who has these records of Salesforce's, or will have by a plan: Clerk ids by record. */
export const readOwners = async (
  query: Query,
  salesforceIds: readonly string[],
  runId: number | null,
): Promise<Map<string, string>> => {
  if (salesforceIds.length === 0) return new Map()
  const rows = await query<{ id: string; clerkId: string }>(
    `select wanted.id, l.clerk_id as "clerkId" from unnest($1::text[]) as wanted(id),
       lateral (select clerk_id from clerkforce.link where entity in ('organization', 'person') and salesforce_id = wanted.id limit 1) l
     union
     select p.salesforce_id, l.clerk_id from clerkforce.planned p join clerkforce.link l on l.id = p.link_id
     where p.run_id = $2 and p.salesforce_id = any($1)`,
    [[...new Set(salesforceIds)], runId],
  )
  return new Map(rows.map(({ id, clerkId }) => [id, clerkId]))
}

/** One record of a plan, as people and files have it. */
export type PlannedRow = Omit<Foreseen, 'linkId' | 'accountId'> & {
  entity: Entity
  clerkId: string
  /** What people know it by. Personal data. */
  name: string
}

/** Which records of a plan; all conditions count. */
export type PlannedFilter = {
  entity?: RunEntity | undefined
  kind?: PlannedKind | undefined
  flag?: PlannedFlag | undefined
  /** What concerns a record, by its id on either side: itself, and the memberships of a user or an organization. */
  of?: string | undefined
}

/** Where a page ended. */
export type PlannedPlace = { rank: number; linkId: number }

// By the indexes of ids: of a plan of many, nobody waits for a look at each.
const concerned = `
  select id from clerkforce.link where entity in ('organization', 'person', 'membership') and clerk_id = $7
  union select id from clerkforce.link where entity in ('organization', 'person', 'membership') and salesforce_id = $7
  union select l.id from clerkforce.record r join clerkforce.link l on l.entity = 'membership' and l.clerk_id = r.id
    where r.person_id = $7 or (r.organization_id = $7 and r.side = 'clerk')
  union select link_id from clerkforce.planned where run_id = $1 and salesforce_id = $7`

const nameParts = `jsonb_build_object('first_name', p.body -> 'first_name', 'last_name', p.body -> 'last_name',
    'email_addresses', p.body -> 'email_addresses', 'primary_email_address_id', p.body -> 'primary_email_address_id')`

const bodyOf = (entity: string, id: string): string => `lateral (
    select body from clerkforce.record where side = 'clerk' and entity = '${entity}' and id = ${id} limit 1)`

const page = `
  select one.*, l.entity, l.clerk_id as "clerkId", case when p.body is not null then ${nameParts} end as person, o.body ->> 'name' as organization
  from (
    select rank, link_id as "linkId", kind, salesforce_id as "salesforceId", flags, reason, fields, print from clerkforce.planned
    where run_id = $1 and (rank, link_id) > ($2, $3) and ($4::text is null or kind = $4) and ($5::smallint is null or rank = $5)
      and ($6::text is null or $6 = any(flags)) and ($7::text is null or link_id in (${concerned}))
    order by rank, link_id limit $8) one
  join clerkforce.link l on l.id = one."linkId"
  left join lateral (
    select person_id, organization_id from clerkforce.record
    where side = 'clerk' and l.entity = 'membership' and entity = 'membership' and id = l.clerk_id limit 1) r on true
  left join ${bodyOf('person', "case l.entity when 'person' then l.clerk_id else r.person_id end")} p on true
  left join ${bodyOf('organization', "case l.entity when 'organization' then l.clerk_id else r.organization_id end")} o on true
  order by one.rank, one."linkId"`

const nameOf = (person: Body | null, organization: string | null): string =>
  [person ? clerkName('person', person) : '', organization ?? ''].filter((one) => one !== '').join(' at ')

/** What a plan would do, a page at a time, parents first. */
export const listPlanned = async (
  query: Query,
  runId: number,
  { after, limit, kind, entity, flag, of }: PlannedFilter & { after: PlannedPlace | undefined; limit: number },
): Promise<{ rows: PlannedRow[]; next: PlannedPlace | null }> => {
  const rows = await query<PlannedRow & PlannedPlace & { person: Body | null; organization: string | null }>(page, [
    runId,
    after?.rank ?? -1,
    after?.linkId ?? 0,
    kind ?? null,
    entity === undefined ? null : rankOf[entity],
    flag ?? null,
    of ?? null,
    limit,
  ])
  const last = rows.length === limit ? rows.at(-1) : undefined
  return {
    rows: rows.map(({ rank: _, linkId: __, person, organization, ...row }) => ({
      ...row,
      name: nameOf(person, organization),
    })),
    next: last ? { rank: last.rank, linkId: last.linkId } : null,
  }
}

/**
 * How many records of a plan there are, by entity and kind, and by flag. `carried`: how many of them Clerk gets something of; `linked`: how many
 * pairs there are, planned or not.
 */
export type PlannedCounts = {
  kinds: readonly { entity: Entity; kind: PlannedKind; count: number }[]
  flags: readonly { flag: PlannedFlag; count: number }[]
  carried: number
  linked: number
}

const countOne = async (query: Query, sql: string, values: unknown[]): Promise<number> => {
  const [row] = await query<{ count: number }>(sql, values)
  return row?.count ?? 0
}

export const countPlanned = async (query: Query, runId: number): Promise<PlannedCounts> => ({
  kinds: await query(
    `select (array['organization', 'person', 'membership', 'invitation'])[rank + 1] as entity, kind, count(*) as count
     from clerkforce.planned where run_id = $1 group by rank, kind order by rank, kind`,
    [runId],
  ),
  flags: await query(
    `select flag, count(*) as count from clerkforce.planned, unnest(flags) as flag where run_id = $1 group by flag order by flag`,
    [runId],
  ),
  carried: await countOne(
    query,
    `select count(*) as count from clerkforce.planned where run_id = $1 and fields @? '$.*.side ? (@ == "clerk")'`,
    [runId],
  ),
  linked: await countOne(
    query,
    'select count(*) as count from clerkforce.link where clerk_id is not null and salesforce_id is not null',
    [],
  ),
})
