/** A request's body was larger than allowed. */
export class BodyTooLargeError extends Error {
  override readonly name: string = 'BodyTooLargeError'
}

/**
 * Reads a request's body as it came, up to `limit` bytes.
 *
 * With a `content-length`, as every webhook of Clerk has one, the size is known beforehand (an HTTP server lets no more through than was
 * announced) and the body is read in one piece: `@hono/node-server` then reads the socket itself and makes no stream. Reading Node's request
 * directly would spare a few µs a webhook, and be of no use where the app is mounted elsewhere. Without a length, bytes are counted as
 * they come.
 * @throws BodyTooLargeError without reading further.
 */
export const readBody = async (request: Request, limit: number): Promise<Uint8Array> => {
  const announced = request.headers.get('content-length')
  if (announced !== null) {
    if (!(Number(announced) <= limit)) throw new BodyTooLargeError(`the body is larger than ${limit} bytes`)
    const body = new Uint8Array(await request.arrayBuffer())
    if (body.length > limit) throw new BodyTooLargeError(`the body is larger than ${limit} bytes`)
    return body
  }
  return readCounted(request.body, limit)
}

const readCounted = async (stream: ReadableStream<Uint8Array> | null, limit: number): Promise<Uint8Array> => {
  if (!stream) return new Uint8Array()
  const reader = stream.getReader()
  const chunks: Uint8Array[] = []
  let size = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) break
    size += value.length
    if (size > limit) {
      // Not awaited: a source that never acknowledges must not keep the answer back.
      void reader.cancel().catch(() => undefined)
      throw new BodyTooLargeError(`the body is larger than ${limit} bytes`)
    }
    chunks.push(value)
  }
  return Buffer.concat(chunks, size)
}
