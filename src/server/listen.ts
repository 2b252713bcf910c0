import { once } from 'node:events'
import type { Server } from 'node:http'
import { serve } from '@hono/node-server'

export type Listening = {
  /** Address to reach it at from this machine. */
  url: string
  port: number
  /** Stops accepting, lets requests end for `graceMs`, then closes their connections. */
  close: (graceMs: number) => Promise<void>
}

/**
 * Puts an app on a port; port 0 takes any that is free.
 * @throws Error with code EADDRINUSE when the port is taken.
 */
export const listen = async (
  app: { fetch: (request: Request, env?: object) => Response | Promise<Response> },
  { host, port }: { host: string; port: number },
): Promise<Listening> => {
  const server = serve({
    fetch: app.fetch,
    hostname: host,
    port,
    // Clerk waits 15 s for an answer; whoever takes longer than this to send is not Clerk.
    serverOptions: { requestTimeout: 30_000, headersTimeout: 15_000, keepAliveTimeout: 65_000 },
  }) as Server
  await once(server, 'listening')
  const address = server.address()
  const actual = typeof address === 'object' && address ? address.port : port
  const name = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host.includes(':') ? `[${host}]` : host
  let closing: Promise<void> | undefined
  const close = async (graceMs: number): Promise<void> => {
    const closed = once(server, 'close')
    server.close()
    const timer = setTimeout(() => server.closeAllConnections(), graceMs)
    await closed
    clearTimeout(timer)
  }
  return {
    url: `http://${name}:${actual}`,
    port: actual,
    close: (graceMs) => {
      closing ??= close(graceMs)
      return closing
    },
  }
}
