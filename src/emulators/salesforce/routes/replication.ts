/**
 * getUpdated and getDeleted: which records of an object changed, or went, within a span of time.
 *
 * Seconds are cut off both ends, so a span is at least a minute long; it starts at most 30 days ago for changes, 15 for
 * deletions, and not before the delete log does. The caller goes on from `latestDateCovered`, which is never later than
 * what a query would see (REST guide, sObject Get Updated and sObject Get Deleted; SOAP guide, getUpdated()).
 */
import type { Call, Params, Route, Work } from '../api.ts'
import { type RequestFailure, refused } from '../errors.ts'
import type { Org } from '../org.ts'
import { readDateTime, showDateTime } from '../records/values.ts'
import type { ObjectType } from '../schema.ts'
import { isReplicateable } from './object-traits.ts'
import { objectOf } from './shared.ts'

const minute = 60_000
const day = 86_400_000
const mostDays = { updated: 30, deleted: 15 }
/** More ids than this are refused. */
const most = 600_000

const invalid = (message: string): RequestFailure => refused('INVALID_REPLICATION_DATE', message)

const readTime = (call: Call, name: 'start' | 'end'): number => {
  const given = call.query.get(name)
  if (given === null) throw refused('MISSING_ARGUMENT', `Required parameter ${name} is missing`)
  const at = readDateTime(given)
  if (at === undefined) throw invalid(`Unable to parse ${name}: ${given}`)
  return Math.floor(at / minute) * minute
}

const readSpan = (call: Call, kind: 'updated' | 'deleted'): { start: number; end: number } => {
  const start = readTime(call, 'start')
  const end = readTime(call, 'end')
  if (start > end) throw invalid('startDate must precede endDate')
  if (start === end) throw invalid('endDate must be at least one minute greater than the startDate')
  const days = mostDays[kind]
  if (start < call.org.clock.now() - days * day)
    throw invalid(`specified start date cannot be more than ${days} days ago`)
  return { start, end }
}

const replicated = (call: Call, params: Params): ObjectType => {
  const object = objectOf(call, params)
  if (!isReplicateable(object))
    throw refused('INVALID_TYPE_FOR_OPERATION', `entity type ${object.name} is not replicateable`)
  return object
}

const covered = (org: Org, end: number): string =>
  showDateTime(Math.min(end, Math.floor((org.clock.now() - org.settings.lateVisibilityMs) / 1000) * 1000))

const checkCount = <T>(found: T[]): T[] => {
  if (found.length > most) throw refused('EXCEEDED_ID_LIMIT', `more than ${most} ids: choose dates closer together`)
  return found
}

const updated = (call: Call, params: Params): Work => ({
  run: () => {
    const { org } = call
    const object = replicated(call, params)
    const { start, end } = readSpan(call, 'updated')
    const lag = org.settings.lateVisibilityMs
    const isThere = (id: string): boolean => {
      const row = org.store.visible(object.name, id, lag)
      return row !== undefined && row['IsDeleted'] !== true
    }
    const ids = [...org.store.stamps(object.name).between(start, end)].filter(isThere)
    return { status: 200, body: { ids: checkCount(ids), latestDateCovered: covered(org, end) } }
  },
})

const deleted = (call: Call, params: Params): Work => ({
  run: () => {
    const { org } = call
    const object = replicated(call, params)
    const { start, end } = readSpan(call, 'deleted')
    const since = org.deleteLog.since()
    if (start < since) throw invalid('startDate is before the earliest date available: the delete log was purged')
    const deletedRecords: { id: string; deletedDate: string }[] = []
    for (const id of org.store.bin(object.name)) {
      const at = org.store.get(object.name, id)?.['SystemModstamp']
      if (typeof at === 'number' && at >= start && at < end) deletedRecords.push({ id, deletedDate: showDateTime(at) })
    }
    return {
      status: 200,
      body: {
        deletedRecords: checkCount(deletedRecords),
        earliestDateAvailable: showDateTime(Math.max(since, org.clock.now() - mostDays.deleted * day)),
        latestDateCovered: covered(org, end),
      },
    }
  },
})

/** What changed and what went. Before the rows' routes, whose patterns would catch `updated` as an id. */
export const replicationRoutes: readonly Route[] = [
  { method: 'GET', pattern: '/sobjects/:object/updated', kind: 'replication', prepare: updated },
  { method: 'GET', pattern: '/sobjects/:object/deleted', kind: 'replication', prepare: deleted },
]
