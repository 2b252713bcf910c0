/** How carrying out a request ends, and what Clerk's failures mean for it. */
import type { ClerkError } from '../../clerk/clerk-error.ts'
import type { ClerkClient } from '../../clerk/client.ts'
import type { Clock } from '../../clock.ts'
import type { Database, Query } from '../../db/database.ts'
import type { Request, Why } from '../mirror/requests.ts'
import type { Held } from '../mirror/settle.ts'

export type Ending =
  /** Clerk has it. `finish` says so in the caller's transaction, where that has not been said yet. */
  | { end: 'done'; finish: (query: Query) => Promise<void> }
  | { end: 'failed' | 'withdrawn'; why: Why }
  /** An attempt of its own: again after `firstMs`, and longer each time. */
  | { end: 'later'; why: Why; firstMs: number }
  /** Another process has taken it over. */
  | { end: 'left' }

export type Tools = {
  db: Database
  clerk: ClerkClient
  clock: Clock
  newKey: () => string
  /** The lease that the request is claimed under. */
  lease: string
}

/**
 * Carries out one request, for its record as it is now.
 * @throws ClerkError where the side has to rest: nothing was done, and it is nobody's attempt
 */
export type CarryOut = (tools: Tools, request: Request, sight: Held) => Promise<Ending>

export const fail = (code: string, reason: string): Ending => ({ end: 'failed', why: { code, reason } })
export const withdraw = (code: string, reason: string): Ending => ({ end: 'withdrawn', why: { code, reason } })
export const later = (code: string, reason: string, firstMs: number): Ending => ({
  end: 'later',
  why: { code, reason },
  firstMs,
})

export const noLongerWanted: Ending = withdraw('NO_LONGER_WANTED', 'the record does not ask for it any more')

/** Clerk may have done it: whoever tries again looks first. */
export const lost = ({ message }: ClerkError): Ending =>
  later('LOST_ANSWER', `it cannot be told yet whether Clerk did it: ${message}`, 1_000)

/** Clerk's words, to go on from; most of its messages end with a full stop. */
export const wordsOf = ({ message }: ClerkError): string => message.replace(/\.+$/, '')
