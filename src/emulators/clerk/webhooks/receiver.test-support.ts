import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach } from 'vitest'
import type { ManualClock } from '../../kit/clock.ts'
import { type ClerkEmulator, type ClerkEmulatorOptions, createClerkEmulator } from '../index.ts'

// A real server that receives webhooks, and an emulator that sends them. Both end with the test.

export type Received = { headers: IncomingHttpHeaders; body: string }
export type Answer = { status: number; headers?: Record<string, string>; body?: string }
export type Receiver = { url: string; received: Received[]; reply: (n: number) => Answer | 'silence' }

const open: (() => void)[] = []
afterEach(() => {
  for (const close of open.splice(0)) close()
})

/** A server that notes what it gets; `reply` decides the answer to the n-th request. */
export const startReceiver = async (): Promise<Receiver> => {
  const receiver: Receiver = { url: '', received: [], reply: () => ({ status: 204 }) }
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const n = receiver.received.push({ headers: request.headers, body: Buffer.concat(chunks).toString('utf8') })
      const reply = receiver.reply(n)
      if (reply === 'silence') return
      response.writeHead(reply.status, reply.headers).end(reply.body)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  receiver.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/webhooks`
  open.push(() => {
    server.close()
    server.closeAllConnections()
  })
  return receiver
}

export type TestEmulator = ClerkEmulator & {
  /** Sends JSON with the emulator's key. */
  post: (path: string, body: object, method?: string) => Promise<{ id: string }>
}

/** An emulator without rate limits and without a port. */
export const startEmulator = (options: ClerkEmulatorOptions): TestEmulator => {
  const emulator = createClerkEmulator({ rateLimits: false, ...options })
  open.push(emulator.webhooks.close)
  return Object.assign(emulator, {
    post: async (path: string, body: object, method = 'POST') => {
      const headers = { authorization: `Bearer ${emulator.secretKey}`, 'content-type': 'application/json' }
      const response = await emulator.app.request(path, { method, headers, body: JSON.stringify(body) })
      return (await response.json()) as { id: string }
    },
  })
}

/** What was received, as the request that a web framework would hand on. */
export const asRequest = ({ headers, body }: Received): Request =>
  new Request('http://localhost/webhooks', { method: 'POST', body, headers: headers as Record<string, string> })

export const typesOf = (received: readonly Received[]): string[] =>
  received.map(({ body }) => (JSON.parse(body) as { type: string }).type)

export const idsOf = (received: readonly Received[]): string[] =>
  received.map(({ headers }) => String(headers['svix-id']))

/** Moves a manual clock past one wait and lets the attempts that it wakes come to an end. */
export const passing = async (clock: ManualClock, emulator: ClerkEmulator, ms: number): Promise<void> => {
  await clock.advance(ms)
  await emulator.webhooks.idle({ retries: false })
}
