import type { Clock } from '../../clock.ts'
import type { Database } from '../../db/database.ts'
import { type Loop, startLoop } from '../loop.ts'
import { pruneHintRecords } from './hint-records.ts'
import { pruneHints, pruneJournal } from './inbox.ts'
import { prunePlanned } from './planned.ts'
import { pruneRuns } from './runs.ts'
import { searchInbox } from './search-inbox.ts'
import { sweep } from './sweep.ts'

export type HousekeepingOptions = {
  db: Database
  clock: Clock
  /** Days for which webhooks and the journal are kept. */
  hintDays: number
  journalDays: number
  failed: (stage: string) => (error: unknown) => void
}

export type Housekeeping = Pick<Loop, 'stop'> & {
  /** Somebody is to be erased. */
  wake: () => void
  /** So many more links were settled. */
  settled: (links: number) => void
}

const settledBetweenSweeps = 2_000
const day = 86_400_000

/** Starts what keeps the database small: old rows are pruned, settled ones swept, erased people searched for. */
export const startHousekeeping = (options: HousekeepingOptions): Housekeeping => {
  const { db, clock, hintDays, journalDays, failed } = options
  const { now } = clock
  const pruning = startLoop({
    clock,
    failed: failed('prune'),
    step: async () => {
      const oldest = now() - hintDays * day
      const removed =
        (await pruneHints(db.query, oldest)) +
        (await pruneHintRecords(db.query, oldest)) +
        (await pruneJournal(db.query, now() - journalDays * day)) +
        (await pruneRuns(db.query, now() - journalDays * day)) +
        (await prunePlanned(db.query, now()))
      return removed > 0 ? 100 : 3_600_000
    },
  })
  const erasing = startLoop({
    clock,
    failed: failed('erase'),
    // Short rests, so that the webhooks that come in meanwhile are not kept waiting.
    step: async () => ((await searchInbox(db, now())) ? 5 : 60_000),
  })
  let settledSince = 0
  const sweeping = startLoop({
    clock,
    failed: failed('sweep'),
    step: async () => {
      if (settledSince >= settledBetweenSweeps) {
        settledSince = 0
        await sweep(db)
      }
      return 10_000
    },
  })
  return {
    wake: erasing.wake,
    settled: (links) => {
      settledSince += links
    },
    stop: async () => {
      await Promise.all([pruning.stop(), erasing.stop(), sweeping.stop()])
    },
  }
}
