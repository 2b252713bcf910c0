import type { ServerDuplexStream } from '@grpc/grpc-js'
import { statusOf } from './failures.ts'

/** A stream that is open, so that it can be ended from outside. */
export type OpenStream = {
  /** Ends it with a failure. */
  fail: (error: unknown) => void
  /** Ends it in peace. */
  end: () => void
}

/** What a stream is served with. */
export type Served = {
  rpcId: string
  /** Whether the call's token still is. */
  isLive: () => boolean
  /** Called when it has ended, however it did. */
  done: () => void
}

/**
 * The end of a stream: it comes once, whether the client, an error or somebody outside brings it.
 * @param method as failures name it, such as `Subscribe`
 * @param release gives back what the stream held
 */
export const createEnding = <Request, Response>(
  call: ServerDuplexStream<Request, Response>,
  method: string,
  rpcId: string,
  release: () => void,
): OpenStream & { ended: () => boolean } => {
  let ended = false
  const stop = (): void => {
    if (ended) return
    ended = true
    release()
  }
  const end = (): void => {
    if (ended) return
    stop()
    call.end()
  }
  const fail = (error: unknown): void => {
    if (ended) return
    stop()
    call.emit('error', statusOf(error, rpcId, method))
  }
  call.on('end', end)
  for (const over of ['cancelled', 'close', 'error']) call.on(over, stop)
  return { fail, end, ended: () => ended }
}
