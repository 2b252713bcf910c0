import type { Clock } from '../../kit/clock.ts'
import { type Random, seededRandom } from '../../kit/random.ts'
import type { DeliverySettings, WebhookEndpointOptions } from '../settings.ts'
import { assertSecret, type Endpoint, type EndpointView, readFilter, rotateSecret, viewEndpoint } from './endpoint.ts'
import { createLane, type Lane, type Round } from './lane.ts'
import { newSecret } from './sign.ts'

/** What of an endpoint can be changed later. */
export type EndpointChange = { url?: string; events?: readonly string[] | null; disabled?: boolean }

export type EndpointsInput = {
  clock: Clock
  seed: number
  settings: DeliverySettings
  /** For the first endpoint that brings none of its own. */
  firstSecret: string
  round: () => Round
}

export type SavedEndpoints = { list: Endpoint[]; random: unknown; variation: unknown }

export type Endpoints = {
  /** @throws Error when there is none with this id */
  laneOf: (id: string) => Lane
  lanes: () => Lane[]
  add: (options: WebhookEndpointOptions) => EndpointView
  update: (id: string, change: EndpointChange) => EndpointView
  remove: (id: string) => boolean
  rotate: (id: string, options?: { secret?: string; graceMs?: number }) => string
  enableAll: () => void
  save: () => SavedEndpoints
  load: (saved: SavedEndpoints) => void
}

const secretFrom = (random: Random): string => newSecret((length) => Uint8Array.from({ length }, () => random.int(256)))

/** A signing secret made from the seed alone. */
export const firstSecretOf = (seed: number): string => secretFrom(seededRandom(seed ^ 0x5ec7e7))

/** A past of failures is forgotten when somebody switches the endpoint on or off. */
const setDisabled = (endpoint: Endpoint, disabled: boolean): void => {
  Object.assign(endpoint, { disabled, failures: [], failingSince: null })
}

/** Endpoints by id, in the order in which they were added. */
export const createEndpoints = ({ clock, settings, seed, firstSecret, round }: EndpointsInput): Endpoints => {
  const random = seededRandom(seed ^ 0xe9d)
  const variation = seededRandom(seed ^ 0x7a21)
  const lanes = new Map<string, Lane>()
  const put = (endpoint: Endpoint): void => {
    lanes.set(endpoint.id, createLane(endpoint, { clock, settings, vary: variation.next, round }))
  }
  const laneOf = (id: string): Lane => {
    const lane = lanes.get(id)
    if (!lane) throw new Error(`There is no webhook endpoint ${id}.`)
    return lane
  }
  return {
    laneOf,
    lanes: () => [...lanes.values()],
    add: ({ url, secret, events, disabled = false }) => {
      if (secret !== undefined) assertSecret(secret)
      const endpoint: Endpoint = {
        id: `ep_${random.text(27)}`,
        url: new URL(url).href,
        events: readFilter(events),
        secrets: [{ secret: secret ?? (lanes.size === 0 ? firstSecret : secretFrom(random)), until: null }],
        disabled,
        failures: [],
        failingSince: null,
      }
      put(endpoint)
      return viewEndpoint(endpoint)
    },
    update: (id, { url, events, disabled }) => {
      const { endpoint } = laneOf(id)
      const filter = readFilter(events)
      if (url !== undefined) endpoint.url = new URL(url).href
      if (events !== undefined) endpoint.events = filter
      if (disabled !== undefined) setDisabled(endpoint, disabled)
      return viewEndpoint(endpoint)
    },
    remove: (id) => {
      const lane = lanes.get(id)
      // What is still waiting for it finds it disabled and ends, at once: nobody waits hours for an endpoint that is no more.
      if (lane) {
        setDisabled(lane.endpoint, true)
        lane.end()
      }
      return lanes.delete(id)
    },
    rotate: (id, { secret = secretFrom(random), graceMs } = {}) => {
      rotateSecret(laneOf(id).endpoint, secret, clock.now(), graceMs)
      return secret
    },
    enableAll: () => {
      for (const { endpoint } of lanes.values()) setDisabled(endpoint, false)
    },
    save: () => ({
      list: [...lanes.values()].map(({ endpoint }) => endpoint),
      random: random.part.save(),
      variation: variation.part.save(),
    }),
    load: (saved) => {
      lanes.clear()
      for (const endpoint of saved.list) put(endpoint)
      random.part.load(saved.random)
      variation.part.load(saved.variation)
    },
  }
}
