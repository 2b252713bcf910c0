import { once } from 'node:events'
import { createServer, type Server as NetServer, type Socket } from 'node:net'
import { type ConnectionInjector, Server, ServerCredentials } from '@grpc/grpc-js'
import { generate } from 'selfsigned'
import type { Methods } from './methods.ts'
import { pubSubService } from './protocol.ts'

export type PubSubPorts = {
  /** For TLS with a self-signed certificate, as Salesforce has only TLS. 0 takes a free one. @default 0 */
  tlsPort?: number
  /** For HTTP/2 without TLS, as some examples of clients dial a local server. @default 0 */
  plaintextPort?: number
}

export type RunningPubSub = {
  /** `127.0.0.1:port`, as clients of gRPC take it. */
  tlsUrl: string
  plaintextUrl: string
  /** PEM, for clients that are to trust it. */
  certificate: string
  /** Drops every connection at once, as a network does. */
  dropConnections: () => void
  close: () => Promise<void>
}

// Valid for as long as anybody will run this, since the org's clock may stand anywhere.
const validFrom = new Date('2020-01-01T00:00:00Z')
const validUntil = new Date('2099-12-31T00:00:00Z')

const selfSigned = async (): Promise<{ certificate: string; key: string }> => {
  const { cert, private: key } = await generate([{ name: 'commonName', value: 'localhost' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    notBeforeDate: validFrom,
    notAfterDate: validUntil,
    extensions: [
      { name: 'basicConstraints', cA: true },
      {
        name: 'subjectAltName',
        altNames: [
          { type: 2, value: 'localhost' },
          { type: 7, ip: '127.0.0.1' },
          { type: 7, ip: '::1' },
        ],
      },
    ],
  })
  return { certificate: cert, key }
}

const host = '127.0.0.1'

/** How long a client has to see that its streams have ended. */
const graceMs = 500

const listening = (server: NetServer, port: number): Promise<string> =>
  new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      const address = server.address()
      resolve(`${host}:${typeof address === 'object' && address ? address.port : port}`)
    })
  })

/**
 * Puts the methods on two ports of the loopback interface.
 * The ports are our own and only hand connections to gRPC: so connections can be dropped without a word, as no server of
 * gRPC would by itself.
 * @throws Error with code EADDRINUSE when a port is taken
 */
export const servePubSub = async (methods: Methods, ports: PubSubPorts): Promise<RunningPubSub> => {
  const { certificate, key } = await selfSigned()
  const grpc = new Server({ 'grpc.max_receive_message_length': 4 * 1024 * 1024 })
  grpc.addService(pubSubService, methods.implementation)
  const sockets = new Set<Socket>()
  const injectors: ConnectionInjector[] = []
  const door = (credentials: ServerCredentials): NetServer => {
    const injector = grpc.createConnectionInjector(credentials)
    injectors.push(injector)
    return createServer((socket) => {
      sockets.add(socket)
      socket.on('close', () => sockets.delete(socket))
      socket.on('error', () => socket.destroy())
      injector.injectConnection(socket)
    })
  }
  const pair = { cert_chain: Buffer.from(certificate), private_key: Buffer.from(key) }
  const tls = door(ServerCredentials.createSsl(null, [pair]))
  const plaintext = door(ServerCredentials.createInsecure())
  const dropConnections = (): void => {
    for (const socket of sockets) socket.resetAndDestroy()
  }
  const close = async (): Promise<void> => {
    const closed = [tls, plaintext].map(
      (server) => new Promise<void>((resolve) => (server.listening ? server.close(() => resolve()) : resolve())),
    )
    // Streams end in peace, so that a client which does not look any more gets no error; who does not let go is cut off.
    for (const stream of methods.open) stream.end()
    const letGo = Promise.all([...sockets].map((socket) => once(socket, 'close')))
    for (const injector of injectors) injector.drain(graceMs)
    await Promise.race([letGo, new Promise((resolve) => setTimeout(resolve, graceMs).unref())])
    for (const socket of sockets) socket.destroy()
    grpc.forceShutdown()
    await Promise.all(closed)
  }
  try {
    const tlsUrl = await listening(tls, ports.tlsPort ?? 0)
    const plaintextUrl = await listening(plaintext, ports.plaintextPort ?? 0)
    return { tlsUrl, plaintextUrl, certificate, dropConnections, close }
  } catch (error) {
    await close()
    throw error
  }
}
