import type { Clock } from '../../kit/clock.ts'

/** One thing to be done later, on the org's clock; starting it anew forgets the one before. */
export type Timer = { start: (ms: number, work: () => void) => void; stop: () => void }

export const createTimer = (clock: Clock): Timer => {
  let waiting: AbortController | undefined
  const stop = (): void => {
    waiting?.abort()
    waiting = undefined
  }
  return {
    stop,
    start: (ms, work) => {
      stop()
      const controller = new AbortController()
      waiting = controller
      void clock.sleep(ms, controller.signal).then(() => {
        if (!controller.signal.aborted) work()
      })
    },
  }
}
