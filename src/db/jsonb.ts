/** What JSON may say and jsonb may not: the character U+0000, and half of a surrogate pair. */
const unstorable = /\\u(?:0000|d[89a-f][0-9a-f]{2})/i

const clean = (text: string): string => text.toWellFormed().replaceAll('\u0000', '')

const cleanAll = (value: unknown): unknown => {
  if (typeof value === 'string') return clean(value)
  if (Array.isArray(value)) return value.map(cleanAll)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [clean(key), cleanAll(one)]))
}

/** JSON text that PostgreSQL takes as jsonb; the few characters that it refuses are left out or replaced. */
export const toJsonb = (value: unknown): string => {
  const text = JSON.stringify(value)
  return unstorable.test(text) ? JSON.stringify(cleanAll(value)) : text
}
