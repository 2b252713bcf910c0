/** What a measurement prints, and what decides between pass and fail. */

/** One figure with its definition. Without a target it is there for information. */
export type Figure = {
  name: string
  /** What is divided by what, or counted, in one sentence. */
  definition: string
  value: number
  unit: '' | 'calls' | 'ms' | '/s' | 'MiB'
  target?: { least: number } | { most: number }
  /** The absolute figures behind a ratio: of this machine, at this moment. */
  seen?: string
}

/** The middle value; of an even number, the mean of the two in the middle. */
export const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length / 2
  return ((sorted[Math.ceil(middle) - 1] ?? Number.NaN) + (sorted[Math.floor(middle)] ?? Number.NaN)) / 2
}

/** The value that a share of all stays at or below. */
export const quantile = (values: readonly number[], share: number): number =>
  [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))] ?? Number.NaN

/** Whether a figure meets its target; one that is not a number meets none. */
export const passes = ({ value, target }: Figure): boolean => {
  if (!target) return true
  return 'least' in target ? value >= target.least : value <= target.most
}

const round = (value: number): string =>
  Math.abs(value) >= 100 ? value.toFixed(0) : Math.abs(value) >= 10 ? value.toFixed(1) : value.toFixed(2)

/** A figure as two lines: name, value and verdict; then its definition and what was seen. */
export const show = (figure: Figure): string => {
  const { name, value, unit, target, definition, seen } = figure
  const verdict = target ? (passes(figure) ? 'pass' : 'FAIL') : 'info'
  const wanted = !target
    ? ''
    : 'least' in target
      ? ` (target: at least ${target.least})`
      : ` (target: at most ${target.most})`
  return `${verdict}  ${name}: ${round(value)}${unit && ` ${unit}`}${wanted}\n      ${definition}${seen ? `\n      ${seen}` : ''}\n`
}

/** Runs the ways in turn, A B A B …, so that a machine that warms up or slows down does so for all of them. */
export const inTurn = async <T>(rounds: number, ways: readonly (() => Promise<T>)[]): Promise<T[][]> => {
  const results: T[][] = ways.map(() => [])
  for (let round = 0; round < rounds; round++)
    for (const [index, way] of ways.entries()) results[index]?.push(await way())
  return results
}
