/**
 * SOSL: `FIND {ann*} IN EMAIL FIELDS RETURNING Contact(Id, Email WHERE ...), Account LIMIT 20`.
 *
 * The term is looked for in the text fields of the group that the user may see, all of a record's text together. Records
 * come in the order of the objects named and, within one, of their ids, unless ORDER BY says otherwise: Salesforce sorts
 * by relevance, which nobody can rely on. What was written is found at once; Salesforce's index takes a while.
 */
import type { Org } from '../org.ts'
import { type Field, isText, type ObjectType } from '../schema.ts'
import type { Row } from '../store.ts'
import { compileSelect } from './compile-select.ts'
import { matchingRows } from './matching.ts'
import { compileOrder, firstInOrder } from './order.ts'
import { readSearchTarget } from './parse.ts'
import { findObject, type Scope } from './scope.ts'
import { compileTerm, malformedSearch, type TermTest, tokensOf } from './search-terms.ts'
import { showRecord } from './select.ts'
import type { Query } from './syntax.ts'
import { readTokens, type Tokens } from './tokens.ts'

/** Which fields are searched. */
export type FieldGroup = 'ALL' | 'NAME' | 'EMAIL' | 'PHONE' | 'SIDEBAR'

export type Search = {
  term: string
  group: FieldGroup
  /** What is wanted of which objects. */
  targets: readonly Query[]
  limit: number
  /** The text that names and values of `targets` stand in, for messages. */
  text: string
}

/** A search gives no more than this. */
export const mostFound = 2_000

const names: ReadonlySet<string> = new Set(['Name', 'FirstName', 'LastName', 'Username'])
const isSearched = (field: Field, group: FieldGroup): boolean => {
  if (!field.visible || !isText(field.type)) return false
  if (group === 'NAME') return names.has(field.name)
  return group === 'ALL' || group === 'SIDEBAR' || field.type === group.toLowerCase()
}

/** A list of what SOSL should return when the caller names nothing: the ids of every searchable object. */
export const everything = (objects: readonly ObjectType[]): { text: string; targets: Query[] } => {
  const text = objects.map(({ name }) => name).join(', ')
  return { text, targets: readTargets(readTokens(text)) }
}

/** Reads a RETURNING clause, without its first word. @throws RequestFailure MALFORMED_QUERY */
export const readTargets = (tokens: Tokens): Query[] => {
  const targets = [readSearchTarget(tokens)]
  while (tokens.take(',')) targets.push(readSearchTarget(tokens))
  return targets
}

/** Whether the word names a group of fields. */
export const isFieldGroup = (word: string): word is FieldGroup =>
  ['ALL', 'NAME', 'EMAIL', 'PHONE', 'SIDEBAR'].includes(word)

const readGroup = (tokens: Tokens): FieldGroup => {
  if (!tokens.take('IN')) return 'ALL'
  const group = tokens.peek().text.toUpperCase()
  if (!isFieldGroup(group)) throw malformedSearch(`unexpected token: '${tokens.peek().text}'`)
  tokens.next()
  tokens.expect('FIELDS')
  return group
}

/**
 * Reads SOSL.
 * @throws RequestFailure MALFORMED_SEARCH, or MALFORMED_QUERY for what RETURNING has in common with SOQL
 */
export const parseSosl = (sosl: string, searchable: readonly ObjectType[]): Search => {
  const [whole, term] = /^\s*FIND\s*\{((?:[^}\\]|\\[\s\S])*)\}/i.exec(sosl) ?? []
  if (whole === undefined || term === undefined)
    throw malformedSearch('No search term found. The search term must be enclosed in braces.')
  // Blanks in place of the term keep every place in the text as it is.
  const text = ' '.repeat(whole.length) + sosl.slice(whole.length)
  const tokens = readTokens(text)
  const group = readGroup(tokens)
  const targets = tokens.take('RETURNING') ? readTargets(tokens) : undefined
  const limit = tokens.take('LIMIT') ? Number(tokens.next().text) : mostFound
  if (tokens.peek().kind !== 'end' || !Number.isInteger(limit)) throw tokens.unexpected()
  if (limit > mostFound) throw malformedSearch(`LIMIT is at most ${mostFound}`)
  return { term, group, limit, ...(targets ? { targets, text } : everything(searchable)) }
}

const holds = (object: ObjectType, group: FieldGroup, test: TermTest): ((row: Row) => boolean) => {
  const searched = object.fields.filter((field) => isSearched(field, group))
  return (row) =>
    test(
      searched.flatMap(({ name }) => {
        const value = row[name]
        return typeof value === 'string' ? tokensOf(value) : []
      }),
    )
}

function* found(rows: Iterable<Row>, test: (row: Row) => boolean): Iterable<Row> {
  for (const row of rows) if (test(row)) yield row
}

/** The records that a search finds, as the API shows them. @throws RequestFailure */
export const runSearch = (
  org: Org,
  search: Search,
  { version, isSearchable }: { version: string; isSearchable: (object: ObjectType) => boolean },
): Record<string, unknown>[] => {
  const test = compileTerm(search.term)
  const records: Record<string, unknown>[] = []
  for (const query of search.targets) {
    const object = findObject(org, search.text, query.from.name, query.from.at)
    if (!isSearchable(object)) throw malformedSearch(`entity type ${object.name} does not support search`)
    const scope: Scope = { org, soql: search.text, object, alias: undefined, all: false }
    const select = compileSelect(scope, query, version)
    const keys = compileOrder(scope, query.orderBy)
    const rows = found(matchingRows(scope, query.where, 'join'), holds(object, search.group, test))
    const { offset = 0, limit = mostFound } = query
    for (const row of firstInOrder(rows, keys, offset + limit).slice(offset)) {
      if (records.length >= search.limit) return records
      records.push(showRecord(org, select, row, version))
    }
  }
  return records
}
