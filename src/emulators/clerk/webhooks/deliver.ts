import type { Clock } from '../../kit/clock.ts'
import type { DeliverySettings } from '../settings.ts'
import { type Attempt, postMessage, type Wishes } from './attempt.ts'
import { type Endpoint, noteOutcome, validSecrets } from './endpoint.ts'
import { nextWait, retrySchedule } from './retry-schedule.ts'

/** How far a message has come on its way to one endpoint. */
export type Delivery = {
  endpointId: string
  /** `failed` when the schedule is used up, the endpoint wanted no more of it, or was switched off. */
  status: 'waiting' | 'delivered' | 'failed'
  attempts: Attempt[]
  /** Places of the schedule that are used up; a replay uses none. */
  tried: number
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
  /** A draw in [0, 1) for the variation of waits. */
  vary: () => number
  activity: Activity
  /** Fires when the emulator closes or is reset. */
  signal: AbortSignal
  /** Fires when the endpoint is removed: what waits for its turn need not wait any longer. */
  gone: AbortSignal
}

type Tried = { attempt: Attempt; wishes: Wishes }

/** One attempt, with what follows from its outcome for the message and for the endpoint. */
const tryNow = async (input: DeliverInput, trigger: Attempt['trigger']): Promise<Tried> => {
  const { message, endpoint, delivery, gate, clock, settings, signal } = input
  const { timeoutMs, retryScale } = settings
  const tried = await gate(() =>
    postMessage(
      message,
      { url: endpoint.url, secrets: validSecrets(endpoint, clock.now()) },
      { clock, timeoutMs, signal, trigger },
    ),
  )
  delivery.attempts.push(tried.attempt)
  if (tried.attempt.error === 'closed') return tried
  noteOutcome(endpoint, tried.attempt.succeeded, clock.now(), retryScale)
  if (tried.wishes.disable) endpoint.disabled = true
  if (tried.attempt.succeeded) Object.assign(delivery, { status: 'delivered', nextAttemptAt: null })
  return tried
}

/** Sleeps, unless a signal fires first. Not AbortSignal.any: it leaves a trace on a long-lived signal for each message. */
const sleepUnless = async (clock: Clock, ms: number, signals: readonly AbortSignal[]): Promise<void> => {
  const woken = new AbortController()
  const wake = () => woken.abort()
  for (const signal of signals) signal.addEventListener('abort', wake, { once: true })
  if (signals.some(({ aborted }) => aborted)) wake()
  await clock.sleep(ms, woken.signal)
  for (const signal of signals) signal.removeEventListener('abort', wake)
}

/** Sleeps until the next attempt is due. The caller has counted the message as busy; until then it counts as retrying. */
const waitForTurn = async ({ delivery, clock, activity, signal, gone }: DeliverInput): Promise<void> => {
  const wait = (delivery.nextAttemptAt ?? 0) - clock.now()
  if (wait > 0) {
    activity.busy--
    activity.retrying++
    activity.changed()
    await sleepUnless(clock, wait, [signal, gone])
    activity.retrying--
    activity.busy++
  }
  if (!signal.aborted) delivery.nextAttemptAt = null
}

/**
 * Tries one message on one endpoint until it is delivered, the schedule is used up, or the endpoint says that it has enough. It goes on
 * from where the delivery stands, so that a restored one continues.
 */
export const deliver = async (input: DeliverInput): Promise<void> => {
  const { endpoint, delivery, clock, settings, vary, signal } = input
  while (delivery.tried < retrySchedule.length) {
    await waitForTurn(input)
    // Delivered meanwhile: a replay or a second copy got through.
    if (signal.aborted || delivery.status !== 'waiting') return
    if (endpoint.disabled) break
    const { attempt, wishes } = await tryNow(input, 'scheduled')
    if (signal.aborted) return
    delivery.tried++
    if (attempt.succeeded) return
    const due = retrySchedule[delivery.tried]
    if (wishes.abortMessage || wishes.disable || due === undefined) break
    delivery.nextAttemptAt = clock.now() + nextWait(due, attempt, wishes.retryAfterMs, settings, vary)
  }
  if (delivery.status === 'waiting') delivery.status = 'failed'
}

/** Tries once, whatever the schedule says: a second copy of a message, or a replay. A failure changes nothing that is planned. */
export const deliverOnce = async (input: DeliverInput, trigger: Attempt['trigger']): Promise<void> => {
  if (input.signal.aborted || input.endpoint.disabled) return
  await tryNow(input, trigger)
}
