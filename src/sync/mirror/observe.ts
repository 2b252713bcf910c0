/**
 * Observe: the one thing that everything does which tells us something. It stores what a side looked like, with that side's own
 * version, and marks the links concerned dirty, in the caller's transaction. It never calls anybody.
 *
 * What it promises, in whatever order and however often observations come:
 * - an older version never overwrites a newer one; equal versions are decided by the event's time, then by content, so that
 *   every order ends in the same body;
 * - a deletion is remembered (tombstone) and final: Clerk never uses an id twice, so nothing later can revive the record;
 * - the end of a user or an organization is the end of its memberships, whether or not Clerk sends an event for each;
 * - of somebody who was erased nothing is kept but ids and times (erased.ts).
 */

import type { Query } from '../../db/database.ts'
import { toJsonb } from '../../db/jsonb.ts'
import type { Entity, Observation } from '../../model/model.ts'
import { markDirty, type Target, type Tier, tiers } from './dirty.ts'
import { emptyObserved } from './erased.ts'
import { openGaps } from './gaps.ts'
import { recogniseInvited, recogniseMarks, watchEnded } from './granted.ts'

type Stored = {
  entity: Entity
  id: string
  inserted: boolean
  deleted: boolean
  person_id: string | null
  organization_id: string | null
}

const key = (one: Observation): string => `${one.side} ${one.entity} ${one.id}`

const wins = (a: Observation, b: Observation): boolean => {
  if (a.version !== b.version) return a.version > b.version
  if (a.seen !== b.seen) return a.seen > b.seen
  return JSON.stringify(a.body) > JSON.stringify(b.body)
}

/** Two sights of one record as one: the newer body, the earlier deletion. One statement cannot touch a row twice. */
const combine = (a: Observation, b: Observation): Observation => {
  const newer = wins(b, a) ? b : a
  const times = [a.deletedAt, b.deletedAt].filter((time) => time !== undefined)
  return times.length > 0 ? { ...newer, deletedAt: Math.min(...times) } : newer
}

const unique = (observations: readonly Observation[]): Observation[] => {
  const byKey = new Map<string, Observation>()
  for (const one of observations) {
    const before = byKey.get(key(one))
    byKey.set(key(one), before ? combine(before, one) : one)
  }
  // Sorted, so that two processes that observe the same records lock them in the same order.
  return [...byKey.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one)
}

// 200 rows in one statement are ten times as fast as one by one.
const store = `
  insert into clerkforce.record as mine (side, entity, id, body, version, seen, deleted_at, person_id, organization_id)
  select * from unnest($1::text[], $2::text[], $3::text[], $4::jsonb[], $5::bigint[], $6::bigint[], $7::bigint[], $8::text[], $9::text[])
  on conflict (side, entity, id) do update set
    body = case when (excluded.version, excluded.seen, md5(excluded.body::text)) > (mine.version, mine.seen, md5(mine.body::text))
                then excluded.body else mine.body end,
    seen = case when excluded.version > mine.version then excluded.seen
                when excluded.version = mine.version then greatest(mine.seen, excluded.seen) else mine.seen end,
    version = greatest(mine.version, excluded.version),
    deleted_at = least(mine.deleted_at, excluded.deleted_at),
    person_id = coalesce(mine.person_id, excluded.person_id),
    organization_id = coalesce(mine.organization_id, excluded.organization_id)
  where (excluded.version, excluded.seen, md5(excluded.body::text)) > (mine.version, mine.seen, md5(mine.body::text))
     or (excluded.deleted_at is not null and excluded.deleted_at < coalesce(mine.deleted_at, 9223372036854775807))
  returning entity, id, xmax = 0 as inserted, deleted_at is not null as deleted, person_id, organization_id`

const storeRecords = (query: Query, observations: readonly Observation[]): Promise<Stored[]> => {
  const rows = unique(observations)
  if (rows.length === 0) return Promise.resolve([])
  return query<Stored>(store, [
    rows.map((one) => one.side),
    rows.map((one) => one.entity),
    rows.map((one) => one.id),
    rows.map((one) => toJsonb(one.body)),
    rows.map((one) => one.version),
    rows.map((one) => one.seen),
    rows.map((one) => one.deletedAt ?? null),
    rows.map((one) => one.personId ?? null),
    rows.map((one) => one.organizationId ?? null),
  ])
}

// Only Clerk's memberships have these two columns; see `mark` in dirty.ts for why side and entity are not named, and `readMemberships` in
// context.ts for `offset 0`.
const membershipsOf = `
  select r.* from unnest($1::text[]) as wanted(id), lateral (
    select id, person_id, organization_id from clerkforce.record where person_id = wanted.id offset 0) r
  union
  select r.* from unnest($2::text[]) as wanted(id), lateral (
    select id, person_id, organization_id from clerkforce.record where organization_id = wanted.id offset 0) r`

