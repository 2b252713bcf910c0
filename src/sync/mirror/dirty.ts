/**
 * The dirty set: links whose sides may disagree. Mark, claim, settle, release; one statement each.
 *
 * A claim is a lease: it moves `due_at` to the lease's end, so that the claim of a process that died is simply due again. A mark
 * during a lease raises `version`; settling removes a row only at the version that was claimed, so nothing that happened meanwhile
 * is lost, and there are never two writes in flight for one link.
 *
 * Whoever touches several rows takes them in one order: parents first (`rank`), then by link, and the rows of links after them. Two processes
 * that take the same rows in different order wait for each other until PostgreSQL ends one of them, a second later.
 *
 * Claiming goes tier by tier (live changes before what is tried again, and both before scans), in a tier parents first, then minute by minute
 * (fair), then by Account: records of one Account go out in one request, and an Account that is in one request already is left out of the next,
 * because Salesforce locks the Account row for its children. A child that has to wait for its parent takes it along into its own tier.
 */
import type { Query } from '../../db/database.ts'
import { type Entity, rankOf } from '../../model/model.ts'

export type Target = { entity: Entity; clerkId: string }

/** What goes first: the smaller number. */
export const tiers: {
  readonly live: 0
  readonly retry: 1
  readonly backfill: 2
  readonly reconcile: 3
  /** Planned and not said yes to: never claimed, until it is marked for another reason. */
  readonly planned: 4
} = {
  live: 0,
  retry: 1,
  backfill: 2,
  reconcile: 3,
  planned: 4,
}
export type Tier = 0 | 1 | 2 | 3 | 4

/** A claimed link. */
export type Claim = {
  linkId: number
  entity: Entity
  clerkId: string
  salesforceId: string | null
  base: { readonly [field: string]: string | number | boolean | null } | null
  version: number
  attempts: number
  look: boolean
  /** As it was claimed. */
  tier: Tier
  /** Fields that somebody else manages in Clerk, as Clerk said in the last day: after it, it is asked again. */
  managed: readonly string[]
  /** The record on Clerk's side was erased. */
  erased: boolean
  /** The run that found it; null: something live did, or a person. */
  runId: number | null
}

// As a join, the planner reads all links of a page of a scan as soon as there are some ten thousand, and until there are very many.
const ensureLinks = `
  insert into clerkforce.link (entity, clerk_id)
  select wanted.entity, wanted.clerk_id from unnest($1::text[], $2::text[]) as wanted(entity, clerk_id)
  left join lateral (
    select true as there from clerkforce.link where entity = wanted.entity and clerk_id = wanted.clerk_id limit 1) l on true
  where l.there is null
  order by wanted.entity, wanted.clerk_id
  on conflict (entity, clerk_id) do nothing`

// What a run finds is of the newest one of its tier, for there is one of each at a time. What is live does not even ask.
const runOf = (tier: string): string =>
  `case when ${tier}::smallint >= ${tiers.backfill} then (select max(id) from clerkforce.run where tier = ${tier}::smallint) end`

// What is due already and in nobody's hands stays as it is: whoever claims it reads what is known by then.
// What a scan finds is all due from when it was asked for, so that it goes Account by Account and not as the pages came: or one batch would hold
// all Accounts, and no other could go beside it.
const dueFrom = `case when $5::smallint >= ${tiers.backfill} then
  coalesce((select max(asked_at) from clerkforce.run where tier = $5::smallint), $4::bigint) else $4::bigint end`

