import { expect, test } from 'vitest'
import { freshDatabase } from '../../../test/support/databases.ts'
import type { ChangeHint } from '../../salesforce/events/api.ts'
import { holdCursor } from '../mirror/cursor.ts'
import { compileRules } from '../plan/mapping.ts'
import { CursorLostError, type TakeOptions, takeEvents } from './take-events.ts'

const now = 1_000_000
const userId = '005000000000001AAA'
const ours = 'com/salesforce/api/rest/66.0;client=clerkforce'
const taking: TakeOptions = {
  name: 'salesforce',
  holder: 'one',
  rules: compileRules(),
  own: { userId, client: 'clerkforce', echoMs: 5_000 },
  reached: null,
  now,
}

const hint = (id: string, more: Partial<ChangeHint>): ChangeHint => ({
  eventId: `event of ${id}`,
  replayId: new Uint8Array([1]),
  object: 'Contact',
  recordIds: [id],
  changeType: 'UPDATE',
  committedAt: now - 100,
  commitUser: '005000000000002AAA',
  changeOrigin: '',
  changedFields: ['LastName'],
  ...more,
})

const begin = async () => {
  const db = await freshDatabase('postgres')
  await holdCursor(db.query, 'salesforce', 'one', now, now + 30_000)
  return db
}

test('what we wrote ourselves waits to be read back; what anybody else changed, with our user too, does not', async () => {
  const db = await begin()
  const hints = [
    hint('003000000000001AAA', { commitUser: userId, changeOrigin: ours }),
    hint('003000000000002AAA', { commitUser: userId.slice(0, 15), changeOrigin: '' }),
    hint('003000000000003AAA', { commitUser: userId, changeOrigin: ours.replace('clerkforce', 'dataloader') }),
    hint('003000000000004AAA', { changeOrigin: ours }),
  ]
  const taken = await takeEvents(db, { hints, replayId: new Uint8Array([1]) }, taking)
  expect(taken).toEqual({ events: 4, repeated: 0, skipped: 0, records: 4, vague: 0 })
  const rows = await db.query<{ wait: number }>(
    'select (due_at - $1)::integer as wait from clerkforce.stale order by id',
    [now],
  )
  expect(rows.map(({ wait }) => wait)).toEqual([5_000, 5_000, 0, 0])
})

test('of what another process follows by now nothing is stored', async () => {
  const db = await begin()
  const batch = { hints: [hint('003000000000001AAA', {})], replayId: new Uint8Array([1]) }
  await expect(takeEvents(db, batch, { ...taking, holder: 'another' })).rejects.toThrow(CursorLostError)
  const [row] = await db.query<{ hints: number; stale: number; moved: boolean }>(
    `select (select count(*)::integer from clerkforce.hint) as hints, (select count(*)::integer from clerkforce.stale) as stale,
       (select replay_id is not null from clerkforce.cursor) as moved`,
  )
  expect(row).toEqual({ hints: 0, stale: 0, moved: false })
})
