/** Which records a hint told of, so that a record can be explained: bodies of hints are bytes that nobody searches. */
import type { Query } from '../../db/database.ts'

/** One record that a hint names. `carried`: the hint is about another one, and shows this one beside it. */
export type HintRecord = { recordId: string; carried: boolean; at: number; deliveryId: string }

/** Notes what hints told of, in the transaction that reads them. A hint that is read again changes nothing. */
export const noteHintRecords = async (query: Query, rows: readonly HintRecord[]): Promise<void> => {
  if (rows.length === 0) return
  await query(
    `insert into clerkforce.hint_record (record_id, carried, at, delivery_id)
     select * from unnest($1::text[], $2::boolean[], $3::bigint[], $4::text[]) on conflict do nothing`,
    [
      rows.map(({ recordId }) => recordId),
      rows.map(({ carried }) => carried),
      rows.map(({ at }) => at),
      rows.map(({ deliveryId }) => deliveryId),
    ],
  )
}

// A hint with a problem stays, and with it what it told of.
const prune = `
  delete from clerkforce.hint_record where ctid = any (array(
    select r.ctid from clerkforce.hint_record r
    where r.at < $1 and not exists (select 1 from clerkforce.hint h where h.delivery_id = r.delivery_id) limit 10000))
  returning 1`

/** Forgets what hints from before `before` told of that are gone themselves, a batch at a time. */
export const pruneHintRecords = async (query: Query, before: number): Promise<number> => {
  const rows = await query(prune, [before])
  return rows.length
}
