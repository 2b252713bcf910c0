import { ClerkError, isRefusal } from '../../clerk/clerk-error.ts'
import type { ClerkClient } from '../../clerk/client.ts'
import { type Database, isDatabaseDown } from '../../db/database.ts'
import type { Log } from '../../log.ts'
import type { Observation } from '../../model/model.ts'
import { observeMembership, observeUser } from '../mirror/from-clerk.ts'
import { claimGaps, closeGaps, type Gap, postponeGaps } from '../mirror/gaps.ts'
import { observeClerk } from '../mirror/observe.ts'

const leaseMs = 120_000
const longestWaitMs = 3_600_000
/** How long the side is left alone where Clerk does not say. */
const sideWaitMs = 5_000

/** What a round of filling did. `waitMs` asks for a pause of the side: Clerk is away or wants fewer requests. */
export type Filled = { filled: number; waitMs: number }

const look = async (clerk: ClerkClient, { personId, stub }: Gap): Promise<Observation[]> => {
  // No user: deleted meanwhile, which `user.deleted` will say. We do not conclude it: a key of another instance gets a 404 too.
  const user = stub ? await clerk.getUser(personId) : undefined
  const memberships = (await clerk.listUserMemberships(personId)) ?? []
  return [...(user ? [observeUser(user)] : []), ...memberships.flatMap((membership) => observeMembership(membership))]
}

/**
 * Asks Clerk about people whom we saw first through an event: the user (a membership's payload carries only a stub) and the
 * memberships that came before the event. A gap is closed only when it was filled, or when Clerk itself says that there is no such user;
 * any other answer keeps it, at growing distances of up to an hour: what was forgotten no later event would bring back.
 * @param log told of each refusal.
 */
export const fillGaps = async (
  db: Database,
  clerk: ClerkClient,
  { limit, now, log }: { limit: number; now: () => number; log?: Pick<Log, 'warn'> },
): Promise<Filled> => {
  const gaps = await claimGaps(db.query, limit, now(), leaseMs)
  let filled = 0
  for (const [index, gap] of gaps.entries()) {
    try {
      const observations = await look(clerk, gap)
      await db.transaction(async (query) => {
        await observeClerk(query, observations, now())
        await closeGaps(query, [gap.personId])
      })
      filled++
    } catch (error) {
      if (!(error instanceof ClerkError)) {
        if (isDatabaseDown(error)) throw error
        // The database refuses what Clerk says of this person: the others are not kept waiting for it.
        log?.warn(
          { stage: 'intake', side: 'clerk', err: error },
          'what Clerk tells of a person could not be stored; trying later',
        )
        await postponeGaps(db.query, [gap.personId], now() + longestWaitMs, true)
        continue
      }
      if (error.kind === 'refused' || error.kind === 'auth')
        log?.warn(
          { stage: 'intake', side: 'clerk', code: error.code, attempts: gap.attempts + 1 },
          'Clerk refused to tell of a person first seen through an event; it is asked again',
        )
      if (!isRefusal(error)) {
        const rest = gaps.slice(index).map(({ personId }) => personId)
        const waitMs = error.retryAfterMs ?? sideWaitMs
        await postponeGaps(db.query, rest, now() + waitMs, false)
        return { filled, waitMs }
      }
      await postponeGaps(db.query, [gap.personId], now() + Math.min(longestWaitMs, 1_000 * 2 ** gap.attempts), true)
    }
  }
  return { filled, waitMs: 0 }
}
