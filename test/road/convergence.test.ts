import fc from 'fast-check'
import { expect, test } from 'vitest'
import { playHistory, steps } from '../support/history.ts'
import { startRoad } from '../support/road.ts'
import { runs } from '../support/runs.ts'
import { stateOf } from '../support/salesforce-state.ts'

test('a history that arrives late, twice and out of order ends in the same Salesforce state', async () => {
  const road = await startRoad()
  let run = 0
  const property = fc.asyncProperty(
    steps,
    fc.array(fc.nat(), { minLength: 40, maxLength: 40 }),
    fc.array(fc.boolean(), { minLength: 24, maxLength: 24 }),
    async (history, disorder, pauses) => {
      const [inOrder, shuffled] = [`a${++run}_`, `b${run}_`]
      for (const [index, event] of playHistory(history, inOrder).entries()) {
        await road.deliver(event)
        if (pauses[index]) await road.engine.drain()
      }
      const events = playHistory(history, shuffled)
      const twice = [...events, ...events.filter((_, index) => (disorder[index] ?? 0) % 3 === 0)]
      const order = twice
        .map((event, index) => ({ event, at: disorder[index % disorder.length] ?? 0, index }))
        .sort((x, y) => x.at - y.at || x.index - y.index)
      for (const [index, { event }] of order.entries()) {
        await road.deliver(event)
        if (pauses[pauses.length - 1 - (index % pauses.length)]) await road.engine.drain()
      }
      await road.engine.drain()
      expect(stateOf(road, shuffled)).toEqual(stateOf(road, inOrder))
    },
  )
  await fc.assert(property, {
    numRuns: runs(5),
    seed: Number(process.env['SEED'] ?? 42),
    endOnFailure: process.env['SHRINK'] === undefined,
  })
  expect((await road.engine.counts()).parked).toBe(0)
  // Two empty states would agree as well.
  expect(road.records('AccountContactRelation').length).toBeGreaterThan(20)
  expect(road.records('Contact').some((one) => one['Clerk_Status__c'] === 'deleted')).toBe(true)
}, 120_000)
