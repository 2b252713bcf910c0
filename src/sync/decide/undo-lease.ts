import type { Clock } from '../../clock.ts'
import type { Database, Query } from '../../db/database.ts'
import { markDirty, type Target } from '../mirror/dirty.ts'

/** A link that is held for an undo, under the name of the lease. */
export type Leased = { linkId: number; lease: string; version: number }

type Options = { db: Database; clock: Clock; name: string }

/** Longer than any call to a side may take. */
const leaseMs = 180_000
const waitMs = 100
const mostWaits = 50

const take = `
  update clerkforce.dirty set leased_by = $2, due_at = $3, waits_for = null, version = version + 1
  where link_id = $1 and (leased_by is null or due_at <= $4) returning version`

/** Takes the link as a writer would claim it; undefined where another one is at work on it and does not end. */
export const holdLink = async ({ db, clock, name }: Options, linkId: number): Promise<Leased | undefined> => {
  const lease = `${name}/undo`
  const once = (query: Query): Promise<{ version: number }[]> =>
    query<{ version: number }>(take, [linkId, lease, clock.now() + leaseMs, clock.now()])
  for (let waits = 0; waits < mostWaits; waits++) {
    const [row] = await db.transaction(async (query) => {
      const targets = await query<Target>('select entity, clerk_id as "clerkId" from clerkforce.link where id = $1', [
        linkId,
      ])
      const [held] = await query('select 1 from clerkforce.dirty where link_id = $1', [linkId])
      if (!held) await markDirty(query, targets, clock.now())
      return once(query)
    })
    if (row) return { linkId, lease, version: row.version }
    await clock.sleep(waitMs)
  }
  return undefined
}

/** Gives it back; the writer finds what there is to do. */
export const releaseLink = async ({ db, clock }: Options, { linkId, lease }: Leased): Promise<void> => {
  await db.query(
    'update clerkforce.dirty set leased_by = null, due_at = $3, look = true where link_id = $1 and leased_by = $2',
    [linkId, lease, clock.now()],
  )
}
