import type { Clock } from '../../kit/clock.ts'
import type { DeliverySettings } from '../settings.ts'
import { type Activity, createGate, type Delivery, deliver } from './deliver.ts'
import type { Fate } from './disorder.ts'
import type { Endpoint } from './endpoint.ts'

/** How long a message waits for others to overtake it when none come. */
const HOLD_MS = 250

/** An event on its way to the endpoints. */
export type Message = {
  id: string
  type: string
  /** The exact text that is signed and sent. */
  body: string
  createdAt: number
  deliveries: Delivery[]
}

/** The time between two resets: what was under way before one must not count, or arrive, after it. */
export type Round = { activity: Activity; stop: AbortController }

/** The road to one endpoint. */
export type Lane = {
  endpoint: Endpoint
  /** Whether the endpoint gets messages of this type now. */
  wants: (type: string) => boolean
  /** Sends a new message, with the mishaps that its fate has in store. */
  send: (message: Message, fate: Fate) => void
  /** Sends a message once more, without mishaps. */
  resend: (message: Message) => void
  /** What became of a message here. */
  deliveryOf: (message: Message) => Delivery | undefined
}

type Held = { behind: number; go: () => void }

export const createLane = (
  endpoint: Endpoint,
  { clock, settings, round }: { clock: Clock; settings: DeliverySettings; round: () => Round },
): Lane => {
  const gate = createGate(settings.concurrency)
  let held: Held[] = []

  const run = async (message: Message, delivery: Delivery, delayMs = 0, copy = false): Promise<void> => {
    const { activity, stop } = round()
    activity.busy++
    try {
      if (delayMs > 0) await clock.sleep(delayMs, stop.signal)
      await deliver({ message, endpoint, delivery, gate, clock, settings, activity, copy, signal: stop.signal })
    } finally {
      activity.busy--
      activity.changed()
    }
  }

  const hold = (behind: number, go: () => void): void => {
    const { activity, stop } = round()
    const left = new AbortController()
    activity.busy++
    const entry: Held = {
      behind,
      go: () => {
        if (!held.includes(entry)) return
        held = held.filter((other) => other !== entry)
        if (!stop.signal.aborted) go()
        activity.busy--
        activity.changed()
        left.abort()
      },
    }
    held.push(entry)
    void clock.sleep(HOLD_MS, AbortSignal.any([left.signal, stop.signal])).then(entry.go)
  }

  const deliveryOf = (message: Message): Delivery | undefined =>
    message.deliveries.find(({ endpointId }) => endpointId === endpoint.id)

  const expect = (message: Message): Delivery => {
    const known = deliveryOf(message)
    if (known) return known
    const delivery: Delivery = { endpointId: endpoint.id, status: 'waiting', attempts: [], nextAttemptAt: null }
    message.deliveries.push(delivery)
    return delivery
  }

  return {
    endpoint,
    wants: (type) => !endpoint.disabled && (endpoint.events === null || endpoint.events.includes(type)),
    send: (message, { delaysMs, behind }) => {
      const delivery = expect(message)
      const overtaken = [...held]
      const go = () => {
        for (const [i, delayMs] of delaysMs.entries()) void run(message, delivery, delayMs, i > 0)
      }
      if (behind === 0) go()
      else hold(behind, go)
      for (const entry of overtaken) if (--entry.behind <= 0) entry.go()
    },
    resend: (message) => {
      const delivery = expect(message)
      delivery.status = 'waiting'
      void run(message, delivery)
    },
    deliveryOf,
  }
}
