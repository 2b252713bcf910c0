/** What SOQL has an escape for (SOQL reference, "Quoted String Escape Sequences"). `%` and `_` mean something in LIKE only. */
const ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  "'": "\\'",
  '"': '\\"',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\b': '\\b',
  '\f': '\\f',
}

/** A string literal with its quotes. Values reach SOQL through here only. */
export const quote = (value: string): string =>
  `'${value.replace(/[\\'"\n\r\t\b\f]/g, (found) => ESCAPES[found] ?? found)}'`

/** `('a','b')`, for `IN`. An empty list is a syntax error in SOQL, and a question nobody needs to ask. */
export const inList = (values: readonly string[]): string => {
  if (values.length === 0) throw new RangeError('an IN list needs at least one value')
  return `(${values.map(quote).join(',')})`
}

export type QuerySplit = {
  /** Salesforce's bound is 100,000 characters, but it expands queries (sharing rules, formulas) and the bound holds for the result. @default 50_000 */
  maxLength?: number
  /** Below 2,000, the page size, so that look-ups by a unique key come back on one page. @default 1_000 */
  maxKeys?: number
}

export type KeyedQuery = { readonly keys: readonly string[]; readonly soql: string }

/**
 * Look-ups for any number of keys as queries that are short enough. Repeated keys are asked for once, order is kept, and a key that does
 * not fit a query even alone is an error.
 *
 * @param build makes the query out of a list as `inList` writes it; everything but the list must stay the same length
 * @example splitQueries(userIds, (list) => `SELECT Id FROM Contact WHERE Clerk_User_Id__c IN ${list}`)
 */
export const splitQueries = (
  keys: readonly string[],
  build: (list: string) => string,
  { maxLength = 50_000, maxKeys = 1_000 }: QuerySplit = {},
): KeyedQuery[] => {
  const frame = build('()').length
  const queries: KeyedQuery[] = []
  let chunk: string[] = []
  let length = frame
  const flush = (): void => {
    if (chunk.length > 0) queries.push({ keys: chunk, soql: build(inList(chunk)) })
    chunk = []
    length = frame
  }
  for (const key of new Set(keys)) {
    const size = quote(key).length + 1
    if (frame + size > maxLength) throw new RangeError(`a key of ${key.length} characters does not fit a query`)
    if (chunk.length >= maxKeys || length + size > maxLength) flush()
    chunk.push(key)
    length += size
  }
  flush()
  return queries
}
