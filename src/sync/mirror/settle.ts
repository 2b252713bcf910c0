/**
 * Settle: stores the result of one claimed batch in one transaction: what Salesforce now holds, the new base, the journal, and
 * "clean at the version that was claimed". Until it commits nothing is settled: a process killed before it leaves a lease that runs
 * out, and the next one plans again from what Salesforce shows.
 */
import type { Database, Query } from '../../db/database.ts'
import { toJsonb } from '../../db/jsonb.ts'
import type { Entity, Fields } from '../../model/model.ts'
import {
  type Claim,
  holdClaims,
  lookAgain,
  markDirty,
  type Release,
  releaseDirty,
  settleDirty,
  wakeWaiting,
} from './dirty.ts'

/** What a Salesforce record looks like after a look or a write of ours. */
export type Held = { id: string; fields: Fields; version: number; deletedAt?: number }

/** A line of the journal. */
export type Entry = {
  kind: string
  salesforceId: string | null
  reason: string
  fields: { readonly [field: string]: { before: unknown; after: unknown; why: string } }
  result: string
  detail?: string
}

export type Outcome = {
  claim: Claim
  held?: Held
  entry?: Entry
  /** Salesforce records that a write referred to and that Salesforce says are gone: their own links have to look. */
  missing?: readonly string[]
} & (
  | { end: 'settled'; salesforceId: string | null; base: Fields | null }
  | { end: 'parked'; code: string; reason: string }
  | { end: 'released'; release: Release }
)

const remember = `
  insert into clerkforce.record (side, entity, id, body, version, seen, deleted_at)
  select 'salesforce', $1, held.id, held.body, held.version, 0, held.deleted_at
  from unnest($2::text[], $3::jsonb[], $4::bigint[], $5::bigint[]) as held(id, body, version, deleted_at)
  on conflict (side, entity, id) do update
    set body = excluded.body, version = greatest(clerkforce.record.version, excluded.version), deleted_at = excluded.deleted_at`

const rememberHeld = async (query: Query, entity: Entity, outcomes: readonly Outcome[]): Promise<void> => {
  const byId = new Map(outcomes.flatMap(({ held }) => (held ? [[held.id, held] as const] : [])))
  if (byId.size === 0) return
  const held = [...byId.values()]
  await query(remember, [
    entity,
    held.map((one) => one.id),
    held.map((one) => toJsonb(one.fields)),
    held.map((one) => one.version),
    held.map((one) => one.deletedAt ?? null),
  ])
}

// A Salesforce record belongs to one link: the newest membership of a pair takes the relation over from an older one. A person or
// organization that loses its record to another (two processes adopted it at the same time) has to find or make one of its own.
const giveUp = `
  update clerkforce.link l set salesforce_id = null, base = null
  from unnest($2::bigint[], $3::text[]) as taken(link_id, salesforce_id), lateral (
    select id from clerkforce.link where entity = $1 and salesforce_id = taken.salesforce_id limit 1) other
  where l.id = other.id and l.id <> taken.link_id
  returning l.id`

const agree = `
  update clerkforce.link l set base = done.base, parked_at = null, parked_code = null, parked_reason = null
  from unnest($1::bigint[], $2::jsonb[]) as done(link_id, base) where l.id = done.link_id`

// Apart from `agree`, because salesforce_id is indexed: touching it would cost two index entries with every settled write.
const pair = `
  update clerkforce.link l
  set base = done.base, salesforce_id = done.salesforce_id, parked_at = null, parked_code = null, parked_reason = null
  from unnest($1::bigint[], $2::jsonb[], $3::text[]) as done(link_id, base, salesforce_id) where l.id = done.link_id`

type Settled = Extract<Outcome, { end: 'settled' }>

const idsOf = (settled: readonly Settled[]): number[] => settled.map(({ claim }) => claim.linkId)
const basesOf = (settled: readonly Settled[]): (string | null)[] =>
  settled.map(({ base }) => (base ? toJsonb(base) : null))

const settleLinks = async (query: Query, entity: Entity, settled: readonly Settled[], now: number): Promise<void> => {
  const moved = settled.filter(({ claim, salesforceId }) => claim.salesforceId !== salesforceId)
  const stayed = settled.filter(({ claim, salesforceId }) => claim.salesforceId === salesforceId)
  if (moved.length > 0) {
    const salesforceIds = moved.map(({ salesforceId }) => salesforceId)
    const losers = await query<{ id: number }>(giveUp, [entity, idsOf(moved), salesforceIds])
    if (entity !== 'membership')
      await lookAgain(
        query,
        losers.map(({ id }) => id),
        now,
      )
    await query(pair, [idsOf(moved), basesOf(moved), salesforceIds])
  }
  if (stayed.length > 0) await query(agree, [idsOf(stayed), basesOf(stayed)])
}

const park = `
  update clerkforce.link l set parked_at = $4, parked_code = done.code, parked_reason = done.reason
  from unnest($1::bigint[], $2::text[], $3::text[]) as done(link_id, code, reason) where l.id = done.link_id`

const journal = `
  insert into clerkforce.change (at, link_id, side, kind, salesforce_id, reason, fields, result, detail)
  select $1, line.* from unnest($2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::jsonb[], $8::text[], $9::text[]) as line`

const writeJournal = async (query: Query, outcomes: readonly Outcome[], now: number): Promise<void> => {
  const lines = outcomes.flatMap(({ claim, entry }) => (entry ? [{ claim, entry }] : []))
  if (lines.length === 0) return
  await query(journal, [
    now,
    lines.map(({ claim }) => claim.linkId),
    lines.map(() => 'salesforce'),
    lines.map(({ entry }) => entry.kind),
    lines.map(({ entry }) => entry.salesforceId),
    lines.map(({ entry }) => entry.reason),
    lines.map(({ entry }) => toJsonb(entry.fields)),
    lines.map(({ entry }) => entry.result),
    lines.map(({ entry }) => entry.detail ?? null),
  ])
}

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

const wakeChildren = async (query: Query, entity: Entity, settled: readonly Settled[], now: number): Promise<void> => {
  if (entity === 'membership' || settled.length === 0) return
  await wakeWaiting(
    query,
    settled.map(({ claim }) => claim.linkId),
    now,
  )
  if (entity !== 'organization') return
  const fresh = settled.filter(({ claim, salesforceId }) => claim.salesforceId === null && salesforceId !== null)
  if (fresh.length === 0) return
  await markDirty(query, await query(membersOf, [fresh.map(({ claim }) => claim.clerkId)]), now)
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

/**
 * Stores the outcomes of one batch of one entity, claimed under `lease`. What is no longer held (the lease ran out and another process has
 * it) is left out: its new holder looks at Salesforce and knows better.
 */
export const settle = (
  db: Database,
  entity: Entity,
  all: readonly Outcome[],
  lease: string,
  now: number,
): Promise<void> =>
  db.transaction(async (query) => {
    const held = await holdClaims(
      query,
      all.map(({ claim }) => claim),
      lease,
    )
    const outcomes = all.filter(({ claim }) => held.has(claim.linkId))
    const settled = outcomes.filter((one) => one.end === 'settled')
    const parked = outcomes.filter((one) => one.end === 'parked')
    await rememberHeld(query, entity, outcomes)
    await settleLinks(query, entity, settled, now)
    if (parked.length > 0)
      await query(park, [
        parked.map(({ claim }) => claim.linkId),
        parked.map(({ code }) => code),
        parked.map(({ reason }) => reason),
        now,
      ])
    await writeJournal(query, outcomes, now)
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
    await wakeChildren(query, entity, settled, now)
    await lookAtMissing(query, outcomes, now)
  })
