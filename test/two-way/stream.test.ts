/** Accidents of the stream that a running follower gets over by itself: one pair of sides goes through them all. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Taken } from '../../src/sync/intake/take-events.ts'
import { type JumpingClock, jumpingClock } from '../support/jumping-clock.ts'
import { type Pairs, pairsOf } from '../support/pairs.ts'
import { startTwoSides, type TwoSides, until } from '../support/two-sides.ts'

let sides: TwoSides
let pairs: Pairs
let clock: JumpingClock
let taken: Taken[] = []
let account = { organizationId: '', accountId: '' }
const closers: (() => Promise<void>)[] = []
const config = { organization: { fields: { Tier__c: { from: 'public_metadata.tier', rule: 'salesforce' } } } } as const

beforeAll(async () => {
  clock = jumpingClock()
  const told = { followed: (one: Taken) => taken.push(one) }
  sides = await startTwoSides({ clock, config, told, ended: (close) => closers.push(close) })
  pairs = pairsOf(sides)
})
afterAll(async () => {
  for (const close of closers.reverse()) await close()
})
// One for each test: Clerk takes only so many writes to one record.
beforeEach(async () => {
  account = await pairs.organization('Followed')
  taken = []
})

const reads = (): number => sides.org.stats().calls['collection retrieve'] ?? 0
const setTier = (Tier__c: string): void => sides.org.person.edit('Account', account.accountId, { Tier__c })
const tierInClerk = async (): Promise<unknown> => {
  const { public_metadata } = await sides.callClerk('GET', `/organizations/${account.organizationId}`)
  return (public_metadata as Record<string, unknown>)['tier']
}
const arrives = (tier: string): Promise<void> => clock.hasten(async () => (await tierInClerk()) === tier)

test('an event that is delivered twice, under two replay ids, is read once', async () => {
  const { org, settled } = sides
  setTier('twice')
  await settled()
  const [before, last] = [reads(), org.events.list().at(-1)]
  taken = []
  org.events.repeat(String(last?.replayId))
  await until(() => taken.length > 0)
  await settled()
  expect(taken).toMatchObject([{ events: 1, repeated: 1, records: 0 }])
  expect(reads()).toBe(before)
})

test('one event of many records is one read of them all', async () => {
  const { callSalesforce, settled, org } = sides
  taken = []
  const ids = Array.from({ length: 20 }, (_, n) => org.person.create('Contact', { LastName: `Many ${n}` }))
  // On a busy machine all may be settled before the first of their events has come.
  await until(() => taken.reduce((sum, { records }) => sum + records, 0) >= ids.length)
  await settled()
  const before = reads()
  const records = ids.map((id) => ({ attributes: { type: 'Contact' }, id, FirstName: 'All' }))
  taken = []
  await callSalesforce('PATCH', '/composite/sobjects', { records })
  await settled()
  expect(taken.reduce((sum, { events }) => sum + events, 0)).toBe(1)
  expect(taken.reduce((sum, { records: count }) => sum + count, 0)).toBe(20)
  expect(reads()).toBe(before + 1)
})

test('a gap event has its record read again', async () => {
  const { org } = sides
  org.events.set({ capture: false })
  setTier('gap')
  org.events.set({ capture: true })
  org.events.announce({ object: 'Account', changeType: 'GAP_UPDATE', recordIds: [account.accountId] })
  await arrives('gap')
})

test('an overflow event, which names no record, has everything asked for that changed', async () => {
  const { org } = sides
  org.events.set({ capture: false })
  setTier('overflow')
  org.events.set({ capture: true })
  org.events.announce({ object: 'Account', changeType: 'GAP_OVERFLOW' })
  await until(async () => (await tierInClerk()) === 'overflow', 5_000)
})

test('a field that an admin adds changes the schema in mid-stream, and nothing else', async () => {
  const { org } = sides
  org.events.addField('Account', 'Added_Later__c')
  setTier('schema')
  await until(async () => (await tierInClerk()) === 'schema', 5_000)
})

test('a stream that breaks goes on after the last event that was taken in', async () => {
  const { org, settled } = sides
  for (const how of ['drop', 'unavailable'] as const) {
    org.events.disconnect(how)
    setTier(how)
    await arrives(how)
    await settled()
  }
  expect(org.events.streams()).toBe(1)
})

test('a token that is revoked in mid-stream is renewed', async () => {
  const { org } = sides
  org.expireTokens()
  setTier('revoked')
  await arrives('revoked')
})

test('a record that Salesforce does not show yet is read again until it does', async () => {
  const { org, settled } = sides
  const path = '/services/data/*/composite/sobjects/Account'
  org.faults.add({ method: 'POST', path, times: 1, respond: { status: 200, body: [null] } })
  setTier('late')
  await arrives('late')
  await settled()
  expect(await pairs.link(account.organizationId)).toMatchObject({ salesforceId: account.accountId, code: null })
})

test('a record that Salesforce still shows as it was before its event is read again until it does not', async () => {
  const { org, settled, record } = sides
  await settled()
  const before = record('Account', account.accountId)
  clock.jump(2_000)
  const path = '/services/data/*/composite/sobjects/Account'
  org.faults.add({ method: 'POST', path, times: 1, respond: { status: 200, body: [before] } })
  setTier('behind')
  await arrives('behind')
  expect(org.faults.list()).toEqual([])
})

test('a stream that was reset starts anew once, and what was lost with it is found', async () => {
  const { org, settled } = sides
  await settled()
  org.events.set({ hold: true })
  setTier('reset')
  const asked = org.events.streamsAsked()
  org.events.resetStream()
  org.events.set({ hold: false })
  await arrives('reset')
  setTier('after the reset')
  await arrives('after the reset')
  await settled()
  // One with the place that is no longer good, one from the beginning.
  expect(org.events.streamsAsked()).toBe(asked + 2)
})

test('a place that is older than what Salesforce keeps is given up, and what was lost with it is found', async () => {
  const { org, settled } = sides
  org.events.set({ hold: true })
  setTier('too old')
  clock.jump(1_000)
  org.events.set({ retentionMs: 1 })
  org.person.create('Account', { Name: 'News' })
  org.events.set({ retentionMs: 72 * 3_600_000 })
  const asked = org.events.streamsAsked()
  org.events.disconnect('unavailable')
  org.events.set({ hold: false })
  await arrives('too old')
  setTier('new again')
  await arrives('new again')
  await settled()
  expect(org.events.streamsAsked()).toBe(asked + 2)
})
