import { expect, test } from 'vitest'
import { freshDatabase } from '../../../test/support/databases.ts'
import { askRun, endRun, runEntities } from '../mirror/runs.ts'
import { askReconcile, lastTimeOf } from './schedule.ts'

test('the time of a night is that of the clock on the wall, today or yesterday', () => {
  const at = (hours: number, minutes: number, date = 10): number => new Date(2026, 5, date, hours, minutes).getTime()
  expect(lastTimeOf('03:30', at(3, 30))).toBe(at(3, 30))
  expect(lastTimeOf('03:30', at(3, 29))).toBe(at(3, 30, 9))
  expect(lastTimeOf('03:30', at(23, 59))).toBe(at(3, 30))
})

test('the first night writes to nobody; once a backfill is done, each night has one reconcile, whoever asks', async () => {
  const db = await freshDatabase('postgres')
  const asked = async (): Promise<number> =>
    (await db.query("select 1 from clerkforce.run where kind = 'reconcile'")).length
  const night = (since: number): Promise<unknown> =>
    Promise.all([1, 2].map(() => askReconcile(db, since, since + 5, () => undefined)))
  await night(1_000)
  expect(await asked()).toBe(0)
  const backfill = await askRun(db.query, 'backfill', { entities: runEntities }, 1_100)
  await endRun(db.query, backfill.id, 'done', {}, 1_200)
  await night(2_000)
  await night(2_000)
  expect(await asked()).toBe(1)
})
