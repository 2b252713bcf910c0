import type { Clock } from '../../kit/clock.ts'
import { type Random, seededRandom } from '../../kit/random.ts'
import type { DeliverySettings, WebhookEndpointOptions } from '../settings.ts'
import type { Activity } from './deliver.ts'
import { type Disorder, drawFate, order } from './disorder.ts'
import { type EndpointView, rotateSecret, viewEndpoint } from './endpoint.ts'
import { createLane, type Lane, type Message, type Round } from './lane.ts'
import { newSecret } from './sign.ts'

/*
 * Webhooks as Svix sends them for Clerk.
 *
 *   publish ── one message, one id ──> lane of each endpoint ── (disorder) ──> deliver: post, retry, give up
 *
 * A message is text that never changes: the bytes that are signed are the bytes that are sent. Its id is the same for every
 * endpoint, attempt and replay; timestamp and signature are fresh for each attempt. Attempts to one endpoint run side by side
 * (`concurrency`), so order is not promised even when nothing is made to go wrong.
 *
 * `disorder` makes the rare frequent: a message sent twice, late, or overtaken. Its draws come from the seed in the order of
 * publishing, so the same history with the same seed has the same disorder.
 *
 * A disabled endpoint gets nothing and loses nothing that `replay` could not bring: the log keeps the newest messages,
 * those of the time without an endpoint included.
 */

export type { Message } from './lane.ts'

/** One message, all that failed, or all that were never tried; the latter two since a time. */
export type Replay = { endpointId: string } & (
  | { which: 'one'; messageId: string }
  | { which: 'failed' | 'missing'; since?: number }
)

export type Webhooks = {
  /** Adds an endpoint. It gets what is published from now on. */
  add: (options: WebhookEndpointOptions) => EndpointView
  remove: (endpointId: string) => boolean
  endpoints: () => EndpointView[]
  /** Gives an endpoint a new secret; the old one signs along for `graceMs` (24 hours). Returns the new one. */
  rotate: (endpointId: string, options?: { secret?: string; graceMs?: number }) => string
  /** Switches an endpoint off or on again. */
  setDisabled: (endpointId: string, disabled: boolean) => void
  publish: (type: string, body: string) => Message
  /** Sends again. Returns how many messages that are. */
  replay: (replay: Replay) => number
  messages: () => readonly Message[]
  disorder: () => Disorder
  setDisorder: (disorder: Partial<Disorder>) => void
  /** Resolves when nothing is on its way. With `retries: false`, messages that wait for a retry don't count. */
  idle: (options?: { retries?: boolean }) => Promise<void>
  /** Drops all messages and whatever is on its way; endpoints stay and are enabled. */
  reset: () => void
  close: () => void
}

export type WebhooksInput = {
  clock: Clock
  seed: number
  settings: DeliverySettings
  /** For the first endpoint that brings none of its own. */
  firstSecret: string
  disorder?: Partial<Disorder>
}

const secretFrom = (random: Random): string => newSecret((length) => Uint8Array.from({ length }, () => random.int(256)))

/** A signing secret made from the seed alone. */
export const firstSecretOf = (seed: number): string => secretFrom(seededRandom(seed ^ 0x5ec7e7))

type Waiting = { round: () => Round; next: () => void; idle: Webhooks['idle'] }

/** The current round and those who wait for it to fall silent. */
const createRounds = (): Waiting => {
  const checks = new Set<() => void>()
  const changed = () => {
    for (const check of checks) check()
  }
  const start = (): Round => ({ activity: { busy: 0, retrying: 0, changed }, stop: new AbortController() })
  let current = start()
  const isIdle = ({ busy, retrying }: Activity, retries: boolean) => busy === 0 && (!retries || retrying === 0)
  return {
    round: () => current,
    next: () => {
      current.stop.abort()
      current = start()
      changed()
    },
    idle: ({ retries = true } = {}) =>
      new Promise((resolve) => {
        const check = () => {
          if (!isIdle(current.activity, retries)) return
          checks.delete(check)
          resolve()
        }
        checks.add(check)
        check()
      }),
  }
}

/** The newest messages. Those that are still on their way are not dropped. */
const createLog = (keep: number) => {
  const messages = new Map<string, Message>()
  return {
    add: (message: Message): void => {
      messages.set(message.id, message)
      let looked = 0
      for (const [id, { deliveries }] of messages) {
        // A few at a time: during an outage all of them wait, and none can go.
        if (messages.size <= keep || looked++ === 16) return
        if (!deliveries.some(({ status }) => status === 'waiting')) messages.delete(id)
      }
    },
    get: (id: string): Message => {
      const message = messages.get(id)
      if (!message) throw new Error(`There is no message ${id}.`)
      return message
    },
    all: (): Message[] => [...messages.values()],
    clear: (): void => messages.clear(),
  }
}

