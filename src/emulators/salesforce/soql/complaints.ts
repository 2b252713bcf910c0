import { type RequestFailure, refused } from '../errors.ts'

const reach = 30
const within = /[^\s,]/

const excerpt = (soql: string, at: number): { text: string; caret: number } => {
  let from = Math.max(0, at - reach)
  while (from > 0 && within.test(soql[from - 1] ?? '')) from--
  while (from < at && /\s/.test(soql[from] ?? '')) from++
  let to = Math.min(soql.length, at + reach)
  while (to < soql.length && within.test(soql[to] ?? '')) to++
  return { text: soql.slice(from, to).trimEnd().replaceAll(/\s/g, ' '), caret: at - from }
}

/**
 * A refusal that points into the query: an excerpt of some thirty characters either side, a caret below the place, row
 * and column. That is the form of every message that Salesforce has about a name or a value.
 */
export const complaint = (soql: string, at: number, errorCode: string, message: string): RequestFailure => {
  const before = soql.slice(0, at).split('\n')
  const { text, caret } = excerpt(soql, at)
  const place = `Row:${before.length}:Column:${(before.at(-1) ?? '').length + 1}`
  return refused(errorCode, `\n${text}\n${' '.repeat(caret)}^\nERROR at ${place}\n${message}`)
}

/** A refusal of the grammar, without a place. */
export const malformed = (message: string): RequestFailure => refused('MALFORMED_QUERY', message)

/** A refusal of what Salesforce has and the emulator has not. */
export const unsupported = (what: string): RequestFailure => malformed(`${what}: not supported by the emulator`)
