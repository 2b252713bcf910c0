/** How long to wait before trying a record or a side again. Pure: randomness is passed in. */

/** The longest wait for one record; after `mostAttempts` of them the record is parked. */
const longestMs = 10 * 60_000

/** Attempts after which a passing failure is no longer believed to pass: about an hour of trying. */
export const mostAttempts = 12

/** Doubles from one second, with full jitter between half and the whole: records that failed together do not come back together. */
export const backoffMs = (
  attempts: number,
  random: () => number,
  firstMs: number = 1_000,
  mostMs: number = longestMs,
): number => {
  const whole = Math.min(mostMs, firstMs * 2 ** Math.min(attempts, 30))
  return Math.round(whole * (0.5 + random() / 2))
}
