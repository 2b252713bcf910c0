import type { Part } from '../kit/snapshot.ts'

/** The org's API calls of the last 24 hours, counted by the hour, as the rolling allowance is. */
export type Usage = {
  limit: number
  used: () => number
  /** Counts one call, or several. */
  count: (calls?: number) => void
  set: (allowance: { used?: number; limit?: number }) => void
  /** For snapshots. */
  part: Part
}

const hour = 3_600_000

/** @param limit calls in 24 hours; 15,000 is what a Developer Edition has */
export const createUsage = (now: () => number, limit: number): Usage => {
  const hours = new Map<number, number>()
  const used = () => {
    const current = Math.floor(now() / hour)
    let sum = 0
    for (const [at, calls] of hours) {
      if (at <= current - 24) hours.delete(at)
      else sum += calls
    }
    return sum
  }
  const usage: Usage = {
    limit,
    used,
    count: (calls = 1) => {
      const at = Math.floor(now() / hour)
      hours.set(at, (hours.get(at) ?? 0) + calls)
    },
    set: (allowance) => {
      if (allowance.limit !== undefined) usage.limit = allowance.limit
      if (allowance.used !== undefined) {
        hours.clear()
        hours.set(Math.floor(now() / hour), allowance.used)
      }
    },
    part: {
      save: () => ({ limit: usage.limit, hours: [...hours] }),
      load: (saved) => {
        const { limit: allowed, hours: calls } = saved as { limit: number; hours: [number, number][] }
        usage.limit = allowed
        hours.clear()
        for (const [at, count] of calls) hours.set(at, count)
      },
      clear: () => hours.clear(),
    },
  }
  return usage
}
