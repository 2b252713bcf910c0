import { expect, test } from 'vitest'
import { endable, manualClock, systemClock } from './clock.ts'

test('a manual clock wakes its sleepers in the order of their time, and those who sleep again on the way', async () => {
  const clock = manualClock(0)
  const woke: string[] = []
  const sleeper = async (name: string, ...naps: number[]) => {
    for (const nap of naps) {
      await clock.sleep(nap)
      woke.push(`${name}@${clock.now()}`)
    }
  }
  void sleeper('late', 30)
  void sleeper('early', 10, 10)
  void sleeper('tie', 10)
  await clock.advance(25)
  expect(woke).toEqual(['early@10', 'tie@10', 'early@20'])
  expect(clock.now()).toBe(25)
  await clock.advance(5)
  expect(woke.at(-1)).toBe('late@30')
  expect(clock.sleepers()).toBe(0)
})

test('a signal ends a sleep at once and leaves nothing behind', async () => {
  for (const clock of [manualClock(), systemClock()]) {
    const stop = new AbortController()
    const sleeping = clock.sleep(60_000, stop.signal)
    stop.abort()
    await sleeping
    await clock.sleep(60_000, stop.signal)
  }
  const clock = manualClock()
  const stop = new AbortController()
  void clock.sleep(60_000, stop.signal)
  stop.abort()
  expect(clock.sleepers()).toBe(0)
})

test('a scaled clock shortens waits and tells the right time', async () => {
  const clock = systemClock({ scale: 1_000 })
  const began = Date.now()
  await clock.sleep(20_000)
  expect(Date.now() - began).toBeLessThan(5_000)
  expect(Math.abs(clock.now() - Date.now())).toBeLessThan(1_000)
})

test('the sleepers of a clock that was ended never wake and hold no timer, save those whose own signal wakes them', async () => {
  const inner = manualClock(0)
  const { clock, end } = endable(inner)
  const woke: string[] = []
  const own = new AbortController()
  void clock.sleep(10).then(() => woke.push('in time'))
  await inner.advance(10)
  void clock.sleep(10).then(() => woke.push('too late'))
  void clock.sleep(10, own.signal).then(() => woke.push('by its signal'))
  own.abort()
  end()
  void clock.sleep(0).then(() => woke.push('after the end'))
  expect(inner.sleepers()).toBe(0)
  await inner.advance(100)
  await new Promise((resolve) => setImmediate(resolve))
  expect(woke).toEqual(['in time', 'by its signal'])
  expect(clock.now()).toBe(110)
})
