/** Invitations that Clerk has to be asked about, because it sends no event when one expires or its organization goes. */
import type { Query } from '../../db/database.ts'

export type Watched = { key: string; clerkId: string; organizationId: string; organizationGone: boolean }

const claim = `
  update clerkforce.request r set watch_at = $3
  where r.key in (
    select key from clerkforce.request where watch_at <= $1 order by watch_at limit $2 for update skip locked)
  returning r.key, r.clerk_id as "clerkId", r.organization_id as "organizationId", exists (
    select 1 from clerkforce.record o where o.side = 'clerk' and o.entity = 'organization' and o.id = r.organization_id
      and o.deleted_at is not null) as "organizationGone"`

/** Takes invitations that are due to be asked about; another process sees them again after `until`. */
export const claimWatched = (query: Query, limit: number, now: number, until: number): Promise<Watched[]> =>
  query<Watched>(claim, [now, limit, until])

/** Asks again at `at`; null: it has ended, and there is nothing more to ask. */
export const watchAgain = async (query: Query, keys: readonly string[], at: number | null): Promise<void> => {
  await query('update clerkforce.request set watch_at = $2 where key = any($1)', [keys, at])
}
