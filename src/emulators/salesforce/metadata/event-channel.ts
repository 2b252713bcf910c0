import type { ChannelMember, Metadata } from './model.ts'
import { all, checkShape, type Element, Problem, required, shape, text } from './xml.ts'

// PlatformEventChannel and PlatformEventChannelMember: Metadata API Developer Guide, pages of these names.

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
  if (!/^[A-Za-z](?:_?[A-Za-z0-9])*__chn$/.test(name))
    throw new Problem('Invalid fullName, must end in a custom suffix ( for ex. __chn )', element)
  const type = required(element, 'channelType')
  if (type !== 'data' && type !== 'event')
    throw new Problem(`'${type}' is not a valid value for the enum 'PlatformEventChannelType'`, element)
  if (type === 'event') throw new Problem('Channels of platform events: not supported by the emulator', element)
  return { name, label: required(element, 'label'), type }
}

/** @throws Problem in the words of a deploy */
export const readChannelMember = (name: string, element: Element): ChannelMember & { channel: string } => {
  checkShape(element, memberShape)
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
