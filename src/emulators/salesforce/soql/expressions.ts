import type { Row, Value } from '../store.ts'
import { malformed, unsupported } from './complaints.ts'
import { dateFunction } from './date-functions.ts'
import type { Comparand } from './literals.ts'
import { type Path, readPath, resolvePath, type Scope } from './scope.ts'
import type { CallOperand, FieldOperand, Operand } from './syntax.ts'

/** What an operand means for a row. */
export type Expression = {
  /** The type and case rule of its values, and how messages call it. */
  as: Comparand
  read: (row: Row) => Value
  /** The field that it shows or is computed from. */
  path: Path
  /** Computes the value from the field's; undefined for the field itself. */
  compute: ((value: Value) => Value) | undefined
  /** The same for two ways of writing the same thing. */
  identity: string
}

export const aggregateNames: ReadonlySet<string> = new Set(['COUNT', 'COUNT_DISTINCT', 'SUM', 'AVG', 'MIN', 'MAX'])

/** Whether an operand needs groups: an aggregate, a date function in SELECT, GROUPING. */
export const needsGroups = (operand: Operand): boolean =>
  operand.kind === 'call' &&
  (aggregateNames.has(operand.name) || operand.name === 'GROUPING' || dateFunction(operand.name) !== undefined)

const identityOf = ({ parents, field }: Path): string =>
  [...parents.map((step) => step.field.name), field.name].join('.').toLowerCase()

/** The field that an operand names. @throws RequestFailure when it is no field */
export const fieldOf = (operand: Operand | undefined, call: CallOperand): FieldOperand => {
  if (operand?.kind === 'field' && call.args.length === 1) return operand
  throw malformed(`${call.name} takes one field: ${call.text}`)
}

// convertTimezone changes nothing here, since the user's zone is UTC; it is allowed only inside a date function.
const withoutTimezone = (operand: Operand | undefined): Operand | undefined =>
  operand?.kind === 'call' && operand.name === 'CONVERTTIMEZONE' && operand.args.length === 1
    ? operand.args[0]
    : operand

const compileDateFunction = (scope: Scope, call: CallOperand): Expression => {
  const fn = dateFunction(call.name)
  const [argument] = call.args
  const operand = fieldOf(withoutTimezone(argument), call)
  const path = resolvePath(scope, operand.path, operand.at)
  const { type } = path.field
  if (
    !fn ||
    (type !== 'datetime' && (fn.timesOnly || type !== 'date')) ||
    (argument?.kind === 'call' && type !== 'datetime')
  )
    throw malformed(`field ${path.field.name} of type ${type} does not fit ${call.text}`)
  const read = readPath(scope.org, path)
  return {
    as: { name: call.text, type: fn.result, caseSensitive: false },
    read: (row) => fn.of(read(row)),
    path,
    compute: fn.of,
    identity: `${call.name.toLowerCase()}(${identityOf(path)})`,
  }
}

const notHere: ReadonlySet<string> = new Set(['CONVERTCURRENCY', 'GROUPING', 'FORMAT'])

/**
 * Looks up the names of an operand and tells how to read it.
 * @throws RequestFailure INVALID_FIELD, MALFORMED_QUERY
 */
export const compileOperand = (scope: Scope, operand: Operand): Expression => {
  if (operand.kind === 'field') {
    const path = resolvePath(scope, operand.path, operand.at)
    return { as: path.field, read: readPath(scope.org, path), path, compute: undefined, identity: identityOf(path) }
  }
  if (dateFunction(operand.name)) return compileDateFunction(scope, operand)
  if (operand.name === 'TOLABEL') {
    // The user's language is that of the values: a label is the value itself.
    const field = fieldOf(operand.args[0], operand)
    const inner = compileOperand(scope, field)
    return { ...inner, compute: (value) => value, identity: `tolabel(${inner.identity})` }
  }
  if (notHere.has(operand.name)) throw unsupported(`${operand.name}() here`)
  if (aggregateNames.has(operand.name)) throw malformed(`unexpected token: '${operand.name}'`)
  throw malformed(`unexpected token: '('`)
}
