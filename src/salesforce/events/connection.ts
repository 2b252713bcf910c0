import { Client, type ClientDuplexStream, credentials, Metadata, type MethodDefinition } from '@grpc/grpc-js'
import type { Clock } from '../../clock.ts'
import { SettingError } from '../../errors.ts'
import type { Token, TokenSource } from '../auth.ts'
import { EventError } from './api.ts'
import { eventError, failureOfCall, failureOfLogin } from './failure.ts'
import { type FetchRequest, type FetchResponse, methods } from './protocol.ts'

export type Endpoint = { address: string; secure: boolean }

/** Reads `host:port` and `https://host:port`, which mean TLS, and `http://host:port`, which means none. @throws SettingError */
export const parseEndpoint = (endpoint: string): Endpoint => {
  const url = URL.parse(endpoint.includes('://') ? endpoint : `https://${endpoint}`)
  const secure = url?.protocol === 'https:'
  if (!url || (!secure && url.protocol !== 'http:') || url.pathname !== '/' || url.username !== '')
    throw new SettingError(
      'The Salesforce Pub/Sub address must be a host and a port, such as api.pubsub.salesforce.com:7443',
    )
  return { address: `${url.hostname}:${url.port || (secure ? '443' : '80')}`, secure }
}

/**
 * One answer holds 100 events at most, and an event 1 MB before it is replaced by a gap. The default of gRPC, 4 MB, would end the stream at
 * the same place again and again.
 */
const mostBytes = 128 * 1024 * 1024

export type ConnectionOptions = {
  endpoint: Endpoint
  /** PEM of an authority to trust in place of the usual ones. */
  certificate: string | undefined
  tokens: TokenSource
  timeoutMs: number
  clock: Clock
  /** Breaks off the calls under way. */
  signal: AbortSignal
}

export type Connection = {
  /** One question, one answer; a token that is refused is renewed once. @throws EventError */
  ask: <Request, Answer>(method: MethodDefinition<Request, Answer>, request: Request, about: string) => Promise<Answer>
  /** @throws EventError */
  token: () => Promise<Token>
  /** A token other than the one that was refused. @throws EventError */
  renewed: (refused: Token) => Promise<Token>
  /** Opens a Subscribe stream. @throws EventError */
  subscribe: (token: Token, about: string) => ClientDuplexStream<FetchRequest, FetchResponse>
  close: () => void
}

const metadataFor = ({ value, instanceUrl, orgId }: Token, secure: boolean, about: string): Metadata => {
  if (instanceUrl.protocol === 'https:' && !secure)
    throw eventError('auth', 'INSECURE_ENDPOINT', about, 'the address is not one of TLS; the token is not sent there')
  if (orgId === undefined) throw eventError('auth', 'NO_ORG_ID', about, 'the login did not tell the id of the org')
  const metadata = new Metadata()
  metadata.set('accesstoken', value)
  metadata.set('instanceurl', instanceUrl.origin)
  metadata.set('tenantid', orgId)
  return metadata
}

/**
 * A connection of its own, which is made when it is first used. It is never shared or used again after a stream has ended: whether a line that
 * went silent still carries anything cannot be seen from this side.
 */
export const openConnection = (options: ConnectionOptions): Connection => {
  const { endpoint, certificate, tokens, timeoutMs, clock, signal } = options
  const channelCredentials = endpoint.secure
    ? credentials.createSsl(certificate === undefined ? null : Buffer.from(certificate))
    : credentials.createInsecure()
  const client = new Client(endpoint.address, channelCredentials, {
    'grpc.max_receive_message_length': mostBytes,
    'grpc.use_local_subchannel_pool': 1,
    // No look in DNS for a configuration of the service: there is none.
    'grpc.service_config_disable_resolution': 1,
  })

  const askWith = <Request, Answer>(
    method: MethodDefinition<Request, Answer>,
    request: Request,
    about: string,
    { metadata, secret }: { metadata: Metadata; secret: string },
  ): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const answered = new AbortController()
      let late = false
      const call = client.makeUnaryRequest(
        method.path,
        method.requestSerialize,
        method.responseDeserialize,
        request,
        metadata,
        (error, answer) => {
          answered.abort()
          signal.removeEventListener('abort', cancel)
          if (late) reject(eventError('outage', 'TIMEOUT', about, `no answer within ${timeoutMs} ms`))
          else if (error) reject(failureOfCall(error, about, secret))
          else resolve(answer as Answer)
        },
      )
      const cancel = (): void => call.cancel()
      signal.addEventListener('abort', cancel, { once: true })
      if (signal.aborted) cancel()
      void clock.sleep(timeoutMs, answered.signal).then(() => {
        late = !answered.signal.aborted
        cancel()
      })
    })

  const tokenFrom = async (source: () => Promise<Token>): Promise<Token> => {
    try {
      return await source()
    } catch (error) {
      throw failureOfLogin(error)
    }
  }
  const headersOf = (holder: Token, about: string): { metadata: Metadata; secret: string } => ({
    metadata: metadataFor(holder, endpoint.secure, about),
    secret: holder.value,
  })
  const token = (): Promise<Token> => tokenFrom(tokens.current)
  const renewed = (refused: Token): Promise<Token> => tokenFrom(() => tokens.renewed(refused))

  return {
    token,
    renewed,
    ask: async (method, request, about) => {
      const first = await token()
      const headers = headersOf(first, about)
      try {
        return await askWith(method, request, about, headers)
      } catch (error) {
        if (!(error instanceof EventError) || error.kind !== 'auth') throw error
      }
      return askWith(method, request, about, headersOf(await renewed(first), about))
    },
    subscribe: (holder, about) => {
      const { path, requestSerialize, responseDeserialize } = methods.Subscribe
      const { metadata } = headersOf(holder, about)
      return client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, metadata)
    },
    close: () => client.close(),
  }
}
