import fc from 'fast-check'
import { expect, test } from 'vitest'
import { userEvent } from '../support/clerk-events.ts'
import { startRoad } from '../support/road.ts'

/** What people call themselves: quotes, markup, references, other scripts, right-to-left marks, emoji, white space, long texts. */
const names = fc.oneof(
  fc.constantFrom(
    "O'Neil",
    'a@{x.y}',
    "\\'; DROP",
    '<b>',
    '李',
    '\u202Egnirts',
    '🧑‍🚀',
    '  padded  ',
    'null',
    '%',
    '#N/A',
    '\n',
  ),
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 120 }),
  fc.constantFrom('nul\u0000l', 'half \ud83e a pair'),
)

test('any name arrives as it is, trimmed and cut to the field, and agrees from then on', async () => {
  const { deliver, engine, records, salesforce, db } = await startRoad()
  const given = fc.sample(fc.tuple(names, names), { numRuns: 250, seed: 11 })
  for (const [index, [first, last]] of given.entries())
    await deliver(userEvent('created', { id: `user_${index}`, first, last }))
  await engine.drain()
  expect(await db.query('select parked_code, parked_reason from clerkforce.link where parked_at is not null')).toEqual(
    [],
  )
  expect(records('Contact')).toHaveLength(given.length)
  const calls = (): number => Object.values(salesforce.calls()).reduce((sum, one) => sum + one, 0)
  const before = calls()
  for (const [index, [first, last]] of given.entries())
    await deliver(userEvent('updated', { id: `user_${index}`, first, last, at: Date.UTC(2026, 1, 1) }))
  await engine.drain()
  expect(calls() - before).toBe(0)
})

test('a hint that the database cannot store is kept with its problem and holds nobody up', async () => {
  const { deliver, engine, records } = await startRoad()
  const tooBig = Number.MAX_SAFE_INTEGER * 4096
  await deliver(userEvent('created', { id: 'user_1' }))
  await deliver(userEvent('created', { id: 'user_bad', at: tooBig }))
  await deliver(userEvent('created', { id: 'user_2' }))
  await engine.drain()
  expect(records('Contact').map((one) => one['Clerk_User_Id__c'])).toEqual(['user_1', 'user_2'])
  expect((await engine.counts()).problems).toBe(1)
})
