import fc from 'fast-check'
import { expect, test } from 'vitest'
import { failureOf } from './answers.test-support.ts'
import { ClerkError, isRecordPaced } from './clerk-error.ts'
import { createRecordPace, type RecordPace } from './record-pace.ts'

const nothing = async (): Promise<void> => {}

/** A pace on a clock that is set by hand. */
function paceAt(
  start: number,
  limits: { updates?: number; windowMs?: number } = {},
): {
  pace: RecordPace
  clock: { time: number }
} {
  const clock = { time: start }
  return { pace: createRecordPace({ ...limits, now: () => clock.time }), clock }
}

test('the eleventh update of a record in ten seconds fails at once, unsent, and says when it may go', async () => {
  const { pace, clock } = paceAt(0)
  for (let count = 0; count < 10; count++) {
    await pace.update('/users/user_1', nothing)
    clock.time += 100
  }
  let sent = false
  const eleventh = pace.update('/users/user_1', async () => {
    sent = true
  })
  const failure = await failureOf(eleventh)
  expect(failure).toMatchObject({
    kind: 'rate',
    code: 'RECORD_PACED',
    status: undefined,
    retryAfterMs: 9_000,
    message: '/users/user_1 has had 10 updates in 10 s, the most that Clerk allows one record',
  })
  expect([sent, isRecordPaced(failure), isRecordPaced(new ClerkError('rate', 'too_many_requests', ''))]).toEqual([
    false,
    true,
    false,
  ])
  clock.time += 9_000
  await pace.update('/users/user_1', nothing)
})

test('one busy record holds up no other', async () => {
  const { pace } = paceAt(0, { updates: 1 })
  await pace.update('/users/user_1', nothing)
  await pace.update('/users/user_2', nothing)
  await expect(pace.update('/users/user_1', nothing)).rejects.toThrow(ClerkError)
})

test('updates under way count, however long they take, and those that fail too', async () => {
  const { pace, clock } = paceAt(0, { updates: 1, windowMs: 1_000 })
  let fail = (_: Error): void => {}
  const slow = pace.update('/users/user_1', () => new Promise<never>((_, reject) => (fail = reject)))
  clock.time = 60_000
  expect(await failureOf(pace.update('/users/user_1', nothing))).toMatchObject({ retryAfterMs: 1_000 })
  fail(new Error('reset'))
  await expect(slow).rejects.toThrow('reset')
  clock.time += 999
  expect(await failureOf(pace.update('/users/user_1', nothing))).toMatchObject({ retryAfterMs: 1 })
  clock.time += 1
  await pace.update('/users/user_1', nothing)
})

test('a clock that is set back blocks nobody', async () => {
  const { pace, clock } = paceAt(3_600_000, { updates: 1 })
  await pace.update('/users/user_1', nothing)
  clock.time = 0
  await pace.update('/users/user_1', nothing)
})

test('only what was updated within the window is remembered', async () => {
  const { pace, clock } = paceAt(0, { windowMs: 1_000 })
  for (let record = 0; record < 5_000; record++) {
    await pace.update(`/users/user_${record}`, nothing)
    await pace.update('/organizations/org_1', nothing).catch(() => {})
    clock.time += 10
  }
  expect(pace.remembered()).toBeLessThanOrEqual(102)
  clock.time += 1_000
  await pace.update('/users/user_1', nothing)
  expect(pace.remembered()).toBe(1)
})

test('whatever is sent when, and however long it takes on the way, Clerk never counts more than it allows', async () => {
  const updates = 3
  const windowMs = 100
  const sends = fc.record({ gap: fc.nat(40), record: fc.nat(2), there: fc.nat(60), back: fc.nat(60) })
  await fc.assert(
    fc.asyncProperty(fc.array(sends, { maxLength: 80 }), async (plan) => {
      const { pace, clock } = paceAt(0, { updates, windowMs })
      const counted = new Map<number, number[]>()
      let underWay: { end: number; answer: () => void; done: Promise<void> }[] = []
      const advanceTo = async (time: number): Promise<void> => {
        for (const one of underWay.filter(({ end }) => end <= time).sort((a, b) => a.end - b.end)) {
          clock.time = one.end
          one.answer()
          await one.done
        }
        underWay = underWay.filter(({ end }) => end > time)
        clock.time = time
      }
      let time = 0
      for (const { gap, record, there, back } of plan) {
        time += gap
        await advanceTo(time)
        const { promise, resolve } = Promise.withResolvers<void>()
        const done = pace.update(String(record), () => {
          counted.set(record, [...(counted.get(record) ?? []), time + there])
          return promise
        })
        underWay.push({ end: time + there + back, answer: resolve, done: done.catch(() => {}) })
      }
      for (const times of counted.values()) {
        times.sort((a, b) => a - b)
        for (const [index, at] of times.entries())
          expect(at - (times[index - updates] ?? Number.NEGATIVE_INFINITY)).toBeGreaterThanOrEqual(windowMs)
      }
    }),
  )
})
