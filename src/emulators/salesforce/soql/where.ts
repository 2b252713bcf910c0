/**
 * WHERE clauses: each condition becomes a test of a row and, where an index can serve, a list of candidate ids.
 * AND takes the shortest list of its parts, OR the union of all of them; without a list the whole object is read.
 * The candidates only narrow the search: the test still decides.
 */
import { refused } from '../errors.ts'
import { toId18 } from '../ids.ts'
import type { Org } from '../org.ts'
import { type Field, isText, type ObjectType } from '../schema.ts'
import { keyOf, type Row, type Value } from '../store.ts'
import { likePattern, readDateLiteral, readDateTimeLiteral, readText, relativeSpan } from './literals.ts'
import { type Expression, type Leaf, unsupported } from './parse.ts'
import { readPath, resolvePath } from './select.ts'

export type Test = (row: Row) => boolean
/** Candidate ids; `ascending` when they come in the order of ids. */
type Candidates = { ids: readonly string[]; ascending: boolean }
type Compiled = { test: Test; candidates: () => Candidates | undefined }

type Literal = { value: string; type: string }

const literalsOf = (leaf: Leaf): Literal[] => {
  const { value, literalType } = leaf as { value: string | string[]; literalType?: string | string[] }
  const values = Array.isArray(value) ? value : [value]
  return values.map((each, i) => ({
    value: each,
    type: (Array.isArray(literalType) ? literalType[i] : literalType) ?? 'STRING',
  }))
}

const wrongType = (field: Field, quoted: boolean) =>
  refused(
    'INVALID_FIELD',
    `\nERROR at Row:1:Column:1\nvalue of filter criterion for field '${field.name}' must be of type ${field.type} and should ${quoted ? '' : 'not '}be enclosed in quotes`,
  )

const textLike = (field: Field): boolean => isText(field.type) || field.type === 'id' || field.type === 'reference'

const readLiteral = (field: Field, { value, type }: Literal, like: boolean): Value => {
  if (type === 'NULL') return null
  if (type === 'APEX_BIND_VARIABLE') throw refused('MALFORMED_QUERY', `unexpected token: '${value}'`)
  if (textLike(field)) {
    if (type !== 'STRING') throw wrongType(field, true)
    const text = readText(value, like)
    if (field.type !== 'id' && field.type !== 'reference') return text === '' ? null : text
    const id = toId18(text)
    if (!id) throw refused('INVALID_QUERY_FILTER_OPERATOR', `\nERROR at Row:1:Column:1\ninvalid ID field: ${text}`)
    return id
  }
  if (field.type === 'boolean' && type === 'BOOLEAN') return value.toUpperCase() === 'TRUE'
  if (field.type === 'datetime' && type === 'DATETIME') return readDateTimeLiteral(value)
  if (field.type === 'date' && type === 'DATE') return readDateLiteral(value)
  const numeric = field.type === 'double' || field.type === 'currency' || field.type === 'int'
  if (numeric && (type === 'INTEGER' || type === 'DECIMAL')) return Number(value)
  throw wrongType(field, false)
}

const compare = (field: Field, operator: string, literal: Value): ((value: Value) => boolean) => {
  const wanted = keyOf(field, literal)
  if (operator === '=') return (value) => keyOf(field, value) === wanted
  if (operator === '!=') return (value) => keyOf(field, value) !== wanted
  const order = (value: Value): number | undefined => {
    const key = keyOf(field, value)
    if (key === null || wanted === null) return undefined
    return key < wanted ? -1 : key > wanted ? 1 : 0
  }
  const orders: Record<string, (at: number) => boolean> = {
    '<': (at) => at < 0,
    '<=': (at) => at <= 0,
    '>': (at) => at > 0,
    '>=': (at) => at >= 0,
  }
  const holds = orders[operator]
  if (!holds) throw unsupported(`operator ${operator}`)
  return (value) => {
    const at = order(value)
    return at !== undefined && holds(at)
  }
}

const relativeTest = (org: Org, field: Field, leaf: Leaf): ((value: Value) => boolean) => {
  const { operator, value, dateLiteralVariable } = leaf as {
    operator: string
    value: string
    dateLiteralVariable?: number
  }
  if (field.type !== 'datetime' && field.type !== 'date') throw wrongType(field, textLike(field))
  const { from, to } = relativeSpan(value, dateLiteralVariable ?? 0, org.clock.now())
  const at = (each: Value): number | undefined =>
    typeof each === 'string' ? Date.parse(`${each}T00:00:00Z`) : typeof each === 'number' ? each : undefined
  return (each) => {
    const time = at(each)
    if (time === undefined) return operator === '!='
    if (operator === '=') return time >= from && time < to
    if (operator === '!=') return time < from || time >= to
    if (operator === '<') return time < from
    if (operator === '<=') return time < to
    if (operator === '>') return time >= to
    return time >= from
  }
}

