/**
 * WHERE: each condition becomes a test of a row and, where an index can serve, a narrowing of the rows to look at.
 * The narrowing only saves work: the test decides.
 */
import type { Row, Value } from '../store.ts'
import { type Narrowing, narrowBoth, narrowEither, narrowToOrder, narrowToValues } from './candidates.ts'
import { compileComparison } from './comparison.ts'
import { complaint } from './complaints.ts'
import { compileOperand } from './expressions.ts'
import { readLiteral } from './literals.ts'
import type { Scope } from './scope.ts'
import { compileJoin, type JoinPlace } from './semi-joins.ts'
import type { Comparison, Condition } from './syntax.ts'
import { isFilterable } from './traits.ts'

export type Test = (row: Row) => boolean
export type Compiled = { test: Test; narrowing: Narrowing }

const compileLeaf = (scope: Scope, comparison: Comparison): Compiled => {
  const { as, read, path, compute } = compileOperand(scope, comparison.left)
  if (!isFilterable(path.field)) {
    const message = `field '${path.field.name}' can not be filtered in a query call`
    throw complaint(scope.soql, comparison.left.at, 'INVALID_FIELD', message)
  }
  const { fits, values } = compileComparison(scope, as, comparison)
  const test: Test = (row) => fits(read(row))
  if (compute) return { test, narrowing: {} }
  if (values) return { test, narrowing: narrowToValues(scope.org, scope.object, path, values) }
  const [literal] = comparison.values
  const isPlain = comparison.operator !== 'LIKE' && literal && literal.kind !== 'span' && as.type !== 'multipicklist'
  const value: Value = isPlain ? readLiteral(scope.soql, as, literal) : null
  return { test, narrowing: narrowToOrder(path, comparison.operator, value) }
}

/**
 * Turns a condition into a test and a narrowing.
 * @param place where it stands, since semi-joins are not allowed everywhere
 * @throws RequestFailure
 */
export const compileWhere = (scope: Scope, condition: Condition, place: JoinPlace): Compiled => {
  if (condition.kind === 'compare') return compileLeaf(scope, condition)
  if (condition.kind === 'join') return compileJoin(scope, condition, place)
  if (condition.kind === 'not') {
    const { test } = compileWhere(scope, condition.part, place === 'top' ? 'nested' : place)
    return { test: (row) => !test(row), narrowing: {} }
  }
  const inside = condition.kind === 'or' && place === 'top' ? 'or' : place
  const parts = condition.parts.map((part) => compileWhere(scope, part, inside))
  const narrow = condition.kind === 'and' ? narrowBoth : narrowEither
  return {
    test:
      condition.kind === 'and'
        ? (row) => parts.every((part) => part.test(row))
        : (row) => parts.some((part) => part.test(row)),
    narrowing: parts.map((part) => part.narrowing).reduce(narrow),
  }
}
