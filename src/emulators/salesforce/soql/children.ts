import type { Row } from '../store.ts'
import { malformed } from './complaints.ts'
import { compileOrder, firstInOrder, type SortKey } from './order.ts'
import { type ChildRelationship, findChildren, type Scope } from './scope.ts'
import type { SelectItem } from './select.ts'
import type { Query } from './syntax.ts'
import { compileWhere, type Test } from './where.ts'

/** Compiles a nested query's own SELECT; given by `compile-select.ts`, which compiles the outer one the same way. */
export type Nest = (scope: Scope, query: Query, depth: number) => Extract<SelectItem, { children: unknown }>['children']

// Children by parent. Through the index of the reference field where it serves; otherwise all children are read once.
const finder = (scope: Scope, field: ChildRelationship['field'], test: Test | undefined): ((parent: Row) => Row[]) => {
  const { org, object, all } = scope
  const lag = org.settings.lateVisibilityMs
  const keep = (row: Row | undefined): row is Row =>
    row !== undefined && (all || row['IsDeleted'] !== true) && (!test || test(row))
  let byParent: Map<unknown, Row[]> | undefined
  const readAll = (): Map<unknown, Row[]> => {
    const rows = org.store.ids(object.name).map((id) => org.store.visible(object.name, id, lag))
    return Map.groupBy(rows.filter(keep), (row) => row[field.name])
  }
  return (parent) => {
    const ids = lag > 0 ? undefined : org.store.lookup(object.name, field, parent.Id)
    if (ids) return [...ids].sort().flatMap((id) => [org.store.get(object.name, id)].filter(keep))
    byParent ??= readAll()
    return byParent.get(parent.Id) ?? []
  }
}

/** Parent-to-child subqueries go one level deep, from v58 on five. */
const deepest = (version: string): number => (Number(version) >= 58 ? 4 : 1)

/**
 * A child subquery as an item of SELECT.
 * @throws RequestFailure
 */
export const compileChildren = (
  outer: Scope,
  query: Query,
  { nest, depth, version }: { nest: Nest; depth: number; version: string },
): SelectItem => {
  if (depth >= deepest(version))
    throw malformed(
      'SOQL statements cannot query aggregate relationships more than 1 level away from the root entity object.',
    )
  const { name, child, field } = findChildren(outer, query.from.name, query.from.at)
  if (query.grouping) throw malformed('only root queries support aggregate expressions')
  const scope: Scope = { ...outer, object: child, alias: query.alias }
  const children = nest(scope, query, depth + 1)
  const find = finder(scope, field, query.where && compileWhere(scope, query.where, 'children').test)
  const keys: SortKey<Row>[] = compileOrder(scope, query.orderBy)
  const { offset = 0, limit = Number.POSITIVE_INFINITY } = query
  return {
    name,
    children,
    rows: (parent) => firstInOrder(find(parent), keys, offset + limit).slice(offset),
  }
}
