import { credentials, makeGenericClientConstructor } from '@grpc/grpc-js'
import { afterEach, expect, test } from 'vitest'
import { type ManualClock, manualClock } from '../../kit/clock.ts'
import { type SalesforceEmulatorOptions, startSalesforceEmulator } from '../index.ts'
import { failureOf, openPubSub, type PubSubClient } from './client.test-support.ts'
import { pubSubService } from './protocol.ts'

let opened: PubSubClient[] = []

afterEach(async () => {
  for (const each of opened) await each.close()
  opened = []
})

const open = async (options: SalesforceEmulatorOptions = {}): Promise<PubSubClient & { clock: ManualClock }> => {
  const clock = manualClock()
  const client = await openPubSub({ clock, ...options })
  opened.push(client)
  return { ...client, clock }
}

const soon = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve))
}

const makeAccounts = ({ emulator }: PubSubClient, count: number): string[] =>
  Array.from({ length: count }, (_, i) => emulator.person.create('Account', { Name: `Account ${i}` }))

test('a topic says its schema, and that change events are not for publishing', async () => {
  const client = await open()
  expect(await client.topic('/data/ContactChangeEvent')).toMatchObject({
    topicName: '/data/ContactChangeEvent',
    canPublish: false,
    canSubscribe: true,
    schemaId: expect.stringMatching(/^[\w-]{22}$/),
    rpcId: expect.stringMatching(/^[0-9a-f-]{36}$/),
  })
  expect(await client.topic('/data/ChangeEvents')).toMatchObject({ schemaId: '' })
})

test.each([
  ['/data/NothingChangeEvent', 'topic.not.found', 5],
  ['/data/contactchangeevent', 'topic.not.found', 5],
  ['/data/Missing__chn', 'topic.not.found', 5],
  [' ', 'topic.validation.empty', 3],
])('the topic %j is refused with %s', async (name, errorCode, code) => {
  const client = await open()
  const failure = failureOf(await client.topic(name).catch((error) => error))
  expect(failure).toMatchObject({ code, errorCode })
  expect(failure.details).toContain(`rpcId: ${failure.rpcId}`)
})

test('a schema is found by its id only', async () => {
  const client = await open()
  const { schemaId } = await client.topic('/data/AccountChangeEvent')
  expect(JSON.parse((await client.schema(schemaId)).schemaJson)).toMatchObject({ name: 'AccountChangeEvent' })
  expect(failureOf(await client.schema('').catch((error) => error)).errorCode).toBe('schema.validation.failed')
  expect(failureOf(await client.schema('AAAAAAAAAAAAAAAAAAAAAA').catch((error) => error))).toMatchObject({
    errorCode: 'schema.meta.permission',
    code: 5,
  })
})

test.each([
  [{ accesstoken: undefined }, 'service.auth.headers.invalid'],
  [{ instanceurl: '' }, 'service.auth.headers.invalid'],
  [{ instanceurl: 'https://login.salesforce.com' }, 'service.auth.headers.invalid'],
  [{ accesstoken: '00D!wrong' }, 'service.auth.error'],
  [{ tenantid: '00DKj0000000009' }, 'service.auth.error'],
])('headers %j are refused with UNAUTHENTICATED, in calls and in streams', async (headers, errorCode) => {
  const client = await open()
  const metadata = client.metadata(headers)
  expect(failureOf(await client.topic('/data/ChangeEvents', metadata).catch((error) => error))).toMatchObject({
    code: 16,
    errorCode,
  })
  expect(failureOf(await client.subscribe({}, metadata).ended)).toMatchObject({ code: 16, errorCode })
})

test('the tenant may be named by 15 characters', async () => {
  const client = await open()
  const metadata = client.metadata({ tenantid: client.emulator.orgId.slice(0, 15) })
  expect(await client.topic('/data/ChangeEvents', metadata)).toMatchObject({ canSubscribe: true })
})

test('a subscriber gets as many events as it asks for, and more when it asks again', async () => {
  const client = await open()
  makeAccounts(client, 5)
  const stream = client.subscribe({ replayPreset: 1, numRequested: 2 })
  await stream.until(({ events }) => events.length === 2)
  expect(stream.responses.at(-1)).toMatchObject({ pendingNumRequested: 0 })
  stream.request({ numRequested: 1 })
  stream.request({ numRequested: 4, topicName: '' })
  await stream.until(({ events }) => events.length === 5)
  expect(stream.responses.at(-1)).toMatchObject({
    pendingNumRequested: 2,
    latestReplayId: stream.events.at(-1)?.replayId,
  })
  const [another] = makeAccounts(client, 1)
  await stream.until(({ events }) => events.length === 6)
  expect((await client.decode(stream.events[5] as never)).ChangeEventHeader).toMatchObject({ recordIds: [another] })
  expect(stream.responses.at(-1)?.pendingNumRequested).toBe(1)
})