const multiTest = (field: Field, operator: string, literals: readonly Literal[]): ((value: Value) => boolean) => {
  if (field.type !== 'multipicklist')
    throw refused('INVALID_QUERY_FILTER_OPERATOR', `invalid operator on ${field.name}`)
  const groups = literals.map((literal) => readText(literal.value).split(';'))
  const includes = (value: Value): boolean => {
    const has = new Set(typeof value === 'string' ? value.split(';') : [])
    return groups.some((group) => group.every((each) => has.has(each)))
  }
  return operator === 'INCLUDES' ? includes : (value) => !includes(value)
}

const union = (org: Org, object: ObjectType, field: Field, values: readonly Value[]): Candidates | undefined => {
  const ids = new Set<string>()
  for (const value of values) {
    const found = org.store.lookup(object.name, field, value)
    if (!found) return undefined
    for (const id of found) ids.add(id)
  }
  return { ids: [...ids], ascending: ids.size <= 1 }
}

/** Long text cannot be filtered. */
const filterable = (field: Field): boolean => !(field.type === 'textarea' && field.length > 255)

const compileLeaf = (org: Org, object: ObjectType, leaf: Leaf, alias: string | undefined): Compiled => {
  if ('valueQuery' in leaf) throw unsupported('a query inside WHERE')
  if (!('field' in leaf)) throw unsupported('a function inside WHERE')
  const path = resolvePath(org, object, leaf.field, alias)
  const { field } = path
  if (!filterable(field)) {
    throw refused(
      'INVALID_FIELD',
      `\nERROR at Row:1:Column:1\nfield '${field.name}' can not be filtered in a query call`,
    )
  }
  const read = readPath(org, path)
  const operator = leaf.operator.toUpperCase()
  const literals = literalsOf(leaf)
  const scan = (fits: (value: Value) => boolean): Compiled => ({
    test: (row) => fits(read(row)),
    candidates: () => undefined,
  })
  if (literals[0]?.type === 'DATE_LITERAL' || literals[0]?.type === 'DATE_N_LITERAL')
    return scan(relativeTest(org, field, leaf))
  if (operator === 'INCLUDES' || operator === 'EXCLUDES') return scan(multiTest(field, operator, literals))
  if (operator === 'LIKE') {
    const [literal] = literals
    if (!literal || !isText(field.type))
      throw refused('INVALID_QUERY_FILTER_OPERATOR', `invalid operator on ${field.name}`)
    const pattern = readLiteral(field, literal, true)
    if (typeof pattern !== 'string') return scan((value) => value === null)
    const matcher = likePattern(pattern, field.caseSensitive)
    return scan((value) => typeof value === 'string' && matcher.test(value))
  }
  const values = literals.map((literal) => readLiteral(field, literal, false))
  const indexed = (wanted: readonly Value[]) =>
    path.parents.length === 0 ? union(org, object, field, wanted) : undefined
  if (operator === 'IN' || operator === 'NOT IN') {
    const wanted = new Set(values.map((value) => keyOf(field, value)))
    const isIn: Test = (row) => wanted.has(keyOf(field, read(row)))
    return operator === 'IN'
      ? { test: isIn, candidates: () => indexed(values) }
      : { test: (row) => !isIn(row), candidates: () => undefined }
  }
  const value = values[0] ?? null
  const fits = compare(field, operator, value)
  const test: Test = (row) => fits(read(row))
  if (operator === '=') return { test, candidates: () => indexed([value]) }
  if (field.type === 'id' && path.parents.length === 0 && operator.startsWith('>')) {
    return {
      test,
      candidates: () => ({ ids: org.store.idsFrom(object.name, String(value), operator === '>='), ascending: true }),
    }
  }
  return { test, candidates: () => undefined }
}

/** Turns a condition tree into a test and its candidates. @throws RequestFailure */
export const compileWhere = (org: Org, object: ObjectType, tree: Expression, alias: string | undefined): Compiled => {
  if (tree.kind === 'condition') return compileLeaf(org, object, tree.condition, alias)
  if (tree.kind === 'not') {
    const { test } = compileWhere(org, object, tree.part, alias)
    return { test: (row) => !test(row), candidates: () => undefined }
  }
  const parts = tree.parts.map((part) => compileWhere(org, object, part, alias))
  if (tree.kind === 'and') {
    return {
      test: (row) => parts.every((part) => part.test(row)),
      candidates: () => parts.flatMap((part) => part.candidates() ?? []).sort((a, b) => a.ids.length - b.ids.length)[0],
    }
  }
  return {
    test: (row) => parts.some((part) => part.test(row)),
    candidates: () => {
      const lists = parts.map((part) => part.candidates())
      const found = lists.flatMap((list) => list ?? [])
      if (found.length < lists.length) return undefined
      return { ids: [...new Set(found.flatMap((list) => list.ids))], ascending: false }
    },
  }
}
