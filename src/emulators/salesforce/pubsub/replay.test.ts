import fc from 'fast-check'
import { afterEach, expect, test } from 'vitest'
import { manualClock } from '../../kit/clock.ts'
import { createSalesforceEmulator, type SalesforceEmulatorOptions } from '../index.ts'
import { failureOf, openPubSub, type PubSubClient } from './client.test-support.ts'
import type { ConsumerEvent } from './protocol.ts'

let opened: PubSubClient[] = []

afterEach(async () => {
  for (const each of opened) await each.close()
  opened = []
})

const open = async (options: SalesforceEmulatorOptions = {}) => {
  const clock = manualClock()
  const client = await openPubSub({ clock, tokenLifetimeMs: 100 * 3_600_000, ...options })
  opened.push(client)
  const { person, events } = client.emulator
  const account = () => person.create('Account', { Name: 'A' })
  const corrupted = async (replayId: Buffer) =>
    expect(failureOf(await client.subscribe({ replayPreset: 2, replayId }).ended)).toMatchObject({
      code: 3,
      errorCode: 'subscription.fetch.replayid.corrupted',
    })
  return { ...client, clock, person, events, account, corrupted }
}

const hex = ({ replayId }: ConsumerEvent): string => replayId.toString('hex')

test('whatever happened, a replay from any event gives exactly the events after it, once each and in order', async () => {
  const client = await open()
  const { person, events } = client
  const step = fc.oneof(
    fc.record({ do: fc.constant('create' as const), object: fc.constantFrom('Account', 'Contact') }),
    fc.record({ do: fc.constantFrom('edit' as const, 'remove' as const, 'undelete' as const), at: fc.nat(30) }),
    fc.record({ do: fc.constant('wait' as const), ms: fc.nat(3_000) }),
  )
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 25 }),
      fc.nat(),
      fc.integer({ min: 1, max: 7 }),
      async (steps, from, batchSize) => {
        client.emulator.reset()
        events.set({ batchSize })
        const ids: [string, string][] = []
        for (const [i, each] of steps.entries()) {
          if (each.do === 'create')
            ids.push([
              each.object,
              person.create(each.object, each.object === 'Account' ? { Name: `${i}` } : { LastName: `${i}` }),
            ])
          else if (each.do === 'wait') await client.clock.advance(each.ms)
          else {
            const [object, id] = ids[each.at] ?? []
            const live =
              object && client.emulator.state()[object]?.some((row) => row['Id'] === id && row['IsDeleted'] !== true)
            if (!object || !id || (each.do === 'undelete') === live) continue
            if (each.do === 'edit') person.edit(object, id, { Phone: `${i}` })
            else person[each.do](object, id)
          }
        }
        const all = events.list().map(({ replayId, id }) => ({ replayId, id }))
        if (all.length === 0) return
        const start = from % all.length
        const wanted = all.slice(start + 1)
        const eight = Buffer.from(all[start]?.replayId ?? '', 'hex').subarray(0, start % 2 === 0 ? 8 : 10)
        const stream = client.subscribe({ replayPreset: 2, replayId: eight, numRequested: 100 })
        const end = person.create('Account', { Name: 'end' })
        await stream.until(({ events: got }) => got.length > wanted.length)
        expect(stream.events.slice(0, -1).map((event) => ({ replayId: hex(event), id: event.event.id }))).toEqual(
          wanted,
        )
        expect(await client.decode(stream.events.at(-1) as ConsumerEvent)).toMatchObject({
          ChangeEventHeader: { recordIds: [end] },
        })
        stream.cancel()
      },
    ),
    { numRuns: 60 },
  )
})

