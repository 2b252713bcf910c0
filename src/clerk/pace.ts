/** Resolves when the next request may go out, in the order of asking. */
export type Pace = () => Promise<void>

export type PaceOptions = {
  /** Most requests in any stretch of `windowMs`. */
  requests: number
  /** The window of Clerk's own limits. @default 10_000 */
  windowMs?: number
  /** Milliseconds of a clock that never goes back. */
  now: () => number
  sleep: (ms: number) => Promise<unknown>
}

/**
 * Keeps clerkforce to its share of Clerk's rate limit, which the customer's application shares. A burst up to the whole share goes out at
 * once, so that a quiet system never waits; beyond it, each turn is taken one window after the turn `requests` places before it.
 */
export function createPace({ requests, windowMs = 10_000, now, sleep }: PaceOptions): Pace {
  const lastTurns: number[] = []
  let place = 0
  return async () => {
    const asked = now()
    const turn = Math.max(asked, (lastTurns[place] ?? Number.NEGATIVE_INFINITY) + windowMs)
    lastTurns[place] = turn
    place = (place + 1) % requests
    if (turn > asked) await sleep(turn - asked)
  }
}
