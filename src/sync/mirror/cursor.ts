/** How far a stream or a poll has come, and who follows it: one process at a time, under a lease. */
import type { Query } from '../../db/database.ts'

export type Cursor = {
  /** Of a stream: opaque. */
  replayId: Uint8Array | null
  /** The newest commit time that was taken in, in ms. */
  reached: number | null
}

/** Takes the cursor until `until`, or prolongs the hold of the same holder. Undefined: another process has it. */
export const holdCursor = async (
  query: Query,
  name: string,
  holder: string,
  now: number,
  until: number,
): Promise<Cursor | undefined> => {
  const [row] = await query<Cursor>(
    `insert into clerkforce.cursor as mine (name, leased_by, leased_until) values ($1, $2, $4)
     on conflict (name) do update set leased_by = excluded.leased_by, leased_until = excluded.leased_until
     where mine.leased_by = $2 or mine.leased_by is null or mine.leased_until <= $3
     returning replay_id as "replayId", reached`,
    [name, holder, now, until],
  )
  return row
}

/** Moves the cursor forward. False: the hold was lost, and what came with it must not be taken in twice by us. */
export const moveCursor = async (query: Query, name: string, holder: string, to: Partial<Cursor>): Promise<boolean> => {
  const rows = await query(
    `update clerkforce.cursor set replay_id = coalesce($3, replay_id), reached = greatest(reached, $4)
     where name = $1 and leased_by = $2 returning 1`,
    [name, holder, to.replayId ?? null, to.reached ?? null],
  )
  return rows.length > 0
}

/** Forgets the place in a stream that was reset; the commit time stays. */
export const resetCursor = async (query: Query, name: string): Promise<void> => {
  await query('update clerkforce.cursor set replay_id = null where name = $1', [name])
}

/** Lets go of whatever a process holds: at a stop, or a start on a database of its own. */
export const releaseCursors = async (query: Query, prefix: string): Promise<void> => {
  await query("update clerkforce.cursor set leased_by = null, leased_until = 0 where leased_by like $1 || '%'", [
    prefix,
  ])
}
