/**
 * Catch up: which records changed in Salesforce since a time, asked page by page in the order (SystemModstamp, Id), deleted ones included.
 * What is found becomes stale and is read back like anything else. It serves three times: as the poll of an org without change events, where a
 * stream was broken, and for events that do not say which records they mean.
 *
 * A transaction shows late, with a time from before its commit: each poll goes back over the last five minutes. What was seen in them at the
 * same time is not read again.
 */
import type { Database, Query } from '../../db/database.ts'
import type { QueriedRecord } from '../../salesforce/api.ts'
import { quote } from '../../salesforce/soql.ts'
import { markStale, type StaleEntity } from '../mirror/stale.ts'
import type { PacedApi } from '../pace/paced-api.ts'
import type { Condition } from '../plan/grants.ts'
import { keyOf, objectOf, type Rules } from '../plan/mapping.ts'

const pageSize = 2_000
const overlapMs = 5 * 60_000
const freshMs = 15_000

/** A place in the order of (SystemModstamp, Id). */
type Place = { at: number; id: string }

const time = (ms: number): string => new Date(ms).toISOString()

const after = ({ at, id }: Place): string =>
  id === ''
    ? `SystemModstamp >= ${time(at)}`
    : `(SystemModstamp > ${time(at)} OR (SystemModstamp = ${time(at)} AND Id > ${quote(id)}))`

const pageQuery = (entity: StaleEntity, place: Place): string =>
  `SELECT Id, SystemModstamp, IsDeleted FROM ${objectOf[entity]} WHERE ${after(place)} ORDER BY SystemModstamp, Id LIMIT ${pageSize}`

const modifiedAt = (row: QueriedRecord): number => Date.parse(String(row['SystemModstamp']))

/** Remembers what was seen in the overlap, so that it is not read back with every poll. */
export type Seen = Map<string, number>

const forgetOld = (seen: Seen, before: number): void => {
  for (const [id, at] of seen) if (at < before) seen.delete(id)
}

const take = async (
  db: Database,
  entity: StaleEntity,
  rows: readonly QueriedRecord[],
  seen: Seen,
  now: number,
): Promise<number> => {
  const news = rows.filter((row) => (seen.get(row.Id) ?? 0) < modifiedAt(row))
  await markStale(
    db.query,
    news.map((row) => ({ entity, id: row.Id, committedAt: modifiedAt(row), gone: row['IsDeleted'] === true })),
    now,
  )
  // Times have whole seconds: a record that changed just now may change again at the same one.
  for (const row of news) if (modifiedAt(row) < now - freshMs) seen.set(row.Id, modifiedAt(row))
  return news.length
}

/**
 * Finds what changed since a time, for several entities in one call and as many more as there are full pages.
 * @returns how many records were noted, and the newest time that was seen.
 * @throws SalesforceError when Salesforce cannot be asked.
 */
export const findChanged = async (
  { db, api, now }: { db: Database; api: PacedApi; now: () => number },
  since: ReadonlyMap<StaleEntity, number>,
  seen: Seen,
): Promise<{ found: number; reached: number }> => {
  let open = [...since].map(([entity, at]) => ({ entity, place: { at: at - overlapMs, id: '' } }))
  let found = 0
  let reached = 0
  while (open.length > 0) {
    const pages = await api.query(
      open.map(({ entity, place }) => pageQuery(entity, place)),
      { deleted: true },
    )
    const next: typeof open = []
    for (const [index, { entity }] of open.entries()) {
      const rows = pages[index] ?? []
      found += await take(db, entity, rows, seen, now())
      const last = rows.at(-1)
      if (last) reached = Math.max(reached, modifiedAt(last))
      if (last && rows.length === pageSize) next.push({ entity, place: { at: modifiedAt(last), id: last.Id } })
    }
    open = next
  }
  forgetOld(seen, reached - 2 * overlapMs)
  return { found, reached }
}

const name = (entity: StaleEntity): string => `catch-up/${entity}`

/**
 * Notes that everything since a time has to be asked for; the earliest time counts. One millisecond before it, so that an asking that is under
 * way does not take this for done.
 */
export const askCatchUp = async (query: Query, entity: StaleEntity, since: number): Promise<void> => {
  await query(
    `insert into clerkforce.cursor as mine (name, reached) values ($1, $2)
     on conflict (name) do update set reached = least(mine.reached, excluded.reached) - 1`,
    [name(entity), since],
  )
}

/** Catches up where that was asked for. @returns how many records were noted. @throws SalesforceError when Salesforce cannot be asked */
export const catchUp = async (
  options: { db: Database; api: PacedApi; now: () => number },
  entities: readonly StaleEntity[],
): Promise<number> => {
  const { db } = options
  const rows = await db.query<{ name: string; reached: number }>(
    'select name, reached from clerkforce.cursor where name = any($1) and reached is not null',
    [entities.map(name)],
  )
  if (rows.length === 0) return 0
  const since = new Map(
    rows.flatMap((row) => {
      const entity = entities.find((one) => name(one) === row.name)
      return entity ? [[entity, row.reached] as const] : []
    }),
  )
  const { found } = await findChanged(options, since, new Map())
  // Asked for again meanwhile, from an earlier time: that is still to do.
  await db.query(
    `delete from clerkforce.cursor c using unnest($1::text[], $2::bigint[]) as done(name, reached)
     where c.name = done.name and c.reached = done.reached`,
    [rows.map((row) => row.name), rows.map((row) => row.reached)],
  )
  return found
}

const literal = ({ equals, kind }: Condition): string =>
  kind === 'boolean' || kind === 'number' ? String(equals) : quote(String(equals))

/**
 * Finds Accounts and Contacts that ask for something in Clerk and have nothing there: those from before we followed, and those whose event was
 * lost. One call, and one more for each full page: whoever was invited and has not accepted yet is among them each time.
 * @throws SalesforceError when Salesforce cannot be asked.
 */
export const findAsking = async (
  { db, api, now }: { db: Database; api: PacedApi; now: () => number },
  { provision, invite }: Rules,
): Promise<number> => {
  let open = [
    ...(provision ? [{ entity: 'organization' as const, when: provision.when, after: '' }] : []),
    ...(invite ? [{ entity: 'person' as const, when: invite.when, after: '' }] : []),
  ]
  let found = 0
  while (open.length > 0) {
    const pages = await api.query(open.map(askingQuery))
    const next: typeof open = []
    for (const [index, one] of open.entries()) {
      const rows = pages[index] ?? []
      const stale = rows.map(({ Id }) => ({ entity: one.entity, id: Id, committedAt: 0, gone: false }))
      await markStale(db.query, stale, now())
      found += rows.length
      const last = rows.at(-1)
      if (last && rows.length === pageSize) next.push({ ...one, after: last.Id })
    }
    open = next
  }
  return found
}

const askingQuery = ({ entity, when, after }: { entity: StaleEntity; when: Condition; after: string }): string =>
  `SELECT Id FROM ${objectOf[entity]} WHERE ${when.field} = ${literal(when)} AND ${keyOf[entity]} = null` +
  `${after === '' ? '' : ` AND Id > ${quote(after)}`} ORDER BY Id LIMIT ${pageSize}`
