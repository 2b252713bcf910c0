import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { verifyWebhook } from '@clerk/backend/webhooks'
import { Webhook as StandardWebhook } from 'standardwebhooks'
import { Webhook as SvixWebhook } from 'svix'
import { expect, onTestFinished, test } from 'vitest'
import {
  type ClerkEmulatorOptions,
  type RunningClerkEmulator,
  startClerkEmulator,
} from '../../src/emulators/clerk/index.ts'
import { eventTypes } from '../../src/emulators/clerk/webhooks/event-types.ts'
import { manualClock } from '../../src/emulators/kit/clock.ts'

// What the emulator sends, verified by the unmodified libraries that receivers of Clerk's webhooks use: svix, standardwebhooks and
// verifyWebhook of @clerk/backend.

type Received = { headers: IncomingHttpHeaders; body: string }
type Receiver = { url: string; received: Received[]; statuses: number[] }

/** A server that keeps what it gets and answers with the next of `statuses`, or with 204. */
const startReceiver = async (): Promise<Receiver> => {
  const receiver: Receiver = { url: '', received: [], statuses: [] }
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      receiver.received.push({ headers: request.headers, body: Buffer.concat(chunks).toString('utf8') })
      response.writeHead(receiver.statuses.shift() ?? 204).end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  receiver.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  return receiver
}

const start = async (options: ClerkEmulatorOptions): Promise<RunningClerkEmulator> => {
  const emulator = await startClerkEmulator(options)
  onTestFinished(emulator.close)
  return emulator
}

const headersOf = ({ headers }: Received, prefix: 'svix' | 'webhook'): Record<string, string> =>
  Object.fromEntries(
    ['id', 'timestamp', 'signature'].map((name) => [`${prefix}-${name}`, String(headers[`svix-${name}`])]),
  )

/** Each library's answer to whether a secret made this message: the event as it reads it, or `false`. */
const readers: Readonly<Record<string, (message: Received, secret: string) => Promise<unknown>>> = {
  svix: async (message, secret) => {
    // Since version 2 it verifies, and leaves the reading to its caller.
    new SvixWebhook(secret).verify(message.body, headersOf(message, 'svix'))
    return JSON.parse(message.body) as unknown
  },
  standardwebhooks: async (message, secret) =>
    new StandardWebhook(secret).verify(message.body, headersOf(message, 'webhook')),
  '@clerk/backend': (message, signingSecret) => {
    const headers = headersOf(message, 'svix')
    return verifyWebhook(new Request('http://receiver/', { method: 'POST', body: message.body, headers }), {
      signingSecret,
    })
  },
}

const read = (message: Received, secret: string): Promise<unknown[]> =>
  Promise.all(Object.values(readers).map((reader) => reader(message, secret).catch(() => false)))

const believe = async (message: Received | undefined, secret: string): Promise<boolean[]> => {
  if (!message) throw new Error('nothing was received')
  return (await read(message, secret)).map((answer) => answer !== false)
}

const everybody = [true, true, true]
const nobody = [false, false, false]
const now = () => manualClock(Math.floor(Date.now() / 1000) * 1000)

test('all verify what is sent, read the same from it, and refuse it once a byte, the id or the secret differs', async () => {
  const receiver = await startReceiver()
  const emulator = await start({ webhookUrl: receiver.url })
  const { data } = emulator.emit('user.created', { first_name: 'Ádá ✓ 名' })
  await emulator.webhooks.idle()
  const [message] = receiver.received
  if (!message) throw new Error('nothing was received')
  const { signingSecret } = emulator
  for (const event of await read(message, signingSecret))
    expect(event).toMatchObject({ type: 'user.created', object: 'event', data, instance_id: emulator.instanceId })
  expect(await believe({ ...message, body: `${message.body} ` }, signingSecret)).toEqual(nobody)
  expect(await believe({ ...message, headers: { ...message.headers, 'svix-id': 'msg_other' } }, signingSecret)).toEqual(
    nobody,
  )
  expect(await believe(message, `whsec_${Buffer.from('another secret of 24 byte').toString('base64')}`)).toEqual(nobody)
})

test('while a secret is rotated, all verify with the old and with the new one; a day later with the new one alone', async () => {
  const clock = now()
  const receiver = await startReceiver()
  const emulator = await start({ clock, webhookUrl: receiver.url })
  const endpointId = emulator.webhooks.endpoints()[0]?.id ?? ''
  const old = emulator.signingSecret
  const fresh = emulator.webhooks.rotate(endpointId, { graceMs: 60_000 })
  emulator.emit('user.created')
  await emulator.webhooks.idle()
  expect(String(receiver.received[0]?.headers['svix-signature']).split(' ')).toHaveLength(2)
  for (const secret of [old, fresh]) expect(await believe(receiver.received[0], secret)).toEqual(everybody)

  // Libraries compare with the machine's clock and allow five minutes.
  await clock.advance(60_000)
  emulator.emit('user.created')
  await emulator.webhooks.idle()
  expect(await believe(receiver.received[1], old)).toEqual(nobody)
  expect(await believe(receiver.received[1], fresh)).toEqual(everybody)
})

test('with a second endpoint, as Clerk has secrets rotated, each copy is verified with the secret of its endpoint alone', async () => {
  const receiver = await startReceiver()
  const emulator = await start({ webhookUrl: receiver.url })
  const { secret } = emulator.webhooks.add({ url: receiver.url })
  emulator.emit('organization.created')
  await emulator.webhooks.idle()
  expect(new Set(receiver.received.map(({ headers }) => headers['svix-id'])).size).toBe(1)
  const answers = await Promise.all(
    receiver.received.map(async (copy) => [await believe(copy, emulator.signingSecret), await believe(copy, secret)]),
  )
  expect(answers.sort()).toEqual([
    [nobody, everybody],
    [everybody, nobody],
  ])
})

test('retries and replays are signed anew, so that all verify them although the first attempt is too old by then', async () => {
  const clock = manualClock(Math.floor(Date.now() / 1000) * 1000 - 600_000)
  const receiver = await startReceiver()
  receiver.statuses = [500, 500]
  const emulator = await start({ clock, webhookUrl: receiver.url })
  const { messageId } = emulator.emit('user.created')
  await emulator.webhooks.idle({ retries: false })
  for (const wait of [5_000, 300_000, 290_000]) {
    await clock.advance(wait)
    await emulator.webhooks.idle({ retries: false })
  }
  emulator.webhooks.replay({ endpointId: emulator.webhooks.endpoints()[0]?.id ?? '', which: 'one', messageId })
  await emulator.webhooks.idle()
  expect(receiver.received.map(({ headers }) => headers['svix-id'])).toEqual(Array.from({ length: 4 }, () => messageId))
  const answers = await Promise.all(receiver.received.map((message) => believe(message, emulator.signingSecret)))
  expect(answers).toEqual([nobody, nobody, everybody, everybody])
})

test('every type of event passes all three', async () => {
  const receiver = await startReceiver()
  const emulator = await start({ webhookUrl: receiver.url })
  for (const type of eventTypes) emulator.emit(type)
  await emulator.webhooks.idle()
  expect(receiver.received).toHaveLength(eventTypes.length)
  for (const message of receiver.received) expect(await believe(message, emulator.signingSecret)).toEqual(everybody)
})
