import type { MethodDefinition } from '@grpc/grpc-js'
import { fromJSON } from '@grpc/proto-loader'

/**
 * The part of `eventbus.v1` that subscribing takes, as published (forcedotcom/pub-sub-api, pubsub_api.proto), in the form that protobufjs
 * reads: so no file has to lie beside the code. Fields that are left out are skipped when they come.
 */
export type TopicRequest = { topicName: string }
export type TopicInfo = { canSubscribe: boolean }
export type SchemaRequest = { schemaId: string }
export type SchemaInfo = { schemaJson: string }
export type FetchRequest = { topicName: string; replayPreset?: number; replayId?: Uint8Array; numRequested: number }
export type FetchResponse = { events: ConsumerEvent[]; latestReplayId: Buffer; pendingNumRequested: number }
export type ConsumerEvent = { event: ProducerEvent | null; replayId: Buffer }
export type ProducerEvent = { id: string; schemaId: string; payload: Buffer }

/** Where a subscription starts. CUSTOM is strictly after the replay id. */
export const replayPreset = { latest: 0, earliest: 1, custom: 2 } as const

type FieldRule = { type: string; id: number; rule?: 'repeated' }
type Message = { fields: Record<string, FieldRule> }

const message = (fields: Record<string, [id: number, type: string, rule?: 'repeated']>): Message => ({
  fields: Object.fromEntries(
    Object.entries(fields).map(([name, [id, type, rule]]) => [name, { id, type, ...(rule && { rule }) }]),
  ),
})

const v1 = {
  ReplayPreset: {
    values: { LATEST: replayPreset.latest, EARLIEST: replayPreset.earliest, CUSTOM: replayPreset.custom },
  },
  TopicRequest: message({ topicName: [1, 'string'] }),
  TopicInfo: message({ canSubscribe: [4, 'bool'] }),
  SchemaRequest: message({ schemaId: [1, 'string'] }),
  SchemaInfo: message({ schemaJson: [1, 'string'] }),
  FetchRequest: message({
    topicName: [1, 'string'],
    replayPreset: [2, 'ReplayPreset'],
    replayId: [3, 'bytes'],
    numRequested: [4, 'int32'],
  }),
  FetchResponse: message({
    events: [1, 'ConsumerEvent', 'repeated'],
    latestReplayId: [2, 'bytes'],
    pendingNumRequested: [4, 'int32'],
  }),
  ConsumerEvent: message({ event: [1, 'ProducerEvent'], replayId: [2, 'bytes'] }),
  ProducerEvent: message({ id: [1, 'string'], schemaId: [2, 'string'], payload: [3, 'bytes'] }),
  PubSub: {
    methods: {
      GetTopic: { requestType: 'TopicRequest', responseType: 'TopicInfo', comment: '' },
      GetSchema: { requestType: 'SchemaRequest', responseType: 'SchemaInfo', comment: '' },
      Subscribe: {
        requestType: 'FetchRequest',
        responseType: 'FetchResponse',
        requestStream: true,
        responseStream: true,
        comment: '',
      },
    },
  },
}

type Methods = {
  GetTopic: MethodDefinition<TopicRequest, TopicInfo>
  GetSchema: MethodDefinition<SchemaRequest, SchemaInfo>
  Subscribe: MethodDefinition<FetchRequest, FetchResponse>
}

/** Paths and codecs of the calls. */
export const methods: Methods = fromJSON(
  { nested: { eventbus: { nested: { v1: { nested: v1 } } } } },
  { defaults: true },
)['eventbus.v1.PubSub'] as unknown as Methods
