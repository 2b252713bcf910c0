import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Fault } from '../../src/emulators/kit/faults.ts'
import { playHistory, steps } from '../support/history.ts'
import { fastClock, startRoad } from '../support/road.ts'
import { runs } from '../support/runs.ts'
import { stateOf } from '../support/salesforce-state.ts'

const error = (status: number, errorCode: string): Pick<Fault, 'respond'> => ({
  respond: { status, body: [{ errorCode, message: errorCode.toLowerCase() }] },
})

/** What goes wrong on the way to Salesforce, each a few times. */
const mishap: fc.Arbitrary<Fault> = fc
  .tuple(
    fc.constantFrom<Fault>(
      { drop: 'request' },
      { drop: 'answer' },
      { latencyMs: 30 },
      { latencyMs: 10, drop: 'answer' },
      error(503, 'SERVER_UNAVAILABLE'),
      error(500, 'UNKNOWN_EXCEPTION'),
      error(502, 'BAD_GATEWAY'),
      error(401, 'INVALID_SESSION_ID'),
    ),
    fc.constantFrom(
      '*/composite*',
      '*/query*',
      '*/composite/sobjects/Contact/*',
      '*/composite/sobjects',
      '/services/data/*',
    ),
    fc.integer({ min: 1, max: 2 }),
    fc.nat({ max: 3 }),
  )
  .map(([fault, path, times, after]) => ({ ...fault, path, times, after }))

test('whatever goes wrong on the way, the end is the same, and every record is there once', async () => {
  const calm = await startRoad()
  const stormy = await startRoad({ clock: fastClock(20), engine: { leaseMs: 600_000 } })
  let run = 0
  const property = fc.asyncProperty(
    steps,
    fc.array(mishap, { minLength: 1, maxLength: 5 }),
    fc.array(fc.boolean(), { minLength: 24, maxLength: 24 }),
    async (history, mishaps, pauses) => {
      const prefix = `f${++run}_`
      const events = playHistory(history, prefix)
      for (const event of events) await calm.deliver(event)
      await calm.engine.drain()
      stormy.org.faults.add(...mishaps)
      if (run % 3 === 0)
        stormy.org.recordFaults.add({ object: 'Contact', every: 2, times: 3, code: 'UNABLE_TO_LOCK_ROW' })
      for (const [index, event] of events.entries()) {
        await stormy.deliver(event)
        if (pauses[index]) await stormy.engine.drain(1_200_000)
      }
      await stormy.engine.drain(1_200_000)
      stormy.org.faults.clear()
      expect(stateOf(stormy, prefix)).toEqual(stateOf(calm, prefix))
    },
  )
  await fc.assert(property, {
    numRuns: runs(4),
    seed: Number(process.env['SEED'] ?? 4),
    endOnFailure: process.env['SHRINK'] === undefined,
  })
  const keys = stormy.records('Contact').map((record) => record['Clerk_User_Id__c'])
  expect(new Set(keys).size).toBe(keys.length)
  // Two empty states would agree as well.
  expect(stormy.records('AccountContactRelation').length).toBeGreaterThan(10)
}, 180_000)
