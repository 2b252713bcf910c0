import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createPace } from './pace.ts'

type Turn = { asked: number; got: number }

/** Asks for one turn after each gap, on a clock of its own, without waiting for the turns before. */
async function turnsAfter(gaps: readonly number[], requests: number, windowMs: number): Promise<Turn[]> {
  let time = 0
  let waited = 0
  const sleep = async (ms: number) => {
    waited = ms
  }
  const pace = createPace({ requests, windowMs, now: () => time, sleep })
  const turns: Turn[] = []
  for (const gap of gaps) {
    time += gap
    waited = 0
    await pace()
    turns.push({ asked: time, got: time + waited })
  }
  return turns
}

test('no window, wherever it begins, holds more requests than allowed, and nobody overtakes', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.nat(40), { maxLength: 200 }),
      fc.integer({ min: 1, max: 8 }),
      fc.integer({ min: 1, max: 100 }),
      async (gaps, requests, windowMs) => {
        const times = (await turnsAfter(gaps, requests, windowMs)).map((turn) => turn.got)
        for (const [index, time] of times.entries()) {
          expect(time).toBeGreaterThanOrEqual(times[index - 1] ?? 0)
          expect(time).toBeGreaterThanOrEqual((times[index - requests] ?? Number.NEGATIVE_INFINITY) + windowMs)
        }
      },
    ),
  )
})

test('within the share nobody waits, and the first beyond it waits no longer than it must', async () => {
  const turns = await turnsAfter([0, 1, 1, 1, 1], 3, 10)
  expect(turns.map((turn) => turn.got - turn.asked)).toEqual([0, 0, 0, 7, 7])
})
