/**
 * One Subscribe stream, from its first request to its end.
 *
 *   FetchRequest (100) ──> responses ──> queue ──> all that waits, as one batch ──> take ──> FetchRequest (as many as were taken)
 *
 * Salesforce keeps a count of the events it may still send: what is asked for adds up, 100 at most (Pub/Sub API guide, Pull Subscription and
 * Flow Control). By asking for as many as were taken, at most 100 events are under way or wait here, and while `take` is slow no more come:
 * so the queue needs no limit. With nothing left to send, Salesforce ends the stream after 60 seconds; a `take` that lasts longer costs the
 * stream, not the events.
 *
 * Silence is not peace: after at most 270 seconds an empty response tells how far the stream has come, so one that says nothing for longer is
 * dead, and only we can find out.
 */
import { type ClientDuplexStream, status } from '@grpc/grpc-js'
import type { Clock } from '../../clock.ts'
import type { EventError, FollowOptions } from './api.ts'
import { eventError, failureOfCall } from './failure.ts'
import { type FetchRequest, type FetchResponse, replayPreset } from './protocol.ts'

const mostOpen = 100

export type SubscriptionOptions = {
  call: ClientDuplexStream<FetchRequest, FetchResponse>
  topic: string
  from: FollowOptions['from']
  /** Gets everything that waited, in order, never nothing. */
  take: (responses: readonly FetchResponse[]) => Promise<void>
  signal: AbortSignal
  silenceMs: number
  clock: Clock
  about: string
  /** The token, for it must not appear in an error. */
  secret: string
}

const startAt = (from: FollowOptions['from']): Pick<FetchRequest, 'replayPreset' | 'replayId'> =>
  typeof from === 'string'
    ? { replayPreset: replayPreset[from] }
    : { replayPreset: replayPreset.custom, replayId: from }

type Inbox = {
  /** What came since the last time; nothing when the stream has ended, was given up, or stays silent. */
  next: () => Promise<FetchResponse[]>
  /** Why it ended, once it has. */
  end: () => EventError | undefined
  wake: () => void
}

const inboxOf = ({ call, silenceMs, clock, signal, about, secret }: SubscriptionOptions): Inbox => {
  let waiting = new AbortController()
  let queue: FetchResponse[] = []
  let end: EventError | undefined
  call.on('data', (response) => {
    queue.push(response)
    waiting.abort()
  })
  // Every end comes as a status, the peaceful one too; the error beside it says the same, and must have a listener.
  call.on('error', () => {})
  call.on('status', (ended) => {
    const reason =
      ended.code === status.OK
        ? eventError('outage', 'STREAM_ENDED', about, 'Salesforce ended the stream')
        : failureOfCall(ended, about, secret)
    // The status does not wait for data that the stream still holds: those come within this turn.
    setImmediate(() => {
      end ??= reason
      waiting.abort()
    })
  })
  return {
    end: () => end,
    wake: () => waiting.abort(),
    next: async () => {
      waiting = new AbortController()
      if (queue.length === 0 && !end && !signal.aborted) {
        await clock.sleep(silenceMs, waiting.signal)
        if (!waiting.signal.aborted) end = eventError('outage', 'SILENCE', about, `nothing came for ${silenceMs} ms`)
      }
      const responses = queue
      queue = []
      return responses
    },
  }
}

/**
 * Runs the stream until the signal aborts. What came before an end is still taken.
 * @throws EventError when it ends for another reason
 * @throws what `take` throws
 */
export const runSubscription = async (options: SubscriptionOptions): Promise<void> => {
  const { call, topic, from, take, signal } = options
  const inbox = inboxOf(options)
  signal.addEventListener('abort', inbox.wake, { once: true })
  try {
    call.write({ topicName: topic, ...startAt(from), numRequested: mostOpen })
    while (!signal.aborted) {
      const responses = await inbox.next()
      if (signal.aborted) return
      if (responses.length === 0) throw inbox.end()
      await take(responses)
      const taken = responses.reduce((sum, { events }) => sum + events.length, 0)
      if (taken > 0 && !inbox.end()) call.write({ topicName: topic, numRequested: taken })
    }
  } finally {
    signal.removeEventListener('abort', inbox.wake)
    call.cancel()
  }
}
