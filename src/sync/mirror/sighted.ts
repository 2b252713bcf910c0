/** What a reconcile has seen on each side: with the end of the scans, what is not here is not there. */
import type { Query } from '../../db/database.ts'
import type { Side } from '../../model/model.ts'
import type { RunEntity } from './runs.ts'

/** `key`: the Clerk id that a Salesforce record carries. */
export type Sighted = { id: string; key: string | null }

/** Notes records as seen; who is seen twice is seen as it was last. */
export const noteSighted = async (
  query: Query,
  runId: number,
  side: Side,
  entity: RunEntity,
  records: readonly Sighted[],
): Promise<void> => {
  if (records.length === 0) return
  const byId = new Map(records.map((one) => [one.id, one]))
  const rows = [...byId.values()]
  await query(
    `insert into clerkforce.sighted (run_id, side, entity, id, key)
     select $1, $2, $3, * from unnest($4::text[], $5::text[])
     on conflict (run_id, side, entity, id) do update set key = excluded.key`,
    [runId, side, entity, rows.map(({ id }) => id), rows.map(({ key }) => key)],
  )
}

// Each by the primary key, whatever the planner believes about a table that a moment ago was empty: as a plain `exists` or with an `or` it
// compares each record with everything that was seen.
const sight = (entity: string, id: string): string => `
  left join lateral (
    select true as seen from clerkforce.sighted where run_id = $1 and side = 'clerk' and entity = ${entity} and id = ${id} limit 1)`

// Of a stub nobody has said that it lives: a gap asks about it. What began after the scan did cannot have been in it. A membership goes with its
// user or its organization, and is not named beside them.
const unseenInClerk = (after: string): string => `
  from (
    select r.id, r.person_id, r.organization_id from clerkforce.record r ${sight('$2', 'r.id')} own on true
    where r.side = 'clerk' and r.entity = $2 and r.deleted_at is null and r.version > 0 and own.seen is null
      and coalesce((r.body ->> 'created_at')::bigint, 0) < $3 ${after}
    order by r.id offset 0) r
  ${sight("'person'", 'r.person_id')} person on true
  ${sight("'organization'", 'r.organization_id')} organization on true
  where ($2 <> 'membership' or (person.seen and organization.seen))`

export type Vanished = {
  id: string
  personId: string | null
  organizationId: string | null
  /** The record that it is linked to. */
  salesforceId: string | null
}

/** How many records of Clerk's the mirror has, and how many of them a complete scan that began at `began` has not shown. */
export const countVanished = async (
  query: Query,
  runId: number,
  entity: RunEntity,
  began: number,
): Promise<{ known: number; gone: number }> => {
  const [row] = await query<{ known: number; gone: number }>(
    `select (select count(*) from clerkforce.record where side = 'clerk' and entity = $2 and deleted_at is null and version > 0) as known,
       (select count(*) ${unseenInClerk('')}) as gone`,
    [runId, entity, began],
  )
  return row ?? { known: 0, gone: 0 }
}

/** Some of them, in the order of their ids, after an id. */
export const readVanished = (
  query: Query,
  {
    runId,
    entity,
    began,
    after,
    limit,
  }: { runId: number; entity: RunEntity; began: number; after: string; limit: number },
): Promise<Vanished[]> =>
  query<Vanished>(
    `select r.id, r.person_id as "personId", r.organization_id as "organizationId",
       (select l.salesforce_id from clerkforce.link l where l.entity = $2 and l.clerk_id = r.id) as "salesforceId" ${unseenInClerk('and r.id > $4')}
     order by r.id limit $5`,
    [runId, entity, began, after, limit],
  )
