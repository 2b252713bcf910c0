/** What operators ask: how much is waiting, what is parked, why; and what they can do about it. */
import type { Query } from '../../db/database.ts'
import type { Entity } from '../../model/model.ts'
import { endHolds } from './decisions.ts'
import { markDirty, tiers } from './dirty.ts'

export type Counts = {
  /** Hints stored and not read yet. */
  hints: number
  /** Hints that could not be read. */
  problems: number
  /** People whom Clerk's API still has to be asked about. */
  gaps: number
  /** Salesforce records that changed and are to be read back. */
  stale: number
  dirty: number
  /** Of the dirty ones, those that wait for a parent. */
  waiting: number
  parked: number
  /** Planned, and not said yes to: not among the dirty ones. */
  planned: number
  /** Requests of Salesforce records that an operator has to approve. */
  asked: number
  /** Requests that are not carried out yet. */
  open: number
  /** Of the open ones, those that are due or being carried out. */
  granting: number
  /** Requests that Clerk refused. */
  failed: number
  /** How long the oldest due link has been due, in ms; a minute less at the most. Those that a backfill or reconcile found do not count. */
  behindMs: number
}

// The first row of each rank and tier in the order of the index `dirty_due`, which goes by minutes: of a million dirty rows a few are read.
// A scan's findings do not count: that they wait for the end of it is no delay, and nobody is to be woken for it.
const oldestDue = `
  select min(first.due_at) from (values (0::smallint), (1::smallint), (2::smallint), (3::smallint)) as ranks (rank)
  cross join (values (0::smallint), (1::smallint)) as tiers (tier)
  cross join lateral (
    select d.due_at from clerkforce.dirty d where d.rank = ranks.rank and d.tier = tiers.tier
    order by (d.due_at / 60000), d.group_key, d.link_id limit 1
  ) as first`

/** One statement, on partial indexes. */
export const readCounts = async (query: Query, now: number): Promise<Counts> => {
  const [row] = await query<Counts>(
    `select (select count(*) from clerkforce.hint where observed_at is null) as hints,
       (select count(*) from clerkforce.hint where problem is not null) as problems,
       (select count(*) from clerkforce.gap) as gaps,
       (select count(*) from clerkforce.stale) as stale,
       (select count(*) from clerkforce.dirty where tier < ${tiers.planned}) as dirty,
       (select count(*) from clerkforce.dirty where waits_for is not null) as waiting,
       (select count(*) from clerkforce.link where parked_at is not null) as parked,
       (select count(*) from clerkforce.dirty where tier = ${tiers.planned}) as planned,
       (select count(*) from clerkforce.request where state = 'asked') as asked,
       (select count(*) from clerkforce.request where state = 'open') as open,
       (select count(*) from clerkforce.request where state = 'open' and (due_at <= $1 or leased_by is not null)) as granting,
       (select count(*) from clerkforce.request where state = 'failed') as failed,
       greatest(0, $1 - coalesce((${oldestDue}), $1)) as "behindMs"`,
    [now],
  )
  return (
    row ?? {
      hints: 0,
      problems: 0,
      gaps: 0,
      stale: 0,
      dirty: 0,
      waiting: 0,
      parked: 0,
      planned: 0,
      asked: 0,
      open: 0,
      granting: 0,
      failed: 0,
      behindMs: 0,
    }
  )
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

/** Codes of those whose record a person took from them in Salesforce. */
const lost = "('DELETED_IN_SALESFORCE', 'GIVEN_TO_ANOTHER')"

// A record that somebody deleted in Salesforce is made anew only because a person asks for it: then nothing is left of the old pairing.
const forgetDeleted = `
  update clerkforce.link set salesforce_id = null, base = null
  where id = any($1) and parked_code in ${lost}`

// The relations of a Contact or Account that went away went with it.
const childrenOf = `
  select 'membership' as entity, r.id as "clerkId" from clerkforce.link l
  join clerkforce.record r on r.side = 'clerk' and r.entity = 'membership'
    and ((l.entity = 'person' and r.person_id = l.clerk_id) or (l.entity = 'organization' and r.organization_id = l.clerk_id))
  where l.id = any($1) and l.parked_code in ${lost}`

const forgetChildren = `
  update clerkforce.link l set salesforce_id = null, base = null
  from unnest($1::text[]) as child(clerk_id) where l.entity = 'membership' and l.clerk_id = child.clerk_id`

// What was turned back before a person asked for another try does not count (see fights.ts). Before the links are unparked and lose their
// records.
const journalRetry = `
  insert into clerkforce.change (at, link_id, side, kind, salesforce_id, reason, fields, result)
  select $2, l.id, 'salesforce', 'retry', l.salesforce_id, 'a person asked to try it again', '{}', 'asked'
  from clerkforce.link l where l.id = any($1) order by l.id`

const journalForgotten = `
  insert into clerkforce.change (at, link_id, side, kind, salesforce_id, reason, fields, result)
  select $2, l.id, 'salesforce', 'unlink', l.salesforce_id, 'a person asked for a new record in its place', '{}', 'done'
  from clerkforce.link l where l.id = any($1) and l.parked_code in ${lost} and l.salesforce_id is not null order by l.id`

// The journal has it by now: marked dirty they would be unparked, and that journaled as something new that is known.
const unpark = `
  update clerkforce.link set parked_at = null, parked_code = null, parked_reason = null where id = any($1)`

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
       and (id = any($1) or ($1::bigint[] is null and ($2 or parked_code not in ${lost}))) order by id`,
    [links === 'all' ? null : links, deleted],
  )
  if (targets.length === 0) return 0
  const ids = targets.map((one) => one.id)
  const children = await query<{ entity: Entity; clerkId: string }>(childrenOf, [ids])
  await query(journalRetry, [ids, now])
  await query(journalForgotten, [ids, now])
  await query(forgetChildren, [children.map((one) => one.clerkId)])
  await query(forgetDeleted, [ids])
  await endHolds(query, ids)
  await query(unpark, [ids])
  await markDirty(query, [...targets, ...children], now, tiers.retry)
  await query('update clerkforce.dirty set look = true where link_id = any($1)', [ids])
  return targets.length
}

/** How many links are parked because somebody deleted their record in Salesforce: what a retry of all leaves out. */
export const countParkedDeleted = async (query: Query): Promise<number> => {
  const [row] = await query<{ count: number }>(
    `select count(*) as count from clerkforce.link where parked_at is not null and parked_code in ${lost}`,
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
