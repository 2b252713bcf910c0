import type { Lane, Message } from './lane.ts'

const day = 86_400_000

/** svix-server `recover_failed_webhooks`: two weeks, and five minutes for clocks that disagree. */
const RECOVERABLE = 14 * day + 5 * 60_000

/** One message, all that failed, or all that were never tried; the latter two of a span of time, the last 14 days unless it says less. */
export type Replay = { endpointId: string } & (
  | { which: 'one'; messageId: string }
  | { which: 'failed' | 'missing'; since?: number; until?: number }
)

export type MessageLog = {
  add: (message: Message) => void
  /** @throws Error when it is gone, or was never there */
  get: (id: string) => Message
  all: () => Message[]
  replace: (messages: readonly Message[]) => void
  clear: () => void
}

/** The newest messages, for as long as Svix keeps their payloads. Those that are still on their way are not dropped. */
export const createLog = (keep: number, retentionMs: number, now: () => number): MessageLog => {
  const messages = new Map<string, Message>()
  const waits = ({ deliveries }: Message) => deliveries.some(({ status }) => status === 'waiting')
  const dropOld = (): void => {
    for (const message of messages.values()) {
      if (now() - message.createdAt <= retentionMs) return
      if (!waits(message)) messages.delete(message.id)
    }
  }
  const dropSurplus = (): void => {
    let looked = 0
    for (const message of messages.values()) {
      // A few at a time: during an outage all of them wait, and none can go.
      if (messages.size <= keep || looked++ === 16) return
      if (!waits(message)) messages.delete(message.id)
    }
  }
  return {
    add: (message) => {
      messages.set(message.id, message)
      dropSurplus()
    },
    get: (id) => {
      dropOld()
      const message = messages.get(id)
      if (!message)
        throw new Error(`There is no message ${id}: none with this id was sent, or its payload is no longer kept.`)
      return message
    },
    all: () => {
      dropOld()
      return [...messages.values()]
    },
    replace: (saved) => {
      messages.clear()
      for (const message of saved) messages.set(message.id, message)
    },
    clear: () => messages.clear(),
  }
}

type Span = { since: number; until: number }

const readSpan = ({ since, until }: Partial<Span>, now: number): Span => {
  const end = until ?? now
  if (since !== undefined && since < end - RECOVERABLE)
    throw new Error('A replay reaches back 14 days at most: choose a later `since`, or an earlier `until`.')
  return { since: since ?? end - 14 * day, until: end }
}

/** Tried within the span, and never with success. One that still waits for its next attempt belongs to it. */
const hasFailed = (lane: Lane, message: Message, { since, until }: Span): boolean => {
  const attempts = (lane.deliveryOf(message)?.attempts ?? []).filter(({ at }) => at >= since && at <= until)
  return attempts.length > 0 && !attempts.some(({ succeeded }) => succeeded)
}

/** Never tried here: sent while the endpoint did not exist, did not want its type, or was switched off. */
const isMissing = (lane: Lane, message: Message, { since, until }: Span): boolean => {
  if (message.createdAt < since || message.createdAt > until || !lane.wants(message.type)) return false
  const delivery = lane.deliveryOf(message)
  return !delivery || (delivery.attempts.length === 0 && delivery.status !== 'waiting')
}

/** What a replay is about. @throws Error when it asks for what cannot be sent */
export const chooseMessages = (log: MessageLog, lane: Lane, replay: Replay, now: number): Message[] => {
  const { endpoint } = lane
  if (endpoint.disabled)
    throw new Error(`The endpoint ${endpoint.id} is disabled, and a disabled endpoint gets nothing: enable it first.`)
  if (replay.which === 'one') return [log.get(replay.messageId)]
  const span = readSpan(replay, now)
  const belongs = replay.which === 'failed' ? hasFailed : isMissing
  return log.all().filter((message) => belongs(lane, message, span))
}
