import { setTimeout } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { createTurns } from './turns.ts'

test('no more run at once than allowed, and all of them get their turn, also after one that fails', async () => {
  const turns = createTurns(() => 2)
  let running = 0
  let most = 0
  const order: number[] = []
  const work = (n: number) => async (): Promise<number> => {
    order.push(n)
    running++
    most = Math.max(most, running)
    await setTimeout(2)
    running--
    if (n === 1) throw new Error('failed')
    return n
  }
  const ended = await Promise.allSettled([0, 1, 2, 3, 4].map((n) => turns(work(n))))
  expect(most).toBe(2)
  expect(order).toEqual([0, 1, 2, 3, 4])
  expect(ended.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled', 'fulfilled'])
})

test('when fewer are allowed, the next one waits until enough have ended', async () => {
  let allowed = 2
  const turns = createTurns(() => allowed)
  const ends: (() => void)[] = []
  const begun: number[] = []
  const work = (n: number) =>
    turns(
      () =>
        new Promise<void>((end) => {
          begun.push(n)
          ends[n] = end
        }),
    )
  const all = Promise.all([work(0), work(1), work(2)])
  await setTimeout(0)
  expect(begun).toEqual([0, 1])
  allowed = 1
  ends[0]?.()
  await setTimeout(0)
  expect(begun).toEqual([0, 1])
  ends[1]?.()
  await setTimeout(0)
  expect(begun).toEqual([0, 1, 2])
  ends[2]?.()
  await all
})
