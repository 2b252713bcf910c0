import type { ClerkClient } from '../../clerk/client.ts'
import type { Database } from '../../db/database.ts'
import { settle } from '../mirror/settle.ts'
import { createTurns } from '../pace/turns.ts'
import { type Carried, type CarryJob, carryOne } from './carry.ts'
import type { Delivered } from './deliver.ts'

export type CarrierOptions = {
  db: Database
  /** Without it nothing is carried: Clerk is only read. */
  clerk: ClerkClient | undefined
  now: () => number
  random: () => number
  /** See `DeliverOptions`. */
  readBackAt?: () => number | undefined
  delivered: (results: readonly Delivered[]) => void
}

export type Carrier = {
  /** Carries and settles; resolves when all of them are settled. */
  carry: (jobs: readonly CarryJob[]) => Promise<void>
  /** Jobs that have not been settled yet. */
  underWay: () => number
}

/** Requests to Clerk at once: as many as its client has connections. At 150 ms each they make two thirds of Clerk's rate. */
const atOnce = 10
/** Jobs that are settled together: none of them waits long for the others. */
const settledTogether = 20

/** Carries jobs to Clerk, several at once, and settles them in small groups. */
export const createCarrier = ({ db, clerk, now, random, readBackAt, delivered }: CarrierOptions): Carrier => {
  const turns = createTurns(() => atOnce)
  let underWay = 0
  let quietUntil = 0

  const one = (job: CarryJob): Promise<Carried> =>
    turns(async () => {
      if (!clerk) return { outcome: job.outcome, code: 'done' }
      const { claim } = job.outcome
      if (quietUntil > now()) {
        const release = { claim, dueAt: quietUntil, attempts: claim.attempts, look: false }
        return { outcome: { ...job.outcome, end: 'released', release }, code: 'CLERK_PAUSED' }
      }
      const carried = await carryOne(clerk, job, { now, random })
      quietUntil = Math.max(quietUntil, carried.quietUntil ?? 0)
      return carried
    })

  const group = async (jobs: readonly CarryJob[]): Promise<void> => {
    const [first] = jobs
    if (!first) return
    const done = await Promise.all(jobs.map(async (job) => ({ job, ...(await one(job)) })))
    await settle(
      db,
      first.entity,
      done.map(({ outcome }) => outcome),
      first.lease,
      now(),
      readBackAt?.(),
    )
    delivered(
      done.map(({ job, code }) => ({
        side: 'clerk',
        entity: job.entity,
        kind: 'update',
        result: code,
        ...(code === 'done' && job.changedAt !== undefined ? { lagMs: Math.max(0, now() - job.changedAt) } : {}),
      })),
    )
  }

  return {
    underWay: () => underWay,
    carry: async (jobs) => {
      underWay += jobs.length
      try {
        const groups = Array.from({ length: Math.ceil(jobs.length / settledTogether) }, (_, i) =>
          jobs.slice(i * settledTogether, (i + 1) * settledTogether),
        )
        await Promise.all(groups.map(group))
      } finally {
        underWay -= jobs.length
      }
    },
  }
}
