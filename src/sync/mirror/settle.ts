/**
 * Settle: stores the result of one claimed batch in one transaction: what Salesforce now holds, the new base, the journal, and
 * "clean at the version that was claimed". Until it commits nothing is settled: a process killed before it leaves a lease that runs
 * out, and the next one plans again from what Salesforce shows.
 */
import type { Database, Query } from '../../db/database.ts'
import { toJsonb } from '../../db/jsonb.ts'
import type { Entity, Fields, Observation } from '../../model/model.ts'
import {
  type Claim,
  holdClaims,
  holdParents,
  lookAgain,
  markDirty,
  type Release,
  releaseDirty,
  settleDirty,
  stillManaged,
  tiers,
  wakeWaiting,
} from './dirty.ts'
import { bareOutcome, noteErased } from './erased.ts'
import { type Entry, type Line, writeLines } from './journal.ts'
import { observeClerk } from './observe.ts'
import { linesOf } from './pairings.ts'
import { markStale } from './stale.ts'

/** What a Salesforce record looks like after a look or a write of ours. */
export type Held = {
  id: string
  fields: Fields
  version: number
  deletedAt?: number
  /** When it was asked for, in ms of our clock; 0 for what we only remember. A newer sight is never overwritten by an older one. */
  asOf: number
  /** What we wrote since: true unless the record was asked for after our write was answered. */
  sent?: Fields
  /** When the call that carried it began, and when it was answered. */
  sentFrom?: number
  sentAt?: number
}

/** The Salesforce record that a link is paired with, and what the two sides agree on. */
export type Agreed = {
  salesforceId: string | null
  base: Fields | null
  /** The record was found by what it says, not by our key. */
  adopted?: boolean
  /** Why there was nothing to write, for the journal of pairs. */
  reason?: string
}

export type Outcome = {
  claim: Claim
  held?: Held
  entries?: readonly Entry[]
  /** Salesforce records that a write referred to and that Salesforce says are gone: their own links have to look. */
  missing?: readonly string[]
  /** What Clerk answered to a write of ours. */
  observed?: readonly Observation[]
  /** Fields that somebody else manages in Clerk, as Clerk said. */
  managed?: readonly string[]
} & (
  | { end: 'settled'; agreed: Agreed }
  /** One side may have been written all the same: then that is agreed on. */
  | { end: 'parked'; code: string; reason: string; agreed?: Agreed }
  | { end: 'released'; release: Release; agreed?: Agreed }
)

// Somebody else (a read-back) may have seen the record since it was asked for here: then only what we sent since is news. And not even that
// where it was seen after our write was answered: what an automation made of it is there already.
const remember = `
  insert into clerkforce.record as mine (side, entity, id, body, version, seen, deleted_at)
  select 'salesforce', $1, held.id, held.body, held.version, held.seen, held.deleted_at
  from unnest($2::text[], $3::jsonb[], $4::bigint[], $5::bigint[], $6::bigint[]) as held(id, body, version, deleted_at, seen)
  order by held.id collate "C"
  on conflict (side, entity, id) do update set
    body = excluded.body, version = greatest(mine.version, excluded.version), seen = excluded.seen, deleted_at = excluded.deleted_at
  where excluded.seen >= mine.seen
  returning id, xmax = 0 as inserted`

// Records before dirty rows, as whoever observes takes them: never two that wait for each other. And whatever was observed meanwhile is seen.
const lockedRecords = `
  select 1 from clerkforce.record where side = $1 and entity = any($2) and id = any($3) order by entity, id collate "C" for update`

const lockRecords = async (query: Query, entity: Entity, outcomes: readonly Outcome[]): Promise<void> => {
  const ids = outcomes.flatMap(({ held }) => held?.id ?? [])
  const observed = outcomes.flatMap((one) => one.observed ?? [])
  const entitiesOf = [...new Set(observed.map((one) => one.entity))]
  if (observed.length > 0) await query(lockedRecords, ['clerk', entitiesOf, observed.map(({ id }) => id)])
  if (ids.length > 0) await query(lockedRecords, ['salesforce', [entity], ids])
}

