import { InvalidArgumentError } from 'commander'

const readNumber = (text: string, from: number, to: number): number => {
  const value = Number(text)
  if (!/^\d+$/.test(text) || value < from || value > to)
    throw new InvalidArgumentError(`It must be a whole number from ${from} to ${to}.`)
  return value
}

/** Reads how many lines a listing may have. */
export const readLimit = (text: string): number => readNumber(text, 1, 1_000)

/** Reads the number of a link, as `clerkforce parked` shows it, after those that were given before it. */
export const readLink = (text: string, before: readonly number[] = []): number[] => [
  ...before,
  readNumber(text, 1, Number.MAX_SAFE_INTEGER),
]

/** Reads a count of anything, 0 included. */
export const readCount = (text: string): number => readNumber(text, 0, 1_000_000)
