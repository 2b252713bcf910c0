import type { Call, Reply, Route, Work } from '../api.ts'
import { refused } from '../errors.ts'

/** A record that the user looked at. */
export type RecentRecord = { attributes: { type: string; url: string }; Id: string; Name?: string }

/** The records that the user looked at last and may still see, the latest first. */
export const recentRecords = ({ org, version }: Call): RecentRecord[] =>
  org.recent.ids().flatMap((id): RecentRecord[] => {
    const object = org.schema.ofId(id)
    const row = object?.queryable ? org.store.get(object.name, id) : undefined
    if (!object || !row || row['IsDeleted'] === true) return []
    const attributes = { type: object.name, url: `/services/data/v${version}/sobjects/${object.name}/${id}` }
    const name = row['Name']
    return [{ attributes, Id: id, ...(typeof name === 'string' ? { Name: name } : {}) }]
  })

const recent = (call: Call): Work => ({
  run: (): Reply => {
    const limit = Number(call.query.get('limit') ?? 200)
    if (!Number.isInteger(limit) || limit < 1) throw refused('INVALID_QUERY_LIMIT', 'limit must be a positive number')
    return { status: 200, body: recentRecords(call).slice(0, limit) }
  },
})

/** What the user looked at. */
export const recentRoutes: readonly Route[] = [{ method: 'GET', pattern: '/recent', kind: 'recent', prepare: recent }]
