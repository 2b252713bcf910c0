import type { Clock } from '../../kit/clock.ts'
import type { DeliverySettings } from '../settings.ts'
import { type Attempt, postMessage } from './attempt.ts'
import { type Endpoint, noteOutcome, validSecrets } from './endpoint.ts'

const second = 1000
const minute = 60 * second
const hour = 60 * minute

/** Waits before each attempt: eight attempts in 27 hours and 35 minutes (https://docs.svix.com/retries). */
export const retrySchedule: readonly number[] = [
  0,
  5 * second,
  5 * minute,
  30 * minute,
  2 * hour,
  5 * hour,
  10 * hour,
  10 * hour,
]

/** How far a message has come on its way to one endpoint. */
export type Delivery = {
  endpointId: string
  status: 'waiting' | 'delivered' | 'failed'
  attempts: Attempt[]
  /** When the next attempt is due, while one is. */
  nextAttemptAt: number | null
}

/** Counts what is under way, so that a caller can wait for the end of it. */
export type Activity = {
  /** Messages on their way: queued, delayed or being posted. */
  busy: number
  /** Messages that wait for their next attempt after a failure. */
  retrying: number
  changed: () => void
}

/** Lets `limit` tasks run at once; the others wait in order. */
export const createGate = (limit: number): (<T>(task: () => Promise<T>) => Promise<T>) => {
  let running = 0
  const waiting: (() => void)[] = []
  return async (task) => {
    if (running >= limit) await new Promise<void>((resolve) => waiting.push(resolve))
    else running++
    try {
      return await task()
    } finally {
      // A place that is handed on stays counted.
      const next = waiting.shift()
      if (next) next()
      else running--
    }
  }
}

export type DeliverInput = {
  message: { id: string; body: string }
  endpoint: Endpoint
  delivery: Delivery
  gate: <T>(task: () => Promise<T>) => Promise<T>
  clock: Clock
  settings: DeliverySettings
  activity: Activity
  /** A second copy of a message is tried once. */
  copy: boolean
  /** Fires when the emulator closes or is reset. */
  signal: AbortSignal
}

/** Svix lets an endpoint ask for a later attempt, up to twice the wait that was due (svix-server `limit_retry_delay`). */
const nextWait = (dueMs: number, retryAfterMs: number | null, scale: number): number =>
  Math.min(Math.max(retryAfterMs ?? 0, dueMs / scale), (2 * dueMs) / scale)

/**
 * Tries one message on one endpoint until it is delivered, the schedule is used up, or the endpoint says that it has enough.
 * The caller has counted it as busy; while it waits for a retry it counts as retrying instead.
 */
export const deliver = async (input: DeliverInput): Promise<void> => {
  const { message, endpoint, delivery, gate, clock, settings, activity, copy, signal } = input
  let askedMs: number | null = null
  for (const due of copy ? [0] : retrySchedule) {
    if (due > 0) {
      const wait = nextWait(due, askedMs, settings.retryScale)
      delivery.nextAttemptAt = clock.now() + wait
      activity.busy--
      activity.retrying++
      activity.changed()
      await clock.sleep(wait, signal)
      activity.retrying--
      activity.busy++
      delivery.nextAttemptAt = null
    }
    if (signal.aborted || endpoint.disabled) break
    const { attempt, wishes } = await gate(() =>
      postMessage(
        message,
        { url: endpoint.url, secrets: validSecrets(endpoint, clock.now()) },
        { clock, timeoutMs: settings.timeoutMs, signal },
      ),
    )
    delivery.attempts.push(attempt)
    noteOutcome(endpoint, attempt.succeeded, clock.now(), settings.retryScale)
    if (wishes.disable) endpoint.disabled = true
    if (attempt.succeeded) delivery.status = 'delivered'
    if (attempt.succeeded || wishes.abortMessage || wishes.disable) break
    askedMs = wishes.retryAfterMs
  }
  if (!copy && delivery.status === 'waiting') delivery.status = 'failed'
}
