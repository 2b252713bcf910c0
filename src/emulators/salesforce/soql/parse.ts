import type { Condition, Query, WhereClause } from '@jetstreamapp/soql-parser-js'
import { type RequestFailure, refused } from '../errors.ts'

/** A condition tree, as the parentheses of the query say. */
export type Expression =
  | { kind: 'and' | 'or'; parts: Expression[] }
  | { kind: 'not'; part: Expression }
  | { kind: 'condition'; condition: Leaf }

export type Leaf = Exclude<Condition, { openParen: number; field?: never }>

let parser: typeof import('@jetstreamapp/soql-parser-js') | undefined

/** Loads the parser: a tenth of a second, so only those who query pay for it. */
export const loadParser = async (): Promise<void> => {
  parser ??= await import('@jetstreamapp/soql-parser-js')
}

export const malformed = (message: string): RequestFailure => refused('MALFORMED_QUERY', message)
export const unsupported = (what: string): RequestFailure => malformed(`${what}: not supported by the emulator`)

/** SOQL may have 100,000 characters. */
const longest = 100_000

/** @throws RequestFailure MALFORMED_QUERY */
export const parseSoql = (soql: string): Query => {
  if (!parser) throw new Error('loadParser has not run')
  if (soql.length > longest) throw refused('QUERY_TOO_COMPLICATED', 'SOQL statement is longer than 100,000 characters')
  try {
    return parser.parseQuery(soql)
  } catch (error) {
    const [first = 'unexpected token'] = (error instanceof Error ? error.message : String(error)).split('\n')
    throw malformed(first)
  }
}

type Token = '(' | ')' | 'AND' | 'OR' | 'NOT' | { leaf: Leaf }

// The parser gives a chain of conditions with counted parentheses rather than a tree.
const flatten = (where: WhereClause): Token[] => {
  const tokens: Token[] = []
  let clause: WhereClause | undefined = where
  while (clause) {
    const { left } = clause
    const operator = 'operator' in clause ? clause.operator : undefined
    if (operator === 'NOT') {
      for (let i = 0; i < (left?.openParen ?? 0); i++) tokens.push('(')
      tokens.push('NOT')
    } else {
      const leaf = left as Leaf & { openParen?: number; closeParen?: number }
      for (let i = 0; i < (leaf.openParen ?? 0); i++) tokens.push('(')
      tokens.push({ leaf })
      for (let i = 0; i < (leaf.closeParen ?? 0); i++) tokens.push(')')
      if (operator) tokens.push(operator)
    }
    clause = 'right' in clause ? clause.right : undefined
  }
  return tokens
}

/**
 * The tree of a WHERE clause. AND, OR and NOT do not mix without parentheses, as in Salesforce.
 * @throws RequestFailure MALFORMED_QUERY
 */
export const conditionTree = (where: WhereClause): Expression => {
  const tokens = flatten(where)
  let at = 0
  const operand = (): Expression => {
    const token = tokens[at++]
    if (token === '(') {
      const inner = group()
      if (tokens[at++] !== ')') throw malformed('expecting a right parentheses')
      return inner
    }
    if (typeof token === 'object') return { kind: 'condition', condition: token.leaf }
    throw malformed(`unexpected token: '${token ?? '<EOF>'}'`)
  }
  const group = (): Expression => {
    if (tokens[at] === 'NOT') {
      at++
      return { kind: 'not', part: operand() }
    }
    const first = operand()
    const operator = tokens[at]
    if (operator !== 'AND' && operator !== 'OR') return first
    const parts = [first]
    while (tokens[at] === operator) {
      at++
      parts.push(operand())
    }
    return { kind: operator === 'AND' ? 'and' : 'or', parts }
  }
  const tree = group()
  if (at < tokens.length) throw malformed(`unexpected token: '${String(tokens[at])}'`)
  return tree
}
