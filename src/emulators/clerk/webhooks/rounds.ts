import type { Activity } from './deliver.ts'
import type { Round } from './lane.ts'

export type Rounds = {
  round: () => Round
  /** Ends the current round: nothing of it counts, or arrives, any more. */
  next: () => void
  /** Resolves when nothing is on its way. With `retries: false`, messages that wait for a retry don't count. */
  idle: (options?: { retries?: boolean }) => Promise<void>
}

/** The current round and those who wait for it to fall silent. */
export const createRounds = (): Rounds => {
  const checks = new Set<() => void>()
  const changed = () => {
    for (const check of checks) check()
  }
  const start = (): Round => ({ activity: { busy: 0, retrying: 0, changed }, stop: new AbortController() })
  let current = start()
  const isIdle = ({ busy, retrying }: Activity, retries: boolean) => busy === 0 && (!retries || retrying === 0)
  return {
    round: () => current,
    next: () => {
      current.stop.abort()
      current = start()
      changed()
    },
    idle: ({ retries = true } = {}) =>
      new Promise((resolve) => {
        const check = () => {
          if (!isIdle(current.activity, retries)) return
          checks.delete(check)
          resolve()
        }
        checks.add(check)
        check()
      }),
  }
}
