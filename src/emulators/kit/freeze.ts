import type { MiddlewareHandler } from 'hono'
import { isControl } from './control-index.ts'

/** Holds every request back until it is thawed: a vendor that neither answers nor refuses. */
export type Freezer = {
  freeze: () => void
  thaw: () => void
  isFrozen: () => boolean
  /** How many requests wait. */
  waiting: () => number
  middleware: MiddlewareHandler
}

/** A freezer that lets everything pass, until told otherwise. The controls always pass. */
export const createFreezer = (): Freezer => {
  let frozen = false
  let waiting: (() => void)[] = []
  return {
    freeze: () => {
      frozen = true
    },
    thaw: () => {
      frozen = false
      for (const go of waiting.splice(0)) go()
    },
    isFrozen: () => frozen,
    waiting: () => waiting.length,
    middleware: async (c, next) => {
      if (frozen && !isControl(c.req.path)) {
        await new Promise<void>((resolve) => {
          waiting.push(resolve)
          // A caller that has given up is not worked for later.
          c.req.raw.signal.addEventListener('abort', () => {
            waiting = waiting.filter((go) => go !== resolve)
          })
        })
      }
      return next()
    },
  }
}
