import { refused } from '../errors.ts'
import { complaint, malformed, unsupported } from './complaints.ts'
import { isSpan, spanTakesNumber } from './date-spans.ts'
import type { Condition, Literal, Operand, Operator, Query } from './syntax.ts'
import type { Token, Tokens } from './tokens.ts'

// Their arguments have a grammar of their own.
const places: ReadonlySet<string> = new Set(['DISTANCE', 'GEOLOCATION'])

/** A field, or a function of fields. */
export const readOperand = (tokens: Tokens): Operand => {
  const token = tokens.peek()
  if (token.kind !== 'name') throw tokens.unexpected()
  tokens.next()
  if (tokens.is('(') && places.has(token.text.toUpperCase())) throw unsupported(`${token.text.toUpperCase()}()`)
  if (!tokens.take('(')) return { kind: 'field', path: token.text, at: token.at }
  const args: Operand[] = []
  if (!tokens.is(')')) {
    do args.push(readOperand(tokens))
    while (tokens.take(','))
  }
  const closing = tokens.expect(')')
  const text = tokens.soql.slice(token.at, closing.at + 1).replaceAll(/\s+/g, '')
  return { kind: 'call', name: token.text.toUpperCase(), args, text, at: token.at }
}

const wordLiteral = (tokens: Tokens, token: Token): Literal => {
  const word = token.text.toUpperCase()
  const literal = (kind: Literal['kind'], n?: number): Literal => ({ kind, text: word, n, at: token.at })
  if (word === 'NULL') return literal('null')
  if (word === 'TRUE' || word === 'FALSE') return literal('boolean')
  if (!isSpan(word)) throw malformed(`unexpected token: '${token.text}'`)
  if (!spanTakesNumber(word)) return literal('span')
  if (!tokens.take(':')) throw malformed(`expecting a colon, found '${tokens.peek().text}'`)
  const n = tokens.next()
  if (n.kind !== 'number' || !/^\d+$/.test(n.text)) throw malformed(`unexpected token: '${n.text}'`)
  return literal('span', Number(n.text))
}

const readLiteral = (tokens: Tokens): Literal => {
  const token = tokens.peek()
  if (token.text === ':')
    throw complaint(tokens.soql, token.at, 'MALFORMED_QUERY', 'Bind variables only allowed in Apex code')
  if (token.kind === 'symbol' || token.kind === 'end') throw tokens.unexpected()
  tokens.next()
  if (token.kind === 'name') return wordLiteral(tokens, token)
  return { kind: token.kind, text: token.text, n: undefined, at: token.at }
}

const symbols: Readonly<Record<string, Operator>> = {
  '=': '=',
  '!=': '!=',
  '<>': '!=',
  '<': '<',
  '<=': '<=',
  '>': '>',
  '>=': '>=',
  LIKE: 'LIKE',
  IN: 'IN',
  INCLUDES: 'INCLUDES',
  EXCLUDES: 'EXCLUDES',
}

const readOperator = (tokens: Tokens): Operator => {
  if (tokens.take('NOT', 'IN')) return 'NOT IN'
  const operator = symbols[tokens.peek().text.toUpperCase()]
  if (!operator) throw tokens.unexpected()
  tokens.next()
  return operator
}

const takesList: ReadonlySet<Operator> = new Set(['IN', 'NOT IN', 'INCLUDES', 'EXCLUDES'])

const comparison = (tokens: Tokens, subquery: () => Query): Condition => {
  const left = readOperand(tokens)
  const operator = readOperator(tokens)
  if (!takesList.has(operator)) return { kind: 'compare', left, operator, values: [readLiteral(tokens)] }
  tokens.expect('(')
  if ((operator === 'IN' || operator === 'NOT IN') && tokens.is('SELECT')) {
    const query = subquery()
    tokens.expect(')')
    return { kind: 'join', left, negated: operator === 'NOT IN', query }
  }
  const values: Literal[] = []
  do values.push(readLiteral(tokens))
  while (tokens.take(','))
  tokens.expect(')')
  return { kind: 'compare', left, operator, values }
}

// Salesforce does not say how deep is too deep; programs that build queries stay far below.
const deepest = 250
const tooComplicated = () =>
  refused(
    'QUERY_TOO_COMPLICATED',
    'Query is either selecting too many fields or the filter conditions are too complicated.',
  )

/**
 * The condition of WHERE or HAVING. AND, OR and NOT do not mix without parentheses.
 * @param subquery reads a query of a semi-join, from its SELECT on
 * @throws RequestFailure MALFORMED_QUERY
 */
export const readCondition = (tokens: Tokens, subquery: () => Query, depth = 0): Condition => {
  if (depth > deepest) throw tooComplicated()
  const operand = (): Condition => {
    if (!tokens.take('(')) return comparison(tokens, subquery)
    const inner = readCondition(tokens, subquery, depth + 1)
    if (!tokens.take(')')) throw malformed(`expecting a right parentheses, found '${tokens.peek().text}'`)
    return inner
  }
  if (tokens.take('NOT')) return { kind: 'not', part: operand() }
  const first = operand()
  const operator = tokens.is('AND') ? 'AND' : 'OR'
  if (!tokens.is(operator)) return first
  const parts = [first]
  while (tokens.take(operator)) parts.push(operand())
  return { kind: operator === 'AND' ? 'and' : 'or', parts }
}
