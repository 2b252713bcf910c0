/**
 * The client of Salesforce's Pub/Sub API: change events as hints.
 *
 *   follow ── connection (gRPC, one for each stream) ── subscription (flow control, silence) ── batch (how far it is safe to say we are)
 *                  │                                                                              │
 *                  └── tokens of the REST client, renewed once                                    └── read-hint ── event-schema, changed-fields
 *
 * What it promises:
 * - Every event of the topic after `from` comes in a batch, in order, at least once; `replayId` of a batch never runs ahead of its hints. An
 *   event that cannot be read comes too, as UNDECODABLE, so that whoever follows knows that something changed.
 * - Only the header of an event is decoded, by the schema that the event names; no value of a record is ever looked at or kept.
 * - No more than 100 events are under way: while a batch is being taken, Salesforce waits.
 * - A stream that ends, breaks or falls silent ends `follow` with an error whose `kind` says what to do. Nothing is tried again here, but for a
 *   token that ran out: a stream is expected to outlive several of them, so it goes on after the last batch with a new one.
 * - Nothing runs on after `follow` or `check` has ended: no timer, no call, no connection.
 *
 * What it does not do: wait and subscribe again, store anything, or tell our own changes from others'.
 */
import type { Clock } from '../../clock.ts'
import type { TokenSource } from '../auth.ts'
import { type ChangeEvents, EventError, type FollowOptions } from './api.ts'
import { createBatchReader } from './batch.ts'
import { type Connection, openConnection, parseEndpoint } from './connection.ts'
import { eventError } from './failure.ts'
import { methods } from './protocol.ts'
import { runSubscription } from './subscription.ts'

export type ChangeEventsOptions = {
  /** `host:port` of the Pub/Sub API, such as `api.pubsub.salesforce.com:7443`; `http://host:port` goes without TLS. */
  endpoint: string
  /** Those of the REST client, so that both share one login. */
  tokens: TokenSource
  clock: Clock
  /** PEM of an authority to trust in place of the usual ones, for a server with a certificate of its own. */
  certificate?: string
  /** How long connecting and one answer may take. @default 30_000 */
  timeoutMs?: number
  /** How long a stream may say nothing. Salesforce breaks the silence after 270 s at the latest. @default 300_000 */
  silenceMs?: number
}

/** Makes the client. Nothing is sent until it is asked to check or follow. @throws SettingError for an endpoint that is none */
export const createChangeEvents = (options: ChangeEventsOptions): ChangeEvents => {
  const { tokens, clock, certificate, timeoutMs = 30_000, silenceMs = 300_000 } = options
  const endpoint = parseEndpoint(options.endpoint)
  const closing = new AbortController()

  const connected = async <T>(signal: AbortSignal, work: (connection: Connection) => Promise<T>): Promise<T> => {
    const connection = openConnection({ endpoint, certificate, tokens, timeoutMs, clock, signal })
    try {
      return await work(connection)
    } finally {
      connection.close()
    }
  }

  return {
    check: (topic) => connected(closing.signal, (connection) => checkTopic(connection, topic)),
    follow: async (follow) => {
      if (follow.signal.aborted) return
      const signal = AbortSignal.any([follow.signal, closing.signal])
      try {
        await connected(signal, (connection) => followTopic(connection, { ...follow, signal }, { clock, silenceMs }))
      } catch (error) {
        // Calls that were broken off fail too; what `take` throws is told in any case.
        if (!(error instanceof EventError) || !signal.aborted) throw error
      }
      if (!follow.signal.aborted)
        throw eventError('outage', 'CLOSED', aboutTopic(follow.topic), 'the client was closed')
    },
    close: () => closing.abort(),
  }
}

const aboutTopic = (topic: string): string => `topic ${topic}`

const checkTopic = async (connection: Connection, topic: string): Promise<void> => {
  const about = aboutTopic(topic)
  const { canSubscribe } = await connection.ask(methods.GetTopic, { topicName: topic }, about)
  if (!canSubscribe) throw eventError('forbidden', 'CANNOT_SUBSCRIBE', about, 'our user may not subscribe')
}

/**
 * Asks for the topic first: that finds a token that ran out, a wrong address and a missing topic while there is a time limit for the answer,
 * which a stream has not until something happens.
 */
const followTopic = async (
  connection: Connection,
  { topic, from, take, signal }: FollowOptions,
  { clock, silenceMs }: { clock: Clock; silenceMs: number },
): Promise<void> => {
  const about = aboutTopic(topic)
  await checkTopic(connection, topic)
  const reader = createBatchReader(connection, clock, from)
  let renewals = 0
  while (!signal.aborted) {
    const token = await connection.token()
    try {
      await runSubscription({
        call: connection.subscribe(token, about),
        topic,
        from: reader.position(),
        take: async (responses) => {
          const batch = await reader.read(responses)
          if (batch) await take(batch)
          renewals = 0
        },
        signal,
        silenceMs,
        clock,
        about,
        secret: token.value,
      })
    } catch (error) {
      if (!(error instanceof EventError) || error.kind !== 'auth' || renewals > 0) throw error
      if (reader.position() === 'latest')
        throw eventError(
          'outage',
          'TOKEN_ENDED',
          about,
          'the token ran out before it was known where the stream stands',
          error,
        )
      renewals += 1
      await connection.renewed(token)
    }
  }
}
