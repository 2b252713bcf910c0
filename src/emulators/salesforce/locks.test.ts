import { setTimeout as realTime } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { type ManualClock, manualClock } from '../kit/clock.ts'
import { openSalesforce } from './client.test-support.ts'
import { createLocks } from './locks.ts'

/** Lets time pass in small steps, so that requests come to their next wait in between. */
const pass = async (clock: ManualClock, seconds: number): Promise<void> => {
  for (let i = 0; i < seconds; i++) {
    await realTime(2)
    await clock.advance(1_000)
  }
}

test('a free lock is had at once, a held one in turn', async () => {
  const locks = createLocks(manualClock(), () => 10_000)
  const [first, second, third] = [{}, {}, {}]
  expect(locks.acquire(first, ['a', 'b'])).toBeUndefined()
  const order: string[] = []
  const waiting = [second, third].map(async (owner, i) => {
    await locks.acquire(owner, ['a'])
    order.push(String(i))
    locks.release(owner)
  })
  locks.release(first)
  await Promise.all(waiting)
  expect(order).toEqual(['0', '1'])
  expect(locks.held()).toBe(0)
})

test('who waits longer than the lock wait goes without', async () => {
  const clock = manualClock()
  const locks = createLocks(clock, () => 10_000)
  const [first, second] = [{}, {}]
  expect(locks.acquire(first, ['a'])).toBeUndefined()
  const missed = locks.acquire(second, ['a', 'b'])
  await clock.advance(10_000)
  expect(await missed).toEqual(new Set(['a']))
  locks.release(second)
  locks.release(first)
  expect(locks.held()).toBe(0)
})

test('two requests that touch one Account collide, and the slow one costs the other its records', async () => {
  const clock = manualClock()
  const salesforce = openSalesforce({ clock, tokenLifetimeMs: 3_600_000 })
  const [one, other] = salesforce.seed({ Account: [{ Name: 'One' }, { Name: 'Other' }] }).Account
  await salesforce.call('GET', '/limits')
  salesforce.settings.latencyMs = 15_000
  const upsert = (user: string, account: string | undefined) => ({
    attributes: { type: 'Contact' },
    Clerk_User_Id__c: user,
    LastName: 'X',
    AccountId: account,
  })
  const write = (...records: object[]) =>
    salesforce.call('PATCH', '/composite/sobjects/Contact/Clerk_User_Id__c', { records })
  const slow = write(upsert('user_1', one))
  const late = write(upsert('user_2', one), upsert('user_3', other))
  await pass(clock, 40)
  expect((await slow).body).toMatchObject([{ success: true }])
  expect((await late).body).toMatchObject([
    { success: false, errors: [{ statusCode: 'UNABLE_TO_LOCK_ROW' }] },
    { success: true },
  ])
})

test('a request that gets its lock in time only waits', async () => {
  const clock = manualClock()
  const salesforce = openSalesforce({ clock, tokenLifetimeMs: 3_600_000 })
  const [account] = salesforce.seed({ Account: [{ Name: 'One' }] }).Account
  await salesforce.call('GET', '/limits')
  salesforce.settings.latencyMs = 4_000
  const writes = [1, 2, 3].map((i) =>
    salesforce.call('POST', '/sobjects/Contact', { LastName: `${i}`, AccountId: account }),
  )
  await pass(clock, 16)
  expect((await Promise.all(writes)).map((answer) => answer.status)).toEqual([201, 201, 201])
})
