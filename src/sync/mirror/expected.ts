/** What a person has said yes to, link by link, and what came of it: ids and prints, no values. */
import type { Query } from '../../db/database.ts'
import type { Entity } from '../../model/model.ts'
import { type Target, tiers } from './dirty.ts'

/** Notes what a person said yes to. Returns those whom nobody here knows. */
export const expect = async (
  query: Query,
  runId: number,
  rows: readonly (Target & { print: string })[],
): Promise<Target[]> => {
  const known = await query<Target>(
    `with asked as (select * from unnest($2::text[], $3::text[], $4::text[]) as one(entity, clerk_id, print)),
     noted as (
       insert into clerkforce.expected (link_id, run_id, print)
       select distinct on (l.id) l.id, $1, asked.print
       from asked join clerkforce.link l on l.entity = asked.entity and l.clerk_id = asked.clerk_id
       order by l.id
       on conflict (link_id) do update set run_id = excluded.run_id, print = excluded.print, outcome = null)
     select asked.entity, asked.clerk_id as "clerkId" from asked
     where exists (select 1 from clerkforce.link l where l.entity = asked.entity and l.clerk_id = asked.clerk_id)`,
    [runId, rows.map(({ entity }) => entity), rows.map(({ clerkId }) => clerkId), rows.map(({ print }) => print)],
  )
  const ids = new Set(known.map(({ entity, clerkId }) => `${entity} ${clerkId}`))
  return rows
    .filter(({ entity, clerkId }) => !ids.has(`${entity} ${clerkId}`))
    .map(({ entity, clerkId }) => ({ entity, clerkId }))
}

const linksAtOnce = 10_000

// As one statement, a million records took longer than any statement may.
const page = `
  with page as materialized (
    select e.link_id, l.entity, l.clerk_id, l.parked_at, l.parked_code from (
      select link_id from clerkforce.expected where run_id = $1 and link_id > $2 and outcome is null order by link_id limit ${linksAtOnce}) e,
    lateral (select * from clerkforce.link where id = e.link_id offset 0) l)`

/** Runs an update of `page` over all links of an apply that have no outcome yet. */
const eachPage = async (query: Query, runId: number, update: string): Promise<void> => {
  for (let after: number | null = 0; after !== null; ) {
    const [row]: { last: number | null }[] = await query(
      `${page}, updated as (${update}) select max(link_id) as last from page`,
      [runId, after],
    )
    after = row?.last ?? null
  }
}

const unseen = `
  update clerkforce.expected e set outcome = 'changed' from page, lateral (
      select 1 from clerkforce.record where side = 'clerk' and entity = page.entity and id = page.clerk_id and deleted_at is null limit 1) there
    left join lateral (
      select true as seen from clerkforce.sighted
      where run_id = $1 and side = 'clerk' and entity = page.entity and id = page.clerk_id limit 1) s on true
  where e.link_id = page.link_id and s.seen is null`

/** Whom the scan of Clerk has not shown again has changed since: the next reconcile asks Clerk for each of them. */
export const leaveUnseen = (query: Query, runId: number): Promise<void> => eachPage(query, runId, unseen)

/** Links that an apply is about, a page at a time. */
export const readExpected = async (query: Query, runId: number, after: number, limit: number): Promise<number[]> => {
  const rows = await query<{ id: number }>(
    'select link_id as id from clerkforce.expected where run_id = $1 and link_id > $2 and outcome is null order by link_id limit $3',
    [runId, after, limit],
  )
  return rows.map(({ id }) => id)
}

/** What is expected of these links: only that may be written. */
export const readPrints = async (query: Query, linkIds: readonly number[]): Promise<Map<number, string>> => {
  const rows = await query<{ linkId: number; print: string }>(
    `select link_id as "linkId", print from clerkforce.expected where link_id = any($1) and outcome is null
       and run_id in (select id from clerkforce.run where finished_at is null and state <> 'loading')`,
    [linkIds],
  )
  return new Map(rows.map(({ linkId, print }) => [linkId, print]))
}

/** Whether a plan is being applied, and no backfill writes everything anyhow. */
export const isApplying = async (query: Query): Promise<boolean> => {
  const [row] = await query<{ applying: boolean }>(
    `select bool_or(kind = 'apply') and not bool_or(kind = 'backfill') as applying from clerkforce.run
     where finished_at is null and state <> 'loading'`,
  )
  return row?.applying === true
}

/**
 * What came of a record of an apply. `changed`: it was another by then, and left alone. `parked`: it is set aside for another reason, and
 * stands in the list of those. `waiting`: its parent was not in the plan, or is set aside.
 */
export const applyOutcomes: readonly ['done', 'changed', 'parked', 'waiting'] = [
  'done',
  'changed',
  'parked',
  'waiting',
] as const
export type ApplyOutcome = (typeof applyOutcomes)[number]

const conclude = `
  update clerkforce.expected e set outcome = case
    when d.link_id is not null then 'waiting'
    when page.parked_at is null then 'done'
    when page.parked_code = 'CHANGED' then 'changed'
    else 'parked' end
  from page left join lateral (
    select link_id from clerkforce.dirty where link_id = page.link_id and tier = ${tiers.backfill} offset 0) d on true
  where e.link_id = page.link_id`

/** Ends an apply: says of each record what came of it. What still waits is not written by itself any more. */
export const concludeExpected = async (query: Query, runId: number): Promise<Partial<Record<ApplyOutcome, number>>> => {
  await eachPage(query, runId, conclude)
  await query(
    `update clerkforce.dirty set tier = ${tiers.planned} where link_id = any (array(
       select d.link_id from clerkforce.dirty d join clerkforce.expected e on e.link_id = d.link_id
       where e.run_id = $1 and e.outcome = 'waiting' and d.tier = ${tiers.backfill} and d.leased_by is null
       order by d.rank, d.link_id for update of d))`,
    [runId],
  )
  const rows = await query<{ outcome: ApplyOutcome; count: number }>(
    'select outcome, count(*) as count from clerkforce.expected where run_id = $1 group by outcome order by outcome',
    [runId],
  )
  return Object.fromEntries(rows.map((row) => [row.outcome, row.count]))
}

/** A record that an apply has not written. */
export type Unapplied = {
  linkId: number
  entity: Entity
  clerkId: string
  salesforceId: string | null
  outcome: ApplyOutcome
  reason: string | null
}

/** Records that an apply has not written, a page at a time, after a link. */
export const listUnapplied = (
  query: Query,
  runId: number,
  { after, limit, outcome }: { after: number; limit: number; outcome?: ApplyOutcome | undefined },
): Promise<Unapplied[]> =>
  query<Unapplied>(
    `select e.link_id as "linkId", l.entity, l.clerk_id as "clerkId", l.salesforce_id as "salesforceId", e.outcome, l.parked_reason as reason
     from clerkforce.expected e join clerkforce.link l on l.id = e.link_id
     where e.run_id = $1 and e.outcome <> 'done' and e.link_id > $2 and ($4::text is null or e.outcome = $4) order by e.link_id limit $3`,
    [runId, after, limit, outcome ?? null],
  )
