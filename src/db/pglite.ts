import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Duplex } from 'node:stream'
import { Worker } from 'node:worker_threads'
import type { Database, OpenOptions } from './database.ts'
import { lockFolder } from './folder-lock.ts'
import type { FromWorker, PgliteWorkerData, ToWorker } from './pglite-worker.ts'
import { poolDatabase } from './pool.ts'

// Run from source this file ends in .ts, from the build in .js; the worker stands beside it either way.
const workerFile = new URL(
  import.meta.url.endsWith('.ts') ? './pglite-worker.ts' : './pglite-worker.js',
  import.meta.url,
)

const terminate = 'X'.charCodeAt(0)

/** What pg takes for its socket: bytes go to the worker, the worker's answers come back. */
class WorkerStream extends Duplex {
  readonly #send: (message: ToWorker) => void
  constructor(send: (message: ToWorker) => void) {
    super()
    this.#send = send
  }
  connect(): this {
    setImmediate(() => this.emit('connect'))
    return this
  }
  setNoDelay(): this {
    return this
  }
  setKeepAlive(): this {
    return this
  }
  ref(): this {
    return this
  }
  unref(): this {
    return this
  }
  override _read(): void {}
  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    // Terminate would end the one backend there is; the worker is closed by `close` instead.
    if (chunk[0] !== terminate) this.#send({ bytes: new Uint8Array(chunk) })
    done()
  }
  // pg waits for the end of its socket when it closes with a statement under way.
  override _final(done: () => void): void {
    this.push(null)
    done()
  }
  override _writev(chunks: { chunk: Buffer }[], done: () => void): void {
    this._write(Buffer.concat(chunks.map(({ chunk }) => chunk)), '', done)
  }
}

const startWorker = async (data: PgliteWorkerData) => {
  const worker = new Worker(workerFile, { workerData: data })
  let onMessage: (message: FromWorker) => void = () => undefined
  const next = (): Promise<FromWorker> =>
    new Promise((resolve, reject) => {
      worker.once('error', reject)
      onMessage = (message) => {
        worker.off('error', reject)
        if ('failed' in message) reject(new Error(`PGlite: ${message.failed}`))
        else resolve(message)
      }
    })
  worker.on('message', (message: FromWorker) => onMessage(message))
  await next()
  const send = (message: ToWorker): void => worker.postMessage(message)
  let current: WorkerStream | undefined
  const attach = () => {
    onMessage = (message) => {
      if ('bytes' in message && message.bytes.length > 0) current?.push(Buffer.from(message.bytes))
      else if ('failed' in message) current?.destroy(new Error(`PGlite: ${message.failed}`))
    }
  }
  attach()
  return {
    stream: () => {
      current = new WorkerStream(send)
      return current
    },
    dump: async (): Promise<Uint8Array> => {
      const answer = next()
      send({ dump: true })
      const message = await answer
      attach()
      return 'dumped' in message ? message.dumped : new Uint8Array()
    },
    close: async () => {
      const answer = next()
      send({ close: true })
      await answer.catch(() => undefined)
      await worker.terminate()
    },
  }
}

/**
 * Opens PGlite on a folder (`memory:` for none): `<folder>/pglite` holds the data, `<folder>/lock` the lock.
 * @throws SettingError when another process has the folder open.
 */
export const openPglite = async ({
  url,
  template,
}: OpenOptions): Promise<Database & { dump: () => Promise<Uint8Array> }> => {
  const memory = url === 'memory:'
  // It holds names and addresses: whoever makes it is alone to read it, as a PostgreSQL server has it.
  if (!memory) await mkdir(url, { recursive: true, mode: 0o700 })
  const lock = memory ? undefined : await lockFolder(url)
  const worker = await startWorker({
    dataDir: memory ? 'memory://' : join(url, 'pglite'),
    ...(template ? { template } : {}),
  }).catch(async (error: unknown) => {
    await lock?.release()
    throw error
  })
  const database = poolDatabase(
    'pglite',
    { max: 1, idleTimeoutMillis: 0, user: 'postgres', database: 'postgres', stream: worker.stream as never },
    async () => {
      await worker.close()
      await lock?.release()
    },
  )
  return { ...database, dump: worker.dump }
}
