import type { Random } from '../kit/random.ts'
import type { Part } from '../kit/snapshot.ts'
import { eventChannel } from './observe.ts'
import type { ClerkSettings } from './settings.ts'
import { createStore, type Store } from './store.ts'

/** One Clerk instance: what the functions that change records need, and nothing of HTTP. */
export type Instance = {
  settings: ClerkSettings
  instanceId: string
  /** Replaced by an empty one on reset: to be read anew by each request. */
  store: Store
  now: () => number
  /** An id of Clerk's form: the prefix, an underscore, 27 characters. */
  newId: (prefix: string) => string
  /** Six digits. */
  newCode: () => string
  nextSeq: () => number
  /** For snapshots: who the instance is, and where ids and counters stand. */
  part: Part
  /** Sends an event to every endpoint that wants it. */
  emit: (type: string, data: object) => void
}

/** The event as Clerk words it (`WebhookEventPayload`); its exact text is what gets signed. */
export const eventBody = (instance: Instance, type: string, data: object): string =>
  JSON.stringify({
    data,
    event_attributes: { http_request: { client_ip: '0.0.0.0', user_agent: '' } },
    instance_id: instance.instanceId,
    object: 'event',
    timestamp: instance.settings.timestampUnit === 's' ? Math.floor(instance.now() / 1000) : instance.now(),
    type,
  })

type SavedInstance = { instanceId: string; seq: number; random: unknown }

/** An instance without records; `publish` takes each event's type and text. */
export const createInstance = (
  settings: ClerkSettings,
  now: () => number,
  random: Random,
  publish: (type: string, body: string) => void,
): Instance => {
  let seq = 0
  const newId = (prefix: string): string => `${prefix}_${random.text(27)}`
  const instance: Instance = {
    settings,
    instanceId: newId('ins'),
    store: createStore(settings, now()),
    now,
    newId,
    newCode: () => random.text(6, '0123456789'),
    nextSeq: () => seq++,
    part: {
      save: (): SavedInstance => ({ instanceId: instance.instanceId, seq, random: random.part.save() }),
      load: (saved) => {
        const { instanceId, seq: next, random: state } = saved as SavedInstance
        instance.instanceId = instanceId
        seq = next
        random.part.load(state)
      },
      clear: () => {},
    },
    emit: (type, data) => {
      const body = eventBody(instance, type, data)
      eventChannel.publish(body)
      publish(type, body)
    },
  }
  return instance
}