// The group of a person is the organization of the oldest membership that is not deleted: nearly always the primary Account.
// Only Clerk's memberships have a person_id. To name side and entity too would let PostgreSQL, while it has no statistics, read all
// memberships through the primary key for each person.
const mark = `
  insert into clerkforce.dirty as mine (link_id, rank, group_key, version, due_at, tier, run_id)
  select l.id, wanted.rank,
    case wanted.entity
      when 'person' then coalesce((
        select r.organization_id from clerkforce.record r
        where r.person_id = l.clerk_id and r.deleted_at is null
        order by r.version, r.id limit 1), l.clerk_id)
      when 'membership' then coalesce((
        select r.organization_id from clerkforce.record r where r.side = 'clerk' and r.entity = 'membership' and r.id = l.clerk_id), l.clerk_id)
      else l.clerk_id
    end,
    1, ${dueFrom}, $5::smallint, ${runOf('$5')}
  from unnest($1::text[], $2::text[], $3::smallint[]) as wanted(entity, clerk_id, rank), lateral (
    select id, clerk_id from clerkforce.link where entity = wanted.entity and clerk_id = wanted.clerk_id offset 0) l
  order by wanted.rank, l.id
  on conflict (link_id) do update set
    version = mine.version + 1,
    tier = least(mine.tier, excluded.tier),
    run_id = case when excluded.tier <= mine.tier then excluded.run_id else mine.run_id end,
    group_key = case when mine.leased_by is null then excluded.group_key else mine.group_key end,
    due_at = case when mine.leased_by is null then least(mine.due_at, excluded.due_at) else mine.due_at end,
    attempts = 0,
    waits_for = null
  where mine.leased_by is not null or mine.tier > excluded.tier or mine.group_key <> excluded.group_key or mine.due_at > excluded.due_at
    or mine.attempts > 0 or mine.waits_for is not null or (mine.tier = excluded.tier and mine.run_id is distinct from excluded.run_id)`

// New facts are a reason to try a parked link again.
// A fight brings them itself, over and over, and the journal is not to grow by that; nor by what a person has undone and set aside.
const unpark = `
  with parked as (
    select l.id, l.salesforce_id, l.parked_code from unnest($1::text[], $2::text[]) as wanted(entity, clerk_id), lateral (
      select * from clerkforce.link where entity = wanted.entity and clerk_id = wanted.clerk_id limit 1) l
    where l.parked_at is not null),
  told as (
    insert into clerkforce.change (at, link_id, side, kind, salesforce_id, reason, fields, result, run_id)
    select $3, id, 'salesforce', 'unpark', salesforce_id, 'something new is known of it', '{}', 'again', ${runOf('$4')} from parked
    where parked_code is distinct from 'FIGHT' and parked_code is distinct from 'UNDONE' order by id)
  update clerkforce.link l set parked_at = null, parked_code = null, parked_reason = null
  where l.id = any (array(select id from parked))`

/** Marks links dirty, making those that do not exist yet. Of several marks the smallest tier counts. */
export const markDirty = async (
  query: Query,
  targets: readonly Target[],
  now: number,
  tier: Tier = tiers.live,
): Promise<void> => {
  if (targets.length === 0) return
  // One statement cannot touch a row twice.
  const byKey = new Map(targets.map((one) => [`${one.entity} ${one.clerkId}`, one]))
  const sorted = [...byKey.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one)
  const names = sorted.map((one) => one.entity)
  const ids = sorted.map((one) => one.clerkId)
  await query(ensureLinks, [names, ids])
  await query(mark, [names, ids, sorted.map((one) => rankOf[one.entity]), now, tier])
  await query(unpark, [names, ids, now, tier])
}

/** SQL: of a link `l`, the fields that somebody else manages in Clerk. After a day Clerk is asked again by trying. */
export const stillManaged = (now: string): string =>
  `case when l.managed_at > ${now}::bigint - 86400000 then l.managed else '{}' end`

/**
 * Ends the name of a lease whose links are written by a bulk job. It takes a while and locks an Account for moments only, so that what is live
 * does not wait for the Accounts of it.
 */
export const jobLease: string = '/job'

// `not in` instead of `not exists`: the leased Accounts are read once and hashed. As an anti-join they were compared one by one with every
// due link, because no statistics can tell how many are leased at the moment: 800 ms for 20,000 due links, instead of 5.
// `= any (array(...))` instead of a join: always by the primary key, which the planner otherwise leaves for a scan of the table.
// A lease that ran out was held by somebody who may have written without settling: what we remember is not to be trusted, so look.
// The minute is compared besides the time because it is what `dirty_due` holds: links that wait for later are not even read.
const claim = `
  with picked as (
    select d.link_id from clerkforce.dirty d
    where d.rank = $1 and d.tier = $6 and d.due_at <= $2 and d.due_at / 60000 <= $2::bigint / 60000
      and d.group_key not in (
        select o.group_key from clerkforce.dirty o
        where o.leased_by is not null and o.due_at > $2 and ($6 >= ${tiers.backfill} or o.leased_by not like '%${jobLease}'))
    order by d.rank, d.tier, d.due_at / 60000, d.group_key, d.link_id
    limit $3 for update of d skip locked),
  leased as (
    update clerkforce.dirty d set leased_by = $4, due_at = $5, waits_for = null, look = d.look or d.leased_by is not null
    where d.link_id = any (array(select link_id from picked))
    returning d.link_id, d.version, d.attempts, d.look, d.tier, d.run_id, d.group_key)
  select leased.link_id as "linkId", l.entity, l.clerk_id as "clerkId", l.salesforce_id as "salesforceId", l.base,
    leased.version, leased.attempts, leased.look, leased.tier,
    ${stillManaged('$2')} as managed, l.erased, leased.run_id as "runId"
  from leased join clerkforce.link l on l.id = leased.link_id
  order by leased.group_key, leased.link_id`

