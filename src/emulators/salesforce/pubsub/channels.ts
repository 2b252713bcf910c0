/**
 * Who hears of what: channels, their members, and topics.
 *
 * An object makes events once it is selected: on `ChangeEvents`, by metadata or on the page Change Data Capture in Setup
 * (the option `changeDataCapture`), or on a custom channel, by metadata. `/data/ChangeEvents` and `/data/X__chn` carry
 * what their members say, filtered and enriched; `/data/ContactChangeEvent` is there once Contact is selected anywhere, and
 * carries all its events as they are (Change Data Capture guide, Subscription Channels).
 */
import type { ChannelMember, EventChannel } from '../metadata/model.ts'
import type { Org } from '../org.ts'
import type { ObjectType } from '../schema.ts'
import { eventName } from './event-schema.ts'
import { compoundOf, fieldOrder } from './field-order.ts'
import { type Filter, parseFilter } from './filter.ts'

const standardChannel = 'ChangeEvents'

/** A member with what it means for the schema as it is now. */
export type Member = {
  channel: string
  object: ObjectType
  filter: Filter | undefined
  /** Fields of the object that come along with each update and delete. */
  enriched: readonly string[]
}

export type Topic =
  | { name: string; kind: 'channel'; channel: string }
  | { name: string; kind: 'object'; object: ObjectType }
  | { name: string; kind: 'platform' }

/** Objects that can make change events. */
export const capturable = (org: Org): ObjectType[] =>
  org.schema.objects.filter((object) => fieldOrder(object.name) !== undefined)

const objectOfEvent = (org: Org, entity: string): ObjectType | undefined =>
  capturable(org).find((object) => eventName(object.name) === entity)

/** An enriched field may be compound: its parts come along. */
const sourcesOf = (object: ObjectType, name: string): string[] => {
  const parts = compoundOf(object.name, name)?.parts.map((part) => part.source) ?? []
  return [name, ...parts].flatMap((source) => object.byName.get(source.toLowerCase())?.name ?? [])
}

const memberOf = (org: Org, channel: string, member: ChannelMember): Member[] => {
  const object = objectOfEvent(org, member.entity)
  if (!object) return []
  const filter = member.filterExpression === undefined ? undefined : parseFilter(object, member.filterExpression)
  const names = [...member.enrichedFields.flatMap((name) => sourcesOf(object, name)), ...(filter?.fields ?? [])]
  return [{ channel, object, filter, enriched: [...new Set(names)] }]
}

const plainMember = (entity: string): ChannelMember => ({
  name: `${standardChannel}_${entity}`,
  entity,
  enrichedFields: [],
  filterExpression: undefined,
})

/** The channels of the org, with what was selected in Setup on the standard one. */
export const channelsOf = (org: Org, selected: ReadonlySet<string>): EventChannel[] =>
  org.channels.map((channel) => {
    if (channel.name !== standardChannel) return channel
    const there = new Set(channel.members.map(({ entity }) => entity))
    const added = [...selected].map(eventName).filter((entity) => !there.has(entity))
    return { ...channel, members: [...channel.members, ...added.map(plainMember)] }
  })

/** Every member of every channel of change events. */
export const membersOf = (org: Org, selected: ReadonlySet<string>): Member[] =>
  channelsOf(org, selected).flatMap((channel) =>
    channel.type === 'data' ? channel.members.flatMap((member) => memberOf(org, channel.name, member)) : [],
  )

/** What decides which topics there are. */
export type TopicSource = { org: Org; platform: ReadonlyMap<string, unknown>; members: () => readonly Member[] }

/** The topic of this name, case and all; undefined when there is none, as for an object that nobody selected. */
export const topicNamed = ({ org, platform, members }: TopicSource, name: string): Topic | undefined => {
  if (platform.has(name)) return { name, kind: 'platform' }
  const [, entity] = /^\/data\/(\w+)$/.exec(name) ?? []
  if (entity === undefined) return undefined
  if (org.channels.some((channel) => channel.type === 'data' && channel.name === entity))
    return { name, kind: 'channel', channel: entity }
  const object = objectOfEvent(org, entity)
  if (!object || !members().some((member) => member.object.name === object.name)) return undefined
  return { name, kind: 'object', object }
}

/** Whether the integration user sees every record of the object, as a subscriber must. */
export const seesAll = (object: ObjectType): boolean => object.queryable && object.viewAll
