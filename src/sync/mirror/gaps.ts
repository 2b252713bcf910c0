import type { Query } from '../../db/database.ts'

/** A person whom we saw first through an event: what came before the event only Clerk's API can tell. */
export type Gap = {
  personId: string
  attempts: number
  /** Only a stub is known of the user, from a membership's payload. */
  stub: boolean
}

/** Remembers people to ask Clerk about. */
export const openGaps = async (query: Query, personIds: readonly string[], now: number): Promise<void> => {
  if (personIds.length === 0) return
  await query(
    `insert into clerkforce.gap (person_id, due_at) select id, $2 from unnest($1::text[]) as id order by id
     on conflict (person_id) do nothing`,
    [personIds, now],
  )
}

/** Takes due gaps for `leaseMs`: another process sees them again only after that. */
export const claimGaps = (query: Query, limit: number, now: number, leaseMs: number): Promise<Gap[]> =>
  query<Gap>(
    `update clerkforce.gap set due_at = $2 + $3
     where person_id in (select person_id from clerkforce.gap where due_at <= $2 order by due_at limit $1 for update skip locked)
     returning person_id as "personId", attempts,
       not exists (select 1 from clerkforce.record r
         where r.side = 'clerk' and r.entity = 'person' and r.id = gap.person_id and r.version > 0) as stub`,
    [limit, now, leaseMs],
  )

/** Forgets gaps that were filled, or whose user is gone in Clerk's own words. */
export const closeGaps = async (query: Query, personIds: readonly string[]): Promise<void> => {
  await query('delete from clerkforce.gap where person_id = any($1)', [personIds])
}

/** Puts gaps back until `dueAt`; `counted` says whether this was an attempt of theirs or only a pause of the side. */
export const postponeGaps = async (
  query: Query,
  personIds: readonly string[],
  dueAt: number,
  counted: boolean,
): Promise<void> => {
  await query('update clerkforce.gap set due_at = $2, attempts = attempts + $3 where person_id = any($1)', [
    personIds,
    dueAt,
    counted ? 1 : 0,
  ])
}