/** The links that the stored changes can make a difference to. */
const affected = async (query: Query, stored: readonly Stored[]): Promise<Target[]> => {
  const targets = new Map<string, Target>()
  const add = (entity: Entity, id: string) => targets.set(`${entity} ${id}`, { entity, clerkId: id })
  const pairs = new Set<string>()
  const persons = new Set<string>()
  const endedPersons = new Set<string>()
  const endedOrganizations = new Set<string>()
  for (const row of stored) {
    add(row.entity, row.id)
    if (row.entity === 'person' && row.deleted) endedPersons.add(row.id)
    if (row.entity === 'organization' && row.deleted) endedOrganizations.add(row.id)
    if (row.entity === 'membership' && row.person_id && row.organization_id) {
      add('person', row.person_id)
      persons.add(row.person_id)
      pairs.add(`${row.person_id} ${row.organization_id}`)
    }
  }
  if (persons.size + endedPersons.size + endedOrganizations.size > 0) {
    const found = await query<{ id: string; person_id: string; organization_id: string }>(membershipsOf, [
      [...persons, ...endedPersons],
      [...endedOrganizations],
    ])
    for (const { id, person_id, organization_id } of found) {
      const ended = endedPersons.has(person_id) || endedOrganizations.has(organization_id)
      if (ended || pairs.has(`${person_id} ${organization_id}`)) add('membership', id)
      if (endedOrganizations.has(organization_id)) add('person', person_id)
    }
  }
  return [...targets.values()]
}

/** What records of Salesforce had asked for, in what is news. */
const recognise = async (
  query: Query,
  observations: readonly Observation[],
  stored: readonly Stored[],
  now: number,
): Promise<void> => {
  const rows = new Map(stored.map((row) => [`clerk ${row.entity} ${row.id}`, row]))
  const news = observations.filter((one) => rows.has(key(one)))
  // An organization may have been seen already, by an event that did not show the mark.
  const seen = observations.filter((one) => one.entity === 'organization' && !rows.has(key(one)))
  await recogniseMarks(query, [...news, ...seen], now)
  await recogniseInvited(
    query,
    news.filter((one) => one.entity === 'person' && rows.get(key(one))?.inserted),
    now,
  )
  await watchEnded(
    query,
    stored.flatMap(({ entity, id, deleted }) => (entity === 'organization' && deleted ? [id] : [])),
    now,
  )
}

const versions = `
  select wanted.place from unnest($1::int[], $2::text[], $3::text[], $4::bigint[]) as wanted(place, entity, id, version), lateral (
    select version from clerkforce.record where side = 'clerk' and entity = wanted.entity and id = wanted.id offset 0) mine
  where mine.version >= wanted.version`

/**
 * Leaves out what records carried along of others that the mirror has as new already: to find that out by storing it takes longer.
 * @param own what the records themselves are
 */
export const withoutKnown = async (
  query: Query,
  observations: readonly Observation[],
  own: Entity,
): Promise<readonly Observation[]> => {
  const carried = observations.flatMap((one, place) => (one.entity === own ? [] : [{ one, place }]))
  if (carried.length === 0) return observations
  const known = await query<{ place: number }>(versions, [
    carried.map(({ place }) => place),
    carried.map(({ one }) => one.entity),
    carried.map(({ one }) => one.id),
    carried.map(({ one }) => one.version),
  ])
  const places = new Set(known.map(({ place }) => place))
  return observations.filter((_, place) => !places.has(place))
}

/** What an observation changed, for the counters. */
export type Observed = {
  changed: number
  repeated: number
  /** Those that show somebody who was erased: where they came from must not be kept either. */
  erased: ReadonlySet<Observation>
}

export type ObserveOptions = {
  /** @default live */
  tier?: Tier
  /** Whether Clerk is to be asked for the memberships of people who are new. @default true */
  gaps?: boolean
}

/**
 * Stores what Clerk showed and marks what it concerns.
 * @param query of the caller's transaction, which also settles where the observations came from.
 */
export const observeClerk = async (
  query: Query,
  observations: readonly Observation[],
  now: number,
  { tier = tiers.live, gaps = true }: ObserveOptions = {},
): Promise<Observed> => {
  const stored = await storeRecords(query, observations)
  await recognise(query, observations, stored, now)
  if (stored.length > 0) {
    const newPersons = stored.filter((row) => gaps && row.entity === 'person' && row.inserted && !row.deleted)
    await openGaps(
      query,
      newPersons.map((row) => row.id),
      now,
    )
    await markDirty(query, await affected(query, stored), now, tier)
  }
  const erased = observations.length > 0 ? await emptyObserved(query, observations, now) : new Set<Observation>()
  return { changed: stored.length, repeated: observations.length - stored.length, erased }
}
