/**
 * The Salesforce client: `SalesforceApi` over HTTP.
 *
 *   write, query ──> composite ──> http ──> transport ──> Salesforce
 *        │              bulk/ ──────┤ └───> auth (one token for everybody)
 *   collections, records         failure (what a failure means)
 *
 * What it promises:
 * - One method call is one API call, but for what the contract names: further pages of a query, a second try with a new token after a 401,
 *   an upsert that a Composite refused (see `write.ts`), and the jobs of bulk/bulk.ts. Nothing else is ever tried again here; who calls knows better what may be.
 * - Every failure of a whole call is a `SalesforceError` whose `kind` says what may have happened on the other side. "Nothing was done" is
 *   said only when it is certain: the request never left (no connection, DNS, TLS), or Salesforce turned it away (4xx, 503). A write that
 *   left and got no readable answer, or a 500, 502 or 504, is a lost answer. A read is an outage instead: reading again does no harm.
 * - Failures of single records are results, by position, in Salesforce's own words; `verdict.ts` says what to do about each code.
 * - A list that comes back is whole. A page that cannot be had fails the call, for a list cut short looks like deletions.
 * - Record ids have 18 characters; external ids travel in bodies, never in URLs; the token is sent to `instance_url` only.
 *
 * What it does not do: retry, pace, or spare the allowance (it only reports it). Change events are another API: events/change-events.ts.
 */

import { systemClock } from '../clock.ts'
import { type ObjectDescription, type QueriedRecord, type SalesforceApi, SalesforceError, type Usage } from './api.ts'
import { createTokenSource, type SalesforceAuth, type TokenSource } from './auth.ts'
import { createBulk } from './bulk/bulk.ts'
import { readDescribe } from './describe.ts'
import { failureOfShape } from './failure.ts'
import { createHttp, type Http } from './http.ts'
import { createCount, createQuery } from './query.ts'
import { readRecord } from './records.ts'
import { LimitsAnswer } from './schemas.ts'
import { createTransport } from './transport.ts'
import { createWrite } from './write.ts'

export type SalesforceClientOptions = {
  /** Where tokens come from: the org's My Domain address, or an emulator's. */
  loginUrl: string
  auth: SalesforceAuth
  /** @default '66.0' */
  apiVersion?: string
  /** Sent as `Sforce-Call-Options: client=`, which change events repeat as their origin. @default 'clerkforce' */
  clientName?: string
  /** How long an answer may keep us waiting, and how long it may pause. Salesforce itself ends a call after 10 minutes. @default 120_000 */
  timeoutMs?: number
  /** @default 10_000 */
  connectTimeoutMs?: number
  /** Milliseconds since 1970, such as `Date.now`: dates the JWT. */
  now: () => number
  /** Waits between looks at a bulk job. @default on the machine's clock */
  sleep?: (ms: number, signal?: AbortSignal) => Promise<void>
  /** Connections, and so calls at a time; more calls wait their turn. Salesforce allows 25 calls that last 20 s, 5 in a trial. @default 10 */
  maxInFlight?: number
  /** Told, once each, about things of the org that cost calls or time; for the log. */
  onNotice?: (notice: string) => void
}

export type SalesforceClient = SalesforceApi & {
  /** The login, for the client of change events to share. */
  tokens: TokenSource
  /** Lets calls in flight end, then breaks off those that take longer: their answers are lost. @param graceMs @default 5_000 */
  close: (graceMs?: number) => Promise<void>
}

/** Makes the client. Nothing is sent until the first call, which also fetches the token. */
export const createSalesforceClient = (options: SalesforceClientOptions): SalesforceClient => {
  const { loginUrl, auth, now, apiVersion = '66.0', clientName = 'clerkforce', onNotice = () => {} } = options
  const { sleep = systemClock.sleep } = options
  const { timeoutMs = 120_000, connectTimeoutMs = 10_000, maxInFlight = 10 } = options
  const transport = createTransport({ timeoutMs, connectTimeoutMs, maxInFlight })
  const tokens = createTokenSource({ loginUrl, auth, transport, now })
  const http = createHttp({ transport, tokens, clientName })
  const base = `/services/data/v${apiVersion}`
  return {
    tokens,
    write: createWrite(http, base, onNotice),
    query: createQuery(http, base),
    count: createCount(http, base),
    bulk: createBulk({ http, base, sleep }),
    retrieve: (object, ids, fields) => retrieve(http, base, object, ids, fields),
    describe: (object) => describe(http, base, object),
    limits: () => limits(http, base),
    usage: http.usage,
    calls: http.calls,
    close: (graceMs = 5_000) => transport.close(graceMs),
  }
}

const MAX_RETRIEVED = 2_000

const retrieve = async (
  http: Http,
  base: string,
  object: string,
  ids: readonly string[],
  fields: readonly string[],
): Promise<(QueriedRecord | null)[]> => {
  if (ids.length > MAX_RETRIEVED)
    throw new RangeError(`one call retrieves up to ${MAX_RETRIEVED} records, not ${ids.length}`)
  if (ids.length === 0) return []
  const body = await http.send({
    kind: 'retrieve',
    method: 'POST',
    path: `${base}/composite/sobjects/${encodeURIComponent(object)}`,
    body: { ids, fields: [...new Set(['Id', ...fields])] },
    effect: 'reads',
  })
  if (!Array.isArray(body) || body.length !== ids.length)
    throw failureOfShape(`retrieve of ${ids.length} records`, 'reads', 200)
  return body.map((item: unknown) => (item === null ? null : readRecord(item, [])))
}

const describe = async (http: Http, base: string, object: string): Promise<ObjectDescription | undefined> => {
  const path = `${base}/sobjects/${encodeURIComponent(object)}/describe`
  try {
    return readDescribe(await http.send({ kind: 'describe', method: 'GET', path, effect: 'reads' }))
  } catch (error) {
    if (error instanceof SalesforceError && error.kind === 'refused' && error.status === 404) return undefined
    throw error
  }
}

const limits = async (http: Http, base: string): Promise<Usage> => {
  const body = await http.send({ kind: 'limits', method: 'GET', path: `${base}/limits`, effect: 'reads' })
  const parsed = LimitsAnswer.safeParse(body)
  if (!parsed.success) throw failureOfShape('limits without DailyApiRequests', 'reads', 200)
  const { Max, Remaining } = parsed.data.DailyApiRequests
  return { used: Max - Remaining, limit: Max }
}
