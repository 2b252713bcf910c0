import { toId18 } from '../ids.ts'
import { readDate, readDateTime } from '../records/values.ts'
import { type Field, isText } from '../schema.ts'
import type { Value } from '../store.ts'
import { complaint, malformed } from './complaints.ts'
import type { Literal } from './syntax.ts'
import { isNumber } from './traits.ts'

const escapes: Readonly<Record<string, string>> = {
  n: '\n',
  r: '\r',
  t: '\t',
  b: '\b',
  f: '\f',
  '"': '"',
  "'": "'",
  '\\': '\\',
}

/** The longest text that a literal may hold. */
const longest = 4_000

/**
 * The text that a quoted literal means.
 * @param like keeps `\_` and `\%` as they are, for the pattern
 * @throws RequestFailure MALFORMED_QUERY for an escape that SOQL does not have
 */
export const readText = (quoted: string, like = false): string => {
  if (quoted.length > longest + 2) throw malformed(`string literal is longer than ${longest} characters`)
  return quoted.slice(1, -1).replace(/\\(?:u([0-9a-fA-F]{4})|([\s\S]))/g, (whole, unicode?: string, letter = '') => {
    if (unicode) return String.fromCharCode(Number.parseInt(unicode, 16))
    if (letter === '_' || letter === '%' || (like && letter === '\\')) return like ? whole : letter
    const meaning = escapes[letter.toLowerCase()]
    if (meaning !== undefined) return meaning
    throw malformed(`Invalid string literal ${quoted}. Illegal character sequence '${whole}' in string literal.`)
  })
}

/** A regular expression for a LIKE pattern: `%` is any text, `_` any one character, a backslash takes their meaning away. */
export const likePattern = (pattern: string, caseSensitive: boolean): RegExp => {
  const source = pattern.replace(
    /\\([_%\\])|([%_])|([.*+?^${}()|[\]\\/])/g,
    (_, escaped?: string, wild?: string, special?: string) =>
      escaped ? escaped.replace('\\', '\\\\') : wild === '%' ? '[\\s\\S]*' : wild === '_' ? '[\\s\\S]' : `\\${special}`,
  )
  return new RegExp(`^${source}$`, caseSensitive ? 'u' : 'iu')
}

/** What a literal is compared with: a field, or what a function gives. */
export type Comparand = Pick<Field, 'name' | 'type' | 'caseSensitive'>

const typeNames: Readonly<Record<string, string>> = { datetime: 'dateTime', id: 'id', reference: 'reference' }
const isQuoted = (type: Field['type']): boolean => isText(type) || type === 'id' || type === 'reference'

/** What to throw when a literal does not fit the field's type. */
export const wrongType = (soql: string, { name, type }: Comparand, at: number): Error => {
  const quotes = isQuoted(type) ? 'should' : 'should not'
  const named = isText(type) ? 'string' : (typeNames[type] ?? type)
  const message = `value of filter criterion for field '${name}' must be of type ${named} and ${quotes} be enclosed in quotes`
  return complaint(soql, at, 'INVALID_FIELD', message)
}

const readId = (soql: string, text: string, at: number): Value => {
  const id = toId18(text)
  if (id) return id
  throw complaint(soql, at, 'INVALID_QUERY_FILTER_OPERATOR', `invalid ID field: ${text}`)
}

const readTime = (kind: 'date' | 'datetime', text: string): Value => {
  const value = kind === 'date' ? readDate(text) : readDateTime(text.toUpperCase())
  if (value === undefined) throw malformed(`Invalid ${kind}: ${text}`)
  return value
}

/**
 * The value that a literal means for a field; spans are not values.
 * @param like a pattern keeps its escapes
 * @throws RequestFailure INVALID_FIELD for a literal of another type
 */
export const readLiteral = (soql: string, field: Comparand, literal: Literal, like = false): Value => {
  const { kind, text, at } = literal
  if (kind === 'null') return null
  if (isQuoted(field.type)) {
    if (kind !== 'text') throw wrongType(soql, field, at)
    const read = readText(text, like)
    if (isText(field.type)) return read === '' ? null : read
    // An empty text is null for ids, too: `AccountId = ''` is what people write.
    return read === '' ? null : readId(soql, read, at)
  }
  if (field.type === 'boolean' && kind === 'boolean') return text === 'TRUE'
  if ((field.type === 'datetime' || field.type === 'date') && field.type === kind) return readTime(kind, text)
  if (isNumber(field.type) && kind === 'number') return Number(text)
  throw wrongType(soql, field, at)
}
