import type { ServerDuplexStream } from '@grpc/grpc-js'
import type { EventBus } from './bus.ts'
import { topicNamed } from './channels.ts'
import { createEnding, type OpenStream, type Served } from './ending.ts'
import type { PlatformEvent } from './event.ts'
import { authFailure, PubSubFailure, topicNotFound } from './failures.ts'
import { isPayloadOf, type PlatformTopic } from './platform-events.ts'
import type { ProducerEvent, PublishRequest, PublishResponse, PublishResult } from './protocol.ts'
import { replayIdOf } from './replay-id.ts'
import { createTimer } from './timer.ts'

/** The platform event that may be published here. @throws PubSubFailure */
const publishableTopic = (bus: EventBus, name: string): PlatformTopic => {
  if (name.trim() === '') throw new PubSubFailure('topic.validation.empty', 'The topic name is blank.')
  const platform = bus.platform.get(name)
  if (platform) return platform
  if (!topicNamed(bus, name)) throw topicNotFound(bus.org.orgId, name)
  throw new PubSubFailure('publish.topic.cannot.publish', `Change events cannot be published: ${name}.`)
}

const refusal = (event: ProducerEvent, { schema }: PlatformTopic, maxEventBytes: number): string | undefined => {
  if (event.schemaId !== schema.id) return `The schema ${event.schemaId || '(none)'} is not of this topic.`
  if (event.payload.length > maxEventBytes) return 'The event message is larger than 1 MB.'
  return isPayloadOf(schema, event.payload) ? undefined : 'The payload does not match the schema.'
}

/**
 * Puts events on the bus, each for itself: one that is refused has its reason in its result.
 * @throws PubSubFailure when none can be published
 */
export const publish = (bus: EventBus, { topicName, events }: PublishRequest, rpcId: string): PublishResponse => {
  const topic = publishableTopic(bus, topicName)
  if (events.length === 0)
    throw new PubSubFailure('publish.event.count.invalid', 'The request has no events to publish.')
  const results = events.map((event): PublishResult => {
    const msg = refusal(event, topic, bus.settings.maxEventBytes)
    if (msg !== undefined) return { error: { code: 1, msg }, correlationKey: event.id }
    const payload = Buffer.from(event.payload).toString('base64')
    const stored: PlatformEvent = {
      kind: 'platform',
      id: bus.newId(),
      topic: topic.topic,
      schemaId: topic.schema.id,
      payload,
    }
    const { position } = bus.log.append(stored)
    return { replayId: replayIdOf(position), correlationKey: event.id }
  })
  bus.news()
  return { results, schemaId: topic.schema.id, rpcId }
}

export type PublishCall = ServerDuplexStream<PublishRequest, PublishResponse>

/** Serves one call of PublishStream: a response to each request, and an end after a minute without an event. */
export const servePublishStream = (bus: EventBus, call: PublishCall, { rpcId, isLive, done }: Served): OpenStream => {
  const timer = createTimer(bus.org.clock)
  let topic: string | undefined
  const { fail, end, ended } = createEnding(call, 'PublishStream', rpcId, () => {
    timer.stop()
    done()
  })
  const wait = (): void =>
    timer.start(bus.settings.publishIdleMs, () =>
      fail(new PubSubFailure('publish.stream.sweeper.timeout', 'No event was published in time.')),
    )
  wait()
  call.on('data', (request: PublishRequest) => {
    if (ended()) return
    try {
      if (!isLive()) throw authFailure()
      const name = request.topicName === '' ? (topic ?? '') : request.topicName
      if (topic !== undefined && name !== topic)
        throw new PubSubFailure('publish.topic.mismatch', 'The topic name cannot change within a stream.')
      const response = publish(bus, { ...request, topicName: name }, rpcId)
      topic = name
      call.write(response)
      wait()
    } catch (error) {
      fail(error)
    }
  })
  return { fail, end }
}
