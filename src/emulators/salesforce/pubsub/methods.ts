import type { ServerDuplexStream, ServerUnaryCall, sendUnaryData, UntypedServiceImplementation } from '@grpc/grpc-js'
import { status } from '@grpc/grpc-js'
import { authenticate } from './authenticate.ts'
import type { EventBus } from './bus.ts'
import type { OpenStream, Served } from './ending.ts'
import { PubSubFailure, statusOf, tenantOf } from './failures.ts'
import type { PublishRequest, PublishResponse, SchemaInfo, SchemaRequest, TopicInfo, TopicRequest } from './protocol.ts'
import { type PublishCall, publish, servePublishStream } from './publish.ts'
import { type FetchCall, serveSubscription, subscribableTopic } from './subscription.ts'

export type Methods = {
  implementation: UntypedServiceImplementation
  /** Streams that are open. */
  open: Set<OpenStream>
  /** How many streams were asked for so far, refused ones too. */
  asked: () => number
}

const topicInfo = (bus: EventBus, { topicName }: TopicRequest, rpcId: string): TopicInfo => {
  const topic = subscribableTopic(bus, topicName)
  const platform = bus.platform.get(topicName)
  return {
    topicName,
    tenantGuid: tenantOf(bus.org.orgId),
    canPublish: platform !== undefined,
    canSubscribe: true,
    // A channel has events of several schemas and so none of its own: each event names the one that it needs.
    schemaId: platform?.schema.id ?? (topic.kind === 'object' ? bus.schemaFor(topic.object).id : ''),
    rpcId,
  }
}

const schemaInfo = (bus: EventBus, { schemaId }: SchemaRequest, rpcId: string): SchemaInfo => {
  if (schemaId.trim() === '') throw new PubSubFailure('schema.validation.failed', 'The schema ID is blank.')
  const platform = [...bus.platform.values()].find(({ schema }) => schema.id === schemaId)
  const schema = platform?.schema ?? bus.schema(schemaId)
  if (!schema) throw new PubSubFailure('schema.meta.permission', `There is no schema with the ID ${schemaId}.`)
  return { schemaJson: schema.text, schemaId, rpcId }
}

/** The methods of `eventbus.v1.PubSub` over a bus. */
export const createMethods = (bus: EventBus, isLive: (token: string) => boolean): Methods => {
  const open = new Set<OpenStream>()
  let asked = 0
  const unary =
    <Request, Response>(method: string, answer: (request: Request, rpcId: string) => Response) =>
    (call: ServerUnaryCall<Request, Response>, callback: sendUnaryData<Response>): void => {
      const rpcId = bus.newId()
      try {
        authenticate(bus.org, isLive, call.metadata)
        callback(null, answer(call.request, rpcId))
      } catch (error) {
        callback(statusOf(error, rpcId, method))
      }
    }
  const streaming =
    <Request, Response>(
      method: string,
      serve: (call: ServerDuplexStream<Request, Response>, served: Served) => OpenStream,
    ) =>
    (call: ServerDuplexStream<Request, Response>): void => {
      const rpcId = bus.newId()
      asked++
      try {
        const token = authenticate(bus.org, isLive, call.metadata)
        if (open.size >= bus.settings.maxStreams) {
          throw new PubSubFailure(
            'concurrent.client.limit.exceeded',
            'The maximum number of concurrent clients has been exceeded.',
          )
        }
        const stream: OpenStream = serve(call, {
          rpcId,
          isLive: () => isLive(token),
          done: () => open.delete(stream),
        })
        open.add(stream)
      } catch (error) {
        call.emit('error', statusOf(error, rpcId, method))
      }
    }
  const unsupported = (call: ServerDuplexStream<unknown, unknown>): void => {
    const details = 'ManagedSubscribe is a beta of Salesforce that the emulator does not have; use Subscribe.'
    call.emit('error', Object.assign(new Error(details), { code: status.UNIMPLEMENTED, details }))
  }
  return {
    open,
    asked: () => asked,
    implementation: {
      GetTopic: unary<TopicRequest, TopicInfo>('GetTopic', (request, rpcId) => topicInfo(bus, request, rpcId)),
      GetSchema: unary<SchemaRequest, SchemaInfo>('GetSchema', (request, rpcId) => schemaInfo(bus, request, rpcId)),
      Publish: unary<PublishRequest, PublishResponse>('Publish', (request, rpcId) => publish(bus, request, rpcId)),
      Subscribe: streaming('Subscribe', (call: FetchCall, served) => serveSubscription(bus, call, served)),
      PublishStream: streaming('PublishStream', (call: PublishCall, served) => servePublishStream(bus, call, served)),
      ManagedSubscribe: unsupported,
    },
  }
}
