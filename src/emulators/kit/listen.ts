import { serve } from '@hono/node-server'
import type { Hono } from 'hono'

export type Listening = {
  /** `http://127.0.0.1:<port>`, without a slash at the end. */
  url: string
  port: number
  /** Closes the port and every open connection. */
  close: () => Promise<void>
}

/**
 * Puts an app on a port of the loopback interface; port 0 takes a free one.
 * @throws Error with code EADDRINUSE when the port is taken.
 */
export const listen = (app: Pick<Hono, 'fetch'>, port = 0, hostname = '127.0.0.1'): Promise<Listening> =>
  new Promise((resolve, reject) => {
    const server = serve({ fetch: app.fetch, port, hostname }, (info) => {
      resolve({
        url: `http://${hostname}:${info.port}`,
        port: info.port,
        close: () =>
          new Promise((done) => {
            server.close(() => done())
            if ('closeAllConnections' in server) server.closeAllConnections()
          }),
      })
    })
    server.once('error', reject)
  })
