import type { Clock } from '../../clock.ts'
import type { Database } from '../../db/database.ts'
import { type Loop, startLoop } from '../loop.ts'
import { readHints } from './read-hints.ts'

export type ReaderOptions = {
  db: Database
  clock: Clock
  failed: (error: unknown) => void
  /** Told of each hint that was read, and how long it lay in the inbox. */
  told: (hint: { type: string; outcome: string; waitedMs: number }) => void
  /** Told when anything was read. */
  read: () => void
}

export type Reader = Loop & {
  /** Webhooks were stored, so many of them in one commit. */
  stored: (rows: number) => void
}

const hintsAtOnce = 500
/** Intake first: while this many webhooks share a commit, a few are read once a second, and the rest when the storm is over. */
const crowd = 16
const hintsInCrowd = 100
const restInCrowdMs = 1_000

/** Starts reading hints into the mirror. */
export const startReader = ({ db, clock, failed, told, read }: ReaderOptions): Reader => {
  const { now } = clock
  let crowdedUntil = 0
  let lastRead = 0
  const loop = startLoop({
    clock,
    failed,
    step: async () => {
      const most = now() < crowdedUntil ? hintsInCrowd : hintsAtOnce
      const restMs = Math.min(lastRead + restInCrowdMs, crowdedUntil) - now()
      if (restMs > 0) return restMs
      const hints = await readHints(db, most, now)
      lastRead = now()
      for (const { type, outcome, receivedAt } of hints)
        told({ type, outcome, waitedMs: Math.max(0, now() - receivedAt) })
      if (hints.length > 0) read()
      return hints.length < most ? 1_000 : 0
    },
  })
  return {
    ...loop,
    stored: (rows) => {
      if (rows >= crowd) crowdedUntil = now() + 100
      loop.wake()
    },
  }
}
