/**
 * The REST API behind its door: routes, and how one call runs.
 *
 *   match -> prepare (read the request, name the Accounts it will lock) -> take the locks -> let the time pass that
 *   Salesforce needs (`latencyMs`) -> run, in one go
 *
 * `run` never waits, so that what a call does is done as a whole or, when it throws, not at all; only the locks reach
 * from one call into another. A call keeps its locks until it has answered. The parts of a Composite are calls of their
 * own, each with its share of the time (`routes/composite.ts`). Authentication, the allowance and the way from and to
 * HTTP are in `door.ts`.
 */
import { notFound, RecordFailure, RequestFailure } from './errors.ts'
import type { Org } from './org.ts'

export type Call = {
  org: Org
  method: string
  /** Such as `66.0`. */
  version: string
  /** Behind `/services/data/vNN.0`, still encoded: an external id may hold a slash. */
  path: string
  query: URLSearchParams
  /** What the JSON says; for routes that take bytes, a `RawBody`. */
  body: unknown
  header: (name: string) => string | undefined
  /** Where the caller found us, such as `http://127.0.0.1:4802`. */
  origin: string
}

/** A body as it came, for CSV, XML and multipart. */
export type RawBody = { type: string; bytes: Uint8Array }

/** `body` is sent as JSON, `raw` as it is. */
export type Reply = {
  status: number
  body?: unknown
  raw?: { type: string; content: string | Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array> }
  headers?: Readonly<Record<string, string>>
}

export type Work = {
  /** Accounts whose rows it locks. */
  accounts?: Iterable<string>
  /** @param unlocked Accounts whose lock could not be had in time */
  run: (unlocked: ReadonlySet<string> | undefined) => Reply
}

export type Params = { readonly [name: string]: string }

export type Route = {
  method: string
  /** Such as `/sobjects/:object/:id`. */
  pattern: string
  /** The kind under which the call is counted. */
  kind: string
  /** How a request's body is read. @default 'json' for POST, PATCH and PUT */
  body?: 'json' | 'raw' | 'none'
  prepare: (call: Call, params: Params) => Work
}

export type Match = { route: Route; params: Params }

const segments = (path: string): string[] => path.split('/').filter((part) => part !== '')

const decode = (part: string): string => {
  try {
    return decodeURIComponent(part)
  } catch {
    throw notFound()
  }
}

const bind = (pattern: readonly string[], path: readonly string[]): Params | undefined => {
  if (pattern.length !== path.length) return undefined
  const params: Record<string, string> = {}
  for (const [i, part] of pattern.entries()) {
    const given = path[i] ?? ''
    if (part.startsWith(':')) params[part.slice(1)] = decode(given)
    else if (part !== given) return undefined
  }
  return params
}

/**
 * Finds the route of a call; earlier routes win.
 * @throws RequestFailure NOT_FOUND, or METHOD_NOT_ALLOWED when only the method is wrong
 */
export const matcher = (routes: readonly Route[]): ((method: string, path: string) => Match) => {
  const table = routes.map((route) => ({ route, parts: segments(route.pattern) }))
  return (method, path) => {
    const given = segments(path)
    const allowed: string[] = []
    for (const { route, parts } of table) {
      const params = bind(parts, given)
      if (params && route.method === method) return { route, params }
      if (params && !allowed.includes(route.method)) allowed.push(route.method)
    }
    if (allowed.length === 0) throw notFound()
    throw new RequestFailure(
      405,
      'METHOD_NOT_ALLOWED',
      `HTTP Method '${method}' not allowed. Allowed are ${allowed.join(',')}`,
    )
  }
}

const statusOf: Readonly<Record<string, number>> = {
  ENTITY_IS_DELETED: 404,
  NOT_FOUND: 404,
  INSUFFICIENT_ACCESS: 403,
  INSUFFICIENT_ACCESS_OR_READONLY: 403,
}

/** What a failure looks like as the reply of a call of its own. */
export const failureReply = (error: unknown): Reply => {
  if (error instanceof RequestFailure) return { status: error.status, body: error.body }
  if (!(error instanceof RecordFailure)) throw error
  return {
    status: statusOf[error.errors[0]?.statusCode ?? ''] ?? 400,
    body: error.errors.map(({ statusCode, message, fields, duplicate }) => ({
      ...(duplicate === undefined ? {} : { duplicateResut: duplicate }),
      message,
      errorCode: statusCode,
      ...(duplicate === undefined ? { fields } : {}),
    })),
  }
}

/** Runs work under its locks. Locks stay with `owner` until it is released. */
export const perform = async (org: Org, owner: object, work: Work, takesMs: number): Promise<Reply> => {
  const taking = work.accounts ? org.locks.acquire(owner, work.accounts) : undefined
  const unlocked = taking && (await taking)
  if (takesMs > 0) await org.clock.sleep(takesMs)
  try {
    return work.run(unlocked)
  } catch (error) {
    return failureReply(error)
  }
}
