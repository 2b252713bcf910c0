/** What people decided about pairs and values, as it is stored. */
import type { Query } from '../../db/database.ts'
import type { Entity } from '../../model/model.ts'
import type { Decision } from '../plan/decision.ts'

export type KnownDecision = Decision & { clerkId: string; at: number }

const columns = 'clerk_id as "clerkId", wanted, salesforce_id as "salesforceId", never, at'

/** Decisions about these Clerk records, by Clerk id. */
export const readDecisions = async (query: Query, clerkIds: readonly string[]): Promise<Map<string, KnownDecision>> => {
  const rows = await query<KnownDecision>(`select ${columns} from clerkforce.decision where clerk_id = any($1)`, [
    clerkIds,
  ])
  return new Map(rows.map((row) => [row.clerkId, row]))
}

/** Of these Salesforce records, for which Clerk record a person decided on them. */
export const readReserved = async (
  query: Query,
  entity: Entity,
  ids: readonly string[],
): Promise<Map<string, string>> => {
  if (ids.length === 0) return new Map()
  const rows = await query<{ id: string; clerkId: string }>(
    'select salesforce_id as id, clerk_id as "clerkId" from clerkforce.decision where entity = $1 and salesforce_id = any($2)',
    [entity, ids],
  )
  return new Map(rows.map(({ id, clerkId }) => [id, clerkId]))
}

/** Remembers a decision in place of any earlier one. */
export const putDecision = async (
  query: Query,
  entity: Entity,
  clerkId: string,
  { wanted, salesforceId, never }: Decision,
  now: number,
): Promise<void> => {
  await query(
    `insert into clerkforce.decision (clerk_id, entity, wanted, salesforce_id, never, at) values ($1, $2, $3, $4, $5, $6)
     on conflict (clerk_id) do update set
       wanted = excluded.wanted, salesforce_id = excluded.salesforce_id, never = excluded.never, at = excluded.at`,
    [clerkId, entity, wanted, salesforceId, never, now],
  )
}

/** Takes a link away from whoever holds it: what they come back with is refused, and it is looked at again. The link is dirty. */
export const takeClaim = async (query: Query, linkId: number, now: number): Promise<void> => {
  await query(
    `update clerkforce.dirty set leased_by = null, due_at = $2, look = true, attempts = 0, waits_for = null, version = version + 1
     where link_id = $1`,
    [linkId, now],
  )
}

/** Values that a person went back to against the rule of their fields. */
export type Hold = { linkId: number; changeId: number; fields: readonly string[] }

/** The holds among these links, by link. */
export const readHolds = async (query: Query, linkIds: readonly number[]): Promise<Map<number, Hold>> => {
  const rows = await query<Hold>(
    'select link_id as "linkId", change_id as "changeId", fields from clerkforce.hold where link_id = any($1)',
    [linkIds],
  )
  return new Map(rows.map((row) => [row.linkId, row]))
}

/** Lets links go on that were held: a person asked for it. */
export const endHolds = async (query: Query, linkIds: readonly number[]): Promise<void> => {
  await query('delete from clerkforce.hold where link_id = any($1)', [linkIds])
}

/** The code of a link that is held. */
export const heldCode = 'UNDONE'

/** Why a link is held, for a person to read. */
export const heldReason = ({ changeId, fields }: Pick<Hold, 'changeId' | 'fields'>): string =>
  `a person undid change ${changeId} (${fields.join(', ')}) although the rule would write it again: change the value on the side that decides, or the rule, then retry; a retry alone writes it again`
