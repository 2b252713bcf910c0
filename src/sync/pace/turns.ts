/** Runs work, at most `most()` at once; what is over waits its turn, first come first served. */
export type Turns = <T>(work: () => Promise<T>) => Promise<T>

/** @param most asked anew whenever a turn could begin: it may change at any time. */
export const createTurns = (most: () => number): Turns => {
  const waiting: (() => void)[] = []
  let running = 0
  const next = (): void => {
    while (running < most()) {
      const begin = waiting.shift()
      if (!begin) return
      running++
      begin()
    }
  }
  return async (work) => {
    await new Promise<void>((begin) => {
      waiting.push(begin)
      next()
    })
    try {
      return await work()
    } finally {
      running--
      next()
    }
  }
}
