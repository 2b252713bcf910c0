/**
 * Stale: Salesforce records that changed since we saw them, as an event or a poll said, and that are to be read back. A set, like the dirty
 * one: a hundred events for one record are one row and one read. A claim moves `due_at` to the end of its lease; a hint that comes meanwhile
 * raises `version`, so that the record is read again.
 */
import type { Query } from '../../db/database.ts'
import type { Entity } from '../../model/model.ts'

export type StaleEntity = Exclude<Entity, 'invitation'>

export type NewStale = {
  entity: StaleEntity
  id: string
  /** When Salesforce says that it changed, in ms. */
  committedAt: number
  /** It was deleted: that it cannot be found is no reason to look again. */
  gone: boolean
}

export type Stale = NewStale & { version: number; attempts: number; noticedAt: number }

const mark = `
  insert into clerkforce.stale as mine (entity, id, committed_at, gone, noticed_at, due_at)
  select entity, id, committed_at, gone, $5, $6
  from unnest($1::text[], $2::text[], $3::bigint[], $4::boolean[]) as one(entity, id, committed_at, gone)
  on conflict (entity, id) do update set version = mine.version + 1, attempts = 0, due_at = least(mine.due_at, excluded.due_at),
    committed_at = greatest(mine.committed_at, excluded.committed_at),
    gone = case when excluded.committed_at >= mine.committed_at then excluded.gone else mine.gone end`

/** Notes records that changed in Salesforce, to be read back from `dueAt` on. */
export const markStale = async (
  query: Query,
  records: readonly NewStale[],
  now: number,
  dueAt: number = now,
): Promise<void> => {
  // One statement cannot touch a row twice; sorted, so that two processes lock the rows in the same order.
  const byKey = new Map<string, NewStale>()
  for (const one of records) {
    const before = byKey.get(`${one.entity} ${one.id}`)
    // Times of whole seconds: of two the later one counts.
    if (!before || before.committedAt <= one.committedAt) byKey.set(`${one.entity} ${one.id}`, one)
  }
  const rows = [...byKey.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one)
  if (rows.length === 0) return
  await query(mark, [
    rows.map(({ entity }) => entity),
    rows.map(({ id }) => id),
    rows.map(({ committedAt }) => committedAt),
    rows.map(({ gone }) => gone),
    now,
    dueAt,
  ])
}

// By the place of the row: joined by key, and before the table had statistics, it was read from end to end for each batch. A row that is
// marked again just now may be passed over; it is due at the next claim.
const claim = `
  with picked as materialized (
    select ctid from clerkforce.stale where due_at <= $1 order by due_at limit $2 for update skip locked)
  update clerkforce.stale s set due_at = $3 where s.ctid = any (array(select ctid from picked))
  returning s.entity, s.id, s.version, s.gone, s.attempts, s.committed_at as "committedAt", s.noticed_at as "noticedAt"`

/** Takes up to `limit` due records until `leasedUntil`: another process sees them again only after that. */
export const claimStale = (query: Query, limit: number, now: number, leasedUntil: number): Promise<Stale[]> =>
  query<Stale>(claim, [now, limit, leasedUntil])

/** Forgets records that were read, at the version that was claimed; what was noted meanwhile is due at once. */
export const finishStale = async (query: Query, done: readonly Stale[], now: number): Promise<void> => {
  if (done.length === 0) return
  const keys = [done.map(({ entity }) => entity), done.map(({ id }) => id)]
  await query(
    `delete from clerkforce.stale s using unnest($1::text[], $2::text[], $3::bigint[]) as done(entity, id, version)
     where s.entity = done.entity and s.id = done.id and s.version = done.version`,
    [...keys, done.map(({ version }) => version)],
  )
  await query(
    `update clerkforce.stale s set due_at = $3 from unnest($1::text[], $2::text[]) as done(entity, id)
     where s.entity = done.entity and s.id = done.id`,
    [...keys, now],
  )
}

/** Puts records back until `dueAt`; `counted` says whether this was an attempt of theirs or only a pause of the side. */
export const postponeStale = async (
  query: Query,
  records: readonly Stale[],
  dueAt: number,
  counted: boolean,
): Promise<void> => {
  if (records.length === 0) return
  await query(
    `update clerkforce.stale s set due_at = $3, attempts = s.attempts + $4
     from unnest($1::text[], $2::text[]) as back(entity, id) where s.entity = back.entity and s.id = back.id`,
    [records.map(({ entity }) => entity), records.map(({ id }) => id), dueAt, counted ? 1 : 0],
  )
}
