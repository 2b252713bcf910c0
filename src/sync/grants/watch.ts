import { ClerkError } from '../../clerk/clerk-error.ts'
import type { ClerkClient } from '../../clerk/client.ts'
import type { Clock } from '../../clock.ts'
import type { Database } from '../../db/database.ts'
import type { Observation } from '../../model/model.ts'
import { observeInvitation } from '../mirror/from-clerk.ts'
import { observeClerk } from '../mirror/observe.ts'
import { claimWatched, type Watched, watchAgain } from '../mirror/watched.ts'

const atOnce = 20
const leaseMs = 120_000
const minuteMs = 60_000
const dayMs = 86_400_000

/** How the invitation stands; undefined where Clerk cannot say, and nothing proves that it is gone. */
const ask = async (
  clerk: Pick<ClerkClient, 'getInvitation'>,
  { clerkId, organizationId, organizationGone }: Watched,
  now: number,
): Promise<Observation | undefined> => {
  const invitation = await clerk.getInvitation(organizationId, clerkId)
  if (invitation) return observeInvitation(invitation)
  if (!organizationGone) return undefined
  return { side: 'clerk', entity: 'invitation', id: clerkId, body: {}, version: 0, seen: 0, deletedAt: now }
}

const askAgainAt = (seen: Observation | undefined, now: number): number | null => {
  if (!seen) return now + dayMs
  if (seen.deletedAt !== undefined || seen.body['status'] !== 'pending') return null
  const expiresAt = seen.body['expires_at']
  return Math.max(typeof expiresAt === 'number' ? expiresAt : now + dayMs, now + 10 * minuteMs)
}

/**
 * Asks Clerk about invitations whose time is over, or whose organization is gone.
 * @returns how many were asked about.
 * @throws ClerkError where Clerk cannot be asked: they are asked about later
 */
export const watchInvitations = async (
  db: Database,
  clerk: Pick<ClerkClient, 'getInvitation'>,
  clock: Clock,
): Promise<number> => {
  const watched = await claimWatched(db.query, atOnce, clock.now(), clock.now() + leaseMs)
  for (const [index, one] of watched.entries()) {
    try {
      const seen = await ask(clerk, one, clock.now())
      await db.transaction(async (query) => {
        if (seen) await observeClerk(query, [seen], clock.now())
        await watchAgain(query, [one.key], askAgainAt(seen, clock.now()))
      })
    } catch (error) {
      if (!(error instanceof ClerkError)) throw error
      const rest = watched.slice(index).map(({ key }) => key)
      await watchAgain(db.query, rest, clock.now() + minuteMs)
      throw error
    }
  }
  return watched.length
}
