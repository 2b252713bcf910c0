import type { ChannelMember, Metadata } from './model.ts'
import { all, checkShape, type Element, Problem, required, shape, text } from './xml.ts'

// PlatformEventChannel and PlatformEventChannelMember: Metadata API Developer Guide, pages of these names. What is refused,
// and in which words: recorded from deploys to real orgs in forcedotcom/sf-skills, integration-eventing-cdc-configure.

const channelShape = shape('PlatformEventChannel', 'fullName channelType label')
const memberShape = shape(
  'PlatformEventChannelMember',
  'fullName eventChannel filterExpression selectedEntity',
  'enrichedFields',
)
const enrichedShape = shape('EnrichedField', 'name')

/** @throws Problem in the words of a deploy */
export const readChannel = (name: string, element: Element): Metadata['channels'][string] => {
  checkShape(element, channelShape)
  if (!/^[A-Za-z](?:_?[A-Za-z0-9])*__chn$/.test(name)) throw new Problem('Invalid channel name', element)
  const type = required(element, 'channelType')
  if (type !== 'data' && type !== 'event')
    throw new Problem(`'${type}' is not a valid value for the enum 'PlatformEventChannelType'`, element)
  if (type === 'event') throw new Problem('Channels of platform events: not supported by the emulator', element)
  return { name, label: required(element, 'label'), type }
}

/** @throws Problem in the words of a deploy */
export const readChannelMember = (name: string, element: Element): ChannelMember & { channel: string } => {
  checkShape(element, memberShape)
  // Two underscores set a namespace apart, and nobody makes components in that of another.
  const [namespace, rest] = name.split('__')
  if (rest !== undefined)
    throw new Problem(
      `Cannot create a new component with the namespace: ${namespace}.  Only components in the same namespace as the organization can be created through the API`,
      element,
    )
  return {
    name,
    channel: required(element, 'eventChannel'),
    entity: required(element, 'selectedEntity'),
    enrichedFields: all(element, 'enrichedFields').map((entry) => {
      checkShape(entry, enrichedShape)
      return required(entry, 'name')
    }),
    filterExpression: text(element, 'filterExpression'),
  }
}

/** The object of a change event: `Contact` of `ContactChangeEvent`, `Visit__c` of `Visit__ChangeEvent`. */
export const objectOfEvent = (entity: string): string | undefined => {
  const custom = /^(.+)__ChangeEvent$/.exec(entity)?.[1]
  return custom === undefined ? /^(.+)ChangeEvent$/.exec(entity)?.[1] : `${custom}__c`
}
