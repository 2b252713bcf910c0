import type { Clock } from '../../kit/clock.ts'
import { signedHeaders } from './sign.ts'

/** One try at handing a message to an endpoint. */
export type Attempt = {
  at: number
  /** `null` when no answer came. */
  status: number | null
  succeeded: boolean
  /** Why there was no answer: `timeout`, `closed` (the emulator itself), or the network's error code. */
  error?: string
}

/** What the endpoint asked for in its answer (https://docs.svix.com/receiving/delivery-control). */
export type Wishes = { abortMessage: boolean; disable: boolean; retryAfterMs: number | null }

const noWishes: Wishes = { abortMessage: false, disable: false, retryAfterMs: null }

const readWishes = (headers: Headers): Wishes => {
  const delivery = headers.get('webhook-delivery')
  const seconds = Number(headers.get('retry-after') ?? Number.NaN)
  return {
    abortMessage: delivery === 'abort-message',
    disable: delivery === 'disable',
    retryAfterMs: Number.isFinite(seconds) ? seconds * 1000 : null,
  }
}

const errorCode = (error: unknown): string => {
  const cause = error instanceof Error ? error.cause : undefined
  if (cause instanceof Error && 'code' in cause) return String(cause.code)
  return error instanceof Error ? error.name : 'unknown'
}

/**
 * Posts a message, signed for this moment. Only 2xx within the time limit is a success: redirects are not followed and count
 * as failures.
 */
export const postMessage = async (
  message: { id: string; body: string },
  endpoint: { url: string; secrets: readonly string[] },
  { clock, timeoutMs, signal }: { clock: Clock; timeoutMs: number; signal: AbortSignal },
): Promise<{ attempt: Attempt; wishes: Wishes }> => {
  const at = clock.now()
  const finished = new AbortController()
  const cut = new AbortController()
  // Not AbortSignal.any: it leaves a trace on the long-lived signal for each message.
  const stop = () => cut.abort()
  signal.addEventListener('abort', stop, { once: true })
  void clock.sleep(timeoutMs, finished.signal).then(stop)
  if (signal.aborted) stop()
  try {
    const response = await fetch(endpoint.url, {
      method: 'POST',
      body: message.body,
      headers: {
        ...signedHeaders(endpoint.secrets, message.id, Math.floor(at / 1000), message.body),
        'content-type': 'application/json',
        'user-agent': 'Svix-Webhooks/1.81.0 (emulator)',
      },
      redirect: 'manual',
      signal: cut.signal,
    })
    await response.arrayBuffer()
    return { attempt: { at, status: response.status, succeeded: response.ok }, wishes: readWishes(response.headers) }
  } catch (error) {
    const reason = signal.aborted ? 'closed' : cut.signal.aborted ? 'timeout' : errorCode(error)
    return { attempt: { at, status: null, succeeded: false, error: reason }, wishes: noWishes }
  } finally {
    finished.abort()
    signal.removeEventListener('abort', stop)
  }
}
