import type { Clock } from '../../kit/clock.ts'
import { seededRandom } from '../../kit/random.ts'
import type { Part } from '../../kit/snapshot.ts'
import type { DeliverySettings, WebhookEndpointOptions } from '../settings.ts'
import type { Attempt } from './attempt.ts'
import { type Disorder, drawFate, order } from './disorder.ts'
import { type EndpointView, viewEndpoint } from './endpoint.ts'
import { createEndpoints, type EndpointChange, type SavedEndpoints } from './endpoints.ts'
import type { Message } from './lane.ts'
import { chooseMessages, createLog, type Replay } from './log.ts'
import { createRounds, type Rounds } from './rounds.ts'

/*
 * Webhooks as Svix sends them for Clerk.
 *
 *   publish ── one message, one id ──> lane of each endpoint ── (disorder) ──> deliver: post, retry, give up
 *                                                                  replay ──> deliver once
 *
 * A message is text that never changes: the bytes that are signed are the bytes that are sent. Its id is the same for every
 * endpoint, attempt and replay; timestamp and signature are fresh for each attempt. Attempts to one endpoint run side by side
 * (`concurrency`), so order is not promised even when nothing is made to go wrong.
 *
 * `disorder` makes the rare frequent: a message sent twice, late, or overtaken. Its draws come from the seed in the order of
 * publishing, so the same history with the same seed has the same disorder.
 *
 * A disabled endpoint gets nothing and loses nothing that `replay` could not bring: the log keeps the newest messages for 90
 * days, those of the time without an endpoint included. A replay is tried once; whatever the schedule has in store for the
 * message goes on beside it, and ends when a replay gets through.
 *
 * Where Svix's documentation is silent, its published server is followed (github.com/svix/svix-webhooks, August 2026).
 */

export type { EndpointChange } from './endpoints.ts'
export { firstSecretOf } from './endpoints.ts'
export type { Message } from './lane.ts'
export type { Replay } from './log.ts'

/** One attempt with what it was about. */
export type AttemptView = Attempt & { messageId: string; type: string; endpointId: string }

export type Webhooks = {
  /** Adds an endpoint. It gets what is published from now on. @throws Error for a secret or a type that Svix or Clerk do not know */
  add: (options: WebhookEndpointOptions) => EndpointView
  /** Changes what is named; messages under way go where it points by then. */
  update: (endpointId: string, change: EndpointChange) => EndpointView
  remove: (endpointId: string) => boolean
  endpoints: () => EndpointView[]
  /** Gives an endpoint a new secret; the old one signs along for `graceMs` (24 hours). Returns the new one. */
  rotate: (endpointId: string, options?: { secret?: string; graceMs?: number }) => string
  /** Switches an endpoint off or on again. */
  setDisabled: (endpointId: string, disabled: boolean) => void
  publish: (type: string, body: string) => Message
  /** Sends again, once. Returns how many messages that are. @throws Error for a disabled endpoint, or a time too long ago */
  replay: (replay: Replay) => number
  messages: () => readonly Message[]
  /** All attempts of the messages that are kept, in the order in which they began. */
  attempts: () => AttemptView[]
  disorder: () => Disorder
  setDisorder: (disorder: Partial<Disorder>) => void
  idle: Rounds['idle']
  /** Drops all messages and whatever is on its way; endpoints stay and are enabled. */
  reset: () => void
  close: () => void
  /** For snapshots: endpoints, messages, disorder. What was on its way goes on where it stood when it is loaded. */
  part: Part
}

export type WebhooksInput = {
  clock: Clock
  seed: number
  settings: DeliverySettings
  /** For the first endpoint that brings none of its own. */
  firstSecret: string
  disorder?: Partial<Disorder>
}

type SavedWebhooks = {
  endpoints: SavedEndpoints
  messages: Message[]
  disorder: Disorder
  ids: unknown
  fates: unknown
}

const attemptsOf = (messages: readonly Message[]): AttemptView[] =>
  messages
    .flatMap(({ id: messageId, type, deliveries }) =>
      deliveries.flatMap(({ endpointId, attempts }) =>
        attempts.map((attempt) => ({ messageId, type, endpointId, ...attempt })),
      ),
    )
    .sort((a, b) => a.at - b.at)

export const createWebhooks = (input: WebhooksInput): Webhooks => {
  const { clock, seed, settings } = input
  const { round, next, idle } = createRounds()
  const endpoints = createEndpoints({ ...input, round })
  const log = createLog(settings.keepMessages, settings.retentionMs, clock.now)
  const ids = seededRandom(seed ^ 0x1d)
  // Fates have randomness of their own, so that ids don't depend on how many endpoints there are.
  const fates = seededRandom(seed ^ 0xfa7e)
  let disorder: Disorder = { ...order, ...input.disorder }

  const reset = (): void => {
    next()
    log.clear()
    endpoints.enableAll()
    disorder = { ...order, ...input.disorder }
    fates.part.clear()
  }
  const save = (): SavedWebhooks =>
    structuredClone({
      endpoints: endpoints.save(),
      messages: log.all(),
      disorder,
      ids: ids.part.save(),
      fates: fates.part.save(),
    })
  const load = (saved: SavedWebhooks): void => {
    const { messages, ...rest } = structuredClone(saved)
    next()
    endpoints.load(rest.endpoints)
    log.replace(messages)
    disorder = rest.disorder
    ids.part.load(rest.ids)
    fates.part.load(rest.fates)
    for (const lane of endpoints.lanes()) for (const message of messages) lane.resume(message)
  }

  return {
    add: endpoints.add,
    update: endpoints.update,
    remove: endpoints.remove,
    endpoints: () => endpoints.lanes().map(({ endpoint }) => viewEndpoint(endpoint)),
    rotate: endpoints.rotate,
    setDisabled: (endpointId, disabled) => {
      endpoints.update(endpointId, { disabled })
    },
    publish: (type, body) => {
      const message: Message = { id: `msg_${ids.text(27)}`, type, body, createdAt: clock.now(), deliveries: [] }
      for (const lane of endpoints.lanes()) if (lane.wants(type)) lane.send(message, drawFate(fates, disorder))
      log.add(message)
      return message
    },
    replay: (replay) => {
      const lane = endpoints.laneOf(replay.endpointId)
      const messages = chooseMessages(log, lane, replay, clock.now())
      for (const message of messages) lane.resend(message)
      return messages.length
    },
    messages: log.all,
    attempts: () => attemptsOf(log.all()),
    disorder: () => disorder,
    setDisorder: (change) => {
      disorder = { ...disorder, ...change }
    },
    idle,
    reset,
    close: () => round().stop.abort(),
    part: { save, load: (saved) => load(saved as SavedWebhooks), clear: reset },
  }
}
