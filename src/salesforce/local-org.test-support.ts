import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createSalesforceClient, type SalesforceClient, type SalesforceClientOptions } from './client.ts'

/** A call as it arrived, and the client's port, which tells connections apart. */
export type Seen = {
  method: string
  path: string
  query: URLSearchParams
  headers: IncomingMessage['headers']
  body: unknown
  port: number | undefined
}

/** An answer; or a failure that happens after the whole request was read: the work is done, the answer never arrives. */
export type Reply =
  | { status?: number; headers?: Record<string, string>; body?: unknown; raw?: string | Buffer }
  | 'reset'
  | 'cut'
  | 'hang'

export type LocalOrg = {
  url: string
  /** Every call but logins. */
  seen: Seen[]
  /** Bodies of the logins. */
  logins: URLSearchParams[]
  client: (options?: Partial<SalesforceClientOptions>) => SalesforceClient
  close: () => Promise<void>
}

/** A real HTTP server that plays what no well-behaved org can be asked to: scripted answers, and failures of the line. */
export const startLocalOrg = async (
  reply: (call: Seen, org: LocalOrg) => Reply,
  login?: (org: LocalOrg) => Reply | Promise<Reply>,
): Promise<LocalOrg> => {
  const clients: SalesforceClient[] = []
  const server = createServer((request, response) => void answer(request, response))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

  const org: LocalOrg = {
    url,
    seen: [],
    logins: [],
    client: (options = {}) => {
      const auth = { kind: 'client-credentials', clientId: 'id', clientSecret: 'secret' } as const
      const client = createSalesforceClient({ loginUrl: url, auth, now: Date.now, timeoutMs: 1_000, ...options })
      clients.push(client)
      return client
    },
    close: async () => {
      await Promise.all(clients.map((client) => client.close(0)))
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const text = Buffer.concat(chunks).toString()
    const { pathname, searchParams } = new URL(request.url ?? '/', url)
    if (pathname === '/services/oauth2/token') {
      org.logins.push(new URLSearchParams(text))
      const granted = { body: { access_token: `token-${org.logins.length}`, instance_url: url } }
      play((await login?.(org)) ?? granted, response)
      return
    }
    const isJson = request.headers['content-type']?.startsWith('application/json')
    const body: unknown = text === '' ? undefined : isJson ? JSON.parse(text) : text
    const call = {
      method: request.method ?? '',
      path: pathname,
      query: searchParams,
      headers: request.headers,
      body,
      port: request.socket.remotePort,
    }
    org.seen.push(call)
    play(reply(call, org), response)
  }
  return org
}

const play = (reply: Reply, response: ServerResponse): void => {
  if (reply === 'hang') return
  if (reply === 'reset') {
    response.socket?.destroy()
    return
  }
  if (reply === 'cut') {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' })
    response.write('[{"success":true', () => response.socket?.destroy())
    return
  }
  const { status = 200, headers = {}, body, raw = JSON.stringify(body) } = reply
  response.writeHead(status, { 'content-type': 'application/json', ...headers })
  response.end(raw)
}

/** Salesforce's form of an error of a whole request. */
export const refusal = (status: number, errorCode: string, message = 'words'): Reply => ({
  status,
  body: [{ errorCode, message }],
})
