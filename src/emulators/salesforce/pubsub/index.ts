/*
 * Change events and the Pub/Sub API over gRPC.
 *
 *   commits ── capture.ts ── bus.ts ── event-log.ts            replay ids, retention, reset
 *              (same changes    │
 *               together, gaps, │        ┌── subscription.ts   flow control, keepalives, ends
 *               overflow)       └────────┤
 *              channels.ts, filter.ts    ├── deliver.ts ── payload.ts, bitmaps.ts   what one subscriber may see, in Avro
 *              event-schema.ts,          ├── publish.ts        platform events
 *              field-order.ts            └── methods.ts ── serve.ts   what may be called, on a port with TLS and one without
 *
 * An org makes events only of objects that are selected: by metadata (`PlatformEventChannelMember`), or as on the page
 * Change Data Capture in Setup (the option `changeDataCapture`). What was not selected when it changed is in no stream.
 *
 * It promises: every commit of a selected object is in the log once, in order, as a change or as a gap or overflow event in
 * its place; a subscriber that starts behind a replay id gets exactly the events after it that its topic carries, in order,
 * for 72 hours of the org's clock. Duplicates, gaps, resets and dropped connections come only when a test asks for them:
 * `events` on the emulator, or `/_emulator/events`.
 */
import { ControlError } from '../../kit/strict.ts'
import type { Org } from '../org.ts'
import { makeField } from '../schema.ts'
import { createEventBus, type EventBus, type EventOptions } from './bus.ts'
import { emptyRecordId } from './capture.ts'
import { capturable } from './channels.ts'
import type { ChangeEvent, ChangeType } from './event.ts'
import { eventName } from './event-schema.ts'
import { unavailable } from './failures.ts'
import { createMethods } from './methods.ts'
import { positionOf } from './replay-id.ts'
import { type PubSubPorts, type RunningPubSub, servePubSub } from './serve.ts'
import type { EventSettings } from './settings.ts'
import { type ShownEvent, showEntry } from './show.ts'

/** An event that no change made: a gap, an overflow, or a type that a subscriber does not know. */
export type Announcement = {
  object: string
  changeType: ChangeType
  /** An overflow has none. */
  recordIds?: readonly string[]
}

/** The event bus as a test holds it. */
export type Events = {
  /** May be changed while it runs. */
  settings: EventSettings
  /** Changes settings; unlike a change of `settings` it wakes subscribers. */
  set: (settings: Partial<EventSettings>) => void
  /** Events that can still be replayed, oldest first, decoded. */
  list: () => ShownEvent[]
  /** Objects whose changes are captured because they were selected in Setup. */
  selected: () => string[]
  /** Selects objects in Setup, in place of those before. @throws ControlError for one that makes no events, or too many */
  select: (...objects: string[]) => void
  /** Puts an event on the bus that tells of a gap. @throws ControlError */
  announce: (announcement: Announcement) => ShownEvent
  /** Puts an event on the bus again, with its id and a new replay id. @throws ControlError */
  repeat: (replayId: string) => ShownEvent
  /** An admin adds a text field of 255 characters, which changes the schema of what comes after. @throws ControlError */
  addField: (object: string, name: string) => void
  /** What happens when an org moves: nothing can be replayed, no old replay id is good, and new ones begin far below. */
  resetStream: () => void
  /** Drops connections as a network does, or ends streams as an unavailable service does. */
  disconnect: (how: 'drop' | 'unavailable') => void
  /** Streams that are open. */
  streams: () => number
  /** Streams that were asked for so far, refused ones too: what a subscriber that tries too often is noticed by. */
  streamsAsked: () => number
  /** Deliveries of the last 24 hours. */
  usage: () => { used: number; limit: number }
  setAllowance: (allowance: { used?: number; limit?: number }) => void
  /** The number of the next commit; beyond 2^53 a double no longer holds it. */
  setCommitNumber: (next: bigint) => void
  /** Opens the ports. @throws Error with code EADDRINUSE */
  serve: (ports?: PubSubPorts) => Promise<RunningPubSub>
}

const objectNamed = (org: Org, name: string): string => {
  const object = capturable(org).find((each) => each.name === name)
  if (object) return object.name
  const known = capturable(org).map((each) => each.name)
  throw new ControlError(`${name} makes no change events; those that do are ${known.join(', ')}`)
}

/** The names of objects as the org has them. @throws ControlError when one makes no events, or the org cannot select so many */
const selectable = (org: Org, names: readonly string[]): string[] => {
  const objects = names.map((name) => objectNamed(org, name))
  const { maxCaptured } = org.metadata.surroundings
  const byMetadata = org.channels.flatMap(({ members }) => members.map(({ entity }) => entity))
  const count = new Set([...objects.map(eventName), ...byMetadata]).size
  if (objects.length > 0 && count > maxCaptured)
    throw new ControlError(
      `${count} objects would be selected for change events over all channels; the org may select ${maxCaptured} (option maxCaptured)`,
    )
  return objects
}

