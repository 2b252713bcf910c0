import { expect, test } from 'vitest'
import { type ManualClock, manualClock } from '../../kit/clock.ts'
import type { ClerkEmulatorOptions } from '../index.ts'
import {
  idsOf,
  passing,
  type Receiver,
  startEmulator,
  startReceiver,
  type TestEmulator,
} from './receiver.test-support.ts'

// Replays as Svix's published server has them: tried once, beside the schedule, within two weeks.

const hour = 3_600_000
const day = 24 * hour

type Stage = { clock: ManualClock; receiver: Receiver; emulator: TestEmulator; endpointId: string }

const start = async (options: ClerkEmulatorOptions = {}): Promise<Stage> => {
  const clock = manualClock()
  const receiver = await startReceiver()
  const emulator = startEmulator({ clock, webhookUrl: receiver.url, ...options })
  return { clock, receiver, emulator, endpointId: emulator.webhooks.endpoints()[0]?.id ?? '' }
}

/** Publishes one event and waits for its first attempt. */
const send = async ({ emulator }: Stage): Promise<string> => {
  const { messageId } = emulator.emit('user.updated')
  await emulator.webhooks.idle({ retries: false })
  return messageId
}

const statusOf = ({ emulator }: Stage) => emulator.webhooks.messages()[0]?.deliveries[0]?.status

test('a replay that fails is not retried, and the schedule of the message goes on as if it had not been', async () => {
  const stage = await start()
  const { clock, receiver, emulator, endpointId } = stage
  receiver.reply = () => ({ status: 500, body: 'not today' })
  const messageId = await send(stage)
  const due = emulator.webhooks.messages()[0]?.deliveries[0]?.nextAttemptAt
  expect(emulator.webhooks.replay({ endpointId, which: 'one', messageId })).toBe(1)
  await emulator.webhooks.idle({ retries: false })
  expect(emulator.webhooks.messages()[0]?.deliveries[0]).toMatchObject({
    status: 'waiting',
    nextAttemptAt: due,
    tried: 1,
  })
  await passing(clock, emulator, 5_000)
  expect(emulator.webhooks.attempts()).toMatchObject([
    { messageId, type: 'user.updated', endpointId, trigger: 'scheduled', status: 500, response: 'not today' },
    { messageId, trigger: 'manual', succeeded: false },
    { messageId, trigger: 'scheduled', at: due },
  ])
})

test('a replay that gets through ends the retries', async () => {
  const stage = await start()
  const { clock, receiver, emulator, endpointId } = stage
  receiver.reply = (n) => ({ status: n === 1 ? 500 : 200 })
  const messageId = await send(stage)
  emulator.webhooks.replay({ endpointId, which: 'one', messageId })
  await emulator.webhooks.idle({ retries: false })
  await passing(clock, emulator, 2 * day)
  await emulator.webhooks.idle()
  expect(receiver.received).toHaveLength(2)
  expect(statusOf(stage)).toBe('delivered')
})

test('recovering what failed takes all that never succeeded in the span, those that still wait included', async () => {
  const stage = await start()
  const { clock, receiver, emulator, endpointId } = stage
  receiver.reply = (n) => ({ status: n <= 2 ? 500 : 200 })
  const waiting = [await send(stage), await send(stage)]
  await send(stage)
  const { webhooks } = emulator
  expect(webhooks.replay({ endpointId, which: 'failed', until: clock.now() - 1 })).toBe(0)
  expect(webhooks.replay({ endpointId, which: 'failed' })).toBe(2)
  await webhooks.idle({ retries: false })
  expect(idsOf(receiver.received.slice(3)).sort()).toEqual(waiting.sort())
  expect(webhooks.replay({ endpointId, which: 'failed' })).toBe(0)
})

test('recovering what is missing takes what was never tried here and is wanted, and leaves alone what is on its way', async () => {
  const stage = await start({ disorder: { delayed: 1, maxDelayMs: 60_000 }, timeoutMs: day })
  const { clock, receiver, emulator, endpointId } = stage
  const { webhooks } = emulator
  emulator.emit('user.updated')
  expect(webhooks.replay({ endpointId, which: 'missing' })).toBe(0)
  await passing(clock, emulator, 60_000)
  webhooks.setDisabled(endpointId, true)
  const missed = emulator.emit('user.updated').messageId
  emulator.emit('organization.updated')
  webhooks.update(endpointId, { disabled: false, events: ['user.updated'] })
  const late = webhooks.add({ url: receiver.url }).id
  expect(webhooks.replay({ endpointId, which: 'missing' })).toBe(1)
  await webhooks.idle()
  expect(idsOf(receiver.received)).toHaveLength(2)
  expect(idsOf(receiver.received)).toContain(missed)
  expect(webhooks.replay({ endpointId: late, which: 'missing' })).toBe(3)
  await webhooks.idle()
  expect(webhooks.replay({ endpointId: late, which: 'missing' })).toBe(0)
})

test('what cannot be replayed is refused with a reason', async () => {
  const stage = await start()
  const { clock, emulator, endpointId } = stage
  const { webhooks } = emulator
  const messageId = await send(stage)
  const since = clock.now() - 15 * day
  expect(() => webhooks.replay({ endpointId, which: 'failed', since })).toThrow('14 days at most')
  expect(() => webhooks.replay({ endpointId: 'ep_none', which: 'missing' })).toThrow('no webhook endpoint ep_none')
  expect(() => webhooks.replay({ endpointId, which: 'one', messageId: 'msg_none' })).toThrow('no message msg_none')
  webhooks.setDisabled(endpointId, true)
  expect(() => webhooks.replay({ endpointId, which: 'one', messageId })).toThrow('enable it first')
})

test('payloads are kept for 90 days', async () => {
  const stage = await start()
  const { clock, emulator, endpointId } = stage
  const messageId = await send(stage)
  await passing(clock, emulator, 90 * day)
  expect(emulator.webhooks.replay({ endpointId, which: 'one', messageId })).toBe(1)
  await emulator.webhooks.idle()
  await passing(clock, emulator, 1)
  expect(emulator.webhooks.messages()).toEqual([])
  expect(() => emulator.webhooks.replay({ endpointId, which: 'one', messageId })).toThrow('no longer kept')
})

test('a restored emulator goes on with the schedule where it stood', async () => {
  const stage = await start()
  const { clock, receiver, emulator } = stage
  receiver.reply = () => ({ status: 500 })
  await send(stage)
  await passing(clock, emulator, 5_000)
  const saved = emulator.snapshot()
  emulator.webhooks.close()
  const restored = startEmulator({ clock })
  restored.restore(saved)
  await passing(clock, restored, 300_000 - 1)
  expect(receiver.received).toHaveLength(2)
  await passing(clock, restored, 1)
  expect(receiver.received).toHaveLength(3)
  for (const wait of [0.5, 2, 5, 10, 10, 10]) await passing(clock, restored, wait * hour)
  expect(receiver.received).toHaveLength(8)
  expect(new Set(idsOf(receiver.received)).size).toBe(1)
  expect(restored.webhooks.messages()[0]?.deliveries[0]).toMatchObject({ status: 'failed', tried: 8 })
})
