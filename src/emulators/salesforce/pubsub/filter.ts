/**
 * Filter expressions of channel members: the part of SOQL that they may use.
 *
 *   condition = single | NOT single | single AND single ... | single OR single ...
 *   single = comparison | ( condition )
 *   comparison = Field op value, op one of = != < <= > >= LIKE IN NOT IN; what Field may be is in filter-field.ts
 *
 * As documented (Change Data Capture guide, Filter Expression Format and Field Considerations): text compares without case
 * unless its field is unique and case-sensitive, a checkbox that is empty is false, NOT stands in parentheses beside other
 * expressions, and AND does not mix with OR without parentheses, as in all SOQL.
 */
import type { Value } from '../store.ts'
import {
  checkOperator,
  type FilteredObject,
  filterField,
  filterValue,
  type Literal,
  type Named,
  type Operator,
} from './filter-field.ts'

type Node = { join: 'and' | 'or'; nodes: Node[] } | { not: Node } | (Named & { operator: Operator; values: Literal[] })

/** What a filter decides on: the new row, and the header of its event. */
export type Filtered = {
  row: Readonly<Record<string, Value>>
  header: Readonly<Record<string, string | number>>
}
export type Filter = {
  /** Fields of the object that it looks at: events carry them, changed or not. */
  fields: readonly string[]
  passes: (filtered: Filtered) => boolean
}

// Change Data Capture guide, Filter Expression Allocations.
const longest = 131_072
const mostFields = 10

const token = /\s*(?:('(?:[^'\\]|\\.)*')|(!=|<=|>=|[=<>(),])|([A-Za-z_][\w.]*)|([-+\d][-+\w:.]*))/y

const tokensOf = (text: string): string[] => {
  const tokens: string[] = []
  token.lastIndex = 0
  while (token.lastIndex < text.trimEnd().length) {
    const from = token.lastIndex
    const found = token.exec(text)
    if (!found) throw unexpected(text.slice(from).trim().slice(0, 10))
    tokens.push(found[0].trim())
  }
  return tokens
}

const unexpected = (found: string): Error =>
  new Error(`filter expression has syntax errors: unexpected token: '${found}'`)

const isWord = (found: string | undefined, word: string): boolean => found?.toLowerCase() === word

const operators: ReadonlySet<string> = new Set(['=', '!=', '<', '<=', '>', '>=', 'like', 'in'])

/** Reads tokens from the front of the list. */
const parser = (object: FilteredObject, tokens: string[]): (() => Node) => {
  const take = (): string => {
    const next = tokens.shift()
    if (next === undefined) throw new Error('filter expression has syntax errors: it ends too early')
    return next
  }
  const expect = (wanted: string): void => {
    const found = take()
    if (!isWord(found, wanted)) throw unexpected(found)
  }
  const list = (field: Named): Literal[] => {
    expect('(')
    const values = [filterValue(field, take())]
    while (tokens[0] === ',') {
      take()
      values.push(filterValue(field, take()))
    }
    expect(')')
    return values
  }
  const operatorOf = (): Operator => {
    const found = take()
    const operator = found.toLowerCase()
    if (operator === 'not') {
      expect('in')
      return 'not in'
    }
    if (!operators.has(operator)) throw unexpected(found)
    return operator as Operator
  }
  const comparison = (): Node => {
    const field = filterField(object, take())
    const operator = operatorOf()
    const values = operator === 'in' || operator === 'not in' ? list(field) : [filterValue(field, take())]
    checkOperator(field, operator, values)
    return { ...field, operator, values }
  }
  const single = (): Node => {
    if (isWord(tokens[0], 'not')) throw unexpected('NOT')
    if (tokens[0] !== '(') return comparison()
    take()
    const inner = condition()
    expect(')')
    return inner
  }
  const condition = (): Node => {
    // NOT alone in the expression or the parentheses: what follows it must be their end.
    if (isWord(tokens[0], 'not')) {
      take()
      return { not: single() }
    }
    const nodes = [single()]
    let join: 'and' | 'or' | undefined
    for (let next = tokens[0]?.toLowerCase(); next === 'and' || next === 'or'; next = tokens[0]?.toLowerCase()) {
      if (join !== undefined && join !== next) throw unexpected(next.toUpperCase())
      join = next
      take()
      nodes.push(single())
    }
    const [first] = nodes
    return join === undefined && first ? first : { join: join ?? 'and', nodes }
  }
  return condition
}

const like = (text: string, pattern: string): boolean => {
  const source = pattern
    .replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
    .replaceAll('%', '.*')
    .replaceAll('_', '.')
  return new RegExp(`^${source}$`, 's').test(text)
}

const compares = (operator: Operator, value: Literal, others: readonly Literal[]): boolean => {
  const [other = null] = others
  if (operator === 'in' || operator === '=') return others.includes(value)
  if (operator === 'not in' || operator === '!=') return !others.includes(value)
  if (value === null || other === null) return false
  if (operator === 'like') return like(String(value), String(other))
  if (operator === '<') return value < other
  if (operator === '<=') return value <= other
  return operator === '>' ? value > other : value >= other
}

/** As it is compared: without case, a checkbox without a value as false, a time without its thousandths. */
const comparable = ({ caseless, kind }: Named, value: Literal): Literal => {
  if (kind === 'flag') return value === true
  if (kind === 'time' && typeof value === 'string') return value.slice(0, 'hh:mm:ss'.length)
  if (kind === 'number' && typeof value === 'string') return Number(value)
  return caseless && typeof value === 'string' ? value.toLowerCase() : value
}

const holds = (node: Node, filtered: Filtered): boolean => {
  if ('not' in node) return !holds(node.not, filtered)
  if ('join' in node) {
    const one = (each: Node) => holds(each, filtered)
    return node.join === 'and' ? node.nodes.every(one) : node.nodes.some(one)
  }
  const value = (node.header ? filtered.header[node.field] : filtered.row[node.field]) ?? null
  const others = node.values.map((each) => comparable(node, each))
  return compares(node.operator, comparable(node, value), others)
}

const namedIn = (node: Node): Named[] => {
  if ('not' in node) return namedIn(node.not)
  return 'join' in node ? node.nodes.flatMap(namedIn) : [node]
}

/**
 * Reads a filter expression.
 * @throws Error that says what is wrong with it
 */
export const parseFilter = (object: FilteredObject, expression: string): Filter => {
  if (expression.length > longest) throw new Error(`The filter expression is longer than ${longest} characters.`)
  const tokens = tokensOf(expression)
  const node = parser(object, tokens)()
  if (tokens[0] !== undefined) throw unexpected(tokens[0])
  const named = namedIn(node)
  if (new Set(named.map(({ header, field }) => `${header} ${field}`)).size > mostFields)
    throw new Error(`The filter expression has more than ${mostFields} fields.`)
  return {
    fields: [...new Set(named.flatMap(({ header, field }) => (header ? [] : [field])))],
    passes: (filtered) => holds(node, filtered),
  }
}

/** Whether an expression names a field, which can then be neither removed nor given another type. */
export const filterNames = (expression: string | undefined, field: string): boolean =>
  expression !== undefined && tokensOf(expression).some((each) => isWord(each, field.toLowerCase()))
