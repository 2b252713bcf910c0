import type { Part } from './snapshot.ts'

/** Randomness from a seed: the same seed and the same calls give the same ids, latencies and disorder. */
export type Random = {
  /** A number in [0, 1). */
  next: () => number
  /** A whole number in [0, below). */
  int: (below: number) => number
  /** One of the list; throws on an empty one. */
  pick: <T>(list: readonly T[]) => T
  /** `length` characters of the alphabet. */
  text: (length: number, alphabet?: string) => string
  /** For snapshots: where it stands in its sequence, and how to go on from there. */
  part: Part
}

const base62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

/** mulberry32: 32 bits of state, good enough for test data and quick. */
export const seededRandom = (seed: number = 1): Random => {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
  const int = (below: number) => Math.floor(next() * below)
  return {
    next,
    int,
    pick: (list) => {
      const chosen = list[int(list.length)]
      if (chosen === undefined) throw new Error('pick: the list is empty')
      return chosen
    },
    text: (length, alphabet = base62) => Array.from({ length }, () => alphabet.charAt(int(alphabet.length))).join(''),
    part: {
      save: () => state,
      load: (saved) => {
        if (!Number.isInteger(saved)) throw new Error('the state of a random sequence is a whole number')
        state = Number(saved) >>> 0
      },
      clear: () => {
        state = seed >>> 0
      },
    },
  }
}
