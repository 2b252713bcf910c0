import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net'
import { afterEach } from 'vitest'
import { ClerkError } from './clerk-error.ts'
import { type ClerkClient, type ClerkClientOptions, createClerkClient } from './client.ts'

/* A client of a real server in this process, which is told what to answer and keeps what it was sent. */

/** What a test leaves open; closed after it. */
export const closers: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

export type Seen = { method: string; url: URL; headers: IncomingMessage['headers']; body: unknown }
export type Reply = (request: Seen, response: ServerResponse, count: number) => void

export const json = (status: number, body: unknown, headers: Record<string, string> = {}): Reply => {
  return (_, response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
  }
}
export const text = (status: number, body: string, headers: Record<string, string> = {}): Reply => {
  return (_, response) => {
    response.writeHead(status, headers).end(body)
  }
}
export const clerkError = (status: number, code: string, words: string, headers: Record<string, string> = {}): Reply =>
  json(status, { errors: [{ code, message: 'short', long_message: words }], clerk_trace_id: 'trace_1' }, headers)

/** Clerk's words about one parameter. */
export const paramError = (status: number, code: string, param: string): Reply =>
  json(status, { errors: [{ code, message: 'short', long_message: 'long', meta: { param_name: param } }] })

export async function listen(server: Server | ReturnType<typeof createTcpServer>): Promise<string> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  closers.push(() => new Promise((resolve) => server.close(resolve)))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

export function clientFor(apiUrl: string, options: Partial<ClerkClientOptions> = {}): ClerkClient {
  const client = createClerkClient({ secretKey: 'sk_test_1', apiUrl, timeoutMs: 5_000, ...options })
  closers.push(() => client.close())
  return client
}

export async function against(
  reply: Reply,
  options?: Partial<ClerkClientOptions>,
): Promise<{ client: ClerkClient; seen: Seen[] }> {
  const seen: Seen[] = []
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const body = Buffer.concat(chunks).toString()
    const url = new URL(request.url ?? '', 'http://clerk')
    const one = { method: request.method ?? '', url, headers: request.headers, body: body && JSON.parse(body) }
    seen.push(one)
    reply(one, response, seen.length)
  })
  return { client: clientFor(await listen(server), options), seen }
}

/** Takes the request in, then does as told with the connection. */
export async function againstSocket(
  act: (socket: Socket) => void,
  options?: Partial<ClerkClientOptions>,
): Promise<ClerkClient> {
  const server = createTcpServer((socket) => {
    socket.on('error', () => {})
    socket.once('data', () => act(socket))
  })
  return clientFor(await listen(server), options)
}

export async function failureOf(call: Promise<unknown>): Promise<ClerkError> {
  const error = await call.then(
    () => undefined,
    (failure: unknown) => failure,
  )
  if (error instanceof ClerkError) return error
  throw new Error('expected a ClerkError', { cause: error })
}
