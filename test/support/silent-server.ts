import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

export type SilentServer = {
  /** The database's address, by way of this server. */
  url: string
  /** From now on nothing gets through and nothing is closed, as behind a firewall that forgot its connections. */
  fallSilent: () => void
  /** New connections get through again; the old ones stay silent. */
  recover: () => void
}

/** A way to a PostgreSQL that can fall silent without a word; closed when the test ends. */
export const startSilentServer = async (databaseUrl: string): Promise<SilentServer> => {
  const url = new URL(databaseUrl)
  const [port, host] = [Number(url.port), url.hostname]
  const sockets: Socket[] = []
  let silent = false
  const server = createServer((near) => {
    sockets.push(near)
    near.on('error', () => undefined)
    if (silent) return
    const far = connect(port, host)
    far.on('error', () => undefined)
    near.on('close', () => far.destroy())
    sockets.push(far)
    near.pipe(far)
    far.pipe(near)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  url.hostname = '127.0.0.1'
  url.port = String((server.address() as AddressInfo).port)
  return {
    url: url.href,
    fallSilent: () => {
      silent = true
      for (const socket of sockets) {
        socket.unpipe()
        socket.pause()
      }
    },
    recover: () => {
      silent = false
    },
  }
}