const announced = (bus: EventBus, { object: name, changeType, recordIds }: Announcement): ChangeEvent => {
  const { org } = bus
  const object = org.schema.find(objectNamed(org, name))
  if (!object) throw new ControlError(`there is no object ${name}`)
  const ids = changeType === 'GAP_OVERFLOW' ? [emptyRecordId] : (recordIds ?? [])
  if (ids.length === 0) throw new ControlError(`recordIds is missing: ${changeType} tells of records`)
  const channels = bus.members().filter((member) => member.object.name === name)
  if (channels.length === 0)
    throw new ControlError(`${name} is not selected for change events: deploy a channel member, or select it in Setup`)
  const { transactionKey, commitNumber } = bus.nextTransaction()
  return {
    kind: 'change',
    id: bus.newId(),
    entity: name,
    schemaId: bus.schemaFor(object).id,
    recordIds: ids,
    changeType,
    changeOrigin: '',
    transactionKey,
    sequenceNumber: 1,
    commitTimestamp: Math.floor(org.clock.now() / 1000) * 1000,
    commitNumber: String(commitNumber),
    commitUser: org.personId,
    values: {},
    diffs: [],
    person: false,
    channels: Object.fromEntries(channels.map(({ channel }) => [channel, ids])),
  }
}

const addField = (org: Org, objectName: string, name: string): void => {
  const object = objectNamed(org, objectName)
  const fullName = `${object}.${name}`
  if (!/^[A-Za-z](?:_?[A-Za-z0-9])*__c$/.test(name))
    throw new ControlError(`${name} is no name of a custom field, which ends in __c`)
  if (org.schema.find(object)?.byName.has(name.toLowerCase()))
    throw new ControlError(`there is a field ${fullName} already`)
  const field = makeField({ name, type: 'string', length: 255, custom: true })
  const metadata = org.metadata.current()
  org.metadata.replace({ ...metadata, fields: { ...metadata.fields, [fullName]: { object, kind: 'Text', field } } })
}

const eventAt = (bus: EventBus, replayId: string) => {
  const position = positionOf(Buffer.from(replayId, 'hex'))
  const entry = bus.log.entries().find((each) => each.position === position)
  if (!entry?.event) throw new ControlError(`there is no event with the replay id ${replayId}; they are listed in hex`)
  return entry.event
}

/** The events of an org. Listens to its commits from now on, and belongs to its snapshots. */
export const createEvents = (org: Org, isLive: (token: string) => boolean, options: EventOptions): Events => {
  const bus = createEventBus(org, options)
  selectable(org, options.selected)
  const methods = createMethods(bus, isLive)
  const running = new Set<RunningPubSub>()
  const last = (): ShownEvent => {
    const entry = bus.log.entries().at(-1)
    const shown = entry && showEntry(bus, entry)
    if (!shown) throw new Error('the log is empty')
    return shown
  }
  return {
    settings: bus.settings,
    set: (settings) => {
      Object.assign(bus.settings, settings)
      bus.news()
    },
    list: () => bus.log.entries().flatMap((entry) => showEntry(bus, entry) ?? []),
    selected: () => [...bus.selected],
    select: (...objects) => {
      const names = selectable(org, objects)
      bus.selected.clear()
      for (const name of names) bus.selected.add(name)
    },
    announce: (announcement) => {
      bus.append([announced(bus, announcement)])
      return last()
    },
    repeat: (replayId) => {
      bus.append([eventAt(bus, replayId)])
      return last()
    },
    addField: (object, name) => addField(org, object, name),
    resetStream: () => {
      // Salesforce ends the streams of an org that it moves.
      for (const stream of methods.open) stream.fail(unavailable())
      bus.log.restart()
    },
    disconnect: (how) => {
      if (how === 'drop') for (const each of running) each.dropConnections()
      else for (const stream of methods.open) stream.fail(unavailable())
    },
    streams: () => methods.open.size,
    streamsAsked: methods.asked,
    usage: () => ({ used: bus.deliveries.used(), limit: bus.deliveries.limit }),
    setAllowance: (allowance) => bus.deliveries.set(allowance),
    setCommitNumber: bus.setCommitNumber,
    serve: async (ports = {}) => {
      const served = await servePubSub(methods, ports)
      running.add(served)
      return {
        ...served,
        close: async () => {
          running.delete(served)
          await served.close()
        },
      }
    },
  }
}
