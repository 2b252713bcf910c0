/**
 * When a reconcile is asked for by itself, while a process serves: each night, when a side is back after it was away for long, and when
 * Salesforce no longer knows how far its events were followed. Any number of processes ask, and one run comes of it.
 *
 * Only where something was brought into agreement before: the first night after an installation must not write to every Contact there is, and
 * nothing has drifted apart a minute after the first backfill.
 */
import type { Clock } from '../../clock.ts'
import type { Database } from '../../db/database.ts'
import type { Log } from '../../log.ts'
import type { Side } from '../../model/model.ts'
import { type Loop, startLoop } from '../loop.ts'
import { askRun, readRuns, runEntities } from '../mirror/runs.ts'

/**
 * The last time before `now` that the clock on the wall showed `HH:MM`, in the time zone of the process. Where summer time leaves that time
 * out, it is an hour later; where it comes twice, it is the first one.
 */
export const lastTimeOf = (at: string, now: number): number => {
  const [hours = 0, minutes = 0] = at.split(':').map(Number)
  const time = new Date(now)
  time.setHours(hours, minutes, 0, 0)
  if (time.getTime() <= now) return time.getTime()
  const day = new Date(now)
  day.setDate(day.getDate() - 1)
  day.setHours(hours, minutes, 0, 0)
  return day.getTime()
}

export type ScheduleOptions = {
  db: Database
  clock: Clock
  log: Log
  /** `HH:MM`. */
  at: string
  /** Since when a side has been away; undefined while it answers. */
  awaySince: (side: Side) => number | undefined
  /** Told when a run was asked for. */
  asked: () => void
}

const checkMs = 60_000
/** A side that was away for so long may have lost what it was to tell: Clerk's webhooks, or the changes of another program. */
const longAwayMs = 10 * 60_000

/** Asks for a reconcile each night, for the one of a night that no process lived through, and after a side was away for long. */
export const startSchedule = ({ db, clock, log, at, awaySince, asked }: ScheduleOptions): Loop => {
  const away = new Map<Side, number>()

  /** Since when a side was away that is back, and was away for long. */
  const isBack = (side: Side): number | undefined => {
    const since = awaySince(side)
    const before = away.get(side)
    if (since !== undefined) away.set(side, before ?? since)
    else away.delete(side)
    return since === undefined && before !== undefined && clock.now() - before >= longAwayMs ? before : undefined
  }

  const step = async (): Promise<number> => {
    if (await askReconcile(db, lastTimeOf(at, clock.now()), clock.now())) asked()
    for (const side of ['clerk', 'salesforce'] as const) {
      const since = isBack(side)
      if (since === undefined || !(await askReconcile(db, since, clock.now(), { evenAfterFailed: true }))) continue
      log.info({ stage: 'run', side, since }, 'a side was away for long: both are compared')
      asked()
    }
    return checkMs
  }

  return startLoop({
    clock,
    step,
    failed: (error) => log.warn({ stage: 'run', err: error }, 'a reconcile could not be asked for'),
  })
}

/**
 * Asks for a reconcile unless there was one since, or nothing was brought into agreement before.
 * @param options.evenAfterFailed one that failed since does not count: what made it fail is over.
 * @returns whether it was asked for.
 */
export const askReconcile = async (
  db: Database,
  since: number,
  now: number,
  { evenAfterFailed = false }: { evenAfterFailed?: boolean } = {},
): Promise<boolean> => {
  const { asked, standing, begunBefore } = await readRuns(db.query, 'reconcile', since)
  if ((evenAfterFailed ? standing : asked) || !begunBefore) return false
  await db.transaction((query) => askRun(query, 'reconcile', { entities: runEntities }, now))
  return true
}
