import {
  Metadata,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type sendUnaryData,
} from '@grpc/grpc-js'
import avsc from 'avsc'
import {
  type ConsumerEvent,
  type FetchRequest,
  type FetchResponse,
  pubSubService,
  type SchemaInfo,
  type SchemaRequest,
  type TopicInfo,
  type TopicRequest,
} from '../../emulators/salesforce/pubsub/protocol.ts'

/** A refusal, as a status and perhaps a code in its trailer. */
export type Refusal = { code: number; details?: string; errorCode?: string }

const errorOf = ({ code, details = 'words', errorCode }: Refusal): Error => {
  const metadata = new Metadata()
  if (errorCode !== undefined) metadata.set('error-code', errorCode)
  return Object.assign(new Error(details), { code, details, metadata })
}

export type BusScript = {
  topic?: () => Partial<TopicInfo> | Refusal | 'hang'
  schema?: (id: string) => string | Refusal
  /** Called with each request of a stream. */
  fetch?: (request: FetchRequest, stream: LocalStream) => void
}
export type LocalStream = {
  respond: (events: readonly ConsumerEvent[], more?: Partial<FetchResponse>) => void
  fail: (refusal: Refusal) => void
  end: () => void
}

export type LocalBus = { address: string; schemasAsked: string[]; close: () => void }

/** A real gRPC server that plays what no well-behaved event bus can be asked to. */
export const startLocalBus = async (script: BusScript): Promise<LocalBus> => {
  const server = new Server()
  const schemasAsked: string[] = []
  const reply = <T>(callback: sendUnaryData<T>, answer: T | Refusal): void => {
    if (typeof answer === 'object' && answer !== null && 'code' in answer) callback(errorOf(answer as Refusal) as never)
    else callback(null, answer as T)
  }
  server.addService(pubSubService, {
    GetTopic: (_call: ServerUnaryCall<TopicRequest, TopicInfo>, callback: sendUnaryData<Partial<TopicInfo>>) => {
      const answer = script.topic?.() ?? { canSubscribe: true }
      if (answer !== 'hang') reply(callback, answer)
    },
    GetSchema: (
      { request }: ServerUnaryCall<SchemaRequest, SchemaInfo>,
      callback: sendUnaryData<Partial<SchemaInfo>>,
    ) => {
      schemasAsked.push(request.schemaId)
      const answer = script.schema?.(request.schemaId) ?? { code: 5 }
      reply(callback, typeof answer === 'string' ? { schemaJson: answer, schemaId: request.schemaId } : answer)
    },
    Subscribe: (call: ServerDuplexStream<FetchRequest, FetchResponse>) => {
      const stream: LocalStream = {
        respond: (events, more = {}) => {
          const latestReplayId = events.at(-1)?.replayId ?? Buffer.alloc(0)
          call.write({ events: [...events], latestReplayId, rpcId: '', pendingNumRequested: 1, ...more })
        },
        fail: (refusal) => call.emit('error', errorOf(refusal)),
        end: () => call.end(),
      }
      call.on('data', (request: FetchRequest) => script.fetch?.(request, stream))
      call.on('end', () => call.end())
      call.on('error', () => {})
    },
  })
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    )
  })
  return { address: `http://127.0.0.1:${port}`, schemasAsked, close: () => server.forceShutdown() }
}

const list = { type: 'array', items: 'string' }

export type SmallSchema = { type: string; name: string; namespace: string; fields: unknown[] }

/** The schema of a small object's events, with the types of change that it knows. */
export const smallSchema = (...changeTypes: string[]): SmallSchema => ({
  type: 'record',
  name: 'ThingChangeEvent',
  namespace: 'com.sforce.eventbus',
  fields: [
    {
      name: 'ChangeEventHeader',
      type: {
        type: 'record',
        name: 'ChangeEventHeader',
        fields: [
          { name: 'entityName', type: 'string' },
          { name: 'recordIds', type: list },
          { name: 'changeType', type: { type: 'enum', name: 'ChangeType', symbols: changeTypes } },
          { name: 'changeOrigin', type: 'string' },
          { name: 'transactionKey', type: 'string' },
          { name: 'sequenceNumber', type: 'int' },
          { name: 'commitTimestamp', type: 'long' },
          { name: 'commitNumber', type: 'long' },
          { name: 'commitUser', type: 'string' },
          { name: 'nulledFields', type: list },
          { name: 'diffFields', type: list },
          { name: 'changedFields', type: list },
        ],
      },
    },
    { name: 'Secret', type: ['null', 'string'], default: null },
    { name: 'First', type: ['null', { type: 'record', name: 'Address', fields: [{ name: 'City', type: 'string' }] }] },
    { name: 'SecondAddress', type: ['null', 'Address'] },
    { name: 'ThirdAddress', type: ['null', 'com.sforce.eventbus.Address'] },
  ],
})

export type HeaderValues = {
  entityName: string
  recordIds: string[]
  changeType: string
  changeOrigin: string
  transactionKey: string
  sequenceNumber: number
  commitTimestamp: number
  commitNumber: number
  commitUser: string
  nulledFields: string[]
  diffFields: string[]
  changedFields: string[]
}

/** A header, as the payload has it. */
export const headerValues = (values: Partial<HeaderValues> = {}): HeaderValues => ({
  entityName: 'Thing',
  recordIds: ['a00000000000001AAA'],
  changeType: 'UPDATE',
  changeOrigin: '',
  transactionKey: 'key',
  sequenceNumber: 1,
  commitTimestamp: 1_700_000_000_000,
  commitNumber: 1,
  commitUser: '005000000000001AAA',
  nulledFields: [],
  diffFields: [],
  changedFields: [],
  ...values,
})

/** An event of the small schema, at a place in the stream. */
export const eventAt = (
  place: number,
  {
    schema,
    header = headerValues(),
    secret = null,
    schemaId = 'schema',
  }: {
    schema: SmallSchema
    header?: HeaderValues
    secret?: string | null
    schemaId?: string
  },
): ConsumerEvent => {
  const payload = avsc.Type.forSchema(schema as unknown as avsc.Schema, { wrapUnions: 'never' }).toBuffer({
    ChangeEventHeader: header,
    Secret: secret,
    First: null,
    SecondAddress: null,
    ThirdAddress: null,
  })
  const replayId = Buffer.alloc(10)
  replayId.writeBigUInt64BE(BigInt(place))
  return { event: { id: `event-${place}`, schemaId, payload }, replayId }
}
