import { setTimeout } from 'node:timers/promises'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { Agent, type Dispatcher } from 'undici'

/** One HTTP request; its answer comes whole. */
export type Exchange = {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  url: URL
  headers: Readonly<Record<string, string>>
  body?: string | Uint8Array
}

export type Answer = {
  status: number
  headers: Readonly<Record<string, string | string[] | undefined>>
  body: Buffer
  /** The body as text. Made when it is read: files are large, and are taken apart as bytes. */
  readonly text: string
}

/** No whole answer came back. `sent` is what decides between "nothing was done" and "it may have been done". */
export class ExchangeError extends Error {
  override readonly name: string = 'ExchangeError'
  readonly code: string
  readonly sent: boolean

  constructor(code: string, sent: boolean, cause: unknown) {
    super(`${sent ? 'sent, but no whole answer came back' : 'not sent, there was no connection'} (${code})`, { cause })
    this.code = code
    this.sent = sent
  }
}

export type TransportOptions = { timeoutMs: number; connectTimeoutMs: number; maxInFlight: number }

export type Transport = {
  exchange: (request: Exchange) => Promise<Answer>
  /** Lets running requests end for `graceMs`, then breaks them off. */
  close: (graceMs: number) => Promise<void>
}

const unzip = promisify(gunzip)

/**
 * Connections that are kept open, HTTP/1.1 only: undici 8 would offer HTTP/2, which broke Salesforce clients (forcedotcom/cli#3622).
 * `dispatch` is used directly instead of undici's `request`, because its `onRequestStart` is the one exact line between "not sent" and
 * "sent": a table of error codes cannot tell a reset in the TLS handshake from a reset after the request.
 */
export const createTransport = (options: TransportOptions): Transport => {
  const agent = new Agent({
    allowH2: false,
    pipelining: 1,
    connections: options.maxInFlight,
    headersTimeout: options.timeoutMs,
    bodyTimeout: options.timeoutMs,
    connect: { timeout: options.connectTimeoutMs },
  })
  const running = new Set<Promise<RawAnswer>>()
  let closing: Promise<void> | undefined

  const exchange = async (request: Exchange): Promise<Answer> => {
    if (closing) throw new ExchangeError('CLOSED', false, undefined)
    const dispatched = dispatch(agent, request)
    running.add(dispatched)
    const { status, headers, body } = await dispatched.finally(() => running.delete(dispatched))
    try {
      const plain = headers['content-encoding'] === 'gzip' ? await unzip(body) : body
      return {
        status,
        headers,
        body: plain,
        get text() {
          return plain.toString()
        },
      }
    } catch (cause) {
      throw new ExchangeError('BROKEN_GZIP', true, cause)
    }
  }

  // Not by `agent.close()`: an agent that is closing can no longer be destroyed, and waits for the slowest answer whatever the grace.
  const closeWithin = async (graceMs: number): Promise<void> => {
    const grace = new AbortController()
    const graceOver = setTimeout(graceMs, undefined, { signal: grace.signal }).catch(() => {})
    await Promise.race([Promise.allSettled(running), graceOver])
    grace.abort()
    await agent.destroy()
  }

  return {
    exchange,
    close: (graceMs) => {
      closing ??= closeWithin(graceMs)
      return closing
    },
  }
}

type RawAnswer = { status: number; headers: Answer['headers']; body: Buffer }

const dispatch = (agent: Dispatcher, { url, method, headers, body }: Exchange): Promise<RawAnswer> =>
  new Promise((resolve, reject) => {
    let sent = false
    const answer: { status: number; headers: Answer['headers'] } = { status: 0, headers: {} }
    const chunks: Buffer[] = []
    const options: Dispatcher.DispatchOptions = {
      origin: url.origin,
      path: url.pathname + url.search,
      method,
      headers: { ...headers, 'accept-encoding': 'gzip' },
      body: body ?? null,
    }
    agent.dispatch(options, {
      onRequestStart: () => {
        sent = true
      },
      onResponseStart: (_controller, status, responseHeaders) => {
        answer.status = status
        answer.headers = responseHeaders
      },
      onResponseData: (_controller, chunk) => {
        chunks.push(chunk)
      },
      onResponseEnd: () => resolve({ ...answer, body: Buffer.concat(chunks) }),
      onResponseError: (_controller, error) => reject(new ExchangeError(networkCode(error), sent, error)),
    })
  })

const networkCode = (error: unknown): string => {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return typeof code === 'string' ? code : 'NETWORK'
}