const rememberSent = `
  with held as (
    select sent.*, before.seen, before.body from unnest($2::text[], $3::jsonb[], $4::bigint[], $5::bigint[]) as sent(id, fields, sent_from, sent_at),
      lateral (select seen, body from clerkforce.record where side = 'salesforce' and entity = $1 and id = sent.id limit 1) before),
  remembered as (
    update clerkforce.record r set body = r.body || held.fields, seen = held.sent_at from held
    where r.side = 'salesforce' and r.entity = $1 and r.id = held.id and r.seen < held.sent_at
    returning r.id, held.seen >= held.sent_from as crossed)
  select id, crossed, false as undone from remembered
  union all
  select id, false, true from held where seen >= sent_at and not body @> fields`

/**
 * A record that we wrote to. `crossed`: somebody asked for it while our call was out, before or after our write. `undone`: it was seen since,
 * and does not hold what we sent. Neither: nobody has seen it since.
 */
type Written = { id: string; crossed: boolean; undone: boolean }

const rememberHeld = async (query: Query, entity: Entity, outcomes: readonly Outcome[]): Promise<Written[]> => {
  const byId = new Map(outcomes.flatMap(({ held }) => (held ? [[held.id, held] as const] : [])))
  if (byId.size === 0) return []
  const held = [...byId.values()]
  const stored = await query<{ id: string; inserted: boolean }>(remember, [
    entity,
    held.map((one) => one.id),
    held.map((one) => toJsonb(one.fields)),
    held.map((one) => one.version),
    held.map((one) => one.deletedAt ?? null),
    held.map((one) => one.asOf),
  ])
  // What we have just made nobody can have seen, unless its row was there already.
  const fresh = new Set(stored.flatMap(({ id, inserted }) => (inserted ? [id] : [])))
  const isMade = ({ id, asOf, sentAt = 0 }: Held): boolean => asOf >= sentAt && fresh.has(id)
  const made = held.filter((one) => one.sent !== undefined && isMade(one))
  const written = held.filter((one) => one.sent !== undefined && !isMade(one))
  const crossings =
    written.length === 0
      ? []
      : await query<Written>(rememberSent, [
          entity,
          written.map(({ id }) => id),
          written.map(({ sent }) => toJsonb(sent ?? {})),
          written.map(({ sentFrom }) => sentFrom ?? 0),
          written.map(({ sentAt }) => sentAt ?? 0),
        ])
  return [...made.map(({ id }) => ({ id, crossed: false, undone: false })), ...crossings]
}

/**
 * What we wrote is read back once: when its change event comes, or after a while when none does. An automation that undoes a write in its own
 * transaction leaves no event that names the field, and perhaps none at all: an event tells what is different at the end of a transaction
 * (Change Data Capture guide, Multiple Changes for the Same Record).
 */
const readBackLater = async (
  query: Query,
  entity: Entity,
  written: readonly Written[],
  now: number,
  at: number,
): Promise<void> => {
  if (entity === 'invitation') return
  const stale = (crossed: boolean) =>
    written
      .filter((one) => !one.undone && one.crossed === crossed)
      .map(({ id }) => ({ entity, id, committedAt: 0, gone: false }))
  await markStale(query, stale(true), now)
  await markStale(query, stale(false), now, at)
}

// A Salesforce record belongs to one link: the newest membership of a pair takes the relation over from an older one. A person or
// organization that loses its record because two processes adopted it at the same time has to find or make one of its own. One that loses
// it because a person gave it to another keeps the base: that it once had a record is why no second one is made by itself.
const giveUp = `
  with taken as materialized (
    select other.id, one.* from unnest($2::bigint[], $3::text[], $4::boolean[]) as one(link_id, salesforce_id, adopted), lateral (
      select id from clerkforce.link where entity = $1 and salesforce_id = one.salesforce_id limit 1) other
    where other.id <> one.link_id)
  update clerkforce.link l set salesforce_id = null, base = case when taken.adopted then null else l.base end
  from taken where l.id = taken.id and l.id = any (array(select id from taken))
  returning l.id, taken.salesforce_id as "salesforceId", taken.link_id as "takenBy"`

