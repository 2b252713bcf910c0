/**
 * Why a request to Clerk failed.
 * - `outage`: nothing was done: no connection, 503, or a read that got no whole answer. Pause the side.
 * - `lost-answer`: a write went out and no whole answer came back (reset, timeout, a gateway's 5xx): it may have been done; read back.
 * - `rate`: 429; wait `retryAfterMs`. The limit is the instance's, so the customer's own traffic may have used it up.
 * - `auth`: Clerk does not know the secret key, or it is not allowed to do this.
 * - `refused`: any other answer, with Clerk's own code and words.
 */
export type ClerkFailure = 'outage' | 'lost-answer' | 'rate' | 'auth' | 'refused'

export class ClerkError extends Error {
  override readonly name: string = 'ClerkError'
  readonly kind: ClerkFailure
  /** Clerk's error code, such as `organization_slugs_disabled`, or the network's, such as `ECONNREFUSED`, or `HTTP_502`. */
  readonly code: string
  /** Undefined where no answer came. */
  readonly status: number | undefined
  /** From `Retry-After`; undefined where Clerk did not say. */
  readonly retryAfterMs: number | undefined
  /** What Clerk's support asks for. */
  readonly traceId: string | undefined

  constructor(
    kind: ClerkFailure,
    code: string,
    message: string,
    details: {
      status?: number | undefined
      retryAfterMs?: number | undefined
      traceId?: string | undefined
      cause?: unknown
    } = {},
  ) {
    super(message, { cause: details.cause })
    this.kind = kind
    this.code = code
    this.status = details.status
    this.retryAfterMs = details.retryAfterMs
    this.traceId = details.traceId
  }
}

/**
 * Whether Clerk said, in its own words, that the record asked for does not exist. A 404 without an error code of Clerk's comes from a wrong
 * address or a proxy: taken for "no such user", it would end people's records.
 */
export function isAbsent(error: unknown): boolean {
  return error instanceof ClerkError && error.status === 404 && error.code !== 'HTTP_404'
}
