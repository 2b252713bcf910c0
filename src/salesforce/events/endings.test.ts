import { afterEach, expect, test } from 'vitest'
import { manualClock } from '../../emulators/kit/clock.ts'
import { writeProject } from '../../emulators/salesforce/pubsub/project.test-support.ts'
import { SettingError } from '../../errors.ts'
import {
  createOpener,
  following,
  makeAccounts,
  openEvents,
  plainEndpoint,
  soon,
  tlsEndpoint,
} from './follow.test-support.ts'

const opener = createOpener()
afterEach(opener.closeAll)

test('a token that runs out is renewed, and the stream goes on where it was', async () => {
  const opened = await opener.open()
  const ids = makeAccounts(opened, 2)
  const follow = following(opened.events)
  await follow.until(2)
  opened.org.expireTokens()
  ids.push(...makeAccounts(opened, 2))
  await follow.until(4)
  expect(follow.hints().flatMap(({ recordIds }) => recordIds)).toEqual(ids)
  await follow.stop()
})

test('a token that ran out before the stream began is renewed too', async () => {
  const opened = await opener.open()
  await opened.client.tokens.current()
  opened.org.expireTokens()
  await expect(opened.events.check('/data/ChangeEvents')).resolves.toBeUndefined()
  opened.org.expireTokens()
  const follow = following(opened.events, { from: 'latest' })
  await soon(() => opened.org.events.streams() === 1)
  await follow.stop()
})

test('a token that runs out before the place in the stream is known ends it: what came meanwhile cannot be asked for', async () => {
  const opened = await opener.open()
  const follow = following(opened.events, { from: 'latest' })
  await soon(() => opened.org.events.streams() === 1)
  opened.org.expireTokens()
  makeAccounts(opened, 1)
  expect(await follow.failure).toMatchObject({ kind: 'outage', code: 'TOKEN_ENDED' })
})

test('credentials that are refused are an error of the login', async () => {
  const opened = await opener.open()
  const { events, close } = openEvents(
    { url: opened.org.url },
    { clock: opened.clock, endpoint: plainEndpoint(opened.org) },
  )
  opener.later(close)
  await expect(events.check('/data/ChangeEvents')).rejects.toMatchObject({ name: 'EventError', kind: 'auth' })
})

test('a topic that is there can be followed, one that is not is missing', async () => {
  const { events } = await opener.open()
  await expect(events.check('/data/ChangeEvents')).resolves.toBeUndefined()
  const missing = {
    kind: 'missing',
    code: 'topic.not.found',
    message: expect.stringContaining('topic /data/Clerk_Sync__chn'),
  }
  await expect(events.check('/data/Clerk_Sync__chn')).rejects.toMatchObject(missing)
  expect(await following(events, { topic: '/data/Clerk_Sync__chn' }).failure).toMatchObject(missing)
})

test('a topic that our user may not see is forbidden', async () => {
  const { folder, remove } = writeProject({ members: [{ entity: 'AccountChangeEvent' }], viewAll: false })
  opener.later(remove)
  const { events } = await opener.open({ sfdx: folder, changeDataCapture: [] })
  await expect(events.check('/data/AccountChangeEvent')).rejects.toMatchObject({
    kind: 'forbidden',
    code: 'topic.cannot.subscribe',
    message: expect.stringContaining('View All Records'),
  })
})

test.each([
  ['that was never given', Uint8Array.from([0, 0, 0, 0, 0, 0, 0, 7, 0, 0])],
  ['of no known form', Uint8Array.from([1, 2, 3])],
])('a replay id %s cannot be followed', async (_, from) => {
  const { events } = await opener.open()
  expect(await following(events, { from }).failure).toMatchObject({
    kind: 'replay-id',
    code: 'fetch.replayid.corrupted',
  })
})

test('a reset of the stream ends it, and makes the stored replay id useless', async () => {
  const opened = await opener.open()
  makeAccounts(opened, 1)
  const follow = following(opened.events)
  await follow.until(1)
  opened.org.events.resetStream()
  expect(await follow.failure).toMatchObject({ kind: 'outage', code: 'service.unavailable' })
  const stored = follow.batches.at(-1)?.replayId ?? 'latest'
  expect(await following(opened.events, { from: stored }).failure).toMatchObject({ kind: 'replay-id' })
})

test('deliveries that are used up are told as such', async () => {
  const opened = await opener.open({ eventLimit: 2 })
  makeAccounts(opened, 3)
  const follow = following(opened.events)
  expect(await follow.failure).toMatchObject({ kind: 'allowance', code: 'limit.exceeded' })
  expect(follow.hints()).toHaveLength(2)
})

test('too many streams are an outage', async () => {
  const opened = await opener.open()
  opened.org.events.set({ maxStreams: 0 })
  expect(await following(opened.events).failure).toMatchObject({
    kind: 'outage',
    code: 'concurrent.client.limit.exceeded',
  })
})

test.each(['drop', 'unavailable'] as const)(
  'a stream that breaks (%s) is an outage, and what came is taken',
  async (how) => {
    const opened = await opener.open()
    const ids = makeAccounts(opened, 1)
    const follow = following(opened.events)
    await follow.until(1)
    opened.org.events.disconnect(how)
    expect(await follow.failure).toMatchObject({ kind: 'outage' })
    ids.push(...makeAccounts(opened, 1))
    const next = following(opened.events, { from: follow.batches.at(-1)?.replayId ?? 'earliest' })
    await next.until(1)
    expect([...follow.hints(), ...next.hints()].flatMap(({ recordIds }) => recordIds)).toEqual(ids)
  },
)

test('a stream that says nothing for five minutes is an outage', async () => {
  const opened = await opener.open()
  opened.org.events.set({ hold: true })
  const follow = following(opened.events)
  await soon(() => opened.org.events.streams() === 1 && opened.clock.sleepers() >= 2)
  await opened.clock.advance(300_000)
  expect(await follow.failure).toMatchObject({ kind: 'outage', code: 'SILENCE' })
})

test('nobody at the address is an outage', async () => {
  const opened = await opener.open()
  await opened.org.pubsub?.close()
  await expect(opened.events.check('/data/ChangeEvents')).rejects.toMatchObject({ kind: 'outage', code: 'UNAVAILABLE' })
})

test('a certificate that nobody vouches for is an outage', async () => {
  const opened = await opener.open()
  const { events, close } = openEvents(opened.org, { clock: opened.clock, endpoint: tlsEndpoint(opened.org) })
  opener.later(close)
  await expect(events.check('/data/ChangeEvents')).rejects.toMatchObject({ kind: 'outage' })
})

test.each(['', 'ftp://example.com', 'https://example.com/path', 'not an address'])(
  'the endpoint %j is refused before anything is sent',
  async (endpoint) => {
    const clock = manualClock()
    expect(() => openEvents({ url: 'http://127.0.0.1:1' }, { clock, endpoint })).toThrow(SettingError)
  },
)
