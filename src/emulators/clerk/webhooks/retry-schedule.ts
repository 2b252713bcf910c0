import type { DeliverySettings } from '../settings.ts'
import type { Attempt } from './attempt.ts'

const second = 1000
const minute = 60 * second
const hour = 60 * minute

/** Waits before each attempt: eight attempts in 27 hours and 35 minutes (https://docs.svix.com/retries). */
export const retrySchedule: readonly number[] = [
  0,
  5 * second,
  5 * minute,
  30 * minute,
  2 * hour,
  5 * hour,
  10 * hour,
  10 * hour,
]

/** svix-server: `JITTER_DELTA` and `OVERLOAD_PENALTY_SECS`. */
const VARIATION = 0.2
const OVERLOAD_WAIT = minute

const isOverload = ({ status, error }: Attempt): boolean => status === 429 || error === 'timeout'

/**
 * How long to wait after a failed attempt. An endpoint may ask for more, up to twice what is due (svix-server `limit_retry_delay`).
 * With `retryWaits: 'server'` it is what Svix's published server does beyond its documentation: a minute at least after a timeout or a
 * 429, and every wait longer or shorter by up to a fifth.
 */
export const nextWait = (
  dueMs: number,
  attempt: Attempt,
  askedMs: number | null,
  { retryScale, retryWaits }: Pick<DeliverySettings, 'retryScale' | 'retryWaits'>,
  vary: () => number,
): number => {
  const server = retryWaits === 'server'
  const base = (server && isOverload(attempt) ? Math.max(dueMs, OVERLOAD_WAIT) : dueMs) / retryScale
  const wait = Math.min(Math.max(askedMs ?? 0, base), 2 * base)
  return server ? Math.round(wait * (1 - VARIATION + 2 * VARIATION * vary())) : wait
}
