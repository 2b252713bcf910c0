/** What operators see of requests, and what they decide. */
import type { Query } from '../../db/database.ts'
import type { RequestKind } from './requests.ts'

/** A request that waits for a person, for its turn or for something else, or that Clerk refused. */
export type ListedRequest = {
  key: string
  kind: RequestKind
  salesforceId: string
  state: 'asked' | 'open' | 'failed'
  askedAt: number
  /** Why it waits or failed; null where it waits for approval alone. */
  code: string | null
  reason: string | null
}

/** Requests that are not done, oldest first; those that an operator has to decide about before the others. */
export const listRequests = (query: Query, limit: number): Promise<ListedRequest[]> =>
  query<ListedRequest>(
    `select key, kind, salesforce_id as "salesforceId", state, asked_at as "askedAt", code, reason from clerkforce.request
     where state in ('asked', 'failed', 'open') order by state = 'open', asked_at, key limit $1`,
    [limit],
  )

// What failed is tried again as it was, and what was denied is let through after all.
const approve = `
  update clerkforce.request set state = 'open', decided_at = $2, due_at = $2, attempts = 0, version = version + 1, code = null, reason = null
  where (key = any($1) and state in ('asked', 'failed', 'denied')) or ($1::text[] is null and state = 'asked') returning key`

// What was tried may have been done already: only Clerk's administrators can take it back.
const deny = `
  update clerkforce.request set state = 'denied', decided_at = $2, version = version + 1, code = null, reason = null
  where (key = any($1) and (state in ('asked', 'failed') or (state = 'open' and tried_at is null and leased_by is null)))
    or ($1::text[] is null and state = 'asked') returning key`

export type Decision = 'approve' | 'deny'

/**
 * Decides about requests: those given, or all that wait for approval. One that was denied is not asked for again, whatever its record says.
 * @returns the keys of those that could be decided about.
 */
export const decideRequests = async (
  query: Query,
  decision: Decision,
  keys: readonly string[] | 'all',
  now: number,
): Promise<string[]> => {
  const rows = await query<{ key: string }>(decision === 'approve' ? approve : deny, [
    keys === 'all' ? null : keys,
    now,
  ])
  return rows.map(({ key }) => key)
}
