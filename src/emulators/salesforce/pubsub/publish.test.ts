import avsc from 'avsc'
import { afterEach, expect, test } from 'vitest'
import { type ManualClock, manualClock } from '../../kit/clock.ts'
import { failureOf, openPubSub, type PubSubClient } from './client.test-support.ts'
import type { ProducerEvent, PublishResponse } from './protocol.ts'

let client: PubSubClient

afterEach(() => client.close())

const topicName = '/event/Order_Placed__e'

const open = async (): Promise<{
  clock: ManualClock
  event: (id: string, values?: object) => Promise<ProducerEvent>
}> => {
  const clock = manualClock()
  client = await openPubSub({
    clock,
    platformEvents: [{ name: 'Order_Placed__e', fields: { Number__c: 'text', Amount__c: 'number' } }],
  })
  const { schemaId } = await client.topic(topicName)
  const type = avsc.Type.forSchema(JSON.parse((await client.schema(schemaId)).schemaJson) as avsc.Schema, {
    wrapUnions: 'never',
  })
  const base = { CreatedDate: clock.now(), CreatedById: client.emulator.userId, Number__c: null, Amount__c: null }
  return { clock, event: async (id, values = {}) => ({ id, schemaId, payload: type.toBuffer({ ...base, ...values }) }) }
}

test('what is published comes to subscribers of its topic, and to no others', async () => {
  const { event } = await open()
  const stream = client.subscribe({ topicName, replayPreset: 1 })
  const changes = client.subscribe({ replayPreset: 1 })
  expect(await client.topic(topicName)).toMatchObject({ canPublish: true, canSubscribe: true })
  const reply = await client.publish({ topicName, events: [await event('one', { Number__c: 'A1', Amount__c: 2.5 })] })
  await stream.until(({ events }) => events.length === 1)
  expect(reply.results).toMatchObject([{ correlationKey: 'one', replayId: stream.events[0]?.replayId }])
  expect(await client.decode(stream.events[0] as never)).toMatchObject({ Number__c: 'A1', Amount__c: 2.5 })
  expect(changes.events).toHaveLength(0)
})

test('an event that does not fit has its reason in its result, and the others go through', async () => {
  const { event } = await open()
  const good = await event('good')
  const { results } = await client.publish({
    topicName,
    events: [{ ...good, id: 'schema', schemaId: 'x' }, { ...good, id: 'payload', payload: Buffer.from([1]) }, good],
  })
  expect(results.map(({ correlationKey, error }) => [correlationKey, error?.code])).toEqual([
    ['schema', 1],
    ['payload', 1],
    ['good', undefined],
  ])
})

test.each([
  ['/data/ContactChangeEvent', 'publish.topic.cannot.publish', 7],
  ['/event/Missing__e', 'topic.not.found', 5],
  ['', 'topic.validation.empty', 3],
])('publishing to %j is refused with %s', async (name, errorCode, code) => {
  const { event } = await open()
  const failure = await client.publish({ topicName: name, events: [await event('x')] }).catch((error) => error)
  expect(failureOf(failure)).toMatchObject({ errorCode, code })
})

test('a request without events is refused', async () => {
  await open()
  expect(failureOf(await client.publish({ topicName, events: [] }).catch((error) => error)).errorCode).toBe(
    'publish.event.count.invalid',
  )
})

test('a stream of publishing answers each request, and ends when nothing comes for 70 seconds', async () => {
  const { clock, event } = await open()
  const stream = client.publishStream()
  const replies: PublishResponse[] = []
  const answered = (count: number) =>
    new Promise<void>((resolve) => {
      stream.on('data', (reply: PublishResponse) => {
        replies.push(reply)
        if (replies.length === count) resolve()
      })
    })
  const ended = new Promise((resolve) => stream.on('error', resolve))
  const both = answered(2)
  stream.write({ topicName, events: [await event('one')] })
  stream.write({ topicName: '', events: [await event('two'), await event('three')] })
  await both
  expect(replies.map(({ results }) => results.map(({ correlationKey }) => correlationKey))).toEqual([
    ['one'],
    ['two', 'three'],
  ])
  await clock.advance(70_000)
  expect(failureOf((await ended) as never).errorCode).toBe('publish.stream.sweeper.timeout')
})
