/**
 * Date functions of SOQL, in UTC: parts of a date or a date-time as numbers, and the day of a date-time.
 * The fiscal year is the calendar's. The day of a week counts from 1 for Sunday; a week of a month or year is its first
 * to seventh day and so on, not a calendar week (SOQL reference, Date Functions).
 */
import type { Value } from '../store.ts'

const day = 86_400_000
const dayInYear = (date: Date): number =>
  (Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()) - Date.UTC(date.getUTCFullYear(), 0, 1)) /
    day +
  1
const quarter = (date: Date): number => Math.floor(date.getUTCMonth() / 3) + 1

const parts: Readonly<Record<string, (date: Date) => number>> = {
  CALENDAR_MONTH: (date) => date.getUTCMonth() + 1,
  CALENDAR_QUARTER: quarter,
  CALENDAR_YEAR: (date) => date.getUTCFullYear(),
  DAY_IN_MONTH: (date) => date.getUTCDate(),
  DAY_IN_WEEK: (date) => date.getUTCDay() + 1,
  DAY_IN_YEAR: dayInYear,
  FISCAL_MONTH: (date) => date.getUTCMonth() + 1,
  FISCAL_QUARTER: quarter,
  FISCAL_YEAR: (date) => date.getUTCFullYear(),
  HOUR_IN_DAY: (date) => date.getUTCHours(),
  WEEK_IN_MONTH: (date) => Math.floor((date.getUTCDate() - 1) / 7) + 1,
  WEEK_IN_YEAR: (date) => Math.floor((dayInYear(date) - 1) / 7) + 1,
}

/** What a date function gives: a day, or a number. */
export type DateFunction = { result: 'date' | 'int'; timesOnly: boolean; of: (value: Value) => Value }

const dateOf = (value: Value): Date | undefined =>
  typeof value === 'number' ? new Date(value) : typeof value === 'string' ? new Date(`${value}T00:00:00Z`) : undefined

/** The date function of a name in capitals; undefined for any other name. */
export const dateFunction = (name: string): DateFunction | undefined => {
  if (name === 'DAY_ONLY') {
    return { result: 'date', timesOnly: true, of: (value) => dateOf(value)?.toISOString().slice(0, 10) ?? null }
  }
  const part = parts[name]
  if (!part) return undefined
  return {
    result: 'int',
    timesOnly: name === 'HOUR_IN_DAY',
    of: (value) => {
      const date = dateOf(value)
      return date ? part(date) : null
    },
  }
}
