/** Comparisons: an operator and its literals become a test of one value. Two-valued: what is not so is its opposite. */
import { isText } from '../schema.ts'
import { keyOf, type Value } from '../store.ts'
import { complaint, unsupported } from './complaints.ts'
import { spanOf } from './date-spans.ts'
import { type Comparand, likePattern, readLiteral, wrongType } from './literals.ts'
import type { Scope } from './scope.ts'
import type { Comparison, Operator } from './syntax.ts'

/** `values` are those that could be looked up in an index: for = and IN. */
export type ValueTest = { fits: (value: Value) => boolean; values: readonly Value[] | undefined }

const orders: Partial<Record<Operator, (at: number) => boolean>> = {
  '<': (at) => at < 0,
  '<=': (at) => at <= 0,
  '>': (at) => at > 0,
  '>=': (at) => at >= 0,
}

const equality: ReadonlySet<Operator> = new Set(['=', '!=', 'IN', 'NOT IN'])

const isAllowed = ({ type }: Comparand, operator: Operator): boolean => {
  if (operator === 'INCLUDES' || operator === 'EXCLUDES') return type === 'multipicklist'
  if (operator === 'LIKE') return isText(type) && type !== 'multipicklist'
  return equality.has(operator) || (type !== 'boolean' && type !== 'multipicklist')
}

const checkOperator = (scope: Scope, as: Comparand, { operator, left }: Comparison): void => {
  if (isAllowed(as, operator)) return
  const kind = as.type === 'reference' ? 'id' : as.type
  throw complaint(scope.soql, left.at, 'INVALID_QUERY_FILTER_OPERATOR', `invalid operator on ${kind} field`)
}

// A span is compared as a whole: before it is less, after it is greater.
const spanTest = (scope: Scope, as: Comparand, comparison: Comparison): ValueTest => {
  const [literal] = comparison.values
  const { operator } = comparison
  if (!literal || comparison.values.length > 1 || operator === 'IN' || operator === 'NOT IN')
    throw unsupported('a date literal in a list')
  if (as.type !== 'datetime' && as.type !== 'date') throw wrongType(scope.soql, as, literal.at)
  const { from, to } = spanOf(literal.text, literal.n ?? 0, scope.org.clock.now())
  const holds = orders[operator]
  const fits = (value: Value): boolean => {
    const time = typeof value === 'string' ? Date.parse(`${value}T00:00:00Z`) : value
    if (typeof time !== 'number') return operator === '!='
    const at = time < from ? -1 : time >= to ? 1 : 0
    return holds ? holds(at) : (at === 0) === (operator === '=')
  }
  return { fits, values: undefined }
}

const choiceTest = (scope: Scope, as: Comparand, { operator, values }: Comparison): ValueTest => {
  const parts = (value: Value): string[] => (typeof value === 'string' ? value.toLowerCase().split(';') : [])
  const groups = values.map((literal) => parts(readLiteral(scope.soql, as, literal)))
  const includes = (value: Value): boolean => {
    const has = new Set(parts(value))
    return groups.some((group) => group.length > 0 && group.every((each) => has.has(each)))
  }
  return { fits: operator === 'INCLUDES' ? includes : (value) => !includes(value), values: undefined }
}

const likeTest = (pattern: Value, as: Comparand): ValueTest => {
  if (typeof pattern !== 'string') return { fits: (value) => value === null, values: undefined }
  const matcher = likePattern(pattern, as.caseSensitive)
  return { fits: (value) => typeof value === 'string' && matcher.test(value), values: undefined }
}

const orderTest = (as: Comparand, operator: Operator, literal: Value): ValueTest => {
  const wanted = keyOf(as, literal)
  const holds = orders[operator]
  const fits = (value: Value): boolean => {
    const key = keyOf(as, value)
    if (key === null || wanted === null || !holds) return false
    return holds(key < wanted ? -1 : key > wanted ? 1 : 0)
  }
  return { fits, values: undefined }
}

/**
 * The test of a comparison.
 * @throws RequestFailure for an operator or a literal that does not fit the type
 */
export const compileComparison = (scope: Scope, as: Comparand, comparison: Comparison): ValueTest => {
  checkOperator(scope, as, comparison)
  const { operator, values: literals } = comparison
  if (literals.some((literal) => literal.kind === 'span')) return spanTest(scope, as, comparison)
  if (operator === 'INCLUDES' || operator === 'EXCLUDES') return choiceTest(scope, as, comparison)
  const values = literals.map((literal) => readLiteral(scope.soql, as, literal, operator === 'LIKE'))
  const [first = null] = values
  if (operator === 'LIKE') return likeTest(first, as)
  if (!equality.has(operator)) return orderTest(as, operator, first)
  const wanted = new Set(values.map((value) => keyOf(as, value)))
  const isIn = (value: Value): boolean => wanted.has(keyOf(as, value))
  if (operator === '=' || operator === 'IN') return { fits: isIn, values }
  return { fits: (value) => !isIn(value), values: undefined }
}
