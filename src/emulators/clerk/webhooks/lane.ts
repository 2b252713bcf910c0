import type { Clock } from '../../kit/clock.ts'
import type { DeliverySettings } from '../settings.ts'
import { type Activity, createGate, type DeliverInput, type Delivery, deliver, deliverOnce } from './deliver.ts'
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
  /** Sends a message once more, without mishaps and without retries. */
  resend: (message: Message) => void
  /** Goes on with a message of a restored state that was on its way. */
  resume: (message: Message) => void
  /** Ends the waits of an endpoint that is removed; what waited has failed. */
  end: () => void
  /** What became of a message here. */
  deliveryOf: (message: Message) => Delivery | undefined
}

export type LaneInput = { clock: Clock; settings: DeliverySettings; vary: () => number; round: () => Round }

type Held = { behind: number; go: () => void }

/** Holds messages back until others have overtaken them, or none came for a while. */
const createHolding = ({ clock, round }: LaneInput) => {
  let held: Held[] = []
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
  const overtake = (entries: readonly Held[]): void => {
    for (const entry of entries) if (--entry.behind <= 0) entry.go()
  }
  return { hold, overtake, held: () => [...held] }
}

export const createLane = (endpoint: Endpoint, input: LaneInput): Lane => {
  const { clock, settings, vary, round } = input
  const gate = createGate(settings.concurrency)
  const holding = createHolding(input)
  const gone = new AbortController()

  const run = async (
    message: Message,
    delivery: Delivery,
    how: (input: DeliverInput) => Promise<void>,
    delayMs = 0,
  ): Promise<void> => {
    const { activity, stop } = round()
    const { signal } = stop
    activity.busy++
    try {
      if (delayMs > 0) await clock.sleep(delayMs, signal)
      await how({ message, endpoint, delivery, gate, clock, settings, vary, activity, signal, gone: gone.signal })
    } finally {
      activity.busy--
      activity.changed()
    }
  }

  const deliveryOf = (message: Message): Delivery | undefined =>
    message.deliveries.find(({ endpointId }) => endpointId === endpoint.id)

  const expect = (message: Message, status: Delivery['status']): Delivery => {
    const known = deliveryOf(message)
    if (known) return known
    const delivery: Delivery = { endpointId: endpoint.id, status, attempts: [], tried: 0, nextAttemptAt: null }
    message.deliveries.push(delivery)
    return delivery
  }

  const copyOf = (input: DeliverInput): Promise<void> => deliverOnce(input, 'scheduled')
  const replayOf = (input: DeliverInput): Promise<void> => deliverOnce(input, 'manual')

  return {
    endpoint,
    wants: (type) => !endpoint.disabled && (endpoint.events === null || endpoint.events.includes(type)),
    send: (message, { delaysMs, behind }) => {
      const delivery = expect(message, 'waiting')
      const overtaken = holding.held()
      const go = () => {
        for (const [i, delayMs] of delaysMs.entries()) void run(message, delivery, i === 0 ? deliver : copyOf, delayMs)
      }
      if (behind === 0) go()
      else holding.hold(behind, go)
      holding.overtake(overtaken)
    },
    resend: (message) => {
      // One that was never meant for this endpoint counts as failed until the replay gets through.
      void run(message, expect(message, 'failed'), replayOf)
    },
    resume: (message) => {
      const delivery = deliveryOf(message)
      if (delivery?.status === 'waiting') void run(message, delivery, deliver)
    },
    end: () => gone.abort(),
    deliveryOf,
  }
}
