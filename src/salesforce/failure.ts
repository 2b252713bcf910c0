import { SalesforceError, type SalesforceFailure } from './api.ts'
import { parseErrors, type WireError } from './schemas.ts'
import type { Answer, ExchangeError } from './transport.ts'

/** Whether a call that may have reached Salesforce can have changed something there. */
export type Effect = 'reads' | 'writes'

/** What "it may have been done" means: a read is simply made again, a write has to be read back. */
const unanswered = (effect: Effect): SalesforceFailure => (effect === 'writes' ? 'lost-answer' : 'outage')

/** The network's failures: never sent is an outage; sent without a whole answer depends on what was asked. */
export const failureOfExchange = (error: ExchangeError, effect: Effect): SalesforceError =>
  new SalesforceError(error.sent ? unanswered(effect) : 'outage', error.code, error.message, {
    cause: error.cause,
  })

/** An answer that came whole but says nothing we can read: a proxy's page, cut JSON, a list of the wrong length. */
export const failureOfShape = (what: string, effect: Effect, status?: number): SalesforceError =>
  new SalesforceError(unanswered(effect), 'UNREADABLE_ANSWER', `unreadable answer: ${what}`, {
    ...(status !== undefined && { status }),
  })

/** Salesforce's answer when it is not 2xx. */
export const failureOfAnswer = ({ status, text }: Pick<Answer, 'status' | 'text'>, effect: Effect): SalesforceError =>
  failureOfStatus(status, parseErrors(text), effect)

/** The same for a subrequest of a Composite call, whose errors are parsed already. */
export const failureOfStatus = (status: number, errors: readonly WireError[], effect: Effect): SalesforceError => {
  const code = errors[0]?.code
  const words = errors.map((error) => withoutAddresses(error.message)).join('; ')
  return new SalesforceError(
    failureKind(status, code, words, effect),
    code ?? `HTTP_${status}`,
    words || `HTTP ${status} without an explanation`,
    { status },
  )
}

/**
 * Codes that shut out the whole user or org, whatever the request says: bisecting such a refusal would park every record for one reason.
 * From the API's ExceptionCode list; 403 unless noted.
 */
const SHUT_OUT: ReadonlySet<string> = new Set([
  'API_CURRENTLY_DISABLED',
  'API_DISABLED_FOR_ORG',
  'CLIENT_NOT_ACCESSIBLE_FOR_USER',
  'INVALID_OPERATION_WITH_EXPIRED_PASSWORD',
  'LOGIN_DURING_RESTRICTED_DOMAIN',
  'LOGIN_DURING_RESTRICTED_TIME',
  'ORG_LOCKED',
  'PASSWORD_LOCKOUT',
  'TRIAL_EXPIRED',
])

/** Codes of a 4xx that mean "not now": the same request passes later, and a smaller one passes no better. */
const NOT_NOW: ReadonlySet<string> = new Set([
  'INSERT_UPDATE_DELETE_NOT_ALLOWED_DURING_MAINTENANCE',
  'ORG_IN_MAINTENANCE',
  'QUERY_TIMEOUT',
  'SERVER_UNAVAILABLE',
  'UNABLE_TO_LOCK_ROW',
  'UNKNOWN_EXCEPTION',
])

/** Too large for whoever stands at the door, who answers without a code of Salesforce's: half of the request may fit. */
const TOO_LARGE: ReadonlySet<number> = new Set([413, 414, 431])

/**
 * `REQUEST_LIMIT_EXCEEDED` has two meanings. "TotalRequests Limit exceeded" is the allowance of 24 hours; "ConcurrentRequests (Concurrent
 * API Requests) Limit exceeded" is about the 25 requests that run longer than 20 s at one time, over as soon as one of them ends.
 */
const isAllowance = (code: string | undefined, words: string): boolean =>
  code === 'REQUEST_LIMIT_EXCEEDED' && !/concurrent/i.test(words)

const failureKind = (status: number, code: string | undefined, words: string, effect: Effect): SalesforceFailure => {
  if (isAllowance(code, words)) return 'allowance'
  // 429 is no answer of the REST API's own: somebody on the way wants fewer requests for a moment.
  if (code === 'REQUEST_LIMIT_EXCEEDED' || status === 429) return 'outage'
  if (status === 401 || (code && (SHUT_OUT.has(code) || code.startsWith('TXN_SECURITY_')))) return 'auth'
  // "Down for maintenance or currently overloaded" (REST guide, Status Codes and Error Responses): turned away at the door.
  if (status === 503) return 'outage'
  // 502: "Salesforce Edge wasn't able to communicate successfully with the Salesforce instance" (same page); 504 likewise; 500 is thrown
  // inside, and of a Composite's five Collections the first ones may be committed by then. None of them says that nothing was done.
  if (status >= 500) return unanswered(effect)
  // No redirect is followed (it would carry the token elsewhere), and none is about a record: the org moved, or the address is wrong.
  if (status >= 300 && status < 400) return 'outage'
  // Without a code it is not Salesforce that speaks but a proxy, a firewall or the edge (420: it knows no instance for the host), and it
  // says nothing about records. Taken for a refusal, a firewall's page would park everybody.
  if (code === undefined) return TOO_LARGE.has(status) ? 'refused' : 'outage'
  // 408: the request did not arrive whole.
  if (status === 408 || status === 420 || NOT_NOW.has(code)) return 'outage'
  return 'refused'
}

/** Salesforce quotes values in some whole-request messages. Those of rows are kept as they are: they go to the record's own page, not to a log. */
export const withoutAddresses = (message: string): string =>
  message.replace(/[^\s"'<>:,;]+@[^\s"'<>,;]+/g, '(address)').slice(0, 500)
