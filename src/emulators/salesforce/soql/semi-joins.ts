/**
 * Semi-joins and anti-joins: `AccountId IN (SELECT Id FROM Account WHERE ...)`. Salesforce has many restrictions on
 * them, and each one is kept (SOQL reference, Comparison Operators, Semi-Joins and Anti-Joins): two at most, not below
 * OR or NOT, not in one another or in a child subquery, ids and references only and no paths, both sides of the same
 * type, not of the queried object itself, and neither order nor limit inside.
 */
import type { Row, Value } from '../store.ts'
import { type Narrowing, narrowToValues } from './candidates.ts'
import { complaint, malformed } from './complaints.ts'
import { matchingRows } from './matching.ts'
import { findObject, type Path, readPath, resolvePath, type Scope } from './scope.ts'
import type { Condition, Join, Operand, Query } from './syntax.ts'

/** Where a condition stands: at the top of WHERE, below an OR or a NOT, in a child subquery, in another semi-join. */
export type JoinPlace = 'top' | 'or' | 'nested' | 'children' | 'join'

const refusals: Readonly<Record<Exclude<JoinPlace, 'top'>, string>> = {
  or: "Semi join sub-selects are not allowed with the 'OR' operator",
  nested:
    'Semi join sub-selects are only allowed at the top level WHERE expressions and not in nested WHERE expressions.',
  children:
    'Semi join sub-selects are only allowed at the top level WHERE expressions and not in nested WHERE expressions.',
  join: 'Nesting of semi join sub-selects is not supported',
}

const countJoins = (condition: Condition): number => {
  if (condition.kind === 'join') return 1
  if (condition.kind === 'compare') return 0
  if (condition.kind === 'not') return countJoins(condition.part)
  return condition.parts.reduce((sum, part) => sum + countJoins(part), 0)
}

/** @throws RequestFailure MALFORMED_QUERY for a third semi-join */
export const checkJoinCount = (condition: Condition): void => {
  if (countJoins(condition) > 2) throw malformed('Maximum 2 semi join sub-selects are allowed')
}

const idField = (scope: Scope, operand: Operand | undefined, refuse: (name: string) => string): Path => {
  const written = operand?.kind === 'field' ? operand.path : (operand?.text ?? '')
  const path = operand?.kind === 'field' ? resolvePath(scope, operand.path, operand.at) : undefined
  const type = path?.field.type
  if (path && path.parents.length === 0 && (type === 'id' || type === 'reference')) return path
  throw complaint(scope.soql, operand?.at ?? 0, 'MALFORMED_QUERY', refuse(written))
}

const typeOf = (scope: Scope, { field }: Path): string => field.referenceTo ?? scope.object.name

const checkSubquery = (query: Query): void => {
  if (query.grouping || query.orderBy.length > 0 || query.limit !== undefined || query.offset !== undefined)
    throw malformed('semi join sub-selects cannot use GROUP BY, ORDER BY, LIMIT or OFFSET')
}

const select = (scope: Scope, query: Query): { inner: Scope; path: Path } => {
  const [item] = query.items
  if (query.items.length !== 1 || item?.kind !== 'value')
    throw complaint(scope.soql, query.at, 'MALFORMED_QUERY', 'semi join sub-selects can only query one id field')
  const object = findObject(scope.org, scope.soql, query.from.name, query.from.at)
  const inner: Scope = { ...scope, object, alias: query.alias }
  const path = idField(
    inner,
    item.of,
    (name) => `semi join sub-selects can only query id fields, cannot use: '${name}'`,
  )
  return { inner, path }
}

/** @throws RequestFailure MALFORMED_QUERY for what Salesforce does not allow */
export const compileJoin = (
  scope: Scope,
  join: Join,
  place: JoinPlace,
): { test: (row: Row) => boolean; narrowing: Narrowing } => {
  if (place !== 'top') throw complaint(scope.soql, join.left.at, 'MALFORMED_QUERY', refusals[place])
  const refuseLeft = (name: string) =>
    `The left operand field in the where expression for outer query should be an id field, cannot use: '${name}'`
  const left = idField(scope, join.left, refuseLeft)
  checkSubquery(join.query)
  const { inner, path } = select(scope, join.query)
  if (inner.object === scope.object) {
    const message = 'The inner and outer selects should not be on the same object type'
    throw complaint(scope.soql, join.query.from.at, 'MALFORMED_QUERY', message)
  }
  if (typeOf(scope, left) !== typeOf(inner, path)) {
    const message = `The selected field '${path.field.name}' in the subquery and the left operand field in the where expression in the outer query '${left.field.name}' should point to the same object type`
    throw complaint(scope.soql, join.left.at, 'MALFORMED_QUERY', message)
  }
  const readInner = readPath(scope.org, path)
  const found = new Set<Value>()
  for (const row of matchingRows(inner, join.query.where, 'join')) found.add(readInner(row))
  found.delete(null)
  const read = readPath(scope.org, left)
  if (join.negated) return { test: (row) => !found.has(read(row)), narrowing: {} }
  return {
    test: (row) => found.has(read(row)),
    narrowing: narrowToValues(scope.org, scope.object, left, [...found]),
  }
}
