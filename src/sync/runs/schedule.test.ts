import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'
import { freshDatabase } from '../../../test/support/databases.ts'
import { type JumpingClock, jumpingClock } from '../../../test/support/jumping-clock.ts'
import { createClerkClient } from '../../clerk/client.ts'
import type { Database } from '../../db/database.ts'
import { startClerkEmulator } from '../../emulators/index.ts'
import { createLog } from '../../log.ts'
import type { Side } from '../../model/model.ts'
import { askRun, endRun, runEntities } from '../mirror/runs.ts'
import { createPace } from '../pace/pace.ts'
import { lastTimeOf, startSchedule } from './schedule.ts'

const minute = 60_000
const hour = 60 * minute

test('the time of a night is that of the clock on the wall, today or yesterday', () => {
  const at = (hours: number, minutes: number, date = 10): number => new Date(2026, 5, date, hours, minutes).getTime()
  expect(lastTimeOf('03:30', at(3, 30))).toBe(at(3, 30))
  expect(lastTimeOf('03:30', at(3, 29))).toBe(at(3, 30, 9))
  expect(lastTimeOf('03:30', at(23, 59))).toBe(at(3, 30))
})

test('a time that summer time leaves out is an hour later, and of one that comes twice the first counts', async () => {
  // The time zone is the process's: another one needs another process.
  const script = `
    const { lastTimeOf } = await import('${new URL('./schedule.ts', import.meta.url).href}')
    const at = (text) => new Date(lastTimeOf('02:30', Date.parse(text))).toISOString()
    console.log(JSON.stringify(['2026-03-28T12:00Z', '2026-03-29T00:59Z', '2026-03-29T01:30Z', '2026-10-25T00:31Z', '2026-10-25T01:31Z', '2026-10-26T01:29Z'].map(at)))`
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script], {
    env: { ...process.env, TZ: 'Europe/Berlin' },
  })
  expect(JSON.parse(stdout)).toEqual([
    '2026-03-28T01:30:00.000Z',
    '2026-03-28T01:30:00.000Z',
    '2026-03-29T01:30:00.000Z',
    '2026-10-25T00:30:00.000Z',
    '2026-10-25T00:30:00.000Z',
    '2026-10-25T00:30:00.000Z',
  ])
})

/** Two processes that share a database; `reconciles` says when reconciles were asked for, and ends those under way. */
const begin = async (awaySince: (side: Side) => number | undefined, clock: JumpingClock) => {
  const db: Database = await freshDatabase('postgres')
  // Twelve hours away, at whatever time of the day the test runs.
  const at = new Date(clock.now() + 12 * hour).toTimeString().slice(0, 5)
  let looks = 0
  const counted = (side: Side) => {
    looks++
    return awaySince(side)
  }
  const schedules = [1, 2].map(() =>
    startSchedule({ db, clock, log: createLog('silent'), at, awaySince: counted, asked: () => undefined }),
  )
  onTestFinished(async () => void (await Promise.all(schedules.map((one) => one.stop()))))
  const reconciles = async (): Promise<number> => {
    const rows = await db.query<{ id: number }>("select id from clerkforce.run where kind = 'reconcile'")
    for (const { id } of rows) await endRun(db.query, id, 'done', {}, clock.now())
    return rows.length
  }
  return {
    reconciles,
    backfill: async () => {
      const { id } = await askRun(db.query, 'backfill', { entities: runEntities }, clock.now())
      await endRun(db.query, id, 'done', {}, clock.now())
    },
    /** Moves on, and a little more until both have looked at both sides. */
    later: async (ms: number) => {
      const before = looks
      clock.jump(ms)
      await clock.hasten(() => looks >= before + 4, 1_000)
    },
  }
}

test('the first night writes to nobody; after the first backfill each night has one reconcile, however many processes ask', async () => {
  const { reconciles, backfill, later } = await begin(() => undefined, jumpingClock())
  await later(24 * hour)
  await backfill()
  await later(minute)
  expect(await reconciles()).toBe(0)
  for (const night of [1, 2, 3]) {
    await later(24 * hour)
    await later(minute)
    await expect.poll(reconciles).toBe(night)
  }
  // Of several nights that no process lived through, one is made up for.
  await later(72 * hour)
  await expect.poll(reconciles).toBe(4)
})

test('a side that is back after ten minutes or more has both compared, once; a shorter while and a spent allowance do not', async () => {
  const clock = jumpingClock()
  const emulator = await startClerkEmulator()
  const clerk = createClerkClient({ secretKey: emulator.secretKey, apiUrl: emulator.url, now: clock.now })
  onTestFinished(async () => {
    await clerk.close()
    await emulator.close()
  })
  const pace = createPace({
    now: clock.now,
    random: () => 0.5,
    usage: () => undefined,
    share: 1,
    concurrency: 1,
    batch: 1,
  })
  const awaySince = (side: Side) => (side === 'clerk' ? clerk.awaySince() : pace.awaySince())
  const { reconciles, backfill, later } = await begin(awaySince, clock)
  await backfill()
  await later(24 * hour)
  await expect.poll(reconciles).toBe(1)

  const clerkAway = async (ms: number): Promise<void> => {
    emulator.faults.add({ respond: { status: 503 } })
    await clerk.countUsers().catch(() => undefined)
    await later(minute)
    await later(ms)
    emulator.faults.clear()
    await clerk.countUsers()
    await later(minute)
  }
  const salesforceAway = async (reason: 'outage' | 'allowance', ms: number): Promise<void> => {
    pace.reserve()
    pace.pause(reason, 'for a test')
    await later(minute)
    await later(ms)
    pace.finished({ ok: true, tookMs: 1 })
    await later(minute)
  }
  await clerkAway(5 * minute)
  await salesforceAway('outage', 5 * minute)
  await salesforceAway('allowance', 30 * minute)
  expect(await reconciles()).toBe(1)
  await clerkAway(15 * minute)
  await expect.poll(reconciles).toBe(2)
  await salesforceAway('outage', 15 * minute)
  await expect.poll(reconciles).toBe(3)
})
