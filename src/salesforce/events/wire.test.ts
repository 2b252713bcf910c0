import { afterEach, expect, test } from 'vitest'
import { manualClock } from '../../emulators/kit/clock.ts'
import { startLocalOrg } from '../local-org.test-support.ts'
import { following, type OpenEvents, openEvents, soon } from './follow.test-support.ts'
import {
  type BusScript,
  eventAt,
  headerValues,
  type LocalBus,
  type LocalStream,
  smallSchema,
  startLocalBus,
} from './local-bus.test-support.ts'

const endings: (() => unknown)[] = []
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end()
})

const orgId = '00D000000000001AAA'
const known = ['CREATE', 'UPDATE', 'DELETE', 'UNDELETE']
const schema = smallSchema(...known)

type Opened = OpenEvents & { bus: LocalBus; clock: ReturnType<typeof manualClock>; logins: () => number }

const open = async (
  script: BusScript,
  { login = {}, endpoint }: { login?: Record<string, unknown>; endpoint?: string } = {},
): Promise<Opened> => {
  const bus = await startLocalBus(script)
  const org = await startLocalOrg(
    () => ({ status: 404 }),
    ({ url, logins }) => ({
      body: {
        access_token: `token-${logins.length}`,
        instance_url: url,
        id: `https://login.salesforce.com/id/${orgId}/005000000000001AAA`,
        ...login,
      },
    }),
  )
  const clock = manualClock()
  const opened = openEvents(org, { clock, endpoint: endpoint ?? bus.address })
  endings.push(org.close, bus.close, opened.close)
  return { ...opened, bus, clock, logins: () => org.logins.length }
}

/** Answers the first request of each stream, and nothing after it. */
const once = (answer: (stream: LocalStream) => void): NonNullable<BusScript['fetch']> => {
  return (request, stream) => {
    if (request.numRequested === 100) answer(stream)
  }
}

const prefix = 'sfdc.platform.eventbus.grpc.'

test.each([
  ['outage', 'UNAVAILABLE', { code: 14, details: 'RST_STREAM closed stream. HTTP/2 error code: NO_ERROR' }],
  ['outage', 'INTERNAL', { code: 13 }],
  ['outage', 'UNKNOWN', { code: 2 }],
  ['outage', 'RESOURCE_EXHAUSTED', { code: 8 }],
  ['outage', 'service.unavailable', { code: 13, errorCode: `${prefix}service.unavailable` }],
  ['forbidden', 'PERMISSION_DENIED', { code: 7 }],
  ['missing', 'NOT_FOUND', { code: 5 }],
  ['refused', 'UNIMPLEMENTED', { code: 12 }],
  ['refused', 'fetch.requested.events.invalid', { code: 3, errorCode: `${prefix}fetch.requested.events.invalid` }],
  ['replay-id', 'fetch.replayid.corrupted', { code: 3, errorCode: `${prefix}fetch.replayid.corrupted` }],
  ['replay-id', 'fetch.replayid.corrupted', { code: 3, errorCode: `${prefix}subscription.fetch.replayid.corrupted` }],
  [
    'replay-id',
    'fetch.replayid.validation.failed',
    { code: 3, errorCode: `${prefix}fetch.replayid.validation.failed` },
  ],
  ['allowance', 'limit.exceeded', { code: 8, errorCode: `${prefix}subscription.limit.exceeded` }],
  ['outage', 'concurrent.client.limit.exceeded', { code: 8, errorCode: `${prefix}concurrent.client.limit.exceeded` }],
] as const)('a stream that ends is an error of the kind %s (%s): %j', async (kind, code, refusal) => {
  const { events } = await open({ fetch: (_, stream) => stream.fail(refusal) })
  expect(await following(events).failure).toMatchObject({ name: 'EventError', kind, code })
})

test('an error names the topic, and neither the token nor an address of a person', async () => {
  const details = 'token-1 of jo@example.com is not welcome'
  const { events } = await open({ fetch: (_, stream) => stream.fail({ code: 7, details }) })
  const error = await following(events, { topic: '/data/Sync__chn' }).failure
  expect(error?.message).toContain('topic /data/Sync__chn: (token) of (address) is not welcome')
})

