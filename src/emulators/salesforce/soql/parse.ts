import { refused } from '../errors.ts'
import { malformed, unsupported } from './complaints.ts'
import { readCondition, readOperand } from './parse-conditions.ts'
import type { Grouping, Item, Operand, OrderKey, Query } from './syntax.ts'
import { readTokens, type Token, type Tokens } from './tokens.ts'

/** SOQL may have 100,000 characters. */
const longest = 100_000

const clauseWords: ReadonlySet<string> = new Set(
  'FROM USING WHERE WITH GROUP HAVING ORDER LIMIT OFFSET ALL FOR UPDATE AND OR NOT'.split(' '),
)

const takeName = (tokens: Tokens): Token => {
  if (tokens.peek().kind !== 'name') throw tokens.unexpected()
  return tokens.next()
}

const takeAlias = (tokens: Tokens): string | undefined => {
  const token = tokens.peek()
  if (token.kind !== 'name' || clauseWords.has(token.text.toUpperCase())) return undefined
  return tokens.next().text
}

const readItem = (tokens: Tokens): Item => {
  if (tokens.is('(')) {
    const { at } = tokens.next()
    const query = readQuery(tokens)
    tokens.expect(')')
    return { kind: 'children', query, at }
  }
  if (tokens.is('TYPEOF')) throw unsupported('TYPEOF')
  if (tokens.is('FIELDS', '(')) throw unsupported('FIELDS()')
  if (tokens.is('FROM')) throw tokens.unexpected()
  return { kind: 'value', of: readOperand(tokens), alias: takeAlias(tokens) }
}

const list = <T>(tokens: Tokens, read: (tokens: Tokens) => T): T[] => {
  const items = [read(tokens)]
  while (tokens.take(',')) items.push(read(tokens))
  return items
}

const readGrouping = (tokens: Tokens): Grouping => {
  for (const kind of ['rollup', 'cube'] as const) {
    if (!tokens.take(kind.toUpperCase(), '(')) continue
    const by: Operand[] = list(tokens, readOperand)
    tokens.expect(')')
    if (by.length > 3) throw malformed(`GROUP BY ${kind.toUpperCase()} allows at most 3 fields`)
    return { kind, by }
  }
  return { kind: 'plain', by: list(tokens, readOperand) }
}

const readOrderKey = (tokens: Tokens): OrderKey => {
  const by = readOperand(tokens)
  const descending = tokens.take('DESC')
  if (!descending) tokens.take('ASC')
  const nullsLast = tokens.take('NULLS', 'LAST')
  if (!nullsLast) tokens.take('NULLS', 'FIRST')
  return { by, descending, nullsLast }
}

const readCount = (tokens: Tokens): number => {
  const token = tokens.peek()
  if (token.kind !== 'number' || !/^\d+$/.test(token.text)) throw tokens.unexpected()
  return Number(tokens.next().text)
}

// The user sees what the user sees: both forms of access check change nothing for the API.
const readWith = (tokens: Tokens): void => {
  if (!tokens.take('WITH') || tokens.take('SECURITY_ENFORCED') || tokens.take('USER_MODE')) return
  throw unsupported(`WITH ${tokens.peek().text}`)
}

const readEnding = (tokens: Tokens): boolean => {
  if (tokens.take('ALL', 'ROWS')) throw malformed('ALL ROWS not allowed in this context')
  if (tokens.is('FOR', 'UPDATE')) throw malformed('FOR UPDATE not allowed in this context')
  const viewed = tokens.take('FOR', 'VIEW') || tokens.take('FOR', 'REFERENCE')
  if (tokens.is('UPDATE')) throw unsupported('UPDATE TRACKING')
  return viewed
}

const readQuery = (tokens: Tokens): Query => {
  const { at } = tokens.expect('SELECT')
  const items = list(tokens, readItem)
  tokens.expect('FROM')
  const from = takeName(tokens)
  const alias = takeAlias(tokens)
  if (tokens.is(',')) throw unsupported('more than one object in FROM')
  const scope = tokens.take('USING', 'SCOPE') ? takeName(tokens) : undefined
  const subquery = () => readQuery(tokens)
  const where = tokens.take('WHERE') ? readCondition(tokens, subquery) : undefined
  readWith(tokens)
  const grouping = tokens.take('GROUP', 'BY') ? readGrouping(tokens) : undefined
  const having = grouping && tokens.take('HAVING') ? readCondition(tokens, subquery) : undefined
  const orderBy = tokens.take('ORDER', 'BY') ? list(tokens, readOrderKey) : []
  const limit = tokens.take('LIMIT') ? readCount(tokens) : undefined
  const offset = tokens.take('OFFSET') ? readCount(tokens) : undefined
  return {
    items,
    from: { name: from.text, at: from.at },
    alias,
    scope: scope && { name: scope.text.toUpperCase(), at: scope.at },
    where,
    grouping,
    having,
    orderBy,
    limit,
    offset,
    viewed: readEnding(tokens),
    at,
  }
}

/**
 * Reads what SOSL wants of one object: `Contact(Id, Email WHERE ... ORDER BY ... LIMIT ...)`, or its name alone.
 * @throws RequestFailure MALFORMED_QUERY
 */
export const readSearchTarget = (tokens: Tokens): Query => {
  const from = takeName(tokens)
  const hasFields = tokens.take('(')
  const id: Item = { kind: 'value', of: { kind: 'field', path: 'Id', at: from.at }, alias: undefined }
  const items = hasFields ? list(tokens, readItem) : [id]
  const noSubquery = (): Query => {
    throw malformed('semi join sub-selects are not supported in SOSL')
  }
  const where = hasFields && tokens.take('WHERE') ? readCondition(tokens, noSubquery) : undefined
  const orderBy = hasFields && tokens.take('ORDER', 'BY') ? list(tokens, readOrderKey) : []
  const limit = hasFields && tokens.take('LIMIT') ? readCount(tokens) : undefined
  const offset = hasFields && tokens.take('OFFSET') ? readCount(tokens) : undefined
  if (hasFields) tokens.expect(')')
  return {
    items,
    from: { name: from.text, at: from.at },
    alias: undefined,
    scope: undefined,
    where,
    grouping: undefined,
    having: undefined,
    orderBy,
    limit,
    offset,
    viewed: false,
    at: from.at,
  }
}

/**
 * Reads a query, by recursive descent. Names are not looked up.
 * @throws RequestFailure MALFORMED_QUERY
 */
export const parseSoql = (soql: string): Query => {
  if (soql.length > longest) throw refused('QUERY_TOO_COMPLICATED', 'SOQL statement is longer than 100,000 characters')
  const tokens = readTokens(soql)
  const query = readQuery(tokens)
  if (tokens.peek().kind !== 'end') throw tokens.unexpected()
  return query
}
