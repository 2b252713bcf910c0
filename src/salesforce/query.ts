import type { QueriedRecord, SalesforceApi } from './api.ts'
import { assertSubrequestCount, sendComposite } from './composite.ts'
import { failureOfShape, failureOfStatus } from './failure.ts'
import type { Http } from './http.ts'
import { type Continuation, readPage } from './records.ts'
import { errorsOf, isObject } from './schemas.ts'

/**
 * A query longer than this goes in the body of a Composite, where it costs the same one call. The bound of a URL with its headers is
 * 16,384 bytes (help, article 000386264, which also names Composite as the way round), "likely to be smaller" for a query because
 * Salesforce adds to it; an access token in JWT form takes 2,000 and more. Half of it is safe on every side.
 */
const MAX_QUERY_PATH = 8_000

/** Reads queries to their end: every page, and every page of a subquery. */
export const createQuery =
  (http: Http, base: string): SalesforceApi['query'] =>
  async (soqls, { deleted = false } = {}) => {
    assertSubrequestCount(soqls.length)
    const paths = soqls.map((soql) => `${base}/${deleted ? 'queryAll' : 'query'}?q=${encodeURIComponent(soql)}`)
    const lists: QueriedRecord[][] = soqls.map(() => [])
    const more = await firstPages(http, base, paths, lists)
    for (let next = more.pop(); next; next = more.pop()) {
      const page = await http.send({ kind: 'query-page', method: 'GET', path: next.path, effect: 'reads' })
      more.push(...readPage(page, next.into))
    }
    return lists
  }

/** The size of a result, without its records. */
export const createCount =
  (http: Http, base: string): SalesforceApi['count'] =>
  async (soql, { deleted = false } = {}) => {
    const path = `${base}/${deleted ? 'queryAll' : 'query'}?q=${encodeURIComponent(soql)}`
    const body = await http.send({ kind: 'count', method: 'GET', path, effect: 'reads' })
    const size = isObject(body) && body['done'] === true ? body['totalSize'] : undefined
    if (typeof size !== 'number') throw failureOfShape('a count', 'reads', 200)
    return size
  }

const firstPages = async (
  http: Http,
  base: string,
  paths: readonly string[],
  lists: readonly QueriedRecord[][],
): Promise<Continuation[]> => {
  const [only] = paths
  if (only && paths.length === 1 && only.length <= MAX_QUERY_PATH) {
    const page = await http.send({ kind: 'query', method: 'GET', path: only, effect: 'reads' })
    return readPage(page, lists[0] ?? [])
  }
  const requests = paths.map((path) => ({ method: 'GET', path }) as const)
  const subresponses = await sendComposite(http, base, 'query-composite', requests)
  return subresponses.flatMap(({ status, body }, index) => {
    if (status < 200 || status >= 300) throw failureOfStatus(status, errorsOf(body), 'reads')
    return readPage(body, lists[index] ?? [])
  })
}
