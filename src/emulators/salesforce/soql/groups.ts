/**
 * GROUP BY, HAVING and aggregate functions: rows become groups, groups become records of type AggregateResult.
 *
 * Without GROUP BY there is one group of all rows, even of none. ROLLUP and CUBE group several times, by ever fewer of
 * their fields; the fields left out are null in those subtotals, and GROUPING tells them from real nulls.
 */
import { refused } from '../errors.ts'
import { showDateTime } from '../records/values.ts'
import { keyOf, type Row, type Value } from '../store.ts'
import { compileAggregate } from './aggregates.ts'
import { compileComparison } from './comparison.ts'
import { complaint, malformed } from './complaints.ts'
import { aggregateNames, compileOperand, type Expression, fieldOf } from './expressions.ts'
import type { Comparand } from './literals.ts'
import { firstInOrder, sortKeyOf } from './order.ts'
import type { Scope } from './scope.ts'
import type { CallOperand, Condition, Grouping, Item, Operand, Query } from './syntax.ts'
import { isGroupable } from './traits.ts'

type Group = { values: readonly Value[]; grouped: readonly boolean[]; rows: Row[] }
/** What an operand means for a group. */
type GroupValue = { as: Comparand; read: (group: Group) => Value }
type Keys = { kind: Grouping['kind']; by: readonly Expression[] }

/** More groups than this are refused: aggregates have no second page. */
const most = 2_000

const compileKeys = (scope: Scope, grouping: Grouping | undefined): Keys => {
  const by = (grouping?.by ?? []).map((operand) => {
    const expression = compileOperand(scope, operand)
    if (!expression.compute && !isGroupable(expression.path.field)) {
      const message = `field '${expression.path.field.name}' can not be grouped in a query call`
      throw complaint(scope.soql, operand.at, 'MALFORMED_QUERY', message)
    }
    return expression
  })
  const twice = by.find((key, i) => by.findIndex(({ identity }) => identity === key.identity) < i)
  if (twice) throw malformed(`duplicate grouping expression: ${twice.as.name}`)
  return { kind: grouping?.kind ?? 'plain', by }
}

/** Which keys each pass groups by: all; for ROLLUP ever fewer from the end; for CUBE every choice. */
const passes = ({ kind, by }: Keys): boolean[][] => {
  const all = by.map(() => true)
  if (kind === 'plain') return [all]
  if (kind === 'rollup') return [all, ...by.map((_, left) => all.map((_each, i) => i < by.length - 1 - left))]
  return Array.from({ length: 2 ** by.length }, (_, bits) => all.map((_each, i) => (bits & (1 << i)) === 0))
}

const makeGroups = (rows: readonly Row[], keys: Keys): Group[] => {
  const groups = new Map<string, Group>()
  for (const grouped of passes(keys)) {
    for (const row of rows) {
      const values = keys.by.map(({ read }, i) => (grouped[i] ? read(row) : null))
      const id = JSON.stringify([grouped, keys.by.map(({ as }, i) => keyOf(as, values[i] ?? null))])
      const group = groups.get(id)
      if (group) group.rows.push(row)
      else groups.set(id, { values, grouped, rows: [row] })
    }
  }
  if (keys.by.length === 0 && groups.size === 0) return [{ values: [], grouped: [], rows: [] }]
  return [...groups.values()]
}

const ungrouped = (what: string, name: string) => malformed(`${what} must be grouped or aggregated: ${name}`)

const compileGrouping = (scope: Scope, keys: Keys, call: CallOperand): GroupValue => {
  const { identity, as } = compileOperand(scope, fieldOf(call.args[0], call))
  const place = keys.by.findIndex((key) => key.identity === identity)
  if (keys.kind === 'plain' || place < 0) throw ungrouped('Field', as.name)
  return {
    as: { name: call.text, type: 'int', caseSensitive: false },
    read: ({ grouped }) => (grouped[place] ? 0 : 1),
  }
}