const dueUpTo = `
  select count(*) as count from (
    select 1 from clerkforce.dirty d
    where d.rank = $1 and d.tier = $2 and d.due_at <= $3 and d.due_at / 60000 <= $3::bigint / 60000
    order by d.rank, d.tier, d.due_at / 60000 limit $4) one`

/** How many links of one entity and tier are due, counted up to `most`. */
export const countDue = async (
  query: Query,
  entity: Entity,
  { tier, now, most }: { tier: Tier; now: number; most: number },
): Promise<number> => {
  const [row] = await query<{ count: number }>(dueUpTo, [rankOf[entity], tier, now, most])
  return row?.count ?? 0
}

/** Takes up to `limit` due links of one entity and tier under the lease `lease`. */
export const claimDirty = (
  query: Query,
  entity: Entity,
  options: { limit: number; now: number; leaseMs: number; lease: string; tier?: Tier },
): Promise<Claim[]> => {
  const { limit, now, leaseMs, lease, tier = tiers.live } = options
  return query<Claim>(claim, [rankOf[entity], now, limit, lease, now + leaseMs, tier])
}

// In the order of `dirty_due`, or the planner reads the table from its beginning and hopes to find some soon.
// What a run finds is held back until it has scanned everything: a person without its memberships would be written twice. Of two runs of one tier
// the older says what may go, for the younger is not worked on before it has ended: else they would wait for each other.
const due = `
  select rank.rank, tier.tier, due.count from unnest(array[0, 1, 2, 3]) as rank(rank), unnest(array[0, 1, 2, 3]) as tier(tier),
    lateral (select count(*) from (
      select 1 from clerkforce.dirty d
      where d.rank = rank.rank and d.tier = tier.tier and d.due_at <= $1 and d.due_at / 60000 <= $1::bigint / 60000
      order by d.rank, d.tier, d.due_at / 60000 limit $2) one) due
  where due.count > 0 and rank.rank <= coalesce((
    select r.released from clerkforce.run r where r.finished_at is null and r.state <> 'loading' and r.tier = tier.tier
    order by r.id limit 1), 3)
  order by tier.tier, rank.rank`

export type LookOptions = {
  /** @default live */
  tier?: Tier
  /** What the same transaction has to mark besides: all at once, because of the order of locks. */
  beside?: readonly Target[]
}

/** Marks links dirty that are to be looked up in Salesforce before anything else. */
export const lookAgain = async (
  query: Query,
  linkIds: readonly number[],
  now: number,
  { tier = tiers.live, beside = [] }: LookOptions = {},
): Promise<void> => {
  if (linkIds.length === 0) return markDirty(query, beside, now, tier)
  const targets = await query<Target>(
    'select entity, clerk_id as "clerkId" from clerkforce.link where id = any($1) and clerk_id is not null',
    [linkIds],
  )
  await markDirty(query, [...targets, ...beside], now, tier)
  await query('update clerkforce.dirty set look = true where link_id = any($1)', [linkIds])
}

export type Due = { tier: Tier; rank: number; count: number }

/** How many links are due for each tier and rank, in the order in which they go, counted up to `most`; those with none are left out. */
export const dueLinks = (query: Query, now: number, most: number): Promise<Due[]> => query<Due>(due, [now, most])

/**
 * Takes claims out of their Account's group: they are done with Salesforce and wait for Clerk, and nobody has to wait for them.
 */
