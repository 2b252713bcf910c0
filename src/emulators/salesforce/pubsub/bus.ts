/**
 * The event bus of one org: what was captured, its schemas, who may still be told, and where everything stands for a
 * snapshot. It knows nothing of gRPC; whoever delivers asks `log` and waits for news.
 */

import { type Random, seededRandom } from '../../kit/random.ts'
import type { Part } from '../../kit/snapshot.ts'
import type { Commit } from '../commits.ts'
import type { Org } from '../org.ts'
import type { ObjectType } from '../schema.ts'
import { createUsage, type Usage } from '../usage.ts'
import { captureCommit } from './capture.ts'
import { capturable, type Member, membersOf } from './channels.ts'
import type { StoredEvent } from './event.ts'
import { createEventLog, type EventLog, type SavedLog } from './event-log.ts'
import { type EventField, type EventSchema, layoutOf, schemaOf } from './event-schema.ts'
import { type PlatformEventType, type PlatformTopic, platformTopic } from './platform-events.ts'
import { defaultSettings, type EventSettings } from './settings.ts'

export type EventOptions = {
  seed: number
  /** Objects selected on the page Change Data Capture in Setup. */
  selected: readonly string[]
  platformEvents: readonly PlatformEventType[]
  /** Events delivered in 24 hours, counted for each subscriber. */
  deliveryLimit: number
}

export type EventBus = {
  org: Org
  settings: EventSettings
  random: Random
  log: EventLog
  /** Deliveries of the last 24 hours. */
  deliveries: Usage
  /** Objects selected in Setup. */
  selected: Set<string>
  platform: ReadonlyMap<string, PlatformTopic>
  members: () => readonly Member[]
  schemaFor: (object: ObjectType) => EventSchema
  /** A schema that was in use once, by id. */
  schema: (id: string) => EventSchema | undefined
  newId: () => string
  /** A key and a number for the next transaction. */
  nextTransaction: () => { transactionKey: string; commitNumber: bigint }
  setCommitNumber: (next: bigint) => void
  /** Puts events at the tip and tells everybody. */
  append: (events: readonly StoredEvent[]) => void
  /** Calls the listener whenever there may be something to deliver; gives the way to stop it. */
  onNews: (listener: () => void) => () => void
  news: () => void
}

type Saved = {
  settings: EventSettings
  log: SavedLog
  schemas: { entity: string; fields: readonly EventField[] }[]
  selected: string[]
  commitNumber: string
  deliveries: unknown
  random: unknown
}

const uuid = (random: Random): string => {
  const hex = random.text(32, '0123456789abcdef')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`
}

/** Real keys begin with a time in hex and are no proper UUIDs. */
const transactionKey = (random: Random, at: number): string => {
  const hex = random.text(24, '0123456789abcdef')
  const time = (Math.floor(at / 1000) % 0x100_0000).toString(16).padStart(8, '0')
  return `${time}-${hex.slice(0, 4)}-${hex.slice(4, 8)}-${hex.slice(8, 12)}-${hex.slice(12)}`
}

const schemaBook = () => {
  const known = new Map<string, EventSchema>()
  const current = new WeakMap<ObjectType, EventSchema>()
  const keep = (entity: string, fields: readonly EventField[]): EventSchema => {
    const schema = schemaOf(entity, fields)
    known.set(schema.id, schema)
    return schema
  }
  return {
    known,
    keep,
    of: (object: ObjectType): EventSchema => {
      const schema = current.get(object) ?? keep(object.name, layoutOf(object))
      current.set(object, schema)
      return schema
    },
  }
}

/** Members, worked out again only when metadata, schema or selection are others. */
const memberCache = (org: Org, selected: ReadonlySet<string>): (() => readonly Member[]) => {
  let last: { key: readonly unknown[]; members: readonly Member[] } | undefined
  return () => {
    const key = [org.metadata.current(), org.schema, [...selected].join()]
    if (!last || key.some((each, i) => each !== last?.key[i])) last = { key, members: membersOf(org, selected) }
    return last.members
  }
}

/** The bus of an org, listening to its commits. */
export const createEventBus = (org: Org, options: EventOptions): EventBus => {
  const { now } = org.clock
  // A sequence of its own: capturing events must not change the tokens that the org gives.
  const random = seededRandom(options.seed ^ 0xcdc)
  const settings = { ...defaultSettings }
  const selected = new Set(options.selected)
  const schemas = schemaBook()
  const listeners = new Set<() => void>()
  let commitNumber = 1_100_000_000_000n + BigInt(random.int(1_000_000_000))
  const bus: EventBus = {
    org,
    settings,
    random,
    log: createEventLog(now, random, () => settings.retentionMs),
    deliveries: createUsage(now, options.deliveryLimit),
    selected,
    platform: new Map(options.platformEvents.map(platformTopic).map((topic) => [topic.topic, topic])),
    members: memberCache(org, selected),
    schemaFor: schemas.of,
    schema: (id) => schemas.known.get(id),
    newId: () => uuid(random),
    nextTransaction: () => {
      commitNumber += BigInt(1 + random.int(20))
      return { transactionKey: transactionKey(random, now()), commitNumber }
    },
    setCommitNumber: (next) => {
      commitNumber = next
    },
    append: (events) => {
      for (const event of events) bus.log.append(event)
      if (events.length > 0) bus.news()
    },
    onNews: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    news: () => {
      for (const listener of listeners) listener()
    },
  }
  org.commits.listen((commit) => bus.append(capture(bus, commit)))
  org.parts.set(
    'events',
    busPart(bus, schemas, () => commitNumber),
  )
  return bus
}

const capture = (bus: EventBus, commit: Commit): StoredEvent[] => {
  const members = bus.settings.capture ? bus.members() : []
  if (members.length === 0) return []
  return captureCommit(commit, {
    members,
    objects: new Map(capturable(bus.org).map((object) => [object.name, object])),
    schemaFor: bus.schemaFor,
    newId: bus.newId,
    ...bus.nextTransaction(),
    overflowAfter: bus.settings.overflowAfter,
    diffFrom: bus.settings.diffFrom,
    maxEventBytes: bus.settings.maxEventBytes,
  })
}

const busPart = (bus: EventBus, schemas: ReturnType<typeof schemaBook>, commitNumber: () => bigint): Part => ({
  save: (): Saved => ({
    settings: { ...bus.settings },
    log: bus.log.save(),
    schemas: [...schemas.known.values()].map(({ entity, fields }) => ({ entity, fields })),
    selected: [...bus.selected],
    commitNumber: String(commitNumber()),
    deliveries: bus.deliveries.part.save(),
    random: bus.random.part.save(),
  }),
  load: (saved) => {
    const { log, ...rest } = saved as Saved
    for (const { entity, fields } of rest.schemas) schemas.keep(entity, fields)
    Object.assign(bus.settings, rest.settings)
    bus.log.load(log)
    bus.selected.clear()
    for (const name of rest.selected) bus.selected.add(name)
    bus.setCommitNumber(BigInt(rest.commitNumber))
    bus.deliveries.part.load(rest.deliveries)
    bus.random.part.load(rest.random)
    bus.news()
  },
  clear: () => {
    bus.log.clear()
    bus.deliveries.part.clear()
  },
})
