import type { Context, MiddlewareHandler, Next } from 'hono'
import type { Clock } from './clock.ts'
import { isControl } from './control-index.ts'

/** One request of the vendor's API and what came of it. Neither headers nor bodies: they hold keys. */
export type Exchange = {
  number: number
  at: number
  method: string
  /** With its query, keys and tokens in it made unreadable. */
  path: string
  /** `null` while it runs. 499 stands for a connection that a fault cut. */
  status: number | null
  /** How long it took, on the emulator's clock. */
  ms: number | null
  /** What the emulator has to say about it, such as the usage of an allowance. */
  note?: string
}

export type Exchanges = {
  /** The newest last. */
  list: () => readonly Exchange[]
  /** How many there were since the start or the last reset, by method and status. */
  counts: () => { total: number; byMethod: Record<string, number>; byStatus: Record<string, number> }
  clear: () => void
  middleware: MiddlewareHandler
}

const kept = 200
const longest = 400

/** The path and query of a request as it may be shown: tokens and keys go by several names. */
export const showablePath = (url: string): string => {
  const { pathname, search } = new URL(url)
  const query = search.replace(/([?&][^=&]*(?:token|secret|key|assertion|password)[^=&]*=)[^&]*/gi, '$1***')
  let text = pathname + query
  try {
    text = decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    // A stray percent sign: shown as it came.
  }
  return text.length > longest ? `${text.slice(0, longest)}…` : text
}

const add = (counts: Record<string, number>, key: string): void => {
  counts[key] = (counts[key] ?? 0) + 1
}

/**
 * Remembers the last requests outside `/_emulator`, for the page and for whoever asks.
 * @param note what to say about an answer
 */
export const createExchanges = (clock: Clock, note?: (response: Response) => string | undefined): Exchanges => {
  let list: Exchange[] = []
  let total = 0
  let byMethod: Record<string, number> = {}
  let byStatus: Record<string, number> = {}
  const finish = (exchange: Exchange, status: number, remark: string | undefined): void => {
    exchange.status = status
    exchange.ms = Math.round(clock.now() - exchange.at)
    if (remark !== undefined) exchange.note = remark
    add(byStatus, String(status))
  }
  return {
    list: () => list,
    counts: () => ({ total, byMethod: { ...byMethod }, byStatus: { ...byStatus } }),
    clear: () => {
      list = []
      total = 0
      byMethod = {}
      byStatus = {}
    },
    middleware: async (c: Context, next: Next) => {
      if (isControl(c.req.path)) return next()
      const { method, url } = c.req
      const exchange: Exchange = {
        number: ++total,
        at: clock.now(),
        method,
        path: showablePath(url),
        status: null,
        ms: null,
      }
      add(byMethod, method)
      list.push(exchange)
      if (list.length > kept) list.shift()
      try {
        await next()
        finish(exchange, c.res.status, note?.(c.res))
      } catch (error) {
        finish(exchange, 499, undefined)
        throw error
      }
      return undefined
    },
  }
}