test('no more than 100 events are open, however many are asked for', async () => {
  const client = await open()
  const stream = client.subscribe({ numRequested: 2_000 })
  stream.request({ numRequested: 99 })
  await soon(() => client.clock.sleepers() > 0)
  makeAccounts(client, 150)
  await stream.until(({ events }) => events.length >= 100)
  await client.clock.advance(1_000)
  expect(stream.events).toHaveLength(100)
  expect(stream.responses.at(-1)?.pendingNumRequested).toBe(0)
})

test('events come in responses of the size that is set', async () => {
  const client = await open()
  makeAccounts(client, 5)
  client.emulator.events.set({ batchSize: 2 })
  const stream = client.subscribe({ replayPreset: 1 })
  await stream.until(({ events }) => events.length === 5)
  expect(stream.responses.map(({ pendingNumRequested }) => pendingNumRequested)).toEqual([98, 96, 95])
})

test('by default a subscriber gets only what happens from now on', async () => {
  const client = await open()
  makeAccounts(client, 2)
  const stream = client.subscribe()
  await soon(() => client.clock.sleepers() > 0)
  const [id] = makeAccounts(client, 1)
  await stream.until(({ events }) => events.length > 0)
  expect(await client.decode(stream.events[0] as never)).toMatchObject({ ChangeEventHeader: { recordIds: [id] } })
})

test.each([
  [{ numRequested: 0 }, 'subscription.fetch.requested.events.invalid'],
  [{ numRequested: -1 }, 'subscription.fetch.requested.events.invalid'],
  [{ replayPreset: 2 }, 'subscription.fetch.replayid.validation.failed'],
])('a request with %j is refused with INVALID_ARGUMENT and %s', async (request, errorCode) => {
  const client = await open()
  expect(failureOf(await client.subscribe(request).ended)).toMatchObject({ code: 3, errorCode })
})

test.each(['0000000000000001' + '0000', '0000', 'ffffffffffffffff' + '0000', '0000000000000001' + '0001'])(
  'the replay id %s, which was never given, is refused as corrupted',
  async (hex) => {
    const client = await open()
    const stream = client.subscribe({ replayPreset: 2, replayId: Buffer.from(hex, 'hex') })
    expect(failureOf(await stream.ended)).toMatchObject({
      code: 3,
      errorCode: 'subscription.fetch.replayid.corrupted',
    })
  },
)

test('another topic within a stream ends it', async () => {
  const client = await open()
  const stream = client.subscribe()
  stream.request({ topicName: '/data/ContactChangeEvent', numRequested: 1 })
  expect(failureOf(await stream.ended)).toMatchObject({ code: 3, errorCode: 'subscription.fetch.topic.mismatch' })
})

test('when nothing happens an empty response with the latest replay id comes in time, and the id is good to come back with', async () => {
  const client = await open()
  const stream = client.subscribe()
  await soon(() => client.clock.sleepers() > 0)
  await client.clock.advance(270_000)
  await stream.until(({ responses }) => responses.length === 1)
  expect(stream.responses[0]).toMatchObject({ events: [], pendingNumRequested: 100 })
  const latestReplayId = stream.responses[0]?.latestReplayId ?? Buffer.alloc(0)
  expect(latestReplayId).toHaveLength(10)
  makeAccounts(client, 1)
  const again = client.subscribe({ replayPreset: 2, replayId: latestReplayId })
  await again.until((each) => each.events.length === 1)
})

test('a client that does not ask again within a minute is let go, in peace', async () => {
  const client = await open()
  makeAccounts(client, 1)
  const stream = client.subscribe({ replayPreset: 1, numRequested: 1 })
  await stream.until(({ events }) => events.length === 1)
  await client.clock.advance(59_999)
  expect(client.emulator.events.streams()).toBe(1)
  await client.clock.advance(1)
  expect(await stream.ended).toBeUndefined()
  expect(client.emulator.events.streams()).toBe(0)
})

test('a stream whose token has ended is cut when there is something to send', async () => {
  const client = await open()
  const stream = client.subscribe()
  await soon(() => client.clock.sleepers() > 0)
  client.emulator.expireTokens()
  makeAccounts(client, 1)
  expect(failureOf(await stream.ended)).toMatchObject({ code: 16, errorCode: 'service.auth.error' })
  expect(stream.events).toHaveLength(0)
})

