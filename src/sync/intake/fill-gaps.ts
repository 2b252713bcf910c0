import { ClerkError } from '../../clerk/clerk-error.ts'
import type { ClerkClient } from '../../clerk/client.ts'
import type { Database } from '../../db/database.ts'
import type { Observation } from '../../model/model.ts'
import { claimGaps, closeGaps, type Gap, postponeGaps } from '../mirror/gaps.ts'
import { observeClerk } from '../mirror/observe.ts'
import { observeMembership, observeUser } from './read-clerk.ts'

const leaseMs = 120_000
const mostAttempts = 8

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
 * memberships that came before the event.
 */
export const fillGaps = async (
  db: Database,
  clerk: ClerkClient,
  { limit, now }: { limit: number; now: () => number },
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
      if (!(error instanceof ClerkError)) throw error
      const rest = gaps.slice(index).map(({ personId }) => personId)
      if (error.kind !== 'refused') {
        const waitMs = error.retryAfterMs ?? 5_000
        await postponeGaps(db.query, rest, now() + waitMs, false)
        return { filled, waitMs }
      }
      if (gap.attempts + 1 >= mostAttempts) await closeGaps(db.query, [gap.personId])
      else await postponeGaps(db.query, [gap.personId], now() + 1_000 * 2 ** gap.attempts, true)
    }
  }
  return { filled, waitMs: 0 }
}
