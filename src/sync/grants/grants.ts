/**
 * Grants: what a field in Salesforce brings about in Clerk. An Account gets an organization, a Contact an invitation, each exactly once.
 *
 *   request (mirror/requests.ts) -> claim, within the limit of an hour -> read the record again -> Clerk -> done, failed or later
 *
 * What it promises:
 * - once: `tried_at` is committed before Clerk is called. What we make carries a mark in `private_metadata`, by which a lost answer is found
 *   again by us, and by which its webhook is recognised, whichever comes first (mirror/granted.ts). The organization that was made for an
 *   Account never becomes a second Account.
 * - as asked: the record is read again right before. Who has thought better of it, or has put a Clerk id on it by hand, gets nothing.
 * - guarded: at most so many in an hour, in all processes together; where the mapping says so, after an operator's approval (server/, cli/).
 * - told: what is done or refused stands in the journal, what waits says why. A refusal is also written to the Contact.
 * - nothing is taken away: an unticked checkbox deletes no organization and revokes no invitation.
 *
 * Clerk has no batches, so requests go out one by one, a few at once. A side that is away costs nobody an attempt. Clerk counts invitations by
 * the hour (250 of them), so a `rate` there holds up invitations alone.
 */
import { ClerkError } from '../../clerk/clerk-error.ts'
import type { ClerkClient } from '../../clerk/client.ts'
import type { Clock } from '../../clock.ts'
import type { Database } from '../../db/database.ts'
import type { Log } from '../../log.ts'
import { SalesforceError } from '../../salesforce/api.ts'
import { type Loop, startLoop } from '../loop.ts'
import { claimRequests, giveBackRequests, postponeRequest, renewRequests } from '../mirror/request-claims.ts'
import type { Request, RequestKind, Why } from '../mirror/requests.ts'
import type { Held } from '../mirror/settle.ts'
import { backoffMs } from '../pace/backoff.ts'
import type { Pace } from '../pace/pace.ts'
import { type PacedApi, pauseReason } from '../pace/paced-api.ts'
import { createTurns } from '../pace/turns.ts'
import type { Rules } from '../plan/mapping.ts'
import { type Carry, carryFor, conclude, decide } from './carry-out.ts'
import { reread } from './reread.ts'
import { watchInvitations } from './watch.ts'

export type GrantsOptions = {
  db: Database
  clerk: ClerkClient
  /** Its calls count like any other. */
  api: PacedApi
  /** Undefined while the mapping has not been checked, or has problems: nothing is granted then. */
  rules: () => Rules | undefined
  pace: Pace
  clock: Clock
  random: () => number
  log: Log
  /** Names this process in its leases. */
  name: string
  newKey: () => string
  /** Told when there is something to be written to Salesforce. */
  woken: () => void
  /** How long a claim is held without a sign of life. @default 30_000 */
  leaseMs?: number
}

const kinds: readonly RequestKind[] = ['organization', 'invitation']
const idleMs = 1_000
/** Claimed at once, and carried out at once of these. */
const claimedAtOnce = 20
const carriedAtOnce = 4
/** How long a side is left alone where it does not say. */
const sideWaitMs = 5_000
/** What fails on an error of ours will most likely do so again. */
const failedWaitMs = 60_000

