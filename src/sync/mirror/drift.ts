/** Drift: where a reconcile found the two sides to differ, and the links that it compares. Ids only. */
import type { Query } from '../../db/database.ts'
import { type Claim, tiers } from './dirty.ts'
import type { RunEntity } from './runs.ts'

export type DriftClass = 'missing' | 'stale' | 'human-edit' | 'conflict' | 'orphan' | 'duplicate' | 'broken-link'

export type Drift = {
  class: DriftClass
  entity: RunEntity
  clerkId: string | null
  salesforceId: string | null
  /** What differs, without values. */
  detail: string
}

/** Notes what was found; a record is named once in a run, as what it was found to be first. */
export const noteDrift = async (query: Query, runId: number, found: readonly Drift[]): Promise<void> => {
  if (found.length === 0) return
  await query(
    `insert into clerkforce.drift (run_id, class, entity, clerk_id, salesforce_id, detail)
     select $1, * from unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[]) on conflict do nothing`,
    [
      runId,
      found.map((one) => one.class),
      found.map((one) => one.entity),
      found.map((one) => one.clerkId),
      found.map((one) => one.salesforceId),
      found.map((one) => one.detail),
    ],
  )
}

export type DriftRow = Drift & { id: number }

/** What a run found, a page at a time, after a row. */
export const listDrift = (query: Query, runId: number, after: number, limit: number): Promise<DriftRow[]> =>
  query<DriftRow>(
    `select id, class, entity, clerk_id as "clerkId", salesforce_id as "salesforceId", detail
     from clerkforce.drift where run_id = $1 and id > $2 order by id limit $3`,
    [runId, after, limit],
  )

/** Differences of a run by class. */
export const countDrift = async (query: Query, runId: number): Promise<Record<string, number>> => {
  const rows = await query<{ class: string; count: number }>(
    'select class, count(*) as count from clerkforce.drift where run_id = $1 group by class order by class',
    [runId],
  )
  return Object.fromEntries(rows.map((row) => [row.class, row.count]))
}

/** A link as a comparison sees it. */
export type Compared = Claim & {
  /** The scan has shown the record that it is linked to. */
  there: boolean
  /** Another record of Salesforce that carries its Clerk id. */
  keyed: string | null
  /** Of a membership: its user or organization is gone in Clerk, or parked before it had a record, or the Contact or Account is not there. */
  parentGone: boolean
  /** When we wrote to it last. */
  writtenAt: number | null
  salesforceVersion: number | null
}

// Parked links are known already, and what is due for another reason is under way. `offset 0`: each by its own index.
const links = `
  select l.id as "linkId", l.entity, l.clerk_id as "clerkId", l.salesforce_id as "salesforceId", l.base, 0 as version, 0 as attempts,
    false as look, 3 as tier, l.erased, $1::bigint as "runId",
    case when l.managed_at > $4::bigint - 86400000 then l.managed else '{}' end as managed,
    s.id is not null as there, k.id as keyed, p.gone is not null as "parentGone", w.at as "writtenAt", r.version as "salesforceVersion"
  from (
    select * from clerkforce.link where entity = $2 and id > $3 and clerk_id is not null order by id limit $5) l
  left join lateral (
    select id from clerkforce.sighted where run_id = $1 and side = 'salesforce' and entity = $2 and id = l.salesforce_id offset 0) s on true
  left join lateral (
    select id from clerkforce.sighted where run_id = $1 and entity = $2 and key = l.clerk_id
      and id is distinct from l.salesforce_id order by id limit 1) k on true
  left join lateral (
    select true as gone from clerkforce.record m, lateral (values ('person', m.person_id), ('organization', m.organization_id)) as parent (entity, id)
      left join clerkforce.link p on p.entity = parent.entity and p.clerk_id = parent.id
      left join clerkforce.record c on c.side = 'clerk' and c.entity = parent.entity and c.id = parent.id
    where $2 = 'membership' and m.side = 'clerk' and m.entity = 'membership' and m.id = l.clerk_id
      and (c.deleted_at is not null or (l.salesforce_id is null and p.salesforce_id is null and p.parked_at is not null) or (p.salesforce_id is not null and not exists (select 1 from clerkforce.sighted
        where run_id = $1 and side = 'salesforce' and entity = parent.entity and id = p.salesforce_id)))
    limit 1) p on true
  left join lateral (
    select at from clerkforce.change where link_id = l.id and side = 'salesforce' and result = 'done' order by id desc limit 1) w on true
  left join lateral (
    select version from clerkforce.record where side = 'salesforce' and entity = $2 and id = l.salesforce_id offset 0) r on true
  order by l.id`

const untouched = `
  select id from unnest($1::bigint[]) as wanted(id)
  left join lateral (
    select true as due from clerkforce.dirty where link_id = wanted.id and tier < ${tiers.reconcile} limit 1) d on true, lateral (
    select parked_at, erased from clerkforce.link where id = wanted.id offset 0) l
  where d.due is null and l.parked_at is null and not l.erased`

/**
 * Some links of one entity in the order of their ids, after one of them; `last` is the id to go on from, undefined at the end. Links that are
 * parked, erased, or due for another reason are left out.
 */
