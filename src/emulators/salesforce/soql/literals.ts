import { readDate, readDateTime } from '../records/values.ts'
import { malformed, unsupported } from './parse.ts'

const escapes: Readonly<Record<string, string>> = {
  n: '\n',
  N: '\n',
  r: '\r',
  R: '\r',
  t: '\t',
  T: '\t',
  b: '\b',
  B: '\b',
  f: '\f',
  F: '\f',
  '"': '"',
  "'": "'",
  '\\': '\\',
}

/**
 * The text that a quoted literal means.
 * @param like keeps `\_` and `\%` as they are, for the pattern
 * @throws RequestFailure MALFORMED_QUERY for an escape that SOQL does not have
 */
export const readText = (quoted: string, like = false): string =>
  quoted.slice(1, -1).replace(/\\(?:u([0-9a-fA-F]{4})|([\s\S]))/g, (whole, unicode?: string, letter?: string) => {
    if (unicode) return String.fromCharCode(Number.parseInt(unicode, 16))
    if (letter === '_' || letter === '%' || (like && letter === '\\')) return like ? whole : (letter ?? '')
    const meaning = escapes[letter ?? '']
    if (meaning === undefined) {
      throw malformed(`Invalid string literal ${quoted}. Illegal character sequence '${whole}' in string literal.`)
    }
    return meaning
  })

/** A regular expression for a LIKE pattern: `%` is any text, `_` any one character, a backslash takes their meaning away. */
export const likePattern = (pattern: string, caseSensitive: boolean): RegExp => {
  const source = pattern.replace(
    /\\([_%\\])|([%_])|([.*+?^${}()|[\]\\/])/g,
    (_, escaped?: string, wild?: string, special?: string) =>
      escaped ? escaped.replace('\\', '\\\\') : wild === '%' ? '[\\s\\S]*' : wild === '_' ? '[\\s\\S]' : `\\${special}`,
  )
  return new RegExp(`^${source}$`, caseSensitive ? 'u' : 'iu')
}

/** Milliseconds of a date-time literal, which needs a zone. */
export const readDateTimeLiteral = (literal: string): number => {
  const at = readDateTime(literal)
  if (at === undefined) throw malformed(`Invalid datetime: ${literal}`)
  return at
}

/** A date literal as it stands. */
export const readDateLiteral = (literal: string): string => {
  const day = readDate(literal)
  if (day === undefined) throw malformed(`Invalid date: ${literal}`)
  return day
}

const day = 86_400_000

/** The span of a literal such as TODAY or LAST_N_DAYS:3, from inclusive to exclusive, in UTC. */
export const relativeSpan = (literal: string, n: number, now: number): { from: number; to: number } => {
  const today = Math.floor(now / day) * day
  switch (literal.split(':')[0]?.toUpperCase()) {
    case 'TODAY':
      return { from: today, to: today + day }
    case 'YESTERDAY':
      return { from: today - day, to: today }
    case 'TOMORROW':
      return { from: today + day, to: today + 2 * day }
    case 'LAST_N_DAYS':
      return { from: today - n * day, to: today + day }
    case 'NEXT_N_DAYS':
      return { from: today + day, to: today + (n + 1) * day }
    case 'N_DAYS_AGO':
      return { from: today - n * day, to: today - (n - 1) * day }
    default:
      throw unsupported(literal)
  }
}
