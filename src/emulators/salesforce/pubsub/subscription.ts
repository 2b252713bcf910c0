/**
 * One Subscribe stream.
 *
 *   FetchRequest ── the first fixes topic and position, each adds to what may be sent (100 at most are open)
 *        │
 *        └─> pump: while something may be sent and the log has something, a FetchResponse with as much as fits
 *
 * While something is open, silence is broken by an empty response with the latest replay id; when nothing is open the
 * client has a minute to ask for more. The token is looked at before each thing that is sent, so a stream outlives it only
 * for as long as nothing happens. (Pub/Sub API guide, Pull Subscription and Flow Control; Subscribe RPC.)
 */
import type { ServerDuplexStream } from '@grpc/grpc-js'
import type { EventBus } from './bus.ts'
import { seesAll, type Topic, topicNamed } from './channels.ts'
import { deliveriesOf } from './deliver.ts'
import { createEnding, type OpenStream, type Served } from './ending.ts'
import { authFailure, PubSubFailure, topicNotFound, unavailable } from './failures.ts'
import type { ConsumerEvent, FetchRequest, FetchResponse } from './protocol.ts'
import { positionOf, replayIdOf } from './replay-id.ts'
import { createTimer } from './timer.ts'

export type FetchCall = ServerDuplexStream<FetchRequest, FetchResponse>

/** Open requests of one stream, and bytes of one response: clients take messages of 4 MB. */
const mostOpen = 100
const mostBytes = 3_000_000

/** The topic, when the user may subscribe to it. @throws PubSubFailure */
export const subscribableTopic = (bus: EventBus, name: string): Topic => {
  if (name.trim() === '') throw new PubSubFailure('topic.validation.empty', 'The topic name is blank.')
  const topic = topicNamed(bus, name)
  if (!topic) throw topicNotFound(bus.org.orgId, name)
  // On channels each event is looked at instead (Change Data Capture guide, Required Permissions).
  if (topic.kind === 'object' && !seesAll(topic.object))
    throw new PubSubFailure('subscription.topic.cannot.subscribe', `You don't have permission to subscribe to ${name}.`)
  return topic
}

const startOf = (bus: EventBus, { replayPreset, replayId }: FetchRequest): number => {
  if (replayPreset === 1) return bus.log.start()
  if (replayPreset !== 2) return bus.log.tip()
  if (replayId.length === 0) {
    throw new PubSubFailure(
      'subscription.fetch.replayid.validation.failed',
      'The replay preset is CUSTOM, but there is no replay_id.',
    )
  }
  const position = positionOf(replayId)
  if (position === undefined || !bus.log.has(position)) {
    throw new PubSubFailure(
      'subscription.fetch.replayid.corrupted',
      'The Replay ID validation failed. Ensure that the Replay ID is valid and within the retention window.',
    )
  }
  return position
}

const mismatch = (): PubSubFailure =>
  new PubSubFailure('subscription.fetch.topic.mismatch', 'The topic name cannot change within a subscription.')
const noneRequested = (): PubSubFailure =>
  new PubSubFailure(
    'subscription.fetch.requested.events.invalid',
    'The number of requested events must be greater than zero.',
  )

/** How far a stream has come: behind an entry, or in the middle of what one entry delivers. */
type Cursor = { position: number; part: number }

/** The next events from the cursor on, as many as fit; moves the cursor. */
const takeBatch = (bus: EventBus, topic: Topic, cursor: Cursor, count: number): ConsumerEvent[] => {
  const batch: ConsumerEvent[] = []
  let bytes = 0
  for (let entry = bus.log.next(cursor.position); entry; entry = bus.log.next(cursor.position)) {
    const parts = deliveriesOf(bus, topic, entry).slice(cursor.part)
    for (const part of parts) {
      if (batch.length >= count || (batch.length > 0 && bytes + part.event.payload.length > mostBytes)) return batch
      batch.push(part)
      bytes += part.event.payload.length
      cursor.part++
    }
    cursor.position = entry.position
    cursor.part = 0
  }
  return batch
}

/** Serves one call of Subscribe. */
export const serveSubscription = (bus: EventBus, call: FetchCall, { rpcId, isLive, done }: Served): OpenStream => {
  const { settings, org } = bus
  const timer = createTimer(org.clock)
  let topic: Topic | undefined
  let open = 0
  let busy = false
  const cursor: Cursor = { position: 0, part: 0 }

  const { fail, end, ended } = createEnding(call, 'Subscribe', rpcId, () => {
    timer.stop()
    stopNews()
    done()
  })
  const checked = (work: () => void): void => {
    if (ended()) return
    try {
      if (!isLive()) throw authFailure()
      work()
    } catch (error) {
      fail(error)
    }
  }
  const respond = (events: ConsumerEvent[], latestReplayId: Buffer): void => {
    call.write({ events, latestReplayId, rpcId, pendingNumRequested: open })
    wait()
  }
  const keepAlive = (): void =>
    checked(() => {
      // What the tip is told by must not lie behind events that are still to be sent.
      void pump()
      if (settings.hold || busy) return wait()
      // A fresh position, so that a client which stores it can come back with it for the whole time of retention.
      if (open > 0 && !ended()) respond([], replayIdOf(bus.log.mark(settings.keepaliveMs)))
    })
  const wait = (): void => {
    if (open > 0) timer.start(settings.keepaliveMs, keepAlive)
    else timer.start(settings.idleCloseMs, end)
  }
  const sendBatch = (subscribed: Topic): boolean => {
    const left = bus.deliveries.limit - bus.deliveries.used()
    const next = { ...cursor }
    const batch = takeBatch(bus, subscribed, next, Math.min(open, settings.batchSize, Math.max(left, 1)))
    const last = batch.at(-1)
    if (last && left <= 0) {
      throw new PubSubFailure('subscription.limit.exceeded', 'You have exceeded the event delivery limit for your org.')
    }
    Object.assign(cursor, next)
    if (!last) return false
    open -= batch.length
    bus.deliveries.count(batch.length)
    respond(batch, last.replayId)
    return true
  }
  const pump = async (): Promise<void> => {
    if (busy) return
    // A snapshot took the log back to before this stream: it would be silent until the log had caught up.
    if (bus.log.tip() < cursor.position) return fail(unavailable())
    busy = true
    while (!ended() && topic && open > 0 && !settings.hold && bus.log.next(cursor.position)) {
      if (settings.latencyMs > 0) await org.clock.sleep(settings.latencyMs)
      let sent = false
      const subscribed = topic
      checked(() => {
        sent = !settings.hold && sendBatch(subscribed)
      })
      if (!sent) break
    }
    busy = false
  }
  const stopNews = bus.onNews(() => queueMicrotask(pump))

  call.on('data', (request: FetchRequest) =>
    checked(() => {
      if (topic && request.topicName !== '' && request.topicName !== topic.name) throw mismatch()
      const subscribed = topic ?? subscribableTopic(bus, request.topicName)
      if (request.numRequested <= 0) throw noneRequested()
      if (!topic) cursor.position = startOf(bus, request)
      topic = subscribed
      open = Math.min(mostOpen, open + request.numRequested)
      wait()
      queueMicrotask(pump)
    }),
  )
  return { fail, end }
}