test('replay ids have ten bytes, ascend, and are not contiguous', async () => {
  const { events, account } = await open()
  for (let i = 0; i < 50; i++) account()
  const ids = events.list().map(({ replayId }) => replayId)
  expect(ids.every((id) => /^[0-9a-f]{16}0000$/.test(id))).toBe(true)
  expect(ids).toEqual([...ids].sort())
  expect(
    Number.parseInt(ids.at(-1)?.slice(0, 16) ?? '', 16) - Number.parseInt(ids[0]?.slice(0, 16) ?? '', 16),
  ).toBeGreaterThan(60)
})

test('after 72 hours an event is gone, its replay id is corrupted, and the earliest is the oldest that is left', async () => {
  const client = await open()
  client.account()
  const old = client.events.list()[0]
  await client.clock.advance(72 * 3_600_000)
  const young = client.account()
  await client.clock.advance(1)
  await client.corrupted(Buffer.from(old?.replayId ?? '', 'hex'))
  const stream = client.subscribe({ replayPreset: 1 })
  await stream.until(({ events }) => events.length === 1)
  expect(await client.decode(stream.events[0] as ConsumerEvent)).toMatchObject({
    ChangeEventHeader: { recordIds: [young] },
  })
})

test('after a reset of the stream no old replay id is good, and new ones begin below', async () => {
  const client = await open()
  client.account()
  const [before] = client.events.list()
  const running = client.subscribe()
  await client.topic('/data/ChangeEvents')
  client.events.resetStream()
  expect(failureOf(await running.ended)).toMatchObject({ errorCode: 'service.unavailable' })
  client.account()
  const [after] = client.events.list()
  expect(String(after?.replayId) < String(before?.replayId)).toBe(true)
  await client.corrupted(Buffer.from(before?.replayId ?? '', 'hex'))
})

test('a duplicate has the id of its event and a replay id of its own', async () => {
  const client = await open()
  client.account()
  const [first] = client.events.list()
  const again = client.events.repeat(first?.replayId ?? '')
  expect(again).toMatchObject({ id: first?.id, payload: first?.payload })
  expect(again.replayId > (first?.replayId ?? '')).toBe(true)
  expect(() => client.events.repeat('00')).toThrow('there is no event with the replay id 00')
})

test('a field that is added makes another schema for what comes after it; what came before keeps its own', async () => {
  const client = await open()
  const id = client.account()
  client.events.addField('Account', 'Level__c')
  client.person.edit('Account', id, { Level__c: 'gold' })
  const stream = client.subscribe({ replayPreset: 1 })
  await stream.until(({ events }) => events.length === 2)
  const [old, young] = stream.events
  expect(young?.event.schemaId).not.toBe(old?.event.schemaId)
  expect(await client.topic('/data/AccountChangeEvent')).toMatchObject({ schemaId: young?.event.schemaId })
  expect(await client.decode(old as ConsumerEvent)).toMatchObject({ Name: 'A' })
  expect(await client.decode(old as ConsumerEvent)).not.toHaveProperty('Level__c')
})

test('a snapshot keeps the events, their schemas and where the numbers stand', async () => {
  const client = await open()
  client.account()
  const other = createSalesforceEmulator({ clock: client.clock, sfdx: false })
  other.restore(client.emulator.snapshot())
  expect(other.events.list()).toEqual(client.events.list())
  other.person.create('Account', { Name: 'B' })
  client.person.create('Account', { Name: 'B' })
  expect(other.events.list()).toEqual(client.events.list())
})

test('a stream that a restored snapshot leaves ahead of the log ends, and does not wait in silence', async () => {
  const client = await open()
  const { person } = client.emulator
  const before = client.emulator.snapshot()
  const stream = client.subscribe({ replayPreset: 1 })
  person.create('Account', { Name: 'A' })
  await stream.until(({ events }) => events.length === 1)
  client.emulator.restore(before)
  expect(failureOf(await stream.ended)).toMatchObject({ errorCode: 'service.unavailable' })
  const again = client.subscribe({ replayPreset: 1 })
  person.create('Account', { Name: 'B' })
  await again.until(({ events }) => events.length === 1)
})
