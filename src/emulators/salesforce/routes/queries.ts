import type { Call, Params, Reply, Route, Work } from '../api.ts'
import { refused } from '../errors.ts'
import { runQuery } from '../soql/query.ts'
import { type Select, showRecord } from '../soql/select.ts'
import type { Row } from '../store.ts'

const smallest = 200

// Salesforce treats the asked-for size as a hint; here it holds exactly, within the documented bounds.
const batchSize = (call: Call): number => {
  const most = call.org.settings.maxBatchSize
  const asked = /batchSize\s*=\s*(\d+)/i.exec(call.header('sforce-query-options') ?? '')?.[1]
  return asked === undefined ? most : Math.min(most, Math.max(Math.min(smallest, most), Number(asked)))
}

const page = (
  call: Call,
  at: { rows: readonly Row[]; select: Select; from: number; size: number; cursor: string | undefined },
): Reply => {
  const { rows, select, from, size } = at
  const to = from + size
  const done = to >= rows.length
  const cursor = done ? undefined : (at.cursor ?? call.org.cursors.open({ rows, select, batchSize: size }))
  return {
    status: 200,
    body: {
      totalSize: rows.length,
      done,
      ...(cursor ? { nextRecordsUrl: `/services/data/v${call.version}/query/${cursor}-${to}` } : {}),
      records: rows.slice(from, to).map((row) => showRecord(call.org, select, row, call.version)),
    },
  }
}

const query =
  (all: boolean) =>
  (call: Call): Work => ({
    run: () => {
      const soql = call.query.get('q')
      if (soql === null) throw refused('MALFORMED_QUERY', 'Required parameter q is missing')
      const result = runQuery(call.org, soql, all)
      if (result.kind === 'count') return { status: 200, body: { totalSize: result.count, done: true, records: [] } }
      return page(call, { ...result, from: 0, size: batchSize(call), cursor: undefined })
    },
  })

const more = (call: Call, params: Params): Work => ({
  run: () => {
    const [id = '', from = ''] = (params['locator'] ?? '').split('-')
    const cursor = call.org.cursors.get(id)
    if (!cursor || !/^\d+$/.test(from)) throw refused('INVALID_QUERY_LOCATOR', 'invalid query locator')
    return page(call, { ...cursor, from: Number(from), size: cursor.batchSize, cursor: id })
  },
})

/** SOQL, and the pages that follow. */
export const queryRoutes: readonly Route[] = [
  { method: 'GET', pattern: '/query', kind: 'query', prepare: query(false) },
  { method: 'GET', pattern: '/queryAll', kind: 'query', prepare: query(true) },
  { method: 'GET', pattern: '/query/:locator', kind: 'query more', prepare: more },
  { method: 'GET', pattern: '/queryAll/:locator', kind: 'query more', prepare: more },
]
