import { IncomingMessage } from 'node:http'
import type { Context, Hono } from 'hono'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import type { Log } from '../log.ts'
import type { Receive } from '../sync/intake/receive.ts'
import type { Metrics } from './metrics.ts'
import { problem } from './problem.ts'
import { BodyTooLargeError, readBody, readIncoming } from './read-body.ts'

export const WEBHOOK_PATH = '/webhooks/clerk'

/** Svix sends messages of up to 1 MiB at most; Clerk's are a few KB. */
const mostBytes = 1024 * 1024

/** Node's own request, where the app runs on `@hono/node-server` and nobody has read it yet. */
const incomingOf = (c: Context): IncomingMessage | undefined => {
  const incoming = (c.env as { incoming?: unknown } | undefined)?.incoming
  return incoming instanceof IncomingMessage && !incoming.readableDidRead ? incoming : undefined
}

export type WebhookRouteOptions = { receive: Receive; metrics: Metrics; log: Log }

/**
 * The webhook route. Thousands of requests a second go through it, so no middleware does: what is refused is counted and logged here, in
 * one line without the body.
 */
export const addWebhookRoute = (app: Hono, { receive, metrics, log }: WebhookRouteOptions): void => {
  const refuse = (c: Context, status: ContentfulStatusCode, code: string, detail: string): Response => {
    metrics.hint('', code)
    log.warn({ stage: 'intake', side: 'clerk', status, outcome: code, detail }, 'a webhook was refused')
    const headers: Record<string, string> =
      status === 405
        ? { allow: 'POST' }
        : status === 413
          ? { connection: 'close' }
          : status === 503
            ? { 'retry-after': '5' }
            : {}
    return problem(c, status, code, detail, headers)
  }

  app.post(WEBHOOK_PATH, async (c) => {
    const finished = metrics.intakeTimer()
    const incoming = incomingOf(c)
    let body: Uint8Array
    try {
      body = incoming ? await readIncoming(incoming, mostBytes) : await readBody(c.req.raw, mostBytes)
    } catch (error) {
      if (error instanceof BodyTooLargeError) return refuse(c, 413, 'too-large', error.message)
      return refuse(c, 400, 'cut-off', 'the connection ended before the body did')
    }
    const headers = incoming ? { get: (name: string) => incoming.headers[name]?.toString() } : c.req.raw.headers
    const received = await receive({ headers, body })
    finished()
    if (received.status !== 200) return refuse(c, received.status, received.outcome, received.detail)
    metrics.hint(received.type, received.outcome)
    return c.text(received.outcome)
  })

  app.all(WEBHOOK_PATH, (c) => refuse(c, 405, 'method-not-allowed', 'webhooks come as POST'))
}
