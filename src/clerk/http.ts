import { buildConnector, errors, Pool } from 'undici'
import { z } from 'zod'
import { ClerkError, type ClerkFailure } from './clerk-error.ts'
import type { Pace } from './pace.ts'

export type ClerkRequest = {
  method: 'GET' | 'POST' | 'PATCH'
  /** Below `/v1`, with the query. */
  path: string
  body?: unknown
}

export type ClerkHttp = {
  /** Resolves with the parsed body of a 2xx. @throws ClerkError otherwise */
  request: (request: ClerkRequest) => Promise<unknown>
  /** Since when it has not answered, or only with errors of its own; undefined while it does, and before the first request. */
  awaySince: () => number | undefined
  close: () => Promise<void>
}

export type ClerkHttpOptions = {
  secretKey: string
  apiUrl: string
  timeoutMs: number
  pace: Pace | undefined
  /** Without it, nothing is known of outages. */
  now: (() => number) | undefined
}

/** Always sent: what Clerk does without it is not documented, and the shapes in `schemas.ts` are this version's. */
const API_VERSION = '2026-05-12'

/** More than Clerk's rate (100 requests a second in production) can keep busy at usual answer times. */
const CONNECTIONS = 10

const oneErrorSchema = z.looseObject({
  code: z.string().nullish(),
  message: z.string().nullish(),
  long_message: z.string().nullish(),
  // Beside the point for most errors, so that whatever else it holds must not cost us the code and the words.
  meta: z.looseObject({ param_name: z.string() }).optional().catch(undefined),
})
const errorBodySchema = z.looseObject({
  errors: z.array(oneErrorSchema).min(1),
  clerk_trace_id: z.string().nullish(),
})
type ErrorBody = z.infer<typeof errorBodySchema>

type Answer = { status: number; retryAfter: string | undefined; text: string }

