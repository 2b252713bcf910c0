import type { Clock } from '../clock.ts'

/** Everything that runs by itself has this shape. */
export type Loop = {
  /** Ends the current sleep: there is something to do. */
  wake: () => void
  /** Lets the current step end, then stops. */
  stop: () => Promise<void>
}

export type LoopOptions = {
  clock: Clock
  /** One step; resolves with the milliseconds until the next, 0 for at once. */
  step: () => Promise<number>
  /** Told of every error; the loop goes on after a pause that doubles from 0.1 s to 5 s. */
  failed: (error: unknown) => void
}

/** Starts a loop: the only place where one sleeps, wakes, stops and recovers. */
export const startLoop = ({ clock, step, failed }: LoopOptions): Loop => {
  let stopping = false
  let asleep: AbortController | undefined
  let woken = false
  let failures = 0
  const run = async (): Promise<void> => {
    while (!stopping) {
      woken = false
      let pause: number
      try {
        pause = await step()
        failures = 0
      } catch (error) {
        failed(error)
        pause = Math.min(5_000, 100 * 2 ** failures++)
        woken = false
      }
      if (stopping || woken || pause <= 0) continue
      asleep = new AbortController()
      await clock.sleep(pause, asleep.signal)
      asleep = undefined
    }
  }
  const done = run()
  const wake = (): void => {
    woken = true
    asleep?.abort()
  }
  return {
    wake,
    stop: () => {
      stopping = true
      wake()
      return done
    },
  }
}