/** What a replay is about. */
const chooseMessages = (log: ReturnType<typeof createLog>, lane: Lane, replay: Replay): Message[] => {
  if (replay.which === 'one') return [log.get(replay.messageId)]
  const { which, since = Number.NEGATIVE_INFINITY } = replay
  return log.all().filter((message) => {
    if (message.createdAt < since || !lane.wants(message.type)) return false
    const delivery = lane.deliveryOf(message)
    return which === 'failed' ? delivery?.status === 'failed' : !delivery || delivery.attempts.length === 0
  })
}

/** Endpoints by id, in the order in which they were added. */
const createEndpoints = ({ clock, settings, seed, firstSecret }: WebhooksInput, round: () => Round) => {
  const random = seededRandom(seed ^ 0xe9d)
  const lanes = new Map<string, Lane>()
  const laneOf = (id: string): Lane => {
    const lane = lanes.get(id)
    if (!lane) throw new Error(`There is no webhook endpoint ${id}.`)
    return lane
  }
  const setDisabled = (lane: Lane, disabled: boolean): void => {
    Object.assign(lane.endpoint, { disabled, failures: [], failingSince: null })
  }
  return {
    laneOf,
    lanes: () => [...lanes.values()],
    add: ({ url, secret, events }: WebhookEndpointOptions): EndpointView => {
      const endpoint = {
        id: `ep_${random.text(27)}`,
        url: new URL(url).href,
        events: events ?? null,
        secrets: [{ secret: secret ?? (lanes.size === 0 ? firstSecret : secretFrom(random)), until: null }],
        disabled: false,
        failures: [],
        failingSince: null,
      }
      lanes.set(endpoint.id, createLane(endpoint, { clock, settings, round }))
      return viewEndpoint(endpoint)
    },
    remove: (id: string): boolean => {
      const lane = lanes.get(id)
      // What is still waiting for it finds it disabled and ends.
      if (lane) setDisabled(lane, true)
      return lanes.delete(id)
    },
    rotate: (
      id: string,
      { secret = secretFrom(random), graceMs }: { secret?: string; graceMs?: number } = {},
    ): string => {
      rotateSecret(laneOf(id).endpoint, secret, clock.now(), graceMs)
      return secret
    },
    setDisabled: (id: string, disabled: boolean): void => setDisabled(laneOf(id), disabled),
    enableAll: (): void => {
      for (const lane of lanes.values()) setDisabled(lane, false)
    },
  }
}

export const createWebhooks = (input: WebhooksInput): Webhooks => {
  const { clock, seed, settings } = input
  const { round, next, idle } = createRounds()
  const endpoints = createEndpoints(input, round)
  const log = createLog(settings.keepMessages)
  const ids = seededRandom(seed ^ 0x1d)
  // Fates have randomness of their own, so that ids don't depend on how many endpoints there are.
  let fates = seededRandom(seed ^ 0xfa7e)
  let disorder: Disorder = { ...order, ...input.disorder }

  return {
    add: endpoints.add,
    remove: endpoints.remove,
    endpoints: () => endpoints.lanes().map(({ endpoint }) => viewEndpoint(endpoint)),
    rotate: endpoints.rotate,
    setDisabled: endpoints.setDisabled,
    publish: (type, body) => {
      const message: Message = { id: `msg_${ids.text(27)}`, type, body, createdAt: clock.now(), deliveries: [] }
      for (const lane of endpoints.lanes()) if (lane.wants(type)) lane.send(message, drawFate(fates, disorder))
      log.add(message)
      return message
    },
    replay: (replay) => {
      const lane = endpoints.laneOf(replay.endpointId)
      const messages = chooseMessages(log, lane, replay)
      for (const message of messages) lane.resend(message)
      return messages.length
    },
    messages: log.all,
    disorder: () => disorder,
    setDisorder: (change) => {
      disorder = { ...disorder, ...change }
    },
    idle,
    reset: () => {
      next()
      log.clear()
      endpoints.enableAll()
      disorder = { ...order, ...input.disorder }
      fates = seededRandom(seed ^ 0xfa7e)
    },
    close: () => round().stop.abort(),
  }
}
