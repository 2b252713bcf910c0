/** What we set out to create in Clerk, as rows: taken by one call at a time under a lease, finished with what came of it. */
import type { Database, Query } from '../../db/database.ts'

// Any number that only we use: takers of intents, of whatever process, take turns for the length of one short transaction.
const advisoryLock = 4_800_480_049

const kind = 'create-organization'

/** Where in `private_metadata` an organization carries the key of the intent that made it. */
export const intentMark = 'clerkforce_intent'

export type Taken =
  /** It is ours until the lease runs out. `look`: an earlier attempt may have made it. */
  | { state: 'mine'; key: string; look: boolean }
  /** Another call is at work on it. */
  | { state: 'busy'; key: string }
  | { state: 'finished'; key: string; clerkId: string }
  /** The key was used before, for something else. */
  | { state: 'other'; key: string; name: string }

type Row = { key: string; name: string; leasedUntil: number; clerkId: string | null; finishedAt: number | null }

const columns = 'key, name, leased_until as "leasedUntil", clerk_id as "clerkId", finished_at as "finishedAt"'

const findIntent = async (query: Query, key: string | undefined, name: string): Promise<Row | undefined> => {
  const [row] =
    key === undefined
      ? await query<Row>(
          `select ${columns} from clerkforce.intent where kind = $1 and name = $2 and finished_at is null and key not like 'account/%' order by created_at limit 1`,
          [kind, name],
        )
      : await query<Row>(`select ${columns} from clerkforce.intent where key = $1`, [key])
  return row
}

// One that Clerk refused is opened again, under another name if need be: what stood in the way may be gone.
const upsert = `
  insert into clerkforce.intent (key, kind, name, created_at, leased_by, leased_until) values ($1, $2, $3, $4, $5, $6)
  on conflict (key) do update set leased_by = excluded.leased_by, leased_until = excluded.leased_until,
    name = excluded.name, finished_at = null`

/**
 * Takes the intent `key`, or makes it. Without a key the unfinished intent of the same name is taken, if there is one: what looks like a
 * new request is most often the retry of a lost one. That of an Account is its own, whatever its name.
 * @param newKey names the intent where there is none.
 */
export const takeIntent = (
  db: Database,
  wanted: { key: string | undefined; newKey: string; name: string },
  { lease, now, leaseMs }: { lease: string; now: number; leaseMs: number },
): Promise<Taken> =>
  db.transaction(async (query) => {
    await query('select pg_advisory_xact_lock($1)', [advisoryLock])
    const row = await findIntent(query, wanted.key, wanted.name)
    const refused = row !== undefined && row.finishedAt !== null && row.clerkId === null
    if (row && row.name !== wanted.name && !refused) return { state: 'other', key: row.key, name: row.name }
    if (row?.clerkId) return { state: 'finished', key: row.key, clerkId: row.clerkId }
    const open = row !== undefined && row.finishedAt === null
    if (open && row.leasedUntil > now) return { state: 'busy', key: row.key }
    const key = row?.key ?? wanted.key ?? wanted.newKey
    await query(upsert, [key, kind, wanted.name, now, lease, now + leaseMs])
    return { state: 'mine', key, look: open }
  })

/** Prolongs the lease. False: it ran out, and another call has it. */
export const renewIntent = async (query: Query, key: string, lease: string, until: number): Promise<boolean> => {
  const rows = await query(
    'update clerkforce.intent set leased_until = $3 where key = $1 and leased_by = $2 and finished_at is null returning 1',
    [key, lease, until],
  )
  return rows.length > 0
}

/** Gives it back unfinished. */
export const releaseIntent = async (query: Query, key: string, lease: string): Promise<void> => {
  await query('update clerkforce.intent set leased_by = null, leased_until = 0 where key = $1 and leased_by = $2', [
    key,
    lease,
  ])
}

/**
 * Finishes it; with null, because Clerk refused and there is nothing to find.
 * @returns false when the lease was lost meanwhile, and nobody else has finished it with the same organization.
 */
export const finishIntent = async (
  query: Query,
  { key, lease }: { key: string; lease: string },
  clerkId: string | null,
  now: number,
): Promise<boolean> => {
  const rows = await query(
    `update clerkforce.intent set clerk_id = $3, finished_at = $4, leased_by = null, leased_until = 0
     where key = $1 and (leased_by = $2 or clerk_id = $3) returning 1`,
    [key, lease, clerkId, now],
  )
  return rows.length > 0
}

/** The name under which an organization was set out to be made and may have been; undefined where nothing is open. */
export const openIntentName = async (query: Query, key: string): Promise<string | undefined> => {
  const [row] = await query<{ name: string }>(
    'select name from clerkforce.intent where key = $1 and (finished_at is null or clerk_id is not null)',
    [key],
  )
  return row?.name
}

/** Which of these names are those of organizations that are being made for Accounts at this moment. */
export const namesUnderWay = async (query: Query, names: readonly string[]): Promise<Set<string>> => {
  const rows = await query<{ name: string }>(
    `select distinct name from clerkforce.intent where kind = $1 and name = any($2) and finished_at is null and key like 'account/%'`,
    [kind, names],
  )
  return new Set(rows.map(({ name }) => name))
}
