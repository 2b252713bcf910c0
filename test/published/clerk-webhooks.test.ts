import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { USED_EVENT_TYPES } from '../../src/clerk/event.ts'
import { startRoad } from '../support/road.ts'

const data = process.env['CLERK_DATA']
if (!data) throw new Error('CLERK_DATA must name the folder with Clerk’s published payloads')
const folder = join(data, 'clerk-webhook-samples')
const payloads = readdirSync(folder).map((file) => ({
  type: file.replace('.json', ''),
  event: JSON.parse(readFileSync(join(folder, file), 'utf8')) as object,
}))

test('every published payload is accepted, and the twelve that clerkforce uses act', async () => {
  expect(payloads).toHaveLength(45)
  const { deliver, engine, records, db } = await startRoad()
  const statuses = await Promise.all(payloads.map(({ type, event }) => deliver(event, `msg_${type}`)))
  expect(new Set(statuses)).toEqual(new Set([200]))
  await engine.drain()
  const hints = await db.query<{ type: string; problem: string | null }>(
    'select type, problem from clerkforce.hint order by type',
  )
  expect(hints.map(({ type }) => type)).toEqual([...USED_EVENT_TYPES].sort())
  expect(hints.filter(({ problem }) => problem !== null)).toEqual([])
  expect(await engine.counts()).toMatchObject({ hints: 0, problems: 0, dirty: 0, parked: 0 })
  // The samples delete what they create: one organization, its user and a second one, who had joined and left.
  expect(records('Account')).toMatchObject([{ Name: 'Acme Corp Updated', Clerk_Status__c: 'deleted' }])
  expect(records('Contact').map((one) => one['Clerk_Status__c'])).toContain('deleted')
  expect(records('AccountContactRelation')).toMatchObject([{ IsActive: false }])
})

test('a published payload delivered twice is answered with 2xx and does nothing the second time', async () => {
  const { deliver, engine, db } = await startRoad()
  for (const { type, event } of payloads) await deliver(event, `msg_${type}`)
  await engine.drain()
  const before = await db.query('select count(*) as changes from clerkforce.change')
  for (const { type, event } of payloads) expect(await deliver(event, `msg_${type}`)).toBe(200)
  for (const { type, event } of payloads) expect(await deliver(event, `msg_again_${type}`)).toBe(200)
  await engine.drain()
  expect(await db.query('select count(*) as changes from clerkforce.change')).toEqual(before)
})
