/** How long to wait before trying a record or a side again. Pure: randomness is passed in. */

/** The longest wait for one record; after `mostAttempts` of them the record is parked. */
const longestMs = 10 * 60_000

/** Attempts after which a passing failure is no longer believed to pass: about an hour of trying. */
export const mostAttempts = 12

const spread = (ms: number, random: () => number): number => Math.round(ms * (0.5 + random() / 2))

/** For a record: doubles from `firstMs`, with jitter between half and the whole: records that failed together do not come back together. */
export const backoffMs = (attempts: number, random: () => number, firstMs: number = 1_000): number =>
  spread(Math.min(longestMs, firstMs * 2 ** Math.min(attempts, 30)), random)

/** For a side: grows by half from `firstMs` to a minute. One request tries, so that finding out early costs little. */
export const pauseMs = (failures: number, random: () => number, firstMs: number): number =>
  spread(Math.min(60_000, firstMs * 1.5 ** Math.min(failures, 30)), random)