export const leaveGroup = async (query: Query, claims: readonly Claim[], lease: string): Promise<void> => {
  await query(
    `update clerkforce.dirty set group_key = 'carried/' || link_id where link_id = any (array(
       select link_id from clerkforce.dirty where link_id = any($1) and leased_by = $2 order by rank, link_id for update))`,
    [claims.map(({ linkId }) => linkId), lease],
  )
}

/** Removes settled links; those marked meanwhile stay, due at once. */
export const settleDirty = async (
  query: Query,
  claims: readonly Claim[],
  lease: string,
  now: number,
): Promise<void> => {
  if (claims.length === 0) return
  const ids = claims.map((one) => one.linkId)
  await query(
    // Each by the primary key: as a join, the planner reads the whole table for a thousand of them.
    `delete from clerkforce.dirty where ctid = any (array(
       select d.ctid from unnest($1::bigint[], $2::bigint[]) as done(link_id, version), lateral (
         select ctid, version, leased_by from clerkforce.dirty where link_id = done.link_id offset 0) d
       where d.version = done.version and d.leased_by = $3))`,
    [ids, claims.map((one) => one.version), lease],
  )
  await query(
    'update clerkforce.dirty set leased_by = null, due_at = $3, attempts = 0 where link_id = any($1) and leased_by = $2',
    [ids, lease, now],
  )
}

/** How a claim is given back undone. */
export type Release = {
  claim: Claim
  dueAt: number
  attempts: number
  look: boolean
  /** The parent link that wakes it. */
  waitsFor?: number | undefined
}

// A parent that is being settled at this moment has either woken its waiting children before this one waits, or shows here as settled:
// its row cannot go while we hold it.
const parents = 'select 1 from clerkforce.dirty where link_id = any($1) order by rank, link_id for key share'

// While a plan is applied, a parent that a person has struck off it does not come along with its children.
const mayGo = `(tier < ${tiers.planned} or $2 < ${tiers.backfill}
    or not exists (select 1 from clerkforce.run where kind = 'apply' and finished_at is null and state <> 'loading'))`

// Otherwise somebody who signs up during a backfill would wait for the end of it. All are locked in one order, not only those that change.
const promote = `
  with held as materialized (
    select link_id, tier from clerkforce.dirty where link_id = any($1) order by rank, link_id for no key update)
  update clerkforce.dirty set tier = $2 where link_id = any (array(select link_id from held where tier > $2 and ${mayGo}))`
const anyLater = `select 1 from clerkforce.dirty where link_id = any($1) and tier > $2 and ${mayGo} limit 1`

/**
 * Keeps the parents that these wait for as they are until the transaction ends, but for their tier, which becomes that of the child; before the
 * claims themselves, for parents come first.
 */
export const holdParents = async (query: Query, releases: readonly Release[]): Promise<void> => {
  const waiting = releases.filter(({ waitsFor }) => waitsFor !== undefined)
  if (waiting.length === 0) return
  const tier = Math.min(...waiting.map(({ claim }) => claim.tier))
  const ids = [...new Set(waiting.flatMap(({ waitsFor }) => waitsFor ?? []))]
  if ((await query(anyLater, [ids, tier])).length > 0) await query(promote, [ids, tier])
  else await query(parents, [ids])
}

/**
 * Gives claims back; what was marked meanwhile, or waits for a parent that was settled meanwhile, becomes due at once. Their parents are held
 * (`holdParents`).
 */
export const releaseDirty = async (
  query: Query,
  releases: readonly Release[],
  lease: string,
  now: number,
): Promise<void> => {
  if (releases.length === 0) return
  await query(
    `update clerkforce.dirty d set leased_by = null, look = back.look or (d.look and d.version <> back.version), waits_for = back.waits_for,
       attempts = case when d.version = back.version then back.attempts else 0 end,
       tier = case when d.version = back.version and back.attempts > 0 then greatest(d.tier, 1) else d.tier end,
       due_at = case
         when d.version <> back.version then $7
         when not exists (select 1 from clerkforce.dirty parent where parent.link_id = back.waits_for)
           and exists (select 1 from clerkforce.link l where l.id = back.waits_for and l.parked_at is null) then $7
         else back.due_at
       end
     from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::integer[], $5::boolean[], $6::bigint[])
       as back(link_id, version, due_at, attempts, look, waits_for)
     where d.link_id = back.link_id and d.leased_by = $8`,
    [
      releases.map((one) => one.claim.linkId),
      releases.map((one) => one.claim.version),
      releases.map((one) => one.dueAt),
      releases.map((one) => one.attempts),
      releases.map((one) => one.look),
      releases.map((one) => one.waitsFor ?? null),
      now,
      lease,
    ],
  )
}

