import { filterNames } from '../pubsub/filter.ts'
import { objectOfEvent } from './event-channel.ts'
import type { Metadata } from './model.ts'
import { Problem } from './xml.ts'

type Named<T> = { readonly [name: string]: T }
const keep = <T>(all: Named<T>, wanted: (value: T, name: string) => boolean): Named<T> =>
  Object.fromEntries(Object.entries(all).filter(([name, value]) => wanted(value, name)))

const inUse = (what: string, by: readonly string[]): void => {
  if (by.length > 0) throw new Problem(`This ${what} is referenced elsewhere in salesforce.com : ${by.join(', ')}.`)
}

const membersOf = (metadata: Metadata, object: string) =>
  Object.values(metadata.channelMembers).filter((member) => objectOfEvent(member.entity) === object)

const removeField = (metadata: Metadata, fullName: string): Metadata => {
  const [object = '', name = ''] = fullName.split('.')
  const using = membersOf(metadata, object).filter(
    (member) => member.enrichedFields.includes(name) || filterNames(member.filterExpression, name),
  )
  inUse(
    'custom field',
    using.map((member) => member.name),
  )
  return {
    ...metadata,
    fields: keep(metadata.fields, (_, each) => each !== fullName),
    // Access to a field goes with it.
    permissionSets: Object.fromEntries(
      Object.entries(metadata.permissionSets).map(([set, permissions]) => [
        set,
        { ...permissions, fields: permissions.fields.filter((each) => each.object !== object || each.field !== name) },
      ]),
    ),
  }
}

const removeObject = (metadata: Metadata, name: string): Metadata => {
  const lookups = Object.entries(metadata.fields).filter(
    ([, { object, field }]) => field.referenceTo === name && object !== name,
  )
  inUse('custom object', [
    ...lookups.map(([field]) => field),
    ...membersOf(metadata, name).map((member) => member.name),
  ])
  return {
    ...metadata,
    objects: keep(metadata.objects, (_, each) => each !== name),
    fields: keep(metadata.fields, ({ object }) => object !== name),
    permissionSets: Object.fromEntries(
      Object.entries(metadata.permissionSets).map(([set, permissions]) => [
        set,
        {
          ...permissions,
          objects: permissions.objects.filter((each) => each.object !== name),
          fields: permissions.fields.filter((each) => each.object !== name),
        },
      ]),
    ),
  }
}

/**
 * The metadata without one component; undefined when there is no such component.
 * @throws Problem for one that others build on
 */
export const removeComponent = (metadata: Metadata, type: string, fullName: string): Metadata | undefined => {
  if (type === 'CustomField') return metadata.fields[fullName] && removeField(metadata, fullName)
  if (type === 'CustomObject') return metadata.objects[fullName] && removeObject(metadata, fullName)
  if (type === 'PermissionSet') {
    if (!metadata.permissionSets[fullName]) return undefined
    return { ...metadata, permissionSets: keep(metadata.permissionSets, (_, each) => each !== fullName) }
  }
  if (type === 'PlatformEventChannelMember') {
    if (!metadata.channelMembers[fullName]) return undefined
    return { ...metadata, channelMembers: keep(metadata.channelMembers, (_, each) => each !== fullName) }
  }
  if (type !== 'PlatformEventChannel') throw new Problem(`${type}: not supported by the emulator`)
  if (!metadata.channels[fullName]) return undefined
  inUse(
    'channel',
    Object.values(metadata.channelMembers).flatMap((each) => (each.channel === fullName ? [each.name] : [])),
  )
  return { ...metadata, channels: keep(metadata.channels, (_, each) => each !== fullName) }
}
