import type { Clock } from '../../kit/clock.ts'
import { signedHeaders } from './sign.ts'

/** One try at handing a message to an endpoint. */
export type Attempt = {
  at: number
  /** `manual` for replays, which are tried once. */
  trigger: 'scheduled' | 'manual'
  /** How long the answer took, on the emulator's clock. */
  durationMs: number
  /** `null` when no answer came. */
  status: number | null
  succeeded: boolean
  /** Why there was no answer: `timeout`, `closed` (the emulator itself), or the network's error code. */
  error?: string
  /** How the endpoint's answer began. */
  response?: string
}

/** Svix keeps 20,000 bytes of an answer; this much tells what went wrong and lets thousands of messages fit. */
const KEPT_RESPONSE = 1_000

/** What the endpoint asked for in its answer (https://docs.svix.com/receiving/delivery-control). */
export type Wishes = { abortMessage: boolean; disable: boolean; retryAfterMs: number | null }

const noWishes: Wishes = { abortMessage: false, disable: false, retryAfterMs: null }

/** Seconds, rounded up, or a date (svix-server `retry_after`). Anything else is as good as absent. */
const readRetryAfter = (value: string | null, now: number): number | null => {
  if (value === null || value.trim() === '') return null
  const seconds = Number(value)
  if (Number.isFinite(seconds)) return Math.ceil(seconds) * 1000
  const date = Date.parse(value)
  return Number.isNaN(date) ? null : date - now
}

const readWishes = (headers: Headers, now: number): Wishes => {
  const delivery = headers.get('webhook-delivery')
  return {
    abortMessage: delivery === 'abort-message',
    disable: delivery === 'disable',
    retryAfterMs: readRetryAfter(headers.get('retry-after'), now),
  }
}

const errorCode = (error: unknown): string => {
  const cause = error instanceof Error ? error.cause : undefined
  // Node's fetch says what happened in the cause: a code of the network, or words, such as of a port that it never calls.
  if (cause instanceof Error) return 'code' in cause ? String(cause.code) : cause.message
  return error instanceof Error ? error.name : 'unknown'
}

/**
 * Posts a message, signed for this moment. Only 2xx within the time limit is a success: redirects are not followed and count
 * as failures.
 */
export const postMessage = async (
  message: { id: string; body: string },
  endpoint: { url: string; secrets: readonly string[] },
  context: { clock: Clock; timeoutMs: number; signal: AbortSignal; trigger: Attempt['trigger'] },
): Promise<{ attempt: Attempt; wishes: Wishes }> => {
  const { clock, timeoutMs, signal, trigger } = context
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
    const text = (await response.text()).slice(0, KEPT_RESPONSE)
    const { status, ok: succeeded, headers } = response
    const attempt = {
      at,
      trigger,
      durationMs: clock.now() - at,
      status,
      succeeded,
      ...(text !== '' && { response: text }),
    }
    return { attempt, wishes: readWishes(headers, clock.now()) }
  } catch (error) {
    const reason = signal.aborted ? 'closed' : cut.signal.aborted ? 'timeout' : errorCode(error)
    const attempt = { at, trigger, durationMs: clock.now() - at, status: null, succeeded: false, error: reason }
    return { attempt, wishes: noWishes }
  } finally {
    finished.abort()
    signal.removeEventListener('abort', stop)
  }
}
