/**
 * SOQL over the store.
 *
 *   parse.ts (grammar: a tree) -> scope.ts, expressions.ts (what names mean, as the user sees the schema) ->
 *   where.ts, comparison.ts (tests), candidates.ts (which rows to look at), semi-joins.ts -> matching.ts (rows) ->
 *   order.ts, select.ts, children.ts (records), or groups.ts, aggregates.ts (AggregateResults) -> cursors.ts (pages)
 *
 * A query is compiled as a whole before the first row is read, so what is wrong with it is said whatever the data. What
 * Salesforce has and this has not is refused with MALFORMED_QUERY "not supported by the emulator", never guessed:
 * FIELDS(), TYPEOF, DISTANCE, currencies. FIDELITY.md has the list.
 *
 * Text is compared without regard to case, except in unique case-sensitive fields. Null is not less or greater than
 * anything, equals only null, and sorts first. `query` leaves deleted rows out; `queryAll` does not.
 */
import type { Org } from '../org.ts'
import type { Row } from '../store.ts'
import { compileSelect } from './compile-select.ts'
import { complaint, malformed, unsupported } from './complaints.ts'
import { needsGroups } from './expressions.ts'
import { runGroups } from './groups.ts'
import { matchingRows } from './matching.ts'
import { compileOrder, firstInOrder } from './order.ts'
import { parseSoql } from './parse.ts'
import { findObject, type Scope } from './scope.ts'
import type { Select } from './select.ts'
import { checkJoinCount } from './semi-joins.ts'
import type { Condition, Operand, OrderKey, Query } from './syntax.ts'

export type Result =
  /** Of `SELECT COUNT()`. */
  | { kind: 'count'; count: number }
  | { kind: 'rows'; rows: readonly Row[]; select: Select }
  /** AggregateResults, as the API shows them. */
  | { kind: 'groups'; records: readonly Record<string, unknown>[] }

const isCount = ({ items: [item], ...query }: Query): boolean =>
  item?.kind === 'value' &&
  item.of.kind === 'call' &&
  item.of.name === 'COUNT' &&
  item.of.args.length === 0 &&
  item.alias === undefined &&
  query.grouping === undefined

const isGrouped = ({ items, grouping }: Query): boolean =>
  grouping !== undefined || items.some((item) => item.kind === 'value' && needsGroups(item.of))

const field = (path: string, at: number): Operand => ({ kind: 'field', path, at })

// USING SCOPE narrows before WHERE does: `mine` is what the user owns.
const conditionOf = (org: Org, { where, scope }: Query): Condition | undefined => {
  if (!scope || scope.name === 'EVERYTHING') return where
  if (scope.name !== 'MINE') throw unsupported(`USING SCOPE ${scope.name}`)
  const owner = { kind: 'text', text: `'${org.userId}'`, n: undefined, at: scope.at } as const
  const mine: Condition = { kind: 'compare', left: field('OwnerId', scope.at), operator: '=', values: [owner] }
  return where ? { kind: 'and', parts: [mine, where] } : mine
}

/** The order in which rows can be had without sorting, if that is the one asked for. */
const naturalOrder = (keys: readonly OrderKey[]): 'id' | 'stamp' | undefined => {
  const names = keys.map(({ by, descending }) => (by.kind === 'field' && !descending ? by.path.toLowerCase() : ''))
  if (names[0] === 'id') return 'id'
  return names[0] === 'systemmodstamp' && (names.length === 1 || names[1] === 'id') ? 'stamp' : undefined
}

const take = <T>(items: Iterable<T>, count: number): T[] => {
  const taken: T[] = []
  if (count <= 0) return taken
  for (const item of items) {
    taken.push(item)
    if (taken.length >= count) break
  }
  return taken
}

const runRows = (scope: Scope, query: Query, version: string): Result => {
  const select = compileSelect(scope, query, version)
  const keys = compileOrder(scope, query.orderBy)
  const wanted = keys.length === 0 ? undefined : naturalOrder(query.orderBy)
  const rows = matchingRows(scope, conditionOf(scope.org, query), 'top', wanted)
  const { offset = 0, limit = Number.POSITIVE_INFINITY } = query
  const inOrder = keys.length === 0 || rows.order === wanted
  const found = inOrder ? take(rows, offset + limit) : firstInOrder(rows, keys, offset + limit)
  return { kind: 'rows', rows: found.slice(offset), select }
}

const runCount = (scope: Scope, query: Query): Result => {
  if (query.items.length > 1) throw malformed('COUNT() must be the only element in the SELECT list')
  if (query.orderBy.length > 0) throw malformed('ORDER BY is not allowed with COUNT()')
  let count = 0
  const { offset = 0, limit = Number.POSITIVE_INFINITY } = query
  for (const _ of matchingRows(scope, conditionOf(scope.org, query), 'top')) count++
  return { kind: 'count', count: Math.min(Math.max(0, count - offset), limit) }
}

/** The furthest that OFFSET goes. */
const furthest = 2_000

/**
 * Runs a query.
 * @param all also deleted rows, as `queryAll` does
 * @param version of the API, such as `66.0`: how deep child subqueries may go depends on it
 * @throws RequestFailure
 */
export const runQuery = (org: Org, soql: string, all: boolean, version = '66.0'): Result => {
  const query = parseSoql(soql)
  const object = findObject(org, soql, query.from.name, query.from.at)
  const scope: Scope = { org, soql, object, alias: query.alias, all }
  if (query.where) checkJoinCount(query.where)
  if ((query.offset ?? 0) > furthest)
    throw complaint(soql, query.at, 'NUMBER_OUTSIDE_VALID_RANGE', `Maximum SOQL offset allowed is ${furthest}`)
  if (isCount(query)) return runCount(scope, query)
  if (isGrouped(query)) {
    const rows = () => matchingRows(scope, conditionOf(org, query), 'top')
    return { kind: 'groups', records: runGroups(scope, query, rows) }
  }
  const result = runRows(scope, query, version)
  if (query.viewed && result.kind === 'rows') org.recent.see(result.rows)
  return result
}
