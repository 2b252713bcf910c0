import type { Query } from '../../db/database.ts'
import { type Claim, stillManaged, tiers } from './dirty.ts'
import type { RunEntity } from './runs.ts'

const links = `
  select l.id as "linkId", l.entity, l.clerk_id as "clerkId", l.salesforce_id as "salesforceId", l.base, 0 as version, 0 as attempts,
    false as look, ${tiers.planned} as tier, l.erased, ${stillManaged('$3')} as managed
  from clerkforce.link l where l.entity = $1 and l.id > $2 and l.clerk_id is not null order by l.id limit $4`

/** Links of one entity as claims, whatever their state, in the order of their ids after one of them. */
export const readLinks = (
  query: Query,
  entity: RunEntity,
  { after, now, limit }: { after: number; now: number; limit: number },
): Promise<Claim[]> => query<Claim>(links, [entity, after, now, limit])

/** How many links of an entity there are. */
export const countLinks = async (query: Query, entity: RunEntity): Promise<number> => {
  const [row] = await query<{ count: number }>(
    'select count(*) as count from clerkforce.link where entity = $1 and clerk_id is not null',
    [entity],
  )
  return row?.count ?? 0
}
