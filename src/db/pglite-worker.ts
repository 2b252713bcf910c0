/** The thread in which PGlite lives: takes wire-protocol bytes, answers wire-protocol bytes, strictly in order. */
import { parentPort, workerData } from 'node:worker_threads'
import { PGlite } from '@electric-sql/pglite'

export type PgliteWorkerData = { dataDir: string; template?: Uint8Array }
export type ToWorker = { bytes: Uint8Array } | { dump: true } | { close: true }
export type FromWorker =
  | { ready: true }
  | { bytes: Uint8Array }
  | { dumped: Uint8Array }
  | { closed: true }
  | { failed: string }

const port = parentPort
if (!port) throw new Error('pglite-worker runs in a worker thread only')
const { dataDir, template } = workerData as PgliteWorkerData
const post = (message: FromWorker): void => port.postMessage(message)

const start = async (): Promise<void> => {
  const db = await PGlite.create({
    dataDir,
    ...(template ? { loadDataDir: new Blob([new Uint8Array(template)]) } : {}),
  })
  let queue: Promise<void> = Promise.resolve()
  const answer = async (message: ToWorker): Promise<void> => {
    if ('bytes' in message) return post({ bytes: await db.execProtocolRaw(message.bytes) })
    if ('dump' in message) {
      const blob = await db.dumpDataDir('none')
      return post({ dumped: new Uint8Array(await blob.arrayBuffer()) })
    }
    await db.close()
    post({ closed: true })
  }
  port.on('message', (message: ToWorker) => {
    queue = queue.then(() => answer(message)).catch((error: unknown) => post({ failed: String(error) }))
  })
  post({ ready: true })
}

start().catch((error: unknown) => post({ failed: String(error) }))
