/**
 * What an org has beyond the standard, as its metadata says it: custom objects and fields, permission sets, channels of
 * change events.
 *
 *   files (a zip, a Salesforce DX project) ── xml.ts ── components.ts ── a reader per type ── apply.ts ── Metadata
 *                                                       (custom-field.ts, custom-object.ts,
 *                                                        permission-set.ts, event-channel.ts)
 *
 * `Metadata` is the whole of it as plain JSON, never changed in place: a deploy builds the next one from the present one
 * and its files, component by component, and either all of it takes the present one's place or nothing does. From it
 * `org-schema.ts` makes the schema as a user sees it. `live.ts` holds the org's present metadata and takes over a new one:
 * tables for new objects, and no data left of removed fields.
 *
 * What a deploy refuses is refused here in Salesforce's words, wherever the metadata comes from, so that a project which
 * loads at start has cleared the same checks.
 */
import type { Field } from '../schema.ts'

export type CustomField = {
  object: string
  /** The metadata type, such as `LongTextArea`; `field.type` is what the data API says instead. */
  kind: string
  field: Field
}

export type CustomObject = {
  name: string
  label: string
  labelPlural: string
  /** Given by the org when the object is made, and never again: `a00`, `a01`, ... */
  keyPrefix: string
  nameField: { label: string; autoNumber: string | undefined; firstNumber: number }
}

export type PermissionSet = {
  name: string
  label: string
  description: string | undefined
  objects: readonly {
    object: string
    read: boolean
    create: boolean
    edit: boolean
    delete: boolean
    /** Every record, whoever owns it; subscribers to change events need it. */
    viewAll: boolean
  }[]
  fields: readonly { object: string; field: string; readable: boolean; editable: boolean }[]
  userPermissions: readonly string[]
}

/** An object whose changes a channel carries. */
export type ChannelMember = {
  name: string
  /** Such as `ContactChangeEvent`. */
  entity: string
  /** Fields that come along with each update and delete, changed or not. */
  enrichedFields: readonly string[]
  /** A condition in SOQL's form: only events that meet it are delivered. */
  filterExpression: string | undefined
}

/** A channel of change events: `ChangeEvents`, which every org has, or a custom one such as `Sync__chn`. */
export type EventChannel = { name: string; label: string; type: 'data' | 'event'; members: readonly ChannelMember[] }

type Named<T> = { readonly [fullName: string]: T }

/** Components by full name; of a field that is `Contact.Level__c`, of all others the name itself. */
export type Metadata = {
  readonly objects: Named<CustomObject>
  readonly fields: Named<CustomField>
  readonly permissionSets: Named<PermissionSet>
  readonly channels: Named<{ name: string; label: string; type: 'data' | 'event' }>
  readonly channelMembers: Named<ChannelMember & { channel: string }>
  /** How many key prefixes were given to custom objects so far. */
  readonly prefixesGiven: number
}

/** Each org has it, and nobody can make, change or remove it: only its members come from metadata. */
const standardChannel = { name: 'ChangeEvents', label: 'Change Events', type: 'data' } as const

/** An org fresh from the shop. */
export const noMetadata: Metadata = {
  objects: {},
  fields: {},
  permissionSets: {},
  channels: {},
  channelMembers: {},
  prefixesGiven: 0,
}

/** The channels of an org with their members, the standard one first. */
export const channelsOf = ({ channels, channelMembers }: Metadata): EventChannel[] =>
  [standardChannel, ...Object.values(channels)].map((channel) => ({
    ...channel,
    members: Object.values(channelMembers)
      .filter((member) => member.channel === channel.name)
      .map(({ channel: _, ...member }) => member),
  }))
