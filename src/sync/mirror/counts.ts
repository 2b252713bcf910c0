/** What operators ask: how much is waiting, what is parked, why; and what they can do about it. */
import type { Query } from '../../db/database.ts'
import type { Entity } from '../../model/model.ts'
import { markDirty } from './dirty.ts'

export type Counts = {
  /** Hints stored and not read yet. */
  hints: number
  /** Hints that could not be read. */
  problems: number
  /** People whom Clerk's API still has to be asked about. */
  gaps: number
  dirty: number
  /** Of the dirty ones, those that wait for a parent. */
  waiting: number
  parked: number
  /** How long the oldest due link has been due, in ms; a minute less at the most. */
  behindMs: number
}

// The first row of each rank in the order of the index `dirty_due`, which goes by minutes: of a million dirty rows three are read.
const oldestDue = `
  select min(first.due_at) from (values (0::smallint), (1::smallint), (2::smallint)) as ranks (rank)
  cross join lateral (
    select d.due_at from clerkforce.dirty d where d.rank = ranks.rank order by (d.due_at / 60000), d.group_key, d.link_id limit 1
  ) as first`

/** One statement, on partial indexes. */
export const readCounts = async (query: Query, now: number): Promise<Counts> => {
  const [row] = await query<Counts>(
    `select (select count(*) from clerkforce.hint where observed_at is null) as hints,
       (select count(*) from clerkforce.hint where problem is not null) as problems,
       (select count(*) from clerkforce.gap) as gaps,
       (select count(*) from clerkforce.dirty) as dirty,
       (select count(*) from clerkforce.dirty where waits_for is not null) as waiting,
       (select count(*) from clerkforce.link where parked_at is not null) as parked,
       greatest(0, $1 - coalesce((${oldestDue}), $1)) as "behindMs"`,
    [now],
  )
  return row ?? { hints: 0, problems: 0, gaps: 0, dirty: 0, waiting: 0, parked: 0, behindMs: 0 }
}

export type LinkCounts = { entity: Entity; linked: number; parked: number }

/** Links by entity. Counts the whole table: for people, not for a hot path. */
export const readLinkCounts = (query: Query): Promise<LinkCounts[]> =>
  query<LinkCounts>(
    `select entity, count(*) filter (where salesforce_id is not null) as linked, count(*) filter (where parked_at is not null) as parked
     from clerkforce.link group by entity order by entity`,
  )

export type ParkedLink = {
  link: number
  entity: Entity
  clerkId: string | null
  salesforceId: string | null
  code: string
  reason: string
  parkedAt: number
}

/** Parked links, oldest first. */
export const listParked = (query: Query, limit: number): Promise<ParkedLink[]> =>
  query<ParkedLink>(
    `select id as link, entity, clerk_id as "clerkId", salesforce_id as "salesforceId", parked_code as code, parked_reason as reason,
       parked_at as "parkedAt"
     from clerkforce.link where parked_at is not null order by parked_at, id limit $1`,
    [limit],
  )

export type ProblemHint = { deliveryId: string; type: string; problem: string; receivedAt: number }

/** Hints that could not be read, oldest first. */
export const listProblems = (query: Query, limit: number): Promise<ProblemHint[]> =>
  query<ProblemHint>(
    `select delivery_id as "deliveryId", type, problem, received_at as "receivedAt"
     from clerkforce.hint where problem is not null order by received_at limit $1`,
    [limit],
  )

// A record that somebody deleted in Salesforce is made anew only because a person asks for it: then nothing is left of the old pairing.
const forgetDeleted = `
  update clerkforce.link set salesforce_id = null, base = null
  where id = any($1) and parked_code = 'DELETED_IN_SALESFORCE'`

// The relations of a Contact or Account that went away went with it.
const childrenOf = `
  select 'membership' as entity, r.id as "clerkId" from clerkforce.link l
  join clerkforce.record r on r.side = 'clerk' and r.entity = 'membership'
    and ((l.entity = 'person' and r.person_id = l.clerk_id) or (l.entity = 'organization' and r.organization_id = l.clerk_id))
  where l.id = any($1) and l.parked_code = 'DELETED_IN_SALESFORCE'`

const forgetChildren = `
  update clerkforce.link l set salesforce_id = null, base = null
  from unnest($1::text[]) as child(clerk_id) where l.entity = 'membership' and l.clerk_id = child.clerk_id`

/**
 * Tries parked links again: those given, or all; they are looked up in Salesforce afresh. "All" leaves out those whose record somebody
 * deleted in Salesforce, unless `deleted` says otherwise: to retry one of these makes a new record, which nobody means by "all".
 * @returns how many.
 */
export const retryParked = async (
  query: Query,
  links: readonly number[] | 'all',
  now: number,
  { deleted = false }: { deleted?: boolean | undefined } = {},
): Promise<number> => {
  const targets = await query<{ id: number; entity: Entity; clerkId: string }>(
    `select id, entity, clerk_id as "clerkId" from clerkforce.link
     where parked_at is not null and clerk_id is not null
       and (id = any($1) or ($1::bigint[] is null and ($2 or parked_code is distinct from 'DELETED_IN_SALESFORCE'))) order by id`,
    [links === 'all' ? null : links, deleted],
  )
  if (targets.length === 0) return 0
  const ids = targets.map((one) => one.id)
  const children = await query<{ entity: Entity; clerkId: string }>(childrenOf, [ids])
  await query(forgetChildren, [children.map((one) => one.clerkId)])
  await query(forgetDeleted, [ids])
  await markDirty(query, [...targets, ...children], now)
  await query('update clerkforce.dirty set look = true where link_id = any($1)', [ids])
  return targets.length
}

/** How many links are parked because somebody deleted their record in Salesforce: what a retry of all leaves out. */
export const countParkedDeleted = async (query: Query): Promise<number> => {
  const [row] = await query<{ count: number }>(
    "select count(*) as count from clerkforce.link where parked_at is not null and parked_code = 'DELETED_IN_SALESFORCE'",
  )
  return row?.count ?? 0
}

/** Reads hints with a problem again, as after an upgrade that understands them. */
export const retryProblems = async (query: Query): Promise<number> => {
  const rows = await query(
    'update clerkforce.hint set observed_at = null, problem = null where problem is not null and body is not null returning 1',
  )
  return rows.length
}
