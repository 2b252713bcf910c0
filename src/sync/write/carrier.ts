import type { ClerkClient } from '../../clerk/client.ts'
import type { Database } from '../../db/database.ts'
import type { Log } from '../../log.ts'
import { settle } from '../mirror/settle.ts'
import { createTurns } from '../pace/turns.ts'
import { type Carried, type CarryJob, type ClerkAway, carryOne, sideWaitMs } from './carry.ts'
import type { Delivered } from './deliver.ts'

export type CarrierOptions = {
  db: Database
  /** Without it nothing is carried: Clerk is only read. */
  clerk: ClerkClient | undefined
  now: () => number
  random: () => number
  log: Log
  /** See `DeliverOptions`. */
  readBackAt?: () => number | undefined
  delivered: (results: readonly Delivered[]) => void
}

export type Carrier = {
  /** Carries and settles; resolves when all of them are settled. */
  carry: (jobs: readonly CarryJob[]) => Promise<void>
  /** Jobs that have not been settled yet. */
  underWay: () => number
  /** Why Clerk is not written to, from when it took nothing any more until it takes something again. */
  away: () => ClerkAway | undefined
}

/** Requests to Clerk at once: as many as its client has connections. At 150 ms each they make two thirds of Clerk's rate. */
const atOnce = 10
/** Jobs that are settled together: none of them waits long for the others. */
const settledTogether = 20

/** One record may be too much for Clerk. When so many answers in a row are lost it is Clerk that does not answer. */
const mostLost = 5

/** Carries jobs to Clerk, several at once, and settles them in small groups. */
export const createCarrier = ({ db, clerk, now, random, log, readBackAt, delivered }: CarrierOptions): Carrier => {
  const turns = createTurns(() => atOnce)
  let underWay = 0
  let quietUntil = 0
  let lostInARow = 0
  let trying = 0
  let away: ClerkAway | undefined

  /** The log has the beginning and the end of it, not each try. */
  const note = (found: ClerkAway | undefined, taken: boolean): void => {
    const fields = { stage: 'carry', side: 'clerk' }
    if (found && found.reason !== away?.reason) log.warn({ ...fields, ...found }, 'writing to Clerk is paused')
    if (!found && taken && away) log.info(fields, 'Clerk is written to again')
    if (found || taken) away = found
  }

  /** Until when a job has to wait; 0: it may go. A Clerk that does not answer is tried by one at a time, which holds up nobody else. */
  const waitUntil = (): number => {
    if (quietUntil > now()) return quietUntil
    return lostInARow >= mostLost && trying > 0 ? now() + sideWaitMs : 0
  }
  const carryNow = async (client: ClerkClient, job: CarryJob): Promise<Carried> => {
    trying++
    try {
      const carried = await carryOne(client, job, { now, random })
      lostInARow = carried.lost ? lostInARow + 1 : 0
      const silent = lostInARow >= mostLost ? now() + sideWaitMs : 0
      quietUntil = Math.max(quietUntil, carried.quietUntil ?? 0, silent)
      const noAnswer =
        silent > 0 ? ({ reason: 'outage', detail: `${carried.code}: no write is answered` } as const) : undefined
      note(carried.away ?? noAnswer, carried.code === 'done')
      return carried
    } finally {
      trying--
    }
  }

  const one = (job: CarryJob): Promise<Carried> =>
    turns(async () => {
      if (!clerk) return { outcome: job.outcome, code: 'done' }
      const { claim } = job.outcome
      const dueAt = waitUntil()
      if (dueAt > 0) {
        const release = { claim, dueAt, attempts: claim.attempts, look: false }
        return { outcome: { ...job.outcome, end: 'released', release }, code: 'CLERK_PAUSED' }
      }
      return carryNow(clerk, job)
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
    away: () => away,
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
