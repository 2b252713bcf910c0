/**
 * Filter expressions of channel members: the part of SOQL that they may use.
 *
 *   condition = comparison | ( condition ) | condition AND condition ... | condition OR condition ...
 *   comparison = Field op value, op one of = != < <= > >= LIKE IN NOT IN; Field may be ChangeEventHeader.x
 *
 * As documented (Change Data Capture guide, Filter Expression Format and Field Considerations): text compares without case
 * unless its field is unique and case-sensitive, fields of the header that are lists cannot be used, and AND does not mix
 * with OR without parentheses, as in all SOQL.
 */
import type { Field } from '../schema.ts'
import type { Value } from '../store.ts'

type Literal = string | number | boolean | null
type Operator = '=' | '!=' | '<' | '<=' | '>' | '>=' | 'like' | 'in' | 'not in'
type Named = { field: string; header: boolean; caseless: boolean }
type Node = { join: 'and' | 'or'; nodes: Node[] } | (Named & { operator: Operator; values: Literal[] })

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

const token = /\s*(?:('(?:[^'\\]|\\.)*')|(!=|<=|>=|[=<>(),])|([A-Za-z_][\w.]*)|([-+\d][-+\w:.]*))/y

const tokensOf = (text: string): string[] => {
  const tokens: string[] = []
  token.lastIndex = 0
  while (token.lastIndex < text.trimEnd().length) {
    const from = token.lastIndex
    const found = token.exec(text)
    if (!found) throw new Error(`unexpected ${JSON.stringify(text.slice(from).trim().slice(0, 10))}`)
    tokens.push(found[0].trim())
  }
  return tokens
}

const literal = (text: string): Literal => {
  if (text.startsWith("'")) return text.slice(1, -1).replace(/\\(.)/g, '$1')
  if (/^(?:true|false)$/i.test(text)) return text.toLowerCase() === 'true'
  if (/^null$/i.test(text)) return null
  if (/^[-+]?\d+(?:\.\d+)?$/.test(text)) return Number(text)
  if (/^\d{4}-\d\d-\d\dT/.test(text)) {
    const at = Date.parse(text)
    if (!Number.isNaN(at)) return at
  }
  if (/^\d{4}-\d\d-\d\d$/.test(text) || /^\d\d:\d\d:\d\d(?:\.\d+)?Z$/.test(text)) return text
  throw new Error(`${text} is no value`)
}

const listFields: ReadonlySet<string> = new Set(['recordids', 'nulledfields', 'difffields', 'changedfields'])
const headerFields: Readonly<Record<string, string>> = Object.fromEntries(
  'entityName changeType changeOrigin transactionKey sequenceNumber commitTimestamp commitNumber commitUser'
    .split(' ')
    .map((name) => [name.toLowerCase(), name]),
)

/** The object that a filter is about, as far as reading one needs it. */
export type FilteredObject = { name: string; fields: readonly Field[] }

const fieldNamed = (object: FilteredObject, name: string): Named => {
  const [, inHeader] = /^ChangeEventHeader\.(\w+)$/i.exec(name) ?? []
  if (inHeader !== undefined) {
    if (listFields.has(inHeader.toLowerCase())) throw new Error(`${name} is a list, which no filter can use`)
    const field = headerFields[inHeader.toLowerCase()]
    if (!field) throw new Error(`there is no ${name}`)
    return { field, header: true, caseless: true }
  }
  const field = object.fields.find((each) => each.name.toLowerCase() === name.toLowerCase())
  if (!field) throw new Error(`${object.name} has no field ${name}`)
  return { field: field.name, header: false, caseless: !field.caseSensitive }
}

/** Reads tokens from the front of the list. */
const parser = (object: FilteredObject, tokens: string[]): (() => Node) => {
  const take = (): string => {
    const next = tokens.shift()
    if (next === undefined) throw new Error('the expression ends too early')
    return next
  }
  const expect = (wanted: string): void => {
    const found = take()
    if (found.toLowerCase() !== wanted) throw new Error(`expected ${wanted}, found ${found}`)
  }
  const list = (): Literal[] => {
    expect('(')
    const values = [literal(take())]
    while (tokens[0] === ',') {
      take()
      values.push(literal(take()))
    }
    expect(')')
    return values
  }
  const comparison = (): Node => {
    const field = fieldNamed(object, take())
    const operator = take().toLowerCase()
    if (operator === 'in') return { ...field, operator: 'in', values: list() }
    if (operator === 'not') {
      expect('in')
      return { ...field, operator: 'not in', values: list() }
    }
    if (!['=', '!=', '<', '<=', '>', '>=', 'like'].includes(operator)) throw new Error(`${operator} is no operator`)
    return { ...field, operator: operator as Operator, values: [literal(take())] }
  }
  const single = (): Node => {
    if (tokens[0] !== '(') return comparison()
    take()
    const inner = condition()
    expect(')')
    return inner
  }
  const condition = (): Node => {
    const nodes = [single()]
    let join: 'and' | 'or' | undefined
    for (let next = tokens[0]?.toLowerCase(); next === 'and' || next === 'or'; next = tokens[0]?.toLowerCase()) {
      if (join !== undefined && join !== next) throw new Error('AND and OR do not mix without parentheses')
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

const holds = (node: Node, filtered: Filtered): boolean => {
  if ('join' in node) {
    const one = (each: Node) => holds(each, filtered)
    return node.join === 'and' ? node.nodes.every(one) : node.nodes.some(one)
  }
  const fold = (value: Literal): Literal => (node.caseless && typeof value === 'string' ? value.toLowerCase() : value)
  const value = (node.header ? filtered.header[node.field] : filtered.row[node.field]) ?? null
  return compares(node.operator, fold(value), node.values.map(fold))
}

const fieldsIn = (node: Node): string[] =>
  'join' in node ? node.nodes.flatMap(fieldsIn) : node.header ? [] : [node.field]

/**
 * Reads a filter expression.
 * @throws Error that says what is wrong with it
 */
export const parseFilter = (object: FilteredObject, expression: string): Filter => {
  const tokens = tokensOf(expression)
  const node = parser(object, tokens)()
  if (tokens[0] !== undefined) throw new Error(`unexpected ${tokens[0]}`)
  return { fields: [...new Set(fieldsIn(node))], passes: (filtered) => holds(node, filtered) }
}
