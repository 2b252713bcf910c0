import fc from 'fast-check'
import { afterEach, expect, test } from 'vitest'
import { writeProject } from '../../emulators/salesforce/pubsub/project.test-support.ts'
import type { EventBatch } from './api.ts'
import { createOpener, following, makeAccounts, soon } from './follow.test-support.ts'

const opener = createOpener()
afterEach(opener.closeAll)

test('no event is lost or doubled between batches, however many there are', async () => {
  const opened = await opener.open()
  const ids = makeAccounts(opened, 350)
  const follow = following(opened.events)
  await follow.until(350)
  expect(follow.hints().flatMap(({ recordIds }) => recordIds)).toEqual(ids)
  expect(Math.max(...follow.batches.map(({ hints }) => hints.length))).toBeLessThanOrEqual(100)
})

test('while a batch is being taken, no more than a hundred events leave Salesforce', async () => {
  const opened = await opener.open()
  makeAccounts(opened, 250)
  let release = (): void => {}
  const gate = new Promise<void>((resolve) => {
    release = resolve
  })
  const follow = following(opened.events, { take: () => gate })
  await soon(() => opened.org.events.usage().used >= 100)
  await opened.clock.advance(30_000)
  expect(opened.org.events.usage().used).toBe(100)
  release()
  await follow.until(250)
})

test('a taker that needs longer than a minute costs the stream, and not what it took', async () => {
  const opened = await opener.open()
  makeAccounts(opened, 100)
  let release = (): void => {}
  const gate = new Promise<void>((resolve) => {
    release = resolve
  })
  const follow = following(opened.events, { take: () => gate })
  await soon(() => opened.org.events.usage().used >= 100)
  await soon(() => opened.clock.sleepers() > 0)
  await opened.clock.advance(61_000)
  await soon(() => opened.org.events.streams() === 0)
  release()
  expect(await follow.failure).toMatchObject({ kind: 'outage', code: 'STREAM_ENDED' })
  expect(follow.hints()).toHaveLength(100)
})

test('a keepalive is a batch without hints, and a place to go on from', async () => {
  const opened = await opener.open()
  const follow = following(opened.events, { from: 'latest' })
  await soon(() => opened.org.events.streams() === 1 && opened.clock.sleepers() >= 2)
  await opened.clock.advance(270_000)
  await soon(() => follow.batches.length === 1)
  expect(follow.batches).toEqual([{ hints: [], replayId: expect.any(Uint8Array) }])
  await follow.stop()
  const [id] = makeAccounts(opened, 1)
  const next = following(opened.events, { from: follow.batches[0]?.replayId ?? 'latest' })
  await next.until(1)
  expect(next.hints()[0]).toMatchObject({ recordIds: [id] })
})

test('another process goes on strictly after the stored replay id', async () => {
  const opened = await opener.open()
  makeAccounts(opened, 3)
  const first = following(opened.events)
  await first.until(3)
  await first.stop()
  const [id] = makeAccounts(opened, 1)
  const second = following(opened.again().events, { from: first.batches.at(-1)?.replayId ?? 'earliest' })
  await second.until(1)
  expect(second.hints().map(({ recordIds }) => recordIds)).toEqual([[id]])
})

test('an event that enrichment takes apart comes whole, even where a stream ends in the middle of it', async () => {
  const { folder, remove } = writeProject({ members: [{ entity: 'AccountChangeEvent', enriched: ['Industry'] }] })
  opener.later(remove)
  const opened = await opener.open({ sfdx: folder, changeDataCapture: [] })
  const ids = makeAccounts(opened, 150)
  const rows = ids.map((id) => ({ Id: id, Name: 'Changed' }))
  await opened.client.write([{ kind: 'update', object: 'Account', rows }])
  const topic = '/data/Sync__chn'
  const updated = (batches: readonly EventBatch[]): string[] =>
    batches.flatMap(({ hints }) =>
      hints.flatMap(({ changeType, recordIds }) => (changeType === 'UPDATE' ? recordIds : [])),
    )
  // The first stream breaks off in the middle of the update's 150 parts, which share a replay id.
  const broken: EventBatch[] = []
  const stop = new AbortController()
  const take = async (batch: EventBatch): Promise<void> => {
    broken.push(batch)
    if (updated(broken).length > 0) stop.abort()
  }
  await opened.events.follow({ topic, from: 'earliest', signal: stop.signal, take })
  expect(updated(broken).length).toBeLessThan(150)
  const second = following(opened.events, { topic, from: broken.at(-1)?.replayId ?? 'latest' })
  await second.until(150)
  expect(new Set(updated(second.batches))).toEqual(new Set(ids))
})

