/**
 * Observe, Salesforce's side: stores what records look like and marks the links concerned dirty, in the caller's transaction.
 *
 * Only records that concern a link are kept: of five years of Contacts those that have to do with Clerk. A sight older than what we know (of
 * our own write, or of a look) changes nothing: the write has an event of its own. What the sides agree on already, such as the echo of
 * our own write, marks nothing.
 */
import type { Query } from '../../db/database.ts'
import { toJsonb } from '../../db/jsonb.ts'
import type { Entity, Fields } from '../../model/model.ts'
import { lookAgain, type Target, type Tier, tiers } from './dirty.ts'
import { emptySights } from './erased.ts'
import type { Held } from './settle.ts'

/** A record as it was read back. */
export type SalesforceSight = Held & {
  /** The Clerk id that the record carries, if any. */
  clerkId: string | null
}

type Link = { id: number; clerkId: string | null; salesforceId: string | null }

const store = `
  insert into clerkforce.record as mine (side, entity, id, body, version, seen)
  select 'salesforce', $1, seen.id, seen.body, seen.version, seen.seen
  from unnest($2::text[], $3::jsonb[], $4::bigint[], $5::bigint[]) as seen(id, body, version, seen)
  order by seen.id collate "C"
  on conflict (side, entity, id) do update set
    body = excluded.body, version = greatest(mine.version, excluded.version), seen = excluded.seen, deleted_at = null
  where excluded.seen >= mine.seen
    and (mine.body <> excluded.body or mine.version < excluded.version or mine.deleted_at is not null)
  returning id`

// Locked, so that a settle under way has ended: what it remembers is what this sight has to differ from to be news.
const before = `
  select id, body, version, deleted_at is not null as deleted from clerkforce.record
  where side = 'salesforce' and entity = $1 and id = any($2)
  order by id collate "C" for update`

// Marked by a scan that saw the same before: for whoever hears of it live that is news all the same, and not to wait for a run, nor for a yes.
const heldBack = `
  select l.entity, l.clerk_id as "clerkId" from unnest($1::bigint[]) as wanted(id), lateral (
    select link_id from clerkforce.dirty where link_id = wanted.id and tier >= ${tiers.reconcile} offset 0) d
  join clerkforce.link l on l.id = d.link_id
  where l.clerk_id is not null`

// Each by its own index, whatever the planner believes about the table.
const linksOf = `
  select l.id, l.clerk_id as "clerkId", l.salesforce_id as "salesforceId" from unnest($2::text[]) as wanted(id), lateral (
    select * from clerkforce.link where entity = $1 and salesforce_id = wanted.id limit 1) l
  union
  select l.id, l.clerk_id, l.salesforce_id from unnest($3::text[]) as wanted(id), lateral (
    select * from clerkforce.link where entity = $1 and clerk_id = wanted.id limit 1) l`

const same = (a: Fields, b: Fields): boolean => {
  const keys = new Set([...Object.keys(a), ...Object.keys(b)])
  return [...keys].every((key) => (a[key] ?? null) === (b[key] ?? null))
}

export type SightOptions = {
  /** Ids of records that Salesforce no longer shows: deleted, merged, or out of our sight. Their links look for themselves. */
  missing?: readonly string[]
  /** @default live */
  tier?: Tier
}

/**
 * Stores sights of one entity and marks what they concern.
 * @returns ids of the records that no link has to do with.
 */
export const observeSalesforce = async (
  query: Query,
  entity: Entity,
  sights: readonly SalesforceSight[],
  now: number,
  { missing = [], tier = tiers.live }: SightOptions = {},
): Promise<Set<string>> => {
  if (sights.length + missing.length === 0) return new Set()
  const ids = [...sights.map(({ id }) => id), ...missing]
  const keys = sights.flatMap(({ clerkId }) => clerkId ?? [])
  const links = await query<Link>(linksOf, [entity, ids, keys])
  const byRecord = new Map(links.flatMap((link) => (link.salesforceId ? [[link.salesforceId, link] as const] : [])))
  const byKey = new Map(links.flatMap((link) => (link.clerkId ? [[link.clerkId, link] as const] : [])))
  const linked = sights.filter(({ id }) => byRecord.has(id))
  const { changed, repeated } = await storeChanged(query, entity, linked, byRecord)
  if (tier < tiers.reconcile && repeated.length > 0) changed.push(...(await query<Target>(heldBack, [repeated])))
  // The key stands on a record that the link is not paired with: somebody moved it there, or made the pair by hand.
  const moved = sights.flatMap(({ id, clerkId }) => {
    const link = byKey.get(clerkId ?? '')
    return link && link.salesforceId !== id ? [link.id] : []
  })
  const gone = missing.flatMap((id) => byRecord.get(id)?.id ?? [])
  await lookAgain(query, [...moved, ...gone], now, { tier, beside: changed })
  return new Set(sights.filter(({ id, clerkId }) => !byRecord.has(id) && !byKey.has(clerkId ?? '')).map(({ id }) => id))
}

/** Stores sights of linked records. Returns the links that they make a difference to, and those that were seen in this very version before. */
const storeChanged = async (
  query: Query,
  entity: Entity,
  linked: readonly SalesforceSight[],
  byRecord: ReadonlyMap<string, { id: number; clerkId: string | null }>,
): Promise<{ changed: Target[]; repeated: number[] }> => {
  if (linked.length === 0) return { changed: [], repeated: [] }
  const known = await query<{ id: string; body: Fields; version: number; deleted: boolean }>(before, [
    entity,
    linked.map(({ id }) => id),
  ])
  const byId = new Map(known.map((row) => [row.id, row]))
  const stored = await query<{ id: string }>(store, [
    entity,
    linked.map(({ id }) => id),
    linked.map(({ fields }) => toJsonb(fields)),
    linked.map(({ version }) => version),
    linked.map(({ asOf }) => asOf),
  ])
  const erased = await emptySights(
    query,
    entity,
    stored.map(({ id }) => id),
  )
  const changed = new Set(stored.flatMap(({ id }) => (erased.has(id) ? [] : [id])))
  return {
    changed: linked.flatMap(({ id, fields }) => {
      const clerkId = byRecord.get(id)?.clerkId
      const earlier = byId.get(id)
      const news = changed.has(id) && (!earlier || earlier.deleted || !same(earlier.body, fields))
      return news && clerkId ? [{ entity, clerkId }] : []
    }),
    repeated: linked.flatMap(({ id, version }) =>
      byId.get(id)?.version === version ? (byRecord.get(id)?.id ?? []) : [],
    ),
  }
}
