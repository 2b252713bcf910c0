/**
 * Why a request to Clerk failed.
 * - `outage`: nothing was done: no connection, 503, or a read that got no whole answer. Pause the side.
 * - `lost-answer`: a write went out and no whole answer came back (reset, timeout, a gateway's 5xx): it may have been done. An update may
 *   simply be sent again; before anything is created again it has to be looked for.
 * - `rate`: wait `retryAfterMs`. A 429 does not say whose limit was met: mostly it is the instance's, which the customer's own traffic may
 *   have used up. Where only the one record has to wait, `isRecordPaced` tells, and nothing was sent.
 * - `auth`: Clerk does not know the secret key, or it is not allowed to do this.
 * - `managed`: a directory (SCIM) owns the user, the attribute or the membership, and writing it here will never work: Clerk's value stays.
 *   For an attribute, `param` says which, and nothing of the request was done: the rest may be sent without it.
 * - `refused`: any other answer, with Clerk's own code and words.
 */
export type ClerkFailure = 'outage' | 'lost-answer' | 'rate' | 'auth' | 'managed' | 'refused'

/** The code of updates that were not sent because their record had its share of them: see record-pace.ts. */
export const RECORD_PACED = 'RECORD_PACED'

export class ClerkError extends Error {
  override readonly name: string = 'ClerkError'
  readonly kind: ClerkFailure
  /** Clerk's error code, such as `organization_slugs_disabled`, or the network's, such as `ECONNREFUSED`, or `HTTP_502`. */
  readonly code: string
  /** Undefined where no answer came. */
  readonly status: number | undefined
  /** From `Retry-After`; undefined where Clerk did not say. */
  readonly retryAfterMs: number | undefined
  /** The parameter that Clerk found at fault, such as `username`, where it named one. */
  readonly param: string | undefined
  /** What Clerk's support asks for. */
  readonly traceId: string | undefined

  constructor(
    kind: ClerkFailure,
    code: string,
    message: string,
    details: {
      status?: number | undefined
      retryAfterMs?: number | undefined
      param?: string | undefined
      traceId?: string | undefined
      cause?: unknown
    } = {},
  ) {
    super(message, { cause: details.cause })
    this.kind = kind
    this.code = code
    this.status = details.status
    this.retryAfterMs = details.retryAfterMs
    this.param = details.param
    this.traceId = details.traceId
  }
}

/**
 * Whether Clerk said, in its own words, that the record asked for does not exist. A 404 without an error code of Clerk's comes from a wrong
 * address or a proxy: taken for "no such user", it would end people's records. One that names a parameter is about a thing that the
 * request mentions, such as a role that the instance does not have.
 */
export function isAbsent(error: unknown): boolean {
  return error instanceof ClerkError && error.status === 404 && error.code !== 'HTTP_404' && error.param === undefined
}

/**
 * Whether Clerk itself refuses this very request. A 4xx without a code of Clerk's comes from a proxy or a wrong address, and concerns all.
 */
export function isRefusal({ kind, code }: ClerkError): boolean {
  return kind === 'managed' || (kind === 'refused' && !code.startsWith('HTTP_'))
}

/** Whether only this record has to wait, for it was updated as often as Clerk allows; all others may go on. */
export function isRecordPaced(error: unknown): boolean {
  return error instanceof ClerkError && error.code === RECORD_PACED
}