const compileGroupValue = (scope: Scope, keys: Keys, operand: Operand, what: string): GroupValue => {
  if (operand.kind === 'call' && operand.name === 'GROUPING') return compileGrouping(scope, keys, operand)
  if (operand.kind === 'call' && aggregateNames.has(operand.name)) {
    const aggregate = compileAggregate(scope, operand)
    const argument = /\((.*)\)$/.exec(aggregate.identity)?.[1]
    if (keys.kind === 'plain' && argument && keys.by.some(({ identity }) => identity === argument))
      throw malformed(
        `Grouped field should not be aggregated: ${operand.args[0]?.kind === 'field' ? operand.args[0].path : ''}`,
      )
    return { as: aggregate.as, read: ({ rows }) => aggregate.of(rows) }
  }
  const { identity, as } = compileOperand(scope, operand)
  const place = keys.by.findIndex((key) => key.identity === identity)
  if (place < 0) throw ungrouped(what, operand.kind === 'field' ? operand.path : operand.text)
  return { as, read: ({ values }) => values[place] ?? null }
}

const compileHaving = (scope: Scope, keys: Keys, condition: Condition): ((group: Group) => boolean) => {
  if (condition.kind === 'join') throw malformed('semi join sub-selects are not supported in HAVING')
  if (condition.kind === 'compare') {
    const { as, read } = compileGroupValue(scope, keys, condition.left, 'Having field')
    const { fits } = compileComparison(scope, as, condition)
    return (group) => fits(read(group))
  }
  if (condition.kind === 'not') {
    const part = compileHaving(scope, keys, condition.part)
    return (group) => !part(group)
  }
  const parts = condition.parts.map((part) => compileHaving(scope, keys, part))
  return condition.kind === 'and'
    ? (group) => parts.every((part) => part(group))
    : (group) => parts.some((part) => part(group))
}

type Column = { name: string } & GroupValue

const compileColumns = (scope: Scope, keys: Keys, items: readonly Item[]): Column[] => {
  let unnamed = 0
  const columns = items.map((item): Column => {
    if (item.kind === 'children') throw malformed('only root queries support aggregate expressions')
    const value = compileGroupValue(scope, keys, item.of, 'Field')
    const name = item.alias ?? (item.of.kind === 'call' ? `expr${unnamed++}` : value.as.name)
    return { name, ...value }
  })
  const twice = columns.find(
    ({ name }, i) => columns.findIndex((each) => each.name.toLowerCase() === name.toLowerCase()) < i,
  )
  if (twice) throw malformed(`duplicate alias: ${twice.name}`)
  return columns
}

const show = ({ as, read }: Column, group: Group): Value => {
  const value = read(group)
  return as.type === 'datetime' && typeof value === 'number' ? showDateTime(value) : value
}

const checkClauses = (query: Query): void => {
  if (query.grouping) return
  const refuse = (word: string) =>
    malformed(`Non-grouped query that uses overall aggregate functions cannot also use ${word}`)
  if (query.limit !== undefined) throw refuse('LIMIT')
  if (query.offset !== undefined) throw refuse('OFFSET')
}

/**
 * The records of a query with groups.
 * @param rows those that WHERE let through; asked for once everything is compiled
 * @throws RequestFailure
 */
export const runGroups = (scope: Scope, query: Query, rows: () => Iterable<Row>): Record<string, unknown>[] => {
  checkClauses(query)
  const keys = compileKeys(scope, query.grouping)
  const columns = compileColumns(scope, keys, query.items)
  const having = query.having && compileHaving(scope, keys, query.having)
  const order = query.orderBy.map(({ by, descending, nullsLast }) => {
    const { as, read } = compileGroupValue(scope, keys, by, 'Ordered field')
    const toKey = sortKeyOf(as)
    return { read: (group: Group) => toKey(read(group)), descending, nullsLast }
  })
  const groups = makeGroups([...rows()], keys)
  const left = having ? groups.filter(having) : groups
  const { offset = 0, limit = Number.POSITIVE_INFINITY } = query
  const taken = firstInOrder(left, order, offset + limit).slice(offset)
  if (taken.length > most) {
    const message = 'Aggregate query does not support queryMore(), use LIMIT to restrict the results to a single batch'
    throw refused('EXCEEDED_ID_LIMIT', message)
  }
  return taken.map((group) => ({
    attributes: { type: 'AggregateResult' },
    ...Object.fromEntries(columns.map((column) => [column.name, show(column, group)])),
  }))
}
