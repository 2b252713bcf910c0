import type { HttpBindings } from '@hono/node-server'
import type { Context, MiddlewareHandler, Next } from 'hono'
import type { Clock } from './clock.ts'
import { isControl } from './control-index.ts'
import type { FaultAnswer, FaultList } from './faults.ts'

/** What a caller in the same process gets in place of a cut connection; an app's `onError` should throw it on. */
export class ConnectionCut extends Error {
  override readonly name = 'ConnectionCut'
}

/** Cuts the connection under a request, so that the caller sees a reset and no answer. In-process callers get a thrown ConnectionCut. */
const cut = (c: Context): Response => {
  const socket = (c.env as Partial<HttpBindings> | undefined)?.outgoing?.socket
  if (!socket) throw new ConnectionCut('connection cut by a fault (no socket: the app was called in-process)')
  socket.destroy()
  return new Response(null, { status: 499 })
}

/** Statuses whose answers have no body: HTTP knows none for them. */
const bodiless: ReadonlySet<number> = new Set([204, 205, 304])

const answerOf = ({ status, body, headers }: FaultAnswer): Response => {
  const text = body === undefined || typeof body === 'string' ? (body ?? '') : JSON.stringify(body)
  return new Response(bodiless.has(status) ? null : text, {
    status,
    headers: { 'content-type': 'application/json', ...headers },
  })
}

/** Applies the fault list to every request outside `/_emulator`. */
export const faultMiddleware =
  (faults: FaultList, clock: Clock): MiddlewareHandler =>
  async (c: Context, next: Next) => {
    if (isControl(c.req.path)) return next()
    const fault = faults.take({ method: c.req.method, path: c.req.path })
    if (!fault) return next()
    if (fault.latencyMs) await clock.sleep(fault.latencyMs)
    if (fault.drop === 'request') return cut(c)
    if (fault.respond && !fault.respond.afterWork) return answerOf(fault.respond)
    await next()
    if (fault.drop === 'answer') return cut(c)
    if (fault.respond) {
      // Hono would lay the headers of the true answer under those of another one.
      c.res = undefined
      c.res = answerOf(fault.respond)
    }
    return undefined
  }
