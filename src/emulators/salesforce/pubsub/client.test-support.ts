import {
  type ClientDuplexStream,
  credentials,
  Metadata,
  makeGenericClientConstructor,
  type ServiceError,
} from '@grpc/grpc-js'
import avsc from 'avsc'
import { createSalesforceEmulator, type SalesforceEmulator, type SalesforceEmulatorOptions } from '../index.ts'
import {
  type ConsumerEvent,
  type FetchRequest,
  type FetchResponse,
  type PublishRequest,
  type PublishResponse,
  pubSubService,
  type SchemaInfo,
  type TopicInfo,
} from './protocol.ts'
import type { RunningPubSub } from './serve.ts'

/** A stream of the client, with everything that came so far. */
export type Stream = {
  request: (request: Partial<FetchRequest>) => void
  events: ConsumerEvent[]
  responses: FetchResponse[]
  /** Resolves when the condition holds; looked at after each response. */
  until: (condition: (stream: Stream) => boolean) => Promise<void>
  /** The error that ended it, or undefined for an end in peace. */
  ended: Promise<ServiceError | undefined>
  cancel: () => void
}

export type Failure = { code: number; details: string; errorCode: string | undefined; rpcId: string | undefined }

export const failureOf = (error: ServiceError | undefined): Failure => ({
  code: error?.code ?? 0,
  details: error?.details ?? '',
  errorCode: error?.metadata.get('error-code')[0]?.toString().replace('sfdc.platform.eventbus.grpc.', ''),
  rpcId: error?.metadata.get('rpc-id')[0]?.toString(),
})

const bigLong = avsc.types.LongType.__with({
  fromBuffer: (bytes: Buffer) => bytes.readBigInt64LE(),
  toBuffer: (value: bigint) => {
    const bytes = Buffer.alloc(8)
    bytes.writeBigInt64LE(BigInt(value))
    return bytes
  },
  fromJSON: BigInt,
  toJSON: Number,
  isValid: (value: unknown) => typeof value === 'bigint',
  compare: () => 0,
})

/** A decoded event, as far as tests look into it. */
export type Decoded = { ChangeEventHeader?: { recordIds: string[] }; [field: string]: unknown }

export type PubSubClient = {
  emulator: SalesforceEmulator
  pubsub: RunningPubSub
  token: string
  metadata: (overrides?: Record<string, string | undefined>) => Metadata
  topic: (name: string, metadata?: Metadata) => Promise<TopicInfo>
  schema: (id: string, metadata?: Metadata) => Promise<SchemaInfo>
  publish: (request: PublishRequest) => Promise<PublishResponse>
  publishStream: () => ClientDuplexStream<PublishRequest, PublishResponse>
  managed: () => Promise<ServiceError | undefined>
  subscribe: (first?: Partial<FetchRequest>, metadata?: Metadata) => Stream
  decode: (event: ConsumerEvent) => Promise<Decoded>
  close: () => Promise<void>
}

const tokenOf = async ({ app, clientId, clientSecret }: SalesforceEmulator): Promise<string> => {
  const form = { grant_type: 'client_credentials', client_id: clientId, client_secret: clientSecret }
  const reply = await app.request('/services/oauth2/token', { method: 'POST', body: new URLSearchParams(form) })
  return ((await reply.json()) as { access_token: string }).access_token
}

const Client = makeGenericClientConstructor(pubSubService, 'PubSub')

const streamOf = (call: ClientDuplexStream<Partial<FetchRequest>, FetchResponse>, defaultTopic: string): Stream => {
  const looks = new Set<() => void>()
  const stream: Stream = {
    events: [],
    responses: [],
    request: (request) => call.write({ topicName: defaultTopic, ...request }),
    until: (condition) =>
      new Promise((resolve) => {
        const look = () => {
          if (!condition(stream)) return
          looks.delete(look)
          resolve()
        }
        looks.add(look)
        look()
      }),
    ended: new Promise((resolve) => {
      call.on('error', (error: ServiceError) => resolve(error))
      call.on('end', () => setImmediate(() => resolve(undefined)))
    }),
    cancel: () => call.cancel(),
  }
  call.on('data', (response: FetchResponse) => {
    stream.responses.push(response)
    stream.events.push(...(response.events ?? []))
    for (const look of looks) look()
  })
  return stream
}

/** An emulator with its Pub/Sub API on ports, and a client of raw gRPC. */
export const openPubSub = async (options: SalesforceEmulatorOptions = {}): Promise<PubSubClient> => {
  const emulator = createSalesforceEmulator({
    sfdx: false,
    changeDataCapture: ['Account', 'Contact', 'AccountContactRelation'],
    ...options,
  })
  const pubsub = await emulator.events.serve()
  const token = await tokenOf(emulator)
  const client = new Client(pubsub.plaintextUrl, credentials.createInsecure())
  const metadata: PubSubClient['metadata'] = (overrides = {}) => {
    const headers = { accesstoken: token, instanceurl: 'http://127.0.0.1', tenantid: emulator.orgId, ...overrides }
    const made = new Metadata()
    for (const [name, value] of Object.entries(headers)) if (value !== undefined) made.set(name, value)
    return made
  }
  const unary = <T>(method: string, request: object, given = metadata()): Promise<T> =>
    new Promise((resolve, reject) => {
      const call = client[method] as (...args: unknown[]) => void
      call.call(client, request, given, (error: ServiceError | null, reply: T) =>
        error ? reject(error) : resolve(reply),
      )
    })
  const duplex = <In, Out>(method: string, given = metadata()): ClientDuplexStream<In, Out> =>
    (client[method] as unknown as (given: Metadata) => ClientDuplexStream<In, Out>).call(client, given)
  const types = new Map<string, avsc.Type>()
  const schema = (schemaId: string, given?: Metadata) => unary<SchemaInfo>('GetSchema', { schemaId }, given)
  return {
    emulator,
    pubsub,
    token,
    metadata,
    schema,
    topic: (topicName, given) => unary('GetTopic', { topicName }, given),
    publish: (request) => unary('Publish', request),
    publishStream: () => duplex('PublishStream'),
    managed: () => streamOf(duplex('ManagedSubscribe'), '').ended,
    subscribe: (first = {}, given) => {
      const request = { topicName: '/data/ChangeEvents', numRequested: 100, ...first }
      const stream = streamOf(duplex('Subscribe', given), request.topicName)
      stream.request(request)
      return stream
    },
    decode: async ({ event }) => {
      let type = types.get(event.schemaId)
      if (!type) {
        const { schemaJson } = await schema(event.schemaId)
        type = avsc.Type.forSchema(JSON.parse(schemaJson) as avsc.Schema, {
          registry: { long: bigLong },
          wrapUnions: 'never',
        })
        types.set(event.schemaId, type)
      }
      return type.fromBuffer(event.payload) as Decoded
    },
    close: async () => {
      client.close()
      await pubsub.close()
    },
  }
}