export const readCompared = async (
  query: Query,
  { runId, entity, after, now, limit }: { runId: number; entity: RunEntity; after: number; now: number; limit: number },
): Promise<{ links: Compared[]; last: number | undefined }> => {
  const all = await query<Compared>(links, [runId, entity, after, now, limit])
  const free = await query<{ id: number }>(untouched, [all.map(({ linkId }) => linkId)])
  const ids = new Set(free.map(({ id }) => id))
  return { links: all.filter(({ linkId }) => ids.has(linkId)), last: all.at(-1)?.linkId }
}

/** Takes back marks of this run: what is over its budget is found again by the next one. */
export const putOff = async (query: Query, linkIds: readonly number[]): Promise<void> => {
  if (linkIds.length === 0) return
  await query(
    `delete from clerkforce.dirty where link_id = any (array(
       select link_id from clerkforce.dirty where link_id = any($1) and tier = $2 and leased_by is null order by rank, link_id for update))`,
    [linkIds, tiers.reconcile],
  )
}

/** Records that we are linked to and that the scan has not shown, in the order of their ids. */
export const readUnsighted = async (
  query: Query,
  { runId, entity, after, limit }: { runId: number; entity: RunEntity; after: string; limit: number },
): Promise<string[]> => {
  const rows = await query<{ id: string }>(
    `select l.salesforce_id as id from clerkforce.link l
     where l.entity = $2 and l.salesforce_id > $3
       and not exists (select 1 from clerkforce.sighted s
         where s.run_id = $1 and s.side = 'salesforce' and s.entity = $2 and s.id = l.salesforce_id)
     order by l.salesforce_id limit $4`,
    [runId, entity, after, limit],
  )
  return rows.map(({ id }) => id)
}

/** A record that changed so long after our write, by the clocks of both, was changed by somebody else. */
const clocksDifferMs = 2_000

/**
 * Whether a sight of this version was changed after our write: then it is news. What a query shows from before may be late.
 * @param writtenAt undefined where we have not written lately.
 */
export const isSince = (version: number, writtenAt: number | undefined): boolean =>
  writtenAt === undefined || version > writtenAt + clocksDifferMs

/** When we wrote to these records, where that was since a time; infinity for orphans, of which there is nothing new as long as they are. */
export const readWritten = async (
  query: Query,
  entity: RunEntity,
  ids: readonly string[],
  since: number,
): Promise<Map<string, number>> => {
  const rows = await query<{ id: string; at: number | null }>(
    `select l.salesforce_id as id, case when l.parked_code = 'ORPHAN' then null else w.at end as at from unnest($2::text[]) as wanted(id),
     lateral (select * from clerkforce.link where entity = $1 and salesforce_id = wanted.id limit 1) l
     left join lateral (select at from clerkforce.change where link_id = l.id and side = 'salesforce' and result = 'done'
       order by id desc limit 1) w on true
     where w.at >= $3 or l.parked_code = 'ORPHAN'`,
    [entity, ids, since],
  )
  return new Map(rows.map(({ id, at }) => [id, at ?? Number.POSITIVE_INFINITY]))
}

export type Orphan = { id: string; key: string }

/** Records of Salesforce whose Clerk id no record of the mirror has, and that nobody was told of before. */
export const readOrphans = (
  query: Query,
  { runId, entity, after, limit }: { runId: number; entity: RunEntity; after: string; limit: number },
): Promise<Orphan[]> =>
  query<Orphan>(
    `select s.id, s.key from clerkforce.sighted s
     where s.run_id = $1 and s.side = 'salesforce' and s.entity = $2 and s.id > $3 and s.key is not null
       and not exists (select 1 from clerkforce.record r where r.side = 'clerk' and r.entity = $2 and r.id = s.key)
       and not exists (select 1 from clerkforce.link l where l.entity = $2 and l.salesforce_id = s.id)
       and not exists (select 1 from clerkforce.link l where l.entity = $2 and l.clerk_id = s.key and l.salesforce_id is not null)
     order by s.id limit $4`,
    [runId, entity, after, limit],
  )

const parkOrphans = `
  with parked as (
    insert into clerkforce.link (entity, clerk_id, salesforce_id, parked_at, parked_code, parked_reason)
    select $1, one.key, one.id, $4, 'ORPHAN', one.reason from unnest($2::text[], $3::text[], $5::text[]) as one(id, key, reason) order by one.key
    on conflict (entity, clerk_id) do update set salesforce_id = excluded.salesforce_id, parked_at = excluded.parked_at,
      parked_code = excluded.parked_code, parked_reason = excluded.parked_reason
      where link.salesforce_id is null
    returning id, salesforce_id, parked_reason)
  insert into clerkforce.change (at, link_id, side, kind, salesforce_id, reason, fields, result, run_id)
  select $4, id, 'salesforce', 'park', salesforce_id, parked_reason, '{}', 'ORPHAN', $6 from parked order by id`

/** Sets orphans aside for a person: which Clerk instance the id is of, nobody but a person can know. */
export const parkOrphaned = async (
  query: Query,
  runId: number,
  entity: RunEntity,
  orphans: readonly (Orphan & { reason: string })[],
  now: number,
): Promise<void> => {
  if (orphans.length === 0) return
  await query(parkOrphans, [
    entity,
    orphans.map(({ id }) => id),
    orphans.map(({ key }) => key),
    now,
    orphans.map(({ reason }) => reason),
    runId,
  ])
}
