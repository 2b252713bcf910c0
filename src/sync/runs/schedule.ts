import type { Clock } from '../../clock.ts'
import type { Database } from '../../db/database.ts'
import type { Log } from '../../log.ts'
import { type Loop, startLoop } from '../loop.ts'
import { askRun, readRuns, runEntities } from '../mirror/runs.ts'

/** The last time before `now` that the clock on the wall showed `HH:MM`, in the time zone of the process. */
export const lastTimeOf = (at: string, now: number): number => {
  const [hours = 0, minutes = 0] = at.split(':').map(Number)
  const time = new Date(now)
  time.setHours(hours, minutes, 0, 0)
  if (time.getTime() > now) time.setDate(time.getDate() - 1)
  return time.getTime()
}

export type ScheduleOptions = {
  db: Database
  clock: Clock
  log: Log
  /** `HH:MM`. */
  at: string
  /** Told when a run was asked for. */
  asked: () => void
}

const checkMs = 60_000

/**
 * Asks for a reconcile each night, and for the one of a night that no process lived through. Only where a person has had a backfill or reconcile
 * done: the first night after an installation must not write to every Contact there is.
 */
export const startSchedule = ({ db, clock, log, at, asked }: ScheduleOptions): Loop =>
  startLoop({
    clock,
    step: async () => {
      await askReconcile(db, lastTimeOf(at, clock.now()), clock.now(), asked)
      return checkMs
    },
    failed: (error) => log.warn({ stage: 'run', err: error }, 'the nightly reconcile could not be asked for'),
  })

/** Asks for a reconcile unless there was one since, or nothing was ever reconciled. */
export const askReconcile = async (db: Database, since: number, now: number, asked: () => void): Promise<void> => {
  const { asked: already, everDone } = await readRuns(db.query, 'reconcile', since)
  if (already || !everDone) return
  await db.transaction((query) => askRun(query, 'reconcile', { entities: runEntities }, now))
  asked()
}
