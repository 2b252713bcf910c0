import { type ServiceError, status } from '@grpc/grpc-js'
import { SalesforceError } from '../api.ts'
import { withoutAddresses } from '../failure.ts'
import { EventError, type EventFailure } from './api.ts'

/** Codes that the guide writes with `subscription.` were also seen without, and the other way round. */
const prefix = /^sfdc\.platform\.eventbus\.grpc\.(?:subscription\.)?/

/** Error codes of the Pub/Sub API (guide, Handle Errors). They come before the gRPC status, which differs between sources for some of them. */
const kindsOfCodes: ReadonlyMap<string, EventFailure> = new Map([
  ['concurrent.client.limit.exceeded', 'outage'],
  ['fetch.replayid.corrupted', 'replay-id'],
  ['fetch.replayid.validation.failed', 'replay-id'],
  ['limit.exceeded', 'allowance'],
  ['service.auth.error', 'auth'],
  ['service.auth.headers.invalid', 'auth'],
  ['service.auth.refresh.invalid', 'auth'],
  ['service.unavailable', 'outage'],
  ['topic.cannot.subscribe', 'forbidden'],
  ['topic.not.found', 'missing'],
])

/** Where no code is known. What is not listed is the line's or the service's trouble: UNAVAILABLE, INTERNAL, a stream reset, and others. */
const kindsOfStatuses: ReadonlyMap<number, EventFailure> = new Map([
  [status.UNAUTHENTICATED, 'auth'],
  [status.PERMISSION_DENIED, 'forbidden'],
  [status.NOT_FOUND, 'missing'],
  [status.INVALID_ARGUMENT, 'refused'],
  [status.FAILED_PRECONDITION, 'refused'],
  [status.OUT_OF_RANGE, 'refused'],
  [status.UNIMPLEMENTED, 'refused'],
])

const advice: Readonly<Record<EventFailure, string>> = {
  outage:
    'it is tried again; if that goes on, check the address of the Pub/Sub API, and that its port is open from here',
  auth: 'check the credentials and the address of the Salesforce login',
  forbidden: 'give the integration user View All Records on the objects of the channel',
  missing: 'check the name of the channel; deploy the one that comes with this program, and wait up to ten minutes',
  'replay-id': 'start from the earliest event, and read what changed meanwhile from the records',
  allowance: 'wait until the events of the last 24 hours are fewer, or buy more',
  refused: 'check the address of the Pub/Sub API and the name of the topic',
}

/** What @grpc/grpc-js adds to the text of a connection that failed, where it has nothing to say. */
const emptyNote = /\.? Resolution note:\s*$/

/** An error that names what it is about, what was wrong, and what to do. */
export const eventError = (
  kind: EventFailure,
  code: string,
  about: string,
  words: string,
  cause?: unknown,
): EventError =>
  new EventError(kind, code, `Salesforce change events, ${about}: ${words} (${code}): ${advice[kind]}`, { cause })

/**
 * The end of a call that was not OK, as the error it means.
 * @param secret the token, in case somebody on the way quotes it
 */
export const failureOfCall = (
  error: Pick<ServiceError, 'code' | 'details' | 'metadata'>,
  about: string,
  secret: string,
): EventError => {
  const sent = error.metadata.get('error-code')[0]?.toString().replace(prefix, '')
  const kind = kindsOfCodes.get(sent ?? '') ?? kindsOfStatuses.get(error.code) ?? 'outage'
  const name = status[error.code] ?? `status ${error.code}`
  const words = withoutAddresses(error.details.replaceAll(secret, '(token)')).replace(emptyNote, '')
  return eventError(kind, sent ?? name, about, words || name)
}

/** A login that failed, as the error it means here. */
export const failureOfLogin = (error: unknown): unknown =>
  error instanceof SalesforceError
    ? new EventError(error.kind === 'outage' ? 'outage' : 'auth', error.code, error.message, { cause: error })
    : error