/** One pool of keep-alive connections to Clerk. Tries nothing twice: the caller decides, by the error's `kind`. */
export function createClerkHttp({ secretKey, apiUrl, timeoutMs, pace, now }: ClerkHttpOptions): ClerkHttp {
  const base = new URL(apiUrl)
  const prefix = `${base.pathname.replace(/\/+$/, '')}/v1`
  const { connect, neverConnected } = rememberingConnector(Math.min(timeoutMs, 10_000))
  const pool = new Pool(base.origin, { connect, connections: CONNECTIONS, allowH2: false })
  const headers = {
    authorization: `Bearer ${secretKey}`,
    'clerk-api-version': API_VERSION,
    accept: 'application/json',
    'user-agent': 'clerkforce',
  }

  async function send({ method, path, body }: ClerkRequest): Promise<Answer> {
    const response = await pool.request({
      method,
      path: prefix + path,
      headers: body === undefined ? headers : { ...headers, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      // One limit for the whole exchange; undici's own are for each of its steps.
      signal: AbortSignal.timeout(timeoutMs),
    })
    const retryAfter = response.headers['retry-after']
    const text = await response.body.text()
    return { status: response.statusCode, retryAfter: Array.isArray(retryAfter) ? retryAfter[0] : retryAfter, text }
  }

  let away: number | undefined
  return {
    async request(request) {
      if (pace !== undefined) await pace()
      const answer = await send(request).catch((cause: unknown) => {
        if (!isClosed(cause)) away ??= now?.()
        const unsent = neverConnected(cause) || isClosed(cause)
        throw failureWithoutAnswer(request.method, cause, unsent, timeoutMs)
      })
      away = answer.status < 500 ? undefined : (away ?? now?.())
      return readAnswer(request.method, answer)
    },
    awaySince: () => away,
    close: () => pool.close(),
  }
}

/** An error of the connector is the network's only one after which it is certain that nothing was sent; so it marks them. */
function rememberingConnector(timeout: number): {
  connect: buildConnector.connector
  neverConnected: (error: unknown) => boolean
} {
  const connector = buildConnector({ timeout, allowH2: false })
  const marked = new WeakSet<object>()
  return {
    connect: (options, callback) =>
      connector(options, (...result) => {
        if (result[0] !== null) marked.add(result[0])
        callback(...result)
      }),
    neverConnected: (error) => typeof error === 'object' && error !== null && marked.has(error),
  }
}

/** Of this client, by `close`: whoever was still waiting for a turn comes too late. */
const isClosed = (error: unknown): boolean =>
  error instanceof errors.ClientClosedError || error instanceof errors.ClientDestroyedError

function failureWithoutAnswer(
  method: ClerkRequest['method'],
  cause: unknown,
  unsent: boolean,
  timeoutMs: number,
): ClerkError {
  const timedOut = cause instanceof Error && cause.name === 'TimeoutError'
  const code = timedOut ? 'TIMEOUT' : networkCode(cause)
  const what = timedOut ? `no answer within ${timeoutMs / 1000} s` : code
  if (unsent) return new ClerkError('outage', code, `Clerk cannot be reached: ${what}`, { cause })
  return method === 'GET'
    ? new ClerkError('outage', code, `Clerk did not answer: ${what}`, { cause })
    : new ClerkError('lost-answer', code, `Clerk's answer was lost: ${what}`, { cause })
}

function networkCode(cause: unknown): string {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
  return typeof code === 'string' ? code : 'NETWORK'
}

function readAnswer(method: ClerkRequest['method'], answer: Answer): unknown {
  const { status } = answer
  const json = parseJson(answer.text)
  if (status >= 200 && status < 300) {
    if (json !== undefined) return json
    // The status says that it was done, but not what came of it.
    const kind = method === 'GET' ? 'outage' : 'lost-answer'
    throw new ClerkError(kind, 'NOT_JSON', 'Clerk answered with something that is not JSON', { status })
  }
  const error = errorBodySchema.safeParse(json).data
  throw failureAnswered(method, answer, error)
}

function failureAnswered(method: ClerkRequest['method'], answer: Answer, error: ErrorBody | undefined): ClerkError {
  const { status } = answer
  // An empty code is documented for one answer (400, already exists), so that it cannot serve as a name.
  const code = error?.errors[0]?.code || `HTTP_${status}`
  return new ClerkError(failureKind(method, status, code), code, wording(status, error), {
    status,
    retryAfterMs: retryAfterMs(answer.retryAfter),
    param: error?.errors[0]?.meta?.param_name,
    traceId: error?.clerk_trace_id ?? undefined,
  })
}

function failureKind(method: ClerkRequest['method'], status: number, code: string): ClerkFailure {
  if (status === 429) return 'rate'
  if (status === 401 || code === 'authorization_invalid') return 'auth'
  if (status === 409 && code.endsWith('_managed_by_scim')) return 'managed'
  if (status < 500) return 'refused'
  // 503 is a server that did not take the request on; after any other 5xx, a gateway's most of all, the work may have been done.
  return method === 'GET' || status === 503 ? 'outage' : 'lost-answer'
}

/** Clerk quotes addresses in some of its words, and these go into logs. */
const EMAIL_ADDRESS = /[^\s"'`<>()[\],;:]+@[^\s"'`<>()[\],;:]*[^\s"'`<>()[\],;:.]/g

/** Clerk's own words; `long_message` is the one that Clerk writes for people. */
function wording(status: number, error: ErrorBody | undefined): string {
  const words = error?.errors.map((one) => one.long_message || one.message || one.code).filter(Boolean)
  if (words?.length) return words.join('; ').replace(EMAIL_ADDRESS, '(an e-mail address)')
  const hint = status < 500 && status !== 429 ? ', not in the way Clerk does: is CLERK_API_URL right?' : ''
  return `Clerk answered ${status}${hint}`
}

/** Clerk sends seconds. The other form that HTTP allows, a date, is left to the caller's own waiting time. */
function retryAfterMs(header: string | undefined): number | undefined {
  return header !== undefined && /^\d{1,6}$/.test(header) ? Number(header) * 1000 : undefined
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
