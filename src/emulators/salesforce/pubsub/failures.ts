import { Metadata, type ServiceError, status } from '@grpc/grpc-js'

/**
 * Error codes of the Pub/Sub API (guide, Handle Errors), without their prefix. The guide names no gRPC status for most:
 * UNAUTHENTICATED and INVALID_ARGUMENT are documented, INTERNAL for an unavailable service and NOT_FOUND for a topic are
 * from recordings (pozil/pub-sub-api-node-client#52, pozil/pub-sub-api-java-client#2), and the others are those that fit
 * best.
 */
export type PubSubCode =
  | 'service.auth.error'
  | 'service.auth.headers.invalid'
  | 'service.unavailable'
  | 'concurrent.client.limit.exceeded'
  | 'topic.not.found'
  | 'topic.validation.empty'
  | 'schema.validation.failed'
  | 'schema.meta.permission'
  | 'subscription.topic.cannot.subscribe'
  | 'subscription.fetch.replayid.corrupted'
  | 'subscription.fetch.replayid.validation.failed'
  | 'subscription.fetch.requested.events.invalid'
  | 'subscription.fetch.topic.mismatch'
  | 'subscription.limit.exceeded'
  | 'publish.event.count.invalid'
  | 'publish.topic.mismatch'
  | 'publish.topic.cannot.publish'
  | 'publish.stream.sweeper.timeout'

const codes: Readonly<Record<PubSubCode, number>> = {
  'service.auth.error': status.UNAUTHENTICATED,
  'service.auth.headers.invalid': status.UNAUTHENTICATED,
  'service.unavailable': status.INTERNAL,
  'concurrent.client.limit.exceeded': status.RESOURCE_EXHAUSTED,
  'topic.not.found': status.NOT_FOUND,
  'topic.validation.empty': status.INVALID_ARGUMENT,
  'schema.validation.failed': status.INVALID_ARGUMENT,
  'schema.meta.permission': status.NOT_FOUND,
  'subscription.topic.cannot.subscribe': status.PERMISSION_DENIED,
  'subscription.fetch.replayid.corrupted': status.INVALID_ARGUMENT,
  'subscription.fetch.replayid.validation.failed': status.INVALID_ARGUMENT,
  'subscription.fetch.requested.events.invalid': status.INVALID_ARGUMENT,
  'subscription.fetch.topic.mismatch': status.INVALID_ARGUMENT,
  'subscription.limit.exceeded': status.RESOURCE_EXHAUSTED,
  'publish.event.count.invalid': status.INVALID_ARGUMENT,
  'publish.topic.mismatch': status.INVALID_ARGUMENT,
  'publish.topic.cannot.publish': status.PERMISSION_DENIED,
  'publish.stream.sweeper.timeout': status.ABORTED,
}

/** A refusal of the Pub/Sub API. */
export class PubSubFailure extends Error {
  readonly code: PubSubCode

  constructor(code: PubSubCode, message: string) {
    super(message)
    this.code = code
  }
}

// The words of these two as clients recorded them: pozil/pub-sub-api-node-client#67, pozil/pub-sub-api-java-client#2.

export const authFailure = (): PubSubFailure =>
  new PubSubFailure(
    'service.auth.error',
    'An authentication exception occurred. Provide valid authentication via metadata headers.',
  )

export const unavailable = (): PubSubFailure =>
  new PubSubFailure('service.unavailable', 'The service is unavailable. Try again later.')

/** How Salesforce names the org of a call. */
export const tenantOf = (orgId: string): string => `CORE/prod/${orgId}`

export const topicNotFound = (orgId: string, topic: string): PubSubFailure =>
  new PubSubFailure(
    'topic.not.found',
    `The topic information for org ${tenantOf(orgId)} and topic ${topic} not found. Ensure the topic name is correct and that the topic exists.`,
  )

/**
 * The status that a client gets: the code and the id of the call in the trailers, the id at the end of the text as well.
 * What is no refusal is a fault of the emulator and says so.
 */
export const statusOf = (error: unknown, rpcId: string, method: string): ServiceError => {
  const metadata = new Metadata()
  metadata.set('rpc-id', rpcId)
  metadata.set('type', method)
  if (!(error instanceof PubSubFailure)) {
    const details = `emulator: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`
    return Object.assign(new Error(details), { code: status.INTERNAL, details, metadata })
  }
  metadata.set('error-code', `sfdc.platform.eventbus.grpc.${error.code}`)
  const details = `${error.message} rpcId: ${rpcId}`
  return Object.assign(new Error(details), { code: codes[error.code], details, metadata })
}