test('a token that is refused again after a renewal is an error, and no third one is asked for', async () => {
  const opened = await open({ fetch: (_, stream) => stream.fail({ code: 16 }) })
  expect(await following(opened.events).failure).toMatchObject({ kind: 'auth', code: 'UNAUTHENTICATED' })
  expect(opened.logins()).toBe(2)
  const asked = await open({ topic: () => ({ code: 16, errorCode: `${prefix}service.auth.error` }) })
  await expect(asked.events.check('/data/X__chn')).rejects.toMatchObject({ kind: 'auth', code: 'service.auth.error' })
  expect(asked.logins()).toBe(2)
})

test('a login that does not tell the org, or a token that would go out unprotected, is an error before anything is sent', async () => {
  const nameless = await open({}, { login: { id: undefined } })
  await expect(nameless.events.check('/data/X__chn')).rejects.toMatchObject({ kind: 'auth', code: 'NO_ORG_ID' })
  expect(nameless.logins()).toBe(1)
  const secured = await open({}, { login: { instance_url: 'https://example.my.salesforce.com' } })
  await expect(secured.events.check('/data/X__chn')).rejects.toMatchObject({ kind: 'auth', code: 'INSECURE_ENDPOINT' })
})

test('a topic that may not be subscribed to is forbidden', async () => {
  const { events } = await open({ topic: () => ({ canSubscribe: false }) })
  await expect(events.check('/data/X__chn')).rejects.toMatchObject({ kind: 'forbidden', code: 'CANNOT_SUBSCRIBE' })
})

test('a question that nobody answers is an outage after the time that is set', async () => {
  let asked = false
  const topic = (): 'hang' => {
    asked = true
    return 'hang'
  }
  const { events, clock } = await open({ topic })
  const checked = events.check('/data/X__chn').catch((error: unknown) => error)
  await soon(() => asked)
  await clock.advance(30_000)
  expect(await checked).toMatchObject({ kind: 'outage', code: 'TIMEOUT' })
  expect(clock.sleepers()).toBe(0)
})

test('as many events are asked for again as were taken, and never more than a hundred are open', async () => {
  const requested: number[] = []
  let place = 1
  const { events } = await open({
    schema: () => JSON.stringify(schema),
    fetch: ({ numRequested }, stream) => {
      requested.push(numRequested)
      const count = Math.min(numRequested, 30)
      if (place < 120) stream.respond(Array.from({ length: count }, () => eventAt(place++, { schema })))
    },
  })
  const follow = following(events)
  await follow.until(120)
  await soon(() => requested.length === 5)
  await follow.stop()
  expect(requested).toEqual([100, 30, 30, 30, 30])
})

test('a type of change that is new to us comes as it was sent', async () => {
  const grown = smallSchema(...known, 'RENAME')
  const header = headerValues({ changeType: 'RENAME' })
  const { events, bus } = await open({
    schema: () => JSON.stringify(grown),
    fetch: once((stream) => stream.respond([1, 2].map((place) => eventAt(place, { schema: grown, header })))),
  })
  const follow = following(events)
  await follow.until(2)
  expect(follow.hints()[0]).toMatchObject({
    changeType: 'RENAME',
    recordIds: header.recordIds,
    changedFields: undefined,
  })
  expect(bus.schemasAsked).toEqual(['schema'])
})

test('cleared fields and differences count as changed, types are known by either name, and ids are made longer', async () => {
  const header = headerValues({
    recordIds: ['a00000000000001', 'a00000000000001AAA'],
    nulledFields: ['0x02'],
    diffFields: ['3-0x01'],
    changedFields: ['4-0x01'],
  })
  const { events } = await open({
    schema: () => JSON.stringify(schema),
    fetch: once((stream) => stream.respond([eventAt(1, { schema, header })])),
  })
  const follow = following(events)
  await follow.until(1)
  expect(follow.hints()[0]).toMatchObject({
    recordIds: ['a00000000000001AAA'],
    changedFields: ['ThirdAddress', 'ThirdCity', 'Secret', 'SecondAddress', 'SecondCity'],
  })
})

