/** Requests at work: claimed within the limit of an hour, tried, and ended one way or another. One statement for each verb. */
import type { Database, Query } from '../../db/database.ts'
import type { Request, RequestKind, Why } from './requests.ts'

/** The span that a limit counts over. */
const hourMs = 3_600_000
/** What waits for the limit asks again this often at least. */
const limitMs = 60_000

// Any number that only we use: whoever claims requests counts those of the last hour first, and two must not count at the same time.
const advisoryLock = 4_800_480_050

// What was tried and has no answer yet may have been done; what is claimed is about to be.
const madeLately = `
  select count(*)::integer as made, min(coalesce(done_at, tried_at)) as oldest from clerkforce.request
  where kind = $1 and (done_at > $2 or (state = 'open' and (tried_at > $2 or (leased_by is not null and due_at > $3))))`

// What was tried within the hour is counted already, and is taken up again whatever the limit.
const claim = `
  update clerkforce.request r set leased_by = $3, due_at = $4
  where r.key in (
    select key from clerkforce.request
    where kind = $1 and state = 'open' and due_at <= $2 and (coalesce(tried_at, 0) > $6) = $7
    order by due_at, asked_at limit $5 for update skip locked)
  returning r.key, r.kind, r.salesforce_id as "salesforceId", r.round, r.version, r.attempts, r.tried_at as "triedAt",
    r.organization_id as "organizationId"`

const putOff = `
  update clerkforce.request set due_at = $4, leased_by = null, code = 'HOURLY_LIMIT', reason = $5
  where kind = $1 and state = 'open' and due_at <= $2 and coalesce(tried_at, 0) <= $3`

export type ClaimRequests = {
  kind: RequestKind
  /** Most at once. */
  limit: number
  /** Most in any hour. */
  perHour: number
  now: number
  leaseMs: number
  lease: string
}

// Asked before the lock is taken: mostly nothing is due.
const anyDue = "select 1 from clerkforce.request where kind = $1 and state = 'open' and due_at <= $2 limit 1"

/** Takes due requests under a lease, as many as the limit of an hour leaves; the others wait, and say so. */
export const claimRequests = (
  db: Database,
  { kind, limit, perHour, now, leaseMs, lease }: ClaimRequests,
): Promise<Request[]> =>
  db.transaction(async (query) => {
    const since = now - hourMs
    const take = (most: number, tried: boolean): Promise<Request[]> =>
      query<Request>(claim, [kind, now, lease, now + leaseMs, most, since, tried])
    if ((await query(anyDue, [kind, now])).length === 0) return []
    await query('select pg_advisory_xact_lock($1)', [advisoryLock])
    const [lately] = await query<{ made: number; oldest: number | null }>(madeLately, [kind, since, now])
    const before = await take(limit, true)
    const left = perHour - (lately?.made ?? 0)
    if (left > 0) return [...before, ...(await take(Math.min(left, limit), false))]
    const free = (lately?.oldest ?? now) + hourMs + 1
    const reason = `the mapping lets so many ${kind}s be made in an hour (perHour: ${perHour}), and they were: this one waits`
    await query(putOff, [kind, now, since, Math.min(now + limitMs, Math.max(now + 1_000, free)), reason])
    return before
  })

/** Prolongs a lease that is still at work; by its name, as with links: one whose claim was lost with a connection has to run out. */
export const renewRequests = async (query: Query, lease: string, until: number): Promise<void> => {
  await query("update clerkforce.request set due_at = $2 where state = 'open' and leased_by = $1", [lease, until])
}

/** Gives back whatever is held, at a start on a database of its own: by a process that is gone. */
export const giveBackRequests = async (query: Query, now: number): Promise<void> => {
  await query(
    "update clerkforce.request set leased_by = null, due_at = $1 where state = 'open' and leased_by is not null",
    [now],
  )
}

/** Notes, before Clerk is called, that it is. False: the lease is lost, and another process is at work on it. */
export const markTried = async (
  query: Query,
  { key, lease, organizationId }: { key: string; lease: string; organizationId: string | null },
  now: number,
): Promise<boolean> => {
  const rows = await query(
    `update clerkforce.request set tried_at = $4, organization_id = coalesce($3, organization_id)
     where key = $1 and leased_by = $2 and state = 'open' returning 1`,
    [key, lease, organizationId, now],
  )
  return rows.length > 0
}

/** Puts a request back until `dueAt`; `counted`: it was an attempt of its own and not a pause of a side. */
export const postponeRequest = async (
  query: Query,
  { key, version }: Pick<Request, 'key' | 'version'>,
  lease: string,
  { dueAt, counted, why, now }: { dueAt: number; counted: boolean; why: Why; now: number },
): Promise<void> => {
  await query(
    `update clerkforce.request set leased_by = null, due_at = case when version = $3 then $4::bigint else $8::bigint end,
       attempts = case when version = $3 then attempts + $5::integer else 0 end, code = $6, reason = $7
     where key = $1 and leased_by = $2`,
    [key, lease, version, dueAt, counted ? 1 : 0, why.code, why.reason, now],
  )
}

/** Whether a request is still to be ended, locked until the transaction is. */
export const holdOpen = async (query: Query, key: string): Promise<boolean> => {
  const rows = await query("select 1 from clerkforce.request where key = $1 and state = 'open' for update", [key])
  return rows.length > 0
}

/** Ends a request. What is done counts for the limit. */
export const endRequest = async (
  query: Query,
  key: string,
  end: { state: 'done'; clerkId: string } | { state: 'failed' | 'withdrawn'; why: Why },
  now: number,
): Promise<void> => {
  const [clerkId, why] = end.state === 'done' ? [end.clerkId, undefined] : [null, end.why]
  await query(
    `update clerkforce.request set state = $2, leased_by = null, attempts = 0, code = $4, reason = $5,
       clerk_id = coalesce($6, clerk_id), done_at = case when $2 = 'done' then coalesce(done_at, $3) else done_at end
     where key = $1 and state = 'open'`,
    [key, end.state, now, why?.code ?? null, why?.reason ?? null, clerkId],
  )
}

/** Makes invitations due that wait for the organization of an Account. */
export const wakeInvitations = async (query: Query, now: number): Promise<void> => {
  await query(
    `update clerkforce.request set due_at = least(due_at, $1)
     where kind = 'invitation' and state = 'open' and leased_by is null and code = 'WAITS_FOR_ORGANIZATION'`,
    [now],
  )
}