/** Puts claims back that nobody has said yes to: they stay as planned, and are not due. */
export const putAside = async (query: Query, linkIds: readonly number[], lease: string, now: number): Promise<void> => {
  await query(
    `update clerkforce.dirty set leased_by = null, due_at = $3, tier = ${tiers.planned} where link_id = any (array(
       select link_id from clerkforce.dirty where link_id = any($1) and leased_by = $2 order by rank, link_id for update))`,
    [linkIds, lease, now],
  )
}

// In the order of all who take several rows.
const leased = (which: string): string => `
  link_id = any (array(select link_id from clerkforce.dirty where ${which} order by rank, link_id for update))`

/**
 * Has some of what was only planned for an entity worked off by a backfill: that brings over everything, whoever saw it first.
 * @returns how many; 0 once there is nothing left
 */
export const takeUpPlanned = async (
  query: Query,
  entity: Entity,
  { runId, dueAt, limit }: { runId: number; dueAt: number; limit: number },
): Promise<number> => {
  const rows = await query(
    `update clerkforce.dirty set tier = ${tiers.backfill}, run_id = $2, due_at = case when leased_by is null then $3 else due_at end
     where link_id = any (array(select link_id from clerkforce.dirty where link_id = any (array(
       select link_id from clerkforce.dirty where rank = $1 and tier = ${tiers.planned}
       order by rank, tier, due_at / 60000, group_key, link_id limit $4)) order by rank, link_id for update))
     returning 1`,
    [rankOf[entity], runId, dueAt, limit],
  )
  return rows.length
}

/** Gives back what one claim holds and could not settle: it may have been written, so it is looked at again. */
export const giveBack = async (query: Query, lease: string, now: number): Promise<void> => {
  await query(
    `update clerkforce.dirty set leased_by = null, due_at = $2, look = true where ${leased('leased_by = $1')}`,
    [lease, now],
  )
}

/** The same for everything that a process holds (its leases start with its name): at a stop, or a start on a database of its own. */
export const giveBackAll = async (query: Query, prefix: string, now: number): Promise<void> => {
  await query(
    `update clerkforce.dirty set leased_by = null, due_at = $2, look = true where ${leased("leased_by like $1 || '%'")}`,
    [prefix, now],
  )
}

/** The claims that are still held under the lease, locked until the transaction ends: only what is held may be settled. */
export const holdClaims = async (query: Query, claims: readonly Claim[], lease: string): Promise<Set<number>> => {
  const rows = await query<{ id: number }>(
    'select link_id as id from clerkforce.dirty where link_id = any($1) and leased_by = $2 order by rank, link_id for update',
    [claims.map((one) => one.linkId), lease],
  )
  return new Set(rows.map((row) => row.id))
}

/**
 * Prolongs leases that are still at work. By name and not by process: of a lease whose claim or end was lost with a connection nobody knows, and
 * it has to run out.
 */
export const renewLeases = async (query: Query, leases: readonly string[], until: number): Promise<void> => {
  await query(`update clerkforce.dirty set due_at = $2 where ${leased('leased_by = any($1)')}`, [leases, until])
}

/** Makes links due that waited for these. */
export const wakeWaiting = async (query: Query, linkIds: readonly number[], now: number): Promise<void> => {
  if (linkIds.length === 0) return
  await query(
    `update clerkforce.dirty set due_at = $2, waits_for = null where link_id = any (array(
       select d.link_id from clerkforce.dirty d where d.leased_by is null and d.link_id = any (array(
         select child.link_id from unnest($1::bigint[]) as parent(id),
           lateral (select d.link_id from clerkforce.dirty d where d.waits_for = parent.id offset 0) child))
       order by d.rank, d.link_id for update))`,
    [linkIds, now],
  )
}