const accidents = fc.record({
  count: fc.integer({ min: 1, max: 130 }),
  batchSize: fc.integer({ min: 1, max: 100 }),
  // After how many batches each stream ends, and how.
  ends: fc.array(
    fc.record({
      after: fc.integer({ min: 1, max: 4 }),
      how: fc.constantFrom('stop', 'drop', 'unavailable', 'token', 'taker'),
    }),
    { maxLength: 5 },
  ),
})

test('whatever happens to streams, what was stored so far and what follows is every event, in order', async () => {
  const opened = await opener.open()
  await fc.assert(
    fc.asyncProperty(accidents, async ({ count, batchSize, ends }) => {
      opened.org.events.resetStream()
      opened.org.events.set({ batchSize })
      const ids = makeAccounts(opened, count)
      const stored: string[] = []
      let from: Uint8Array | 'earliest' = 'earliest'
      for (const { after, how } of [...ends, { after: 1_000, how: 'stop' }]) {
        const stop = new AbortController()
        let batches = 0
        const take = async ({ hints, replayId }: EventBatch): Promise<void> => {
          batches += 1
          if (batches === after && how === 'taker') throw new Error('not stored')
          for (const id of hints.flatMap(({ recordIds }) => recordIds)) if (!stored.includes(id)) stored.push(id)
          from = replayId
          if (stored.length === count || (batches === after && how === 'stop')) stop.abort()
          else if (batches === after && how === 'token') opened.org.expireTokens()
          else if (batches === after && how !== 'taker') opened.org.events.disconnect(how as 'drop')
        }
        const run = opened.events.follow({ topic: '/data/ChangeEvents', from, take, signal: stop.signal })
        await run.catch(() => {})
        if (stored.length === count) break
      }
      expect(stored).toEqual(ids)
    }),
    { numRuns: 15 },
  )
})

test('an error of the taker ends the stream and comes back as it is', async () => {
  const opened = await opener.open()
  makeAccounts(opened, 1)
  const broken = new Error('no database')
  const follow = following(opened.events, { take: () => Promise.reject(broken) })
  expect(await follow.failure).toBe(broken)
  await soon(() => opened.org.events.streams() === 0)
})

test('a stop waits for the batch under way, and leaves nothing running', async () => {
  const opened = await opener.open()
  makeAccounts(opened, 1)
  let release = (): void => {}
  const gate = new Promise<void>((resolve) => {
    release = resolve
  })
  let started = false
  const follow = following(opened.events, {
    take: () => {
      started = true
      return gate
    },
  })
  await soon(() => started)
  const stopped = follow.stop()
  release()
  await stopped
  expect(follow.hints()).toHaveLength(1)
  await soon(() => opened.org.events.streams() === 0)
  expect(opened.clock.sleepers()).toBe(0)
})

test('a follower that is stopped before it starts asks nothing', async () => {
  const opened = await opener.open()
  await opened.events.follow({
    topic: '/data/ChangeEvents',
    from: 'latest',
    take: async () => {},
    signal: AbortSignal.abort(),
  })
  expect(opened.org.events.streams()).toBe(0)
})

test('closing the client ends a stream at once, with an error for whoever did not ask for it', async () => {
  const opened = await opener.open()
  const follow = following(opened.events)
  await soon(() => opened.org.events.streams() === 1)
  opened.events.close()
  expect(await follow.failure).toMatchObject({ kind: 'outage', code: 'CLOSED' })
  await soon(() => opened.org.events.streams() === 0)
  expect(await following(opened.events).failure).toMatchObject({ code: 'CLOSED' })
})