/** Starts the loop. Its `stop` waits for what is being carried out. */
export const startGrants = (options: GrantsOptions): Loop => {
  const { db, clerk, api, rules, pace, clock, random, log, name, woken, leaseMs = 30_000 } = options
  const { now } = clock
  const quietUntil: Record<RequestKind, number> = { organization: 0, invitation: 0 }
  let leases = 0
  /** The lease that is at work. */
  let held: string | undefined
  // A PGlite folder has one process: whatever is leased there was leased by one that is gone.
  let orphans = db.kind === 'pglite'

  const rest = (kind: RequestKind, error: ClerkError): void => {
    const until = now() + (error.retryAfterMs ?? sideWaitMs)
    for (const each of kinds)
      if (each === kind || error.kind !== 'rate') quietUntil[each] = Math.max(quietUntil[each], until)
    const fields = { stage: 'grant', side: 'clerk', code: error.code }
    log.warn(fields, `Clerk cannot be asked for ${kind}s at the moment; trying later`)
  }
  const failed = (error: unknown): void =>
    log.error({ stage: 'grant', err: error }, 'requests could not be carried out')

  /** Gives a request back; where that fails too, its lease runs out. */
  const postpone = (request: Request, lease: string, dueAt: number, why: Why): Promise<void> =>
    postponeRequest(db.query, request, lease, { dueAt, counted: false, why, now: now() }).catch(failed)

  /** Carries out one request; whatever goes wrong with it, the others go on. */
  const one = async (request: Request, sight: Held | undefined, carry: Carry, lease: string): Promise<void> => {
    const { kind } = request
    try {
      if (quietUntil[kind] > now())
        return await postpone(request, lease, quietUntil[kind], { code: 'CLERK_PAUSED', reason: 'Clerk is left alone' })
      const ending = await decide({ ...options, lease }, request, sight, carry)
      await conclude(options, request, lease, sight, ending)
    } catch (error) {
      if (error instanceof ClerkError) {
        rest(kind, error)
        await postpone(request, lease, quietUntil[kind], { code: error.code, reason: error.message })
      } else if (error instanceof SalesforceError) {
        pace.pause(pauseReason(error), `${error.code}: ${error.message}`)
        await postpone(request, lease, now() + idleMs, { code: error.code, reason: error.message })
      } else {
        failed(error)
        const why = {
          code: 'FAILED',
          reason: 'it failed on an error of clerkforce, which the log has; it is tried again',
        }
        await postpone(request, lease, now() + backoffMs(request.attempts, random, failedWaitMs), why)
      }
    }
  }

  const round = async (kind: RequestKind, current: Rules): Promise<number> => {
    const carry = carryFor(kind, current)
    if (!carry || quietUntil[kind] > now() || pace.waitMs() > 0) return 0
    const lease = `${name}/grant-${++leases}`
    const { perHour } = carry
    const claim = { kind, limit: claimedAtOnce, perHour, now: now(), leaseMs, lease }
    const requests = await claimRequests(db, claim)
    if (requests.length === 0) return 0
    held = lease
    try {
      const sights = await reread(api, current, kind, requests, now)
      const turns = createTurns(() => carriedAtOnce)
      await Promise.all(
        requests.map((request) => turns(() => one(request, sights.get(request.salesforceId), carry, lease))),
      )
    } catch (error) {
      if (!(error instanceof SalesforceError)) throw error
      pace.pause(pauseReason(error), `${error.code}: ${error.message}`)
      const why = { code: error.code, reason: `Salesforce could not be asked for the record: ${error.message}` }
      for (const request of requests) await postpone(request, lease, now() + idleMs, why)
    } finally {
      held = undefined
    }
    return requests.length
  }

  const watch = async (): Promise<number> => {
    if (quietUntil.invitation > now()) return 0
    try {
      return await watchInvitations(db, clerk, clock)
    } catch (error) {
      if (!(error instanceof ClerkError)) throw error
      rest('invitation', error)
      return 0
    }
  }

  const step = async (): Promise<number> => {
    if (orphans) await giveBackRequests(db.query, now())
    orphans = false
    const current = rules()
    if (!current) return idleMs
    let done = await watch()
    for (const kind of kinds) done += await round(kind, current)
    if (done > 0) woken()
    return done > 0 ? 0 : idleMs
  }

  const loop = startLoop({ clock, step, failed })
  const renewal = startLoop({
    clock,
    step: async () => {
      if (held !== undefined) await renewRequests(db.query, held, now() + leaseMs)
      return leaseMs / 3
    },
    failed: (error) => log.warn({ stage: 'grant', err: error }, 'leases could not be renewed'),
  })
  return {
    wake: loop.wake,
    stop: async () => {
      await loop.stop()
      await renewal.stop()
    },
  }
}
