import { ClerkError } from '../../clerk/clerk-error.ts'
import type { Clock } from '../../clock.ts'
import { SalesforceError } from '../../salesforce/api.ts'
import { pauseMs } from '../pace/backoff.ts'

/** So long a side may be away before a run gives up: what a run does can be done tomorrow. */
const patienceMs = 30 * 60_000

/** How long to wait before asking again; undefined where asking again does not help. */
const waitAfter = (error: unknown, failures: number, random: () => number): number | undefined => {
  if (error instanceof ClerkError && (error.kind === 'outage' || error.kind === 'rate'))
    return error.retryAfterMs ?? pauseMs(failures, random, 1_000)
  if (error instanceof SalesforceError && (error.kind === 'outage' || error.kind === 'lost-answer'))
    return pauseMs(failures, random, 1_000)
  return undefined
}

/** Asks a side, and again while it is away. @throws what it answers for good, or after half an hour; the signal's reason once it is aborted */
export const patiently = async <T>(
  { clock, random, signal, waits }: Patience,
  side: 'clerk' | 'salesforce',
  ask: () => Promise<T>,
): Promise<T> => {
  const since = clock.now()
  for (let failures = 0; ; failures++) {
    signal.throwIfAborted()
    try {
      return await ask()
    } catch (error) {
      const waitMs = waitAfter(error, failures, random)
      if (waitMs === undefined || clock.now() - since > patienceMs) throw error
      waits(side, error instanceof Error ? error.message : String(error))
      await clock.sleep(waitMs, signal)
    }
  }
}

export type Patience = {
  clock: Clock
  random: () => number
  signal: AbortSignal
  /** Told why a side is waited for. */
  waits: (side: 'clerk' | 'salesforce', why: string) => void
}
