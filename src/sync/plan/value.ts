import type { Value } from '../../model/model.ts'

/** What kind of value a Salesforce field holds, as far as comparing needs to know. */
export type FieldKind = 'text' | 'email' | 'datetime' | 'date' | 'boolean' | 'number'

/** Salesforce's field type to ours; anything that travels as a string is text. */
export const kindOfType = (type: string): FieldKind => {
  if (type === 'email' || type === 'datetime' || type === 'date' || type === 'boolean') return type
  return type === 'double' || type === 'int' || type === 'currency' || type === 'percent' ? 'number' : 'text'
}

const two = (n: number): string => String(n).padStart(2, '0')

/** ms to YYYY-MM-DD in UTC. */
export const toDate = (ms: number): string => {
  const date = new Date(ms)
  return `${date.getUTCFullYear()}-${two(date.getUTCMonth() + 1)}-${two(date.getUTCDate())}`
}

/** ms to ISO with whole seconds: Salesforce keeps no fractions, so they would look like a difference for ever. */
export const toDateTime = (ms: number): string => new Date(Math.floor(ms / 1000) * 1000).toISOString()

/** The ends of JavaScript's time: beyond them a number is no time, whoever put it into metadata. */
const lastTime = 8.64e15
const fromTime = (value: string | number): number => {
  const ms = typeof value === 'number' ? value : Date.parse(value)
  return Math.abs(ms) <= lastTime ? ms : Number.NaN
}

/** The canonical form of a value for a field of this kind; null for anything empty or unreadable. */
export const canonical = (value: unknown, kind: FieldKind): Value => {
  if (value === null || value === undefined) return null
  switch (kind) {
    case 'boolean':
      return typeof value === 'boolean' ? value : value === 'true'
    case 'number': {
      const number = typeof value === 'number' ? value : Number(value)
      return Number.isFinite(number) ? number : null
    }
    case 'datetime':
    case 'date': {
      if (typeof value !== 'string' && typeof value !== 'number') return null
      const ms = fromTime(value)
      if (Number.isNaN(ms)) return null
      return kind === 'date' ? toDate(ms) : toDateTime(ms)
    }
    case 'email':
    case 'text': {
      const text = (
        typeof value === 'string' ? value : typeof value === 'object' ? JSON.stringify(value) : String(value)
      ).trim()
      return text === '' ? null : text
    }
  }
}

/** Whether two canonical values are the same to Salesforce: e-mail addresses without regard to case, all else exactly. */
export const sameValue = (a: Value, b: Value, kind: FieldKind): boolean =>
  a === b || (kind === 'email' && typeof a === 'string' && typeof b === 'string' && a.toLowerCase() === b.toLowerCase())

/** The form in which addresses are matched: Unicode-normal, trimmed, lower case. */
export const normaliseEmail = (email: string): string => email.normalize('NFC').trim().toLowerCase()
