/**
 * The Pub/Sub API's protocol, `eventbus.v1`: field numbers and types as in the published definition
 * (forcedotcom/pub-sub-api), in the form that protobufjs reads, so that no file has to lie beside the code.
 */
import type { ServiceDefinition } from '@grpc/grpc-js'
import { fromJSON } from '@grpc/proto-loader'

export type TopicRequest = { topicName: string }
export type TopicInfo = {
  topicName: string
  tenantGuid: string
  canPublish: boolean
  canSubscribe: boolean
  schemaId: string
  rpcId: string
}
export type SchemaRequest = { schemaId: string }
export type SchemaInfo = { schemaJson: string; schemaId: string; rpcId: string }
export type ProducerEvent = { id: string; schemaId: string; payload: Buffer }
export type ConsumerEvent = { event: ProducerEvent; replayId: Buffer }
/** 0 latest, 1 earliest, 2 custom. */
export type FetchRequest = { topicName: string; replayPreset: number; replayId: Buffer; numRequested: number }
export type FetchResponse = {
  events: ConsumerEvent[]
  latestReplayId: Buffer
  rpcId: string
  pendingNumRequested: number
}
export type PublishRequest = { topicName: string; events: ProducerEvent[] }
/** Code 1 of an error says that publishing failed. */
export type PublishResult = { replayId?: Buffer; error?: { code: number; msg: string }; correlationKey: string }
export type PublishResponse = { results: PublishResult[]; schemaId: string; rpcId: string }

type FieldDefinition = { type: string; id: number; rule?: 'repeated' }

/** `name:type` in the order of field numbers; `[]` for a list. */
const message = (...fields: string[]): { fields: Record<string, FieldDefinition> } => ({
  fields: Object.fromEntries(
    fields.map((field, i): [string, FieldDefinition] => {
      const [name = '', type = ''] = field.split(':')
      const list = type.endsWith('[]')
      return [name, { type: list ? type.slice(0, -2) : type, id: i + 1, ...(list ? { rule: 'repeated' } : {}) }]
    }),
  ),
})

const unary = (requestType: string, responseType: string) => ({ requestType, responseType, comment: '' })
const streams = (requestType: string, responseType: string) => ({
  ...unary(requestType, responseType),
  requestStream: true,
  responseStream: true,
})

const v1 = {
  TopicInfo: message(
    'topicName:string',
    'tenantGuid:string',
    'canPublish:bool',
    'canSubscribe:bool',
    'schemaId:string',
    'rpcId:string',
  ),
  TopicRequest: message('topicName:string'),
  EventHeader: message('key:string', 'value:bytes'),
  ProducerEvent: message('id:string', 'schemaId:string', 'payload:bytes', 'headers:EventHeader[]'),
  ConsumerEvent: message('event:ProducerEvent', 'replayId:bytes'),
  PublishResult: message('replayId:bytes', 'error:Error', 'correlationKey:string'),
  Error: message('code:ErrorCode', 'msg:string'),
  ErrorCode: { values: { UNKNOWN: 0, PUBLISH: 1, COMMIT: 2 } },
  ReplayPreset: { values: { LATEST: 0, EARLIEST: 1, CUSTOM: 2 } },
  FetchRequest: message(
    'topicName:string',
    'replayPreset:ReplayPreset',
    'replayId:bytes',
    'numRequested:int32',
    'authRefresh:string',
  ),
  FetchResponse: message('events:ConsumerEvent[]', 'latestReplayId:bytes', 'rpcId:string', 'pendingNumRequested:int32'),
  SchemaRequest: message('schemaId:string'),
  SchemaInfo: message('schemaJson:string', 'schemaId:string', 'rpcId:string'),
  PublishRequest: message('topicName:string', 'events:ProducerEvent[]', 'authRefresh:string'),
  PublishResponse: message('results:PublishResult[]', 'schemaId:string', 'rpcId:string'),
  ManagedFetchRequest: message(
    'subscriptionId:string',
    'developerName:string',
    'numRequested:int32',
    'authRefresh:string',
    'commitReplayIdRequest:CommitReplayRequest',
  ),
  ManagedFetchResponse: message(
    'events:ConsumerEvent[]',
    'latestReplayId:bytes',
    'rpcId:string',
    'pendingNumRequested:int32',
    'commitResponse:CommitReplayResponse',
  ),
  CommitReplayRequest: message('commitRequestId:string', 'replayId:bytes'),
  CommitReplayResponse: message('commitRequestId:string', 'replayId:bytes', 'error:Error', 'processTime:int64'),
  PubSub: {
    methods: {
      Subscribe: streams('FetchRequest', 'FetchResponse'),
      GetSchema: unary('SchemaRequest', 'SchemaInfo'),
      GetTopic: unary('TopicRequest', 'TopicInfo'),
      Publish: unary('PublishRequest', 'PublishResponse'),
      PublishStream: streams('PublishRequest', 'PublishResponse'),
      ManagedSubscribe: streams('ManagedFetchRequest', 'ManagedFetchResponse'),
    },
  },
}

/** The service `eventbus.v1.PubSub`, for servers and clients. */
export const pubSubService: ServiceDefinition = fromJSON(
  { nested: { eventbus: { nested: { v1: { nested: v1 } } } } },
  { defaults: true, longs: String },
)['eventbus.v1.PubSub'] as unknown as ServiceDefinition
