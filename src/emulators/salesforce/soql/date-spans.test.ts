import { expect, test } from 'vitest'
import { dateFunction } from './date-functions.ts'
import { isSpan, spanOf } from './date-spans.ts'

// A Wednesday.
const now = Date.UTC(2026, 1, 11, 15, 30)
const show = (word: string, n = 0): string[] => {
  const { from, to } = spanOf(word, n, now)
  return [from, to].map((at) => new Date(at).toISOString().replace('T00:00:00.000Z', ''))
}

test.each([
  ['TODAY', 0, '2026-02-11', '2026-02-12'],
  ['YESTERDAY', 0, '2026-02-10', '2026-02-11'],
  ['TOMORROW', 0, '2026-02-12', '2026-02-13'],
  ['LAST_WEEK', 0, '2026-02-01', '2026-02-08'],
  ['THIS_WEEK', 0, '2026-02-08', '2026-02-15'],
  ['NEXT_WEEK', 0, '2026-02-15', '2026-02-22'],
  ['LAST_MONTH', 0, '2026-01-01', '2026-02-01'],
  ['NEXT_MONTH', 0, '2026-03-01', '2026-04-01'],
  ['LAST_90_DAYS', 0, '2025-11-13', '2026-02-12'],
  ['NEXT_90_DAYS', 0, '2026-02-12', '2026-05-13'],
  ['LAST_QUARTER', 0, '2025-10-01', '2026-01-01'],
  ['THIS_FISCAL_QUARTER', 0, '2026-01-01', '2026-04-01'],
  ['LAST_YEAR', 0, '2025-01-01', '2026-01-01'],
  ['NEXT_FISCAL_YEAR', 0, '2027-01-01', '2028-01-01'],
  ['LAST_N_DAYS', 3, '2026-02-08', '2026-02-12'],
  ['NEXT_N_DAYS', 3, '2026-02-12', '2026-02-15'],
  ['N_DAYS_AGO', 3, '2026-02-08', '2026-02-09'],
  ['LAST_N_WEEKS', 2, '2026-01-25', '2026-02-08'],
  ['N_WEEKS_AGO', 1, '2026-02-01', '2026-02-08'],
  ['NEXT_N_MONTHS', 2, '2026-03-01', '2026-05-01'],
  ['N_MONTHS_AGO', 14, '2024-12-01', '2025-01-01'],
  ['LAST_N_QUARTERS', 2, '2025-07-01', '2026-01-01'],
  ['N_FISCAL_QUARTERS_AGO', 5, '2024-10-01', '2025-01-01'],
  ['NEXT_N_YEARS', 2, '2027-01-01', '2029-01-01'],
  ['LAST_N_FISCAL_YEARS', 1, '2025-01-01', '2026-01-01'],
])('%s:%i goes from %s to before %s', (word, n, from, to) => {
  expect(isSpan(word)).toBe(true)
  expect(show(word, n)).toEqual([from, to])
})

test('other words are no date literals', () => {
  for (const word of ['NOW', 'LAST_DECADE', 'THIS_FISCAL_WEEK', 'LAST_N_DAY', 'N_FISCAL_MONTHS_AGO'])
    expect(isSpan(word)).toBe(false)
})

test.each([
  ['CALENDAR_YEAR', 2026],
  ['CALENDAR_QUARTER', 1],
  ['CALENDAR_MONTH', 2],
  ['DAY_IN_MONTH', 11],
  ['DAY_IN_WEEK', 4],
  ['DAY_IN_YEAR', 42],
  ['FISCAL_MONTH', 2],
  ['HOUR_IN_DAY', 15],
  ['WEEK_IN_MONTH', 2],
  ['WEEK_IN_YEAR', 6],
  ['DAY_ONLY', '2026-02-11'],
])('%s of a Wednesday in February is %s', (name, expected) => {
  expect(dateFunction(name)?.of(now)).toBe(expected)
  expect(dateFunction(name)?.of(null)).toBe(null)
})