test('without its schema an event is read by the usual header, and which fields changed stays open', async () => {
  const usual = smallSchema(...known)
  const header = headerValues({ changedFields: ['0x02'] })
  for (const answer of [
    { code: 5 },
    { code: 7 },
    'no JSON',
    '{"fields":[]}',
    JSON.stringify({ ...usual, fields: [null] }),
  ]) {
    const { events } = await open({
      schema: () => answer,
      fetch: once((stream) => stream.respond([eventAt(1, { schema: usual, header })])),
    })
    const follow = following(events)
    await follow.until(1)
    expect(follow.hints()[0]).toMatchObject({
      eventId: 'event-1',
      object: 'Thing',
      recordIds: header.recordIds,
      changeType: 'UPDATE',
      committedAt: header.commitTimestamp,
      changedFields: undefined,
    })
  }
})

test('an event that nobody can read comes as such, in its place', async () => {
  const odd = headerValues({ recordIds: ['not an id'], changeType: 'CREATE' })
  const good = eventAt(3, { schema })
  const { events, clock } = await open({
    schema: (id) => (id === 'schema' ? JSON.stringify(schema) : { code: 5 }),
    fetch: once((stream) =>
      stream.respond([
        eventAt(1, { schema, header: odd, schemaId: 'gone' }),
        { ...good, event: { ...good.event, id: 'event-2', payload: Buffer.from([200, 1]) } },
        good,
      ]),
    ),
  })
  const follow = following(events)
  await follow.until(3)
  const unread = { object: '', recordIds: [], changeType: 'UNDECODABLE', committedAt: clock.now() }
  expect(follow.hints()).toMatchObject([
    { eventId: 'event-1', ...unread },
    { eventId: 'event-2', ...unread },
    { eventId: 'event-3', object: 'Thing' },
  ])
})

test('a schema that cannot be had for the moment ends the stream before anything is handed over', async () => {
  const { events } = await open({
    schema: () => ({ code: 14 }),
    fetch: once((stream) => stream.respond([eventAt(1, { schema })])),
  })
  const follow = following(events)
  expect(await follow.failure).toMatchObject({ kind: 'outage', code: 'UNAVAILABLE' })
  expect(follow.batches).toEqual([])
})

test('an answer of many megabytes is taken', async () => {
  const secret = 'x'.repeat(1_000_000)
  const { events } = await open({
    schema: () => JSON.stringify(schema),
    fetch: once((stream) => stream.respond([1, 2, 3, 4, 5, 6].map((place) => eventAt(place, { schema, secret })))),
  })
  const follow = following(events)
  await follow.until(6)
  expect(JSON.stringify(follow.hints())).not.toContain('xxx')
})

test('events come before the end of the stream that brought them, and an empty answer without a place tells nothing', async () => {
  const { events } = await open({
    schema: () => JSON.stringify(schema),
    fetch: once((stream) => {
      stream.respond([])
      stream.respond([eventAt(1, { schema })])
      stream.respond([])
      stream.end()
    }),
  })
  const follow = following(events)
  expect(await follow.failure).toMatchObject({ kind: 'outage', code: 'STREAM_ENDED' })
  expect(follow.hints().map(({ eventId }) => eventId)).toEqual(['event-1'])
  expect(follow.batches.at(-1)?.replayId).toEqual(follow.hints()[0]?.replayId)
})

test('a replay id that may still go on is not given away before the next one', async () => {
  const one = (place: number): ReturnType<typeof eventAt> => eventAt(place, { schema })
  const { events } = await open({
    schema: () => JSON.stringify(schema),
    fetch: ({ numRequested }, stream) => {
      if (numRequested === 100) stream.respond([one(1), one(2)], { pendingNumRequested: 0 })
      if (numRequested === 2) stream.respond([one(2), one(2), one(3)])
      if (numRequested === 3) stream.respond([one(3)])
    },
  })
  const follow = following(events)
  await follow.until(6)
  expect(follow.batches.map(({ replayId }) => replayId[7])).toEqual([1, 3, 3])
})
