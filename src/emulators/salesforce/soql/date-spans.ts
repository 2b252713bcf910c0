/**
 * Date literals: spans of whole days, weeks, months, quarters and years around now, from inclusive to exclusive.
 * The zone is UTC, the week begins on Sunday and the fiscal year in January: what an org has whose admin changed nothing
 * but the zone (SOQL reference, Date Formats and Date Literals in WHERE).
 */
export type Span = { from: number; to: number }

type Unit = 'DAY' | 'WEEK' | 'MONTH' | 'QUARTER' | 'YEAR'

const day = 86_400_000

/** The start of the period that lies `shift` periods from the one that holds `now`. */
const startOf = (unit: Unit, now: number, shift: number): number => {
  const today = Math.floor(now / day) * day
  const date = new Date(now)
  const year = date.getUTCFullYear()
  const month = date.getUTCMonth()
  switch (unit) {
    case 'DAY':
      return today + shift * day
    case 'WEEK':
      return today + (shift * 7 - date.getUTCDay()) * day
    case 'MONTH':
      return Date.UTC(year, month + shift, 1)
    case 'QUARTER':
      return Date.UTC(year, (Math.floor(month / 3) + shift) * 3, 1)
    case 'YEAR':
      return Date.UTC(year + shift, 0, 1)
  }
}

const days: Readonly<Record<string, readonly [number, number]>> = {
  TODAY: [0, 1],
  YESTERDAY: [-1, 0],
  TOMORROW: [1, 2],
  LAST_90_DAYS: [-90, 1],
  NEXT_90_DAYS: [1, 91],
}
const near = /^(LAST|THIS|NEXT)_(?:FISCAL_)?(WEEK|MONTH|QUARTER|YEAR)$/
const several = /^(LAST|NEXT)_N_(?:FISCAL_)?(DAY|WEEK|MONTH|QUARTER|YEAR)S$/
const ago = /^N_(?:FISCAL_)?(DAY|WEEK|MONTH|QUARTER|YEAR)S_AGO$/
const isFiscal = /FISCAL_(?:WEEK|MONTH|DAY)/

/** Whether the word, in capitals, is a date literal. */
export const isSpan = (word: string): boolean =>
  word in days || ((near.test(word) || several.test(word) || ago.test(word)) && !isFiscal.test(word))

/** Whether the literal is followed by a colon and a number. */
export const spanTakesNumber = (word: string): boolean => several.test(word) || ago.test(word)

const shifts: Readonly<Record<string, number>> = { LAST: -1, THIS: 0, NEXT: 1 }

/** The span of a date literal, seen from `now`. */
export const spanOf = (word: string, n: number, now: number): Span => {
  const between = (unit: Unit, from: number, to: number): Span => ({
    from: startOf(unit, now, from),
    to: startOf(unit, now, to),
  })
  const fixed = days[word]
  if (fixed) return between('DAY', ...fixed)
  const [, side = '', unit] = near.exec(word) ?? []
  if (unit) return between(unit as Unit, shifts[side] ?? 0, (shifts[side] ?? 0) + 1)
  const [, direction, units] = several.exec(word) ?? []
  // LAST_N_DAYS goes on through today; longer periods end with the last whole one.
  if (units)
    return direction === 'NEXT' ? between(units as Unit, 1, n + 1) : between(units as Unit, -n, units === 'DAY' ? 1 : 0)
  const [, back = 'DAY'] = ago.exec(word) ?? []
  return between(back as Unit, -n, 1 - n)
}
