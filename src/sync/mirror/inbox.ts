/** The inbox of hints: stored before the 2xx, read after it, pruned by age. */
import type { Query } from '../../db/database.ts'

export type NewHint = { deliveryId: string; type: string; body: Uint8Array }
export type Hint = { deliveryId: string; type: string; body: Buffer; receivedAt: number }

// One text for each number of rows, so that PostgreSQL sees few distinct statements. Buffers travel as binary parameters;
// as an array they would travel as hex text, twice the size.
const insertTexts = new Map<number, string>()
const insertText = (rows: number): string => {
  let text = insertTexts.get(rows)
  if (!text) {
    const values = Array.from({ length: rows }, (_, i) => `($${i * 3 + 2}, $${i * 3 + 3}, $${i * 3 + 4}, $1)`).join(
      ', ',
    )
    text = `insert into clerkforce.hint (delivery_id, type, body, received_at) values ${values} on conflict (delivery_id) do nothing returning delivery_id`
    insertTexts.set(rows, text)
  }
  return text
}

const byDeliveryId = (one: NewHint, other: NewHint): number => (one.deliveryId < other.deliveryId ? -1 : 1)

/**
 * Stores hints in one statement, one commit. Returns the delivery ids that are new.
 * In the order of their ids: each row waits for whoever is inserting the same one, and two processes that are sent the same deliveries in
 * different order would wait for each other.
 */
export const storeHints = async (query: Query, hints: readonly NewHint[], now: number): Promise<Set<string>> => {
  const values: unknown[] = [now]
  for (const { deliveryId, type, body } of hints.toSorted(byDeliveryId)) values.push(deliveryId, type, body)
  const rows = await query<{ delivery_id: string }>(insertText(hints.length), values)
  return new Set(rows.map((row) => row.delivery_id))
}

/** A change event of Salesforce, as a hint: it says which records changed, and holds nothing of what they look like. */
export type ChangeHintRow = { deliveryId: string; type: string; body: string }

/**
 * Stores change events as hints that are read already: the records that they name are kept apart (`stale`).
 * @returns the delivery ids that are new; an event may be delivered twice.
 */
export const storeChangeHints = async (
  query: Query,
  hints: readonly ChangeHintRow[],
  now: number,
): Promise<Set<string>> => {
  if (hints.length === 0) return new Set()
  const rows = await query<{ delivery_id: string }>(
    `insert into clerkforce.hint (delivery_id, type, body, received_at, observed_at)
     select id, type, convert_to(body, 'UTF8'), $4, $4 from unnest($1::text[], $2::text[], $3::text[]) as one(id, type, body)
     order by id on conflict (delivery_id) do nothing returning delivery_id`,
    [hints.map((one) => one.deliveryId), hints.map((one) => one.type), hints.map((one) => one.body), now],
  )
  return new Set(rows.map((row) => row.delivery_id))
}

/** Takes hints to read, locked until the caller's transaction ends; other processes pass over them. */
export const claimHints = (query: Query, limit: number): Promise<Hint[]> =>
  query<Hint>(
    `select delivery_id as "deliveryId", type, body, received_at as "receivedAt" from clerkforce.hint
     where observed_at is null order by received_at limit $1 for update skip locked`,
    [limit],
  )

/** Marks hints as read; a problem says why one could not be. */
export const finishHints = async (
  query: Query,
  hints: readonly { deliveryId: string; problem?: string }[],
  now: number,
): Promise<void> => {
  if (hints.length === 0) return
  // By key alone: joined with what became of them, the table was read from end to end while it was small.
  await query('update clerkforce.hint set observed_at = $1, problem = null where delivery_id = any($2)', [
    now,
    hints.map((one) => one.deliveryId),
  ])
  for (const { deliveryId, problem } of hints)
    if (problem !== undefined)
      await query('update clerkforce.hint set problem = $1 where delivery_id = $2', [problem, deliveryId])
}

/** Takes the bodies away from hints that were read, and what was said of them: that they came stays. */
export const dropBodies = async (query: Query, deliveryIds: readonly string[]): Promise<number> => {
  if (deliveryIds.length === 0) return 0
  const rows = await query(
    `update clerkforce.hint set body = null, problem = null
     where delivery_id = any($1) and observed_at is not null and body is not null returning 1`,
    [deliveryIds],
  )
  return rows.length
}

/** Removes hints that were read before `before`, a batch at a time; those with a problem stay for a person. */
export const pruneHints = async (query: Query, before: number): Promise<number> => {
  const rows = await query(
    `delete from clerkforce.hint where delivery_id in (
       select delivery_id from clerkforce.hint where observed_at is not null and problem is null and received_at < $1
       order by received_at limit 5000)
     returning 1`,
    [before],
  )
  return rows.length
}

/** Removes journal lines older than `before`, a batch at a time. */
export const pruneJournal = async (query: Query, before: number): Promise<number> => {
  const rows = await query(
    'delete from clerkforce.change where id in (select id from clerkforce.change where at < $1 order by at limit 5000) returning 1',
    [before],
  )
  return rows.length
}
