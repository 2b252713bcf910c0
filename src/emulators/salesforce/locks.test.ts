import fc from 'fast-check'
import { expect, test } from 'vitest'
import { manualClock } from '../kit/clock.ts'
import { openSalesforce, pass } from './client.test-support.ts'
import { createLocks } from './locks.ts'

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

test('of two that hold what the other wants, one goes without at once and the other gets all', async () => {
  const clock = manualClock()
  const locks = createLocks(clock, () => 10_000)
  const [first, second, third] = [{}, {}, {}]
  expect(locks.acquire(third, ['c'])).toBeUndefined()
  const one = locks.acquire(first, ['a', 'c', 'b'])
  const other = locks.acquire(second, ['b', 'c', 'a'])
  locks.release(third)
  // The first has c now and waits for b; the second waits for c, which the first holds.
  const [ended, missed] = await Promise.race([one, other].map(async (taking, i) => [i, await taking] as const))
  expect([ended, missed]).toEqual([0, new Set(['b'])])
  locks.release(first)
  expect(await other).toEqual(new Set())
  locks.release(second)
  expect(locks.held()).toBe(0)
  expect(clock.now()).toBe(manualClock().now())
})

test('whoever asks for whatever in whatever order, no lock has two owners, all answer, and none is left', async () => {
  const asking = fc.array(fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd'), { minLength: 1 }), { maxLength: 8 })
  await fc.assert(
    fc.asyncProperty(asking, async (requests) => {
      const clock = manualClock(0)
      const locks = createLocks(clock, () => 50)
      const holders = new Map<string, object>()
      const work = requests.map(async (ids, i) => {
        const owner = {}
        await clock.sleep(i)
        const missed = await locks.acquire(owner, ids)
        const mine = ids.filter((id) => !missed?.has(id))
        for (const id of mine) {
          expect(holders.get(id)).toBeUndefined()
          holders.set(id, owner)
        }
        await clock.sleep(20)
        for (const id of mine) holders.delete(id)
        locks.release(owner)
      })
      await clock.advance(1_000)
      await Promise.all(work)
      expect(locks.held()).toBe(0)
    }),
    { numRuns: 50 },
  )
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