test('deliveries are counted for each subscriber, and at the limit streams are cut', async () => {
  const client = await open({ eventLimit: 5 })
  const [one, two] = [client.subscribe(), client.subscribe({ topicName: '/data/AccountChangeEvent' })]
  await soon(() => client.clock.sleepers() > 1)
  makeAccounts(client, 2)
  await Promise.all([one, two].map((stream) => stream.until(({ events }) => events.length === 2)))
  expect(client.emulator.events.usage()).toEqual({ used: 4, limit: 5 })
  makeAccounts(client, 1)
  const failures = await Promise.race([one.ended, two.ended])
  expect(failureOf(failures)).toMatchObject({ code: 8, errorCode: 'subscription.limit.exceeded' })
  expect(one.events.length + two.events.length).toBe(5)
  client.emulator.events.setAllowance({ limit: 100 })
  const resumed = client.subscribe({ replayPreset: 2, replayId: one.events[1]?.replayId ?? Buffer.alloc(0) })
  await resumed.until(({ events }) => events.length === 1)
  expect(resumed.events[0]?.event.id).toBe(client.emulator.events.list().at(-1)?.id)
})

test('more streams than allowed are refused', async () => {
  const client = await open()
  client.emulator.events.set({ maxStreams: 1 })
  client.subscribe()
  await soon(() => client.emulator.events.streams() === 1)
  expect(failureOf(await client.subscribe().ended)).toMatchObject({
    code: 8,
    errorCode: 'concurrent.client.limit.exceeded',
  })
})

test('while deliveries are held nothing comes, and all of it afterwards', async () => {
  const client = await open()
  const stream = client.subscribe()
  await soon(() => client.clock.sleepers() > 0)
  client.emulator.events.set({ hold: true })
  makeAccounts(client, 3)
  await client.clock.advance(300_000)
  expect(stream.responses).toHaveLength(0)
  client.emulator.events.set({ hold: false })
  await stream.until(({ events }) => events.length === 3)
})

test('events wait for the latency that is set, and none is passed over', async () => {
  const client = await open()
  client.emulator.events.set({ latencyMs: 400_000 })
  const stream = client.subscribe()
  await soon(() => client.clock.sleepers() > 0)
  makeAccounts(client, 1)
  await soon(() => client.clock.sleepers() > 1)
  await client.clock.advance(399_999)
  expect(stream.responses).toHaveLength(0)
  await client.clock.advance(1)
  await stream.until(({ events }) => events.length === 1)
})

test('a dropped connection and an unavailable service end a stream with an error that can be tried again', async () => {
  const client = await open()
  const stream = client.subscribe()
  await soon(() => client.emulator.events.streams() === 1)
  client.emulator.events.disconnect('unavailable')
  const failure = failureOf(await stream.ended)
  expect(failure).toMatchObject({ code: 13, errorCode: 'service.unavailable' })
  const other = client.subscribe()
  await soon(() => client.emulator.events.streams() === 1)
  client.emulator.events.disconnect('drop')
  expect(failureOf(await other.ended)).toMatchObject({ code: 14, errorCode: undefined })
  await soon(() => client.emulator.events.streams() === 0)
})

test('when the API closes, streams end in peace', async () => {
  const client = await open()
  makeAccounts(client, 1)
  const stream = client.subscribe({ replayPreset: 1 })
  await stream.until(({ events }) => events.length === 1)
  await client.pubsub.close()
  expect(await stream.ended).toBeUndefined()
})

test('over TLS a client that trusts the certificate is served', async () => {
  const client = await open()
  const Client = makeGenericClientConstructor(pubSubService, 'PubSub')
  const { tlsUrl, certificate } = client.pubsub
  const secure = new Client(tlsUrl, credentials.createSsl(Buffer.from(certificate)), {
    'grpc.ssl_target_name_override': 'localhost',
  })
  const getTopic = secure['GetTopic'] as unknown as (...args: unknown[]) => void
  const topicName = '/data/ContactChangeEvent'
  const reply = new Promise((resolve, reject) => {
    getTopic.call(secure, { topicName }, client.metadata(), (error: unknown, info: unknown) =>
      error ? reject(error) : resolve(info),
    )
  })
  expect(await reply).toMatchObject({ topicName })
  secure.close()
})

test('an emulator on ports opens the API when asked, and says so when a port is taken', async () => {
  const emulator = await startSalesforceEmulator({ sfdx: false, pubsub: {} })
  const taken = Number(emulator.pubsub?.tlsUrl.split(':')[1])
  await expect(startSalesforceEmulator({ sfdx: false, pubsub: { tlsPort: taken } })).rejects.toMatchObject({
    code: 'EADDRINUSE',
  })
  await emulator.close()
  const without = await startSalesforceEmulator({ sfdx: false })
  expect(without.pubsub).toBeUndefined()
  await without.close()
})

test('managed subscriptions are refused in plain words', async () => {
  const client = await open()
  expect(failureOf(await client.managed())).toMatchObject({
    code: 12,
    details: expect.stringContaining('use Subscribe'),
  })
})
