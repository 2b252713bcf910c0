import type { Database, Query } from '../../db/database.ts'
import type { ChangeHint, EventBatch } from '../../salesforce/events/api.ts'
import { moveCursor } from '../mirror/cursor.ts'
import { readFields } from '../mirror/from-salesforce.ts'
import { noteHintRecords } from '../mirror/hint-records.ts'
import { storeChangeHints } from '../mirror/inbox.ts'
import { markStale, type NewStale, type StaleEntity } from '../mirror/stale.ts'
import { objectOf, type Rules } from '../plan/mapping.ts'
import { askCatchUp } from './catch-up.ts'

export const staleEntities: readonly StaleEntity[] = ['organization', 'person', 'membership']
const entityOf = new Map(staleEntities.map((entity) => [objectOf[entity], entity]))

/** The same event may come twice under two replay ids, and one event of several records in pieces: id and records tell them apart. */
const deliveryId = ({ eventId, recordIds }: ChangeHint): string => [eventId, ...recordIds.slice(0, 1)].join('/')

/** Whether anything that we read may have changed; a change that we cannot tell the fields of counts. */
const concerns = ({ changeType, changedFields }: ChangeHint, read: ReadonlySet<string>): boolean =>
  changeType !== 'UPDATE' || !changedFields || changedFields.some((field) => read.has(field))

/** What came of a batch, for the counters. */
export type Taken = {
  events: number
  repeated: number
  skipped: number
  records: number
  /** Events that do not say which records they mean: those that changed are asked for. */
  vague: number
}

const deletions: ReadonlySet<string> = new Set(['DELETE', 'GAP_DELETE'])

const staleOf = (entity: StaleEntity, { recordIds, committedAt, changeType }: ChangeHint): NewStale[] =>
  recordIds.map((id) => ({ entity, id, committedAt, gone: deletions.has(changeType) }))

/**
 * What we wrote ourselves comes back as an event. It is read back too, because an automation of the org may have changed what we sent, but
 * nobody waits for it: after a while it goes with all the others in one call.
 */
const isEcho = ({ commitUser, changeOrigin }: ChangeHint, own: Own): boolean => {
  if (own.userId === undefined || commitUser.slice(0, 15) !== own.userId.slice(0, 15)) return false
  const [, client] = /;\s*client=([^;/]*)/.exec(changeOrigin) ?? []
  return client === undefined || client === '' || client === own.client
}

/** Who we are to Salesforce, and how long our own writes may wait to be read back. */
export type Own = { userId: string | undefined; client: string; echoMs: number }

type Sorted = { stale: NewStale[]; echoes: NewStale[]; skipped: number; unknown: StaleEntity[] }

const sort = (hints: readonly ChangeHint[], rules: Rules, own: Own): Sorted => {
  const fields = new Map(staleEntities.map((entity) => [entity, new Set(readFields(entity, rules).keys())]))
  const sorted: Sorted = { stale: [], echoes: [], skipped: 0, unknown: [] }
  for (const hint of hints) {
    const entity = entityOf.get(hint.object)
    if (!entity) {
      // An event that could not be decoded does not even say of what it is.
      if (hint.object === '') sorted.unknown.push(...staleEntities)
      else sorted.skipped++
    } else if (hint.recordIds.length === 0) sorted.unknown.push(entity)
    else if (!concerns(hint, fields.get(entity) ?? new Set())) sorted.skipped++
    else sorted[isEcho(hint, own) ? 'echoes' : 'stale'].push(...staleOf(entity, hint))
  }
  return sorted
}

/** Another process follows the stream now. */
export class CursorLostError extends Error {
  override readonly name: string = 'CursorLostError'
}

export type TakeOptions = {
  /** Of the cursor, and who holds it. */
  name: string
  holder: string
  rules: Rules
  own: Own
  reached: number | null
  now: number
}

const store = async (
  query: Query,
  batch: EventBatch,
  { rules, own, reached, now }: Pick<TakeOptions, 'rules' | 'own' | 'reached' | 'now'>,
): Promise<Taken> => {
  const rows = batch.hints.map((hint) => ({ hint, id: deliveryId(hint) }))
  const fresh = await storeChangeHints(
    query,
    [...new Map(rows.map((row) => [row.id, row])).values()].map(({ hint, id }) => {
      const { replayId, ...header } = hint
      const body = JSON.stringify({ ...header, replayId: Buffer.from(replayId).toString('base64') })
      return { deliveryId: id, type: `${hint.object} ${hint.changeType}`, body }
    }),
    now,
  )
  const newRows = rows.filter(({ id }) => fresh.has(id))
  await noteHintRecords(
    query,
    newRows.flatMap(({ hint, id: deliveryId }) =>
      hint.recordIds.map((recordId) => ({ recordId, carried: false, at: now, deliveryId })),
    ),
  )
  const news = newRows.map(({ hint }) => hint)
  const { stale, echoes, skipped, unknown } = sort(news, rules, own)
  await markStale(query, stale, now)
  await markStale(query, echoes, now, now + own.echoMs)
  for (const entity of new Set(unknown)) await askCatchUp(query, entity, reached ?? now)
  return {
    events: rows.length,
    repeated: rows.length - news.length,
    skipped,
    records: stale.length + echoes.length,
    vague: unknown.length,
  }
}

/**
 * Takes in what a stream brought, in one transaction: the hints, the records to be read back, and how far the stream has been followed.
 * @throws CursorLostError when another process has taken over: nothing is stored then.
 */
export const takeEvents = (db: Database, batch: EventBatch, { name, holder, ...taking }: TakeOptions): Promise<Taken> =>
  db.transaction(async (query) => {
    const newest = batch.hints.reduce((most, { committedAt }) => Math.max(most, committedAt), 0)
    const moved = await moveCursor(query, name, holder, {
      replayId: batch.replayId,
      ...(newest > 0 ? { reached: newest } : {}),
    })
    if (!moved) throw new CursorLostError('another process follows Salesforce now')
    return store(query, batch, taking)
  })