const agree = `
  update clerkforce.link l set base = done.base, parked_at = null, parked_code = null, parked_reason = null
  from unnest($1::bigint[], $2::jsonb[]) as done(link_id, base) where l.id = done.link_id`

// Apart from `agree`, because salesforce_id is indexed: touching it would cost two index entries with every settled write.
const pair = `
  update clerkforce.link l
  set base = done.base, salesforce_id = done.salesforce_id, parked_at = null, parked_code = null, parked_reason = null
  from unnest($1::bigint[], $2::jsonb[], $3::text[]) as done(link_id, base, salesforce_id) where l.id = done.link_id`

type Settled = { claim: Claim } & Agreed
type Loser = { id: number; salesforceId: string; takenBy: number }

const agreedOf = (outcomes: readonly Outcome[]): Settled[] =>
  outcomes.flatMap(({ claim, agreed }) => (agreed ? [{ claim, ...agreed }] : []))
const idsOf = (settled: readonly Settled[]): number[] => settled.map(({ claim }) => claim.linkId)
const basesOf = (settled: readonly Settled[]): (string | null)[] =>
  settled.map(({ base }) => (base ? toJsonb(base) : null))

const settleLinks = async (query: Query, entity: Entity, settled: readonly Settled[], now: number): Promise<void> => {
  const moved = settled.filter(({ claim, salesforceId }) => claim.salesforceId !== salesforceId)
  const stayed = settled.filter(({ claim, salesforceId }) => claim.salesforceId === salesforceId)
  if (moved.length > 0) {
    const salesforceIds = moved.map(({ salesforceId }) => salesforceId)
    const adopted = moved.map((one) => entity === 'membership' || one.adopted === true)
    const losers = await query<Loser>(giveUp, [entity, idsOf(moved), salesforceIds, adopted])
    if (entity !== 'membership')
      await lookAgain(
        query,
        losers.map(({ id }) => id),
        now,
      )
    await query(pair, [idsOf(moved), basesOf(moved), salesforceIds])
    const runs = new Map(moved.map(({ claim }) => [claim.linkId, claim.runId]))
    await writeLines(
      query,
      losers.map((one) => ({ ...lostLine(one), runId: runs.get(one.takenBy) ?? null })),
      now,
    )
  }
  if (stayed.length > 0) await query(agree, [idsOf(stayed), basesOf(stayed)])
}

const park = `
  update clerkforce.link l set parked_at = $4, parked_code = done.code, parked_reason = done.reason
  from unnest($1::bigint[], $2::text[], $3::text[]) as done(link_id, code, reason) where l.id = done.link_id`

const lostLine = ({ id, salesforceId, takenBy }: Loser): Line => ({
  linkId: id,
  entry: {
    side: 'salesforce',
    kind: 'unlink',
    salesforceId,
    reason: `its record was found to belong to link ${takenBy}`,
    fields: {},
    result: 'done',
  },
})

const writeJournal = (query: Query, outcomes: readonly Outcome[], now: number): Promise<void> =>
  writeLines(
    query,
    outcomes.flatMap((outcome) => {
      const { linkId, runId } = outcome.claim
      return linesOf(outcome).map((entry) => ({ linkId, runId, entry }))
    }),
    now,
  )

// Members that went ahead without this Account (it was parked) have to be planned again now that it exists.
const membersOf = `
  select 'person' as entity, r.person_id as "clerkId" from clerkforce.record r
    join clerkforce.link l on l.entity = 'person' and l.clerk_id = r.person_id
    where r.organization_id = any($1)
      and not exists (select 1 from clerkforce.dirty d where d.link_id = l.id and d.leased_by is null)
  union
  select 'membership', r.id from clerkforce.record r
    join clerkforce.link l on l.entity = 'membership' and l.clerk_id = r.id
    where r.organization_id = any($1)
      and not exists (select 1 from clerkforce.dirty d where d.link_id = l.id and d.leased_by is null)`

const membershipsOf = `
  select 'membership' as entity, r.id as "clerkId" from unnest($1::text[]) as wanted(id), lateral (
    select id from clerkforce.record where person_id = wanted.id offset 0) r`

