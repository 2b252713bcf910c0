import type { Field } from '../schema.ts'
import { keyOf, type Row, type Value } from '../store.ts'
import { malformed } from './complaints.ts'
import { compileOperand, fieldOf } from './expressions.ts'
import type { Comparand } from './literals.ts'
import { sortKeyOf } from './order.ts'
import type { Scope } from './scope.ts'
import type { CallOperand } from './syntax.ts'
import { isAggregatable } from './traits.ts'

/** What an aggregate function gives for the rows of a group. */
export type Aggregate = { as: Comparand; identity: string; of: (rows: readonly Row[]) => Value }

const sum = (values: readonly Value[]): number => {
  const total = values.reduce<number>((all, value) => all + Number(value), 0)
  // Salesforce adds decimals; this takes away what adding binary fractions leaves behind.
  return Math.round(total * 1e9) / 1e9
}

const extreme = (values: readonly Value[], field: Field, sign: 1 | -1): Value => {
  const toKey = sortKeyOf(field)
  let best: Value = null
  let bestKey: Value = null
  for (const value of values) {
    const key = toKey(value)
    if (key === null || (bestKey !== null && (key < bestKey ? -1 : key > bestKey ? 1 : 0) * sign <= 0)) continue
    best = value
    bestKey = key
  }
  return best
}

const whole = (call: CallOperand): Comparand => ({ name: call.text, type: 'int', caseSensitive: false })

const functions: Readonly<Record<string, (values: readonly Value[], field: Field) => Value>> = {
  COUNT: (values) => values.length,
  COUNT_DISTINCT: (values, field) => new Set(values.map((value) => keyOf(field, value))).size,
  SUM: (values) => (values.length === 0 ? null : sum(values)),
  AVG: (values) => (values.length === 0 ? null : sum(values) / values.length),
  MIN: (values, field) => extreme(values, field, -1),
  MAX: (values, field) => extreme(values, field, 1),
}

/**
 * Compiles an aggregate function; null values count for none of them.
 * @throws RequestFailure for a field that the function does not take
 */
export const compileAggregate = (scope: Scope, call: CallOperand): Aggregate => {
  if (call.name === 'COUNT' && call.args.length === 0)
    return { as: whole(call), identity: 'count()', of: (rows) => rows.length }
  const fn = functions[call.name]
  const argument = compileOperand(scope, fieldOf(call.args[0], call))
  const { field } = argument.path
  if (!fn || !isAggregatable(field, call.name))
    throw malformed(`field ${field.name} does not support aggregate operator ${call.name}`)
  const isSame = call.name === 'MIN' || call.name === 'MAX'
  const isCount = call.name.startsWith('COUNT')
  return {
    as: isCount ? whole(call) : { ...field, name: call.text, type: isSame ? field.type : 'double' },
    identity: `${call.name.toLowerCase()}(${argument.identity})`,
    of: (rows) =>
      fn(
        rows.map(argument.read).filter((value) => value !== null),
        field,
      ),
  }
}
