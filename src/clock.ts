/** Time as the engine sees it, passed in so that a test can hold it still. */
export type Clock = {
  /** Milliseconds since 1970. */
  now: () => number
  /** Resolves after `ms`, or at once when the signal fires. */
  sleep: (ms: number, signal?: AbortSignal) => Promise<void>
}

/** The machine's clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted) return resolve()
      const end = () => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', end)
        resolve()
      }
      const timer = setTimeout(end, ms)
      signal?.addEventListener('abort', end, { once: true })
    }),
}
