import type { Clock } from '../../src/clock.ts'

/** Goes like the machine's clock, and can be moved on: whoever should have woken meanwhile wakes at once. */
export type JumpingClock = Clock & {
  jump: (ms: number) => void
  /** Jumps on step by step until it holds. @throws Error after ten seconds of the machine's time */
  hasten: (holds: () => boolean | Promise<boolean>, stepMs?: number) => Promise<void>
}

type Sleeper = { at: number; wake: () => void; timer: NodeJS.Timeout }

export const jumpingClock = (): JumpingClock => {
  let ahead = 0
  const sleepers = new Set<Sleeper>()
  const now = (): number => Date.now() + ahead
  const jump = (ms: number): void => {
    ahead += ms
    for (const sleeper of sleepers) if (sleeper.at <= now()) sleeper.wake()
  }
  return {
    now,
    jump,
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted) return resolve()
        const wake = (): void => {
          clearTimeout(sleeper.timer)
          sleepers.delete(sleeper)
          signal?.removeEventListener('abort', wake)
          resolve()
        }
        const timer = setTimeout(() => sleeper.wake(), Math.min(ms, 2 ** 31 - 1))
        const sleeper: Sleeper = { at: now() + ms, wake, timer }
        sleepers.add(sleeper)
        signal?.addEventListener('abort', wake, { once: true })
      }),
    hasten: async (holds, stepMs = 500) => {
      const end = Date.now() + 10_000
      while (!(await holds())) {
        if (Date.now() > end) throw new Error(`it did not come about: ${holds}`)
        jump(stepMs)
        await new Promise((resolve) => setTimeout(resolve, 10))
      }
    },
  }
}
