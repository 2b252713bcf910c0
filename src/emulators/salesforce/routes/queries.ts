import type { Call, Params, Route, Work } from '../api.ts'
import { refused } from '../errors.ts'
import { describeColumns } from '../soql/columns.ts'
import { explain } from '../soql/explain.ts'
import { runQuery } from '../soql/query.ts'
import { showPage } from '../soql/select.ts'

const smallest = 200

// Salesforce treats the asked-for size as a hint; here it holds exactly, within the documented bounds.
const batchSize = (call: Call): number => {
  const most = call.org.settings.maxBatchSize
  const asked = /batchSize\s*=\s*(\d+)/i.exec(call.header('sforce-query-options') ?? '')?.[1]
  return asked === undefined ? most : Math.min(most, Math.max(Math.min(smallest, most), Number(asked)))
}

const query =
  (all: boolean) =>
  (call: Call): Work => ({
    run: () => {
      const explained = call.query.get('explain')
      if (explained !== null) return { status: 200, body: explain(call.org, explained) }
      const soql = call.query.get('q')
      if (soql === null) throw refused('MALFORMED_QUERY', 'Required parameter q is missing')
      if (call.query.get('columns') === 'true')
        return { status: 200, body: describeColumns(call.org, soql, call.version) }
      const result = runQuery(call.org, soql, all, call.version)
      if (result.kind === 'count') return { status: 200, body: { totalSize: result.count, done: true, records: [] } }
      if (result.kind === 'groups') {
        const { records } = result
        return { status: 200, body: { totalSize: records.length, done: true, records } }
      }
      const page = { ...result, pageSize: batchSize(call), version: call.version }
      return { status: 200, body: showPage(call.org, page) }
    },
  })

// The next page of a queryAll is had from either resource: the locator knows what it reads.
const more = (call: Call, params: Params): Work => ({
  run: () => {
    const [, id = '', place = ''] = /^(\w{15,18})-(\d+)$/.exec(params['locator'] ?? '') ?? []
    const cursor = call.org.cursors.get(id)
    const from = Number(place)
    if (!cursor || from >= cursor.rows.length) throw refused('INVALID_QUERY_LOCATOR', 'invalid query locator')
    const page = { ...cursor, pageSize: cursor.batchSize, version: call.version, from, cursor: id }
    return { status: 200, body: showPage(call.org, page) }
  },
})

/** SOQL, its plans, and the pages that follow. */
export const queryRoutes: readonly Route[] = [
  { method: 'GET', pattern: '/query', kind: 'query', prepare: query(false) },
  { method: 'GET', pattern: '/queryAll', kind: 'query', prepare: query(true) },
  { method: 'GET', pattern: '/query/:locator', kind: 'query more', prepare: more },
  { method: 'GET', pattern: '/queryAll/:locator', kind: 'query more', prepare: more },
]
