/** Time as the emulators see it: passed in everywhere, so that a test or a seed can hold it still. */
export type Clock = {
  /** Milliseconds since 1970. */
  now: () => number
  /** Resolves after `ms` of this clock's time, or at once when the signal fires. */
  sleep: (ms: number, signal?: AbortSignal) => Promise<void>
}

/** The machine's clock; `scale` makes waiting shorter (`scale: 60` turns a minute into a second) and leaves `now` alone. */
export const systemClock = ({ scale = 1 }: { scale?: number } = {}): Clock => ({
  now: () => Date.now(),
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted) return resolve()
      const done = () => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', done)
        resolve()
      }
      const timer = setTimeout(done, ms / scale)
      signal?.addEventListener('abort', done, { once: true })
    }),
})

/**
 * A clock that can be ended: from then on its sleepers stay asleep for good and hold no timer, so that nothing goes on in an emulator that was
 * closed and nothing keeps its process. Who is woken by the own signal wakes all the same.
 */
export const endable = (clock: Clock): { clock: Clock; end: () => void } => {
  const sleepers = new Set<AbortController>()
  let ended = false
  const sleep = async (ms: number, signal?: AbortSignal): Promise<void> => {
    const sleeper = new AbortController()
    // Not AbortSignal.any: it leaves a trace on a long-lived signal for each sleep.
    const wake = () => sleeper.abort()
    signal?.addEventListener('abort', wake, { once: true })
    sleepers.add(sleeper)
    if (ended || signal?.aborted) wake()
    await clock.sleep(ms, sleeper.signal)
    sleepers.delete(sleeper)
    signal?.removeEventListener('abort', wake)
    if (ended && !signal?.aborted) await new Promise(() => {})
  }
  const end = (): void => {
    ended = true
    for (const sleeper of sleepers) sleeper.abort()
  }
  return { clock: { now: () => clock.now(), sleep }, end }
}

export type ManualClock = Clock & {
  /** Moves time on and wakes every sleeper whose time has come, in order. */
  advance: (ms: number) => Promise<void>
  /** How many sleep now: what a test waits for before it moves time on. */
  sleepers: () => number
}

type Sleeper = { at: number; wake: () => void }

/** A clock that moves only when told to. */
export const manualClock = (start: number = Date.UTC(2026, 0, 5, 9)): ManualClock => {
  let time = start
  const sleepers = new Set<Sleeper>()

  // Of those due at the same time the one that lay down first wakes first: a set keeps that order.
  const nextDue = (end: number): Sleeper | undefined => {
    let next: Sleeper | undefined
    for (const sleeper of sleepers) if (sleeper.at <= end && (!next || sleeper.at < next.at)) next = sleeper
    return next
  }

  return {
    now: () => time,
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted) return resolve()
        const wake = () => {
          sleepers.delete(sleeper)
          signal?.removeEventListener('abort', wake)
          resolve()
        }
        const sleeper: Sleeper = { at: time + ms, wake }
        sleepers.add(sleeper)
        signal?.addEventListener('abort', wake, { once: true })
      }),
    advance: async (ms) => {
      const end = time + ms
      for (let next = nextDue(end); next; next = nextDue(end)) {
        time = Math.max(time, next.at)
        next.wake()
        // Whoever woke gets to run, and perhaps to sleep again before the end.
        await new Promise((resolve) => setImmediate(resolve))
      }
      time = end
    },
    sleepers: () => sleepers.size,
  }
}