const wakeChildren = async (query: Query, entity: Entity, settled: readonly Settled[], now: number): Promise<void> => {
  if (entity === 'membership' || settled.length === 0) return
  await wakeWaiting(
    query,
    settled.map(({ claim }) => claim.linkId),
    now,
  )
  const paired = settled.filter(
    ({ claim, salesforceId }) => salesforceId !== null && salesforceId !== claim.salesforceId,
  )
  // The memberships of a person wait for its first Contact; those of one that has another Contact now do not.
  const fresh = entity === 'organization' ? paired : paired.filter(({ claim }) => claim.salesforceId !== null)
  if (fresh.length === 0) return
  const children = entity === 'organization' ? membersOf : membershipsOf
  // A batch has one tier: what follows from a scan is no live change.
  const tier = fresh[0]?.claim.tier
  await markDirty(query, await query(children, [fresh.map(({ claim }) => claim.clerkId)]), now, tier)
}

const parentsWith = `
  select id from clerkforce.link where entity in ('organization', 'person') and salesforce_id = any($1)`

const lookAtMissing = async (query: Query, outcomes: readonly Outcome[], now: number): Promise<void> => {
  const missing = [...new Set(outcomes.flatMap((one) => one.missing ?? []))]
  if (missing.length === 0) return
  const parents = await query<{ id: number }>(parentsWith, [missing])
  await lookAgain(
    query,
    parents.map(({ id }) => id),
    now,
  )
}

const manage = `
  update clerkforce.link l set managed_at = $3::bigint,
    managed = array(select distinct unnest(${stillManaged('$3')} || $2::text[]) order by 1)
  where l.id = $1`

/**
 * Stores the outcomes of one batch of one entity, claimed under `lease`. What is no longer held (the lease ran out and another process has
 * it) is left out: its new holder looks at Salesforce and knows better.
 * @param readBackAt when to read back what was written, should no event of it come until then.
 */
export const settle = (
  db: Database,
  entity: Entity,
  all: readonly Outcome[],
  lease: string,
  now: number,
  readBackAt?: number,
): Promise<void> =>
  db.transaction(async (query) => {
    await lockRecords(query, entity, all)
    // Parents before children, as everybody takes dirty rows.
    await lookAtMissing(query, all, now)
    await holdParents(
      query,
      all.flatMap((one) => (one.end === 'released' ? [one.release] : [])),
    )
    const held = await holdClaims(
      query,
      all.map(({ claim }) => claim),
      lease,
    )
    const outcomes = all.filter(({ claim }) => held.has(claim.linkId)).map(bareOutcome)
    const settled = outcomes.filter((one) => one.end === 'settled')
    const parked = outcomes.filter((one) => one.end === 'parked')
    const written = await rememberHeld(query, entity, outcomes)
    await settleLinks(query, entity, agreedOf(outcomes), now)
    for (const { claim, managed } of outcomes) if (managed) await query(manage, [claim.linkId, managed, now])
    if (parked.length > 0)
      await query(park, [
        parked.map(({ claim }) => claim.linkId),
        parked.map(({ code }) => code),
        parked.map(({ reason }) => reason),
        now,
      ])
    await writeJournal(query, outcomes, now)
    await noteErased(query, outcomes, now)
    await settleDirty(
      query,
      [...settled, ...parked].map(({ claim }) => claim),
      lease,
      now,
    )
    await releaseDirty(
      query,
      outcomes.flatMap((one) => (one.end === 'released' ? [one.release] : [])),
      lease,
      now,
    )
    const undone = new Set(written.flatMap((one) => (one.undone ? [one.id] : [])))
    await markDirty(
      query,
      settled.flatMap(({ claim, held: { id } = { id: '' } }) => (undone.has(id) ? [claim] : [])),
      now,
    )
    await wakeChildren(query, entity, agreedOf(outcomes.filter((one) => one.end === 'settled')), now)
    // After the claims are done: what Clerk answered makes its links dirty again, and they find that all is well.
    await observeClerk(
      query,
      outcomes.flatMap(({ observed = [] }) => observed),
      now,
      { tier: outcomes[0]?.claim.tier ?? tiers.live },
    )
    if (readBackAt !== undefined) await readBackLater(query, entity, written, now, readBackAt)
  })
