import { expect, test } from 'vitest'
import { salesforceCalls } from '../../../test/support/road.ts'
import { populate, startBetween, startSides } from './runs.test-support.ts'

test('a backfill brings over everything that was there before, each record once and in as few calls as batches', async () => {
  const sides = await startSides()
  const { people } = populate(sides, 4, 40)
  const between = await startBetween(sides)
  const calls = salesforceCalls(between)
  const run = await between.run('backfill')
  expect(run).toMatchObject({ state: 'done', result: { marked: 83, parked: 0 } })
  expect(run.progress).toMatchObject({
    'clerk/organization': { read: 4, done: true },
    'clerk/person': { read: 40, counted: 40, done: true },
    'clerk/membership': { read: 39, done: true },
  })
  expect(between.records('Account')).toHaveLength(4)
  const contacts = between.records('Contact')
  expect(contacts.map((one) => one['Clerk_User_Id__c']).sort()).toEqual([...people].sort())
  expect(contacts.filter((one) => typeof one['AccountId'] === 'string')).toHaveLength(39)
  // Three looks, three writes, and what the relations need beside: nobody is written twice.
  expect(salesforceCalls(between) - calls).toBeLessThan(12)
  expect(
    await between.db.query("select 1 from clerkforce.change where kind = 'update' and side = 'salesforce'"),
  ).toHaveLength(39)
  expect(await between.db.query('select 1 from clerkforce.gap')).toEqual([])
})
