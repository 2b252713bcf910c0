import { customObjectFields } from '../org-schema.ts'
import { filterNames } from '../pubsub/filter.ts'
import type { Field } from '../schema.ts'
import type { Component } from './components.ts'
import { readCustomField } from './custom-field.ts'
import { checkObjectFile, readCustomObject } from './custom-object.ts'
import { objectOfEvent, readChannel, readChannelMember } from './event-channel.ts'
import { checkMemberFields } from './member-fields.ts'
import type { CustomField, Metadata } from './model.ts'
import { readPermissionSet } from './permission-set.ts'
import { Problem } from './xml.ts'

/** What a change of metadata has to know of the org besides its metadata. */
export type Surroundings = {
  /** Fields of a standard object that are not metadata, those that an option added included. Undefined: no such object. */
  fieldsOf: (object: string) => readonly Field[] | undefined
  /** Fields that an option added to a custom object. */
  addedTo: (object: string) => readonly Field[]
  /** Whether permission sets give rights on the object, as they do not for relationships. */
  hasRights: (object: string) => boolean
  /** Whether changes of the object can be captured. */
  hasChangeEvents: (object: string) => boolean
  /** How many objects may be selected for change events over all channels. */
  maxCaptured: number
  /** Values that records have in a field, deleted records included. */
  valuesOf: (object: string, field: string) => Iterable<string | number | boolean>
}

const without = <T>(all: { readonly [name: string]: T }, name: string): { [name: string]: T } => {
  const { [name]: _, ...rest } = all
  return rest
}

/** All fields of an object, or undefined when there is no such object. */
const allFields = (metadata: Metadata, around: Surroundings, object: string): Field[] | undefined => {
  const custom = Object.values(metadata.fields).flatMap((each) => (each.object === object ? [each.field] : []))
  const own = metadata.objects[object]
  const standard = own ? [...customObjectFields(own, custom), ...around.addedTo(object)] : around.fieldsOf(object)
  return standard && [...standard, ...custom]
}

const fieldNamed = (metadata: Metadata, around: Surroundings, object: string, name: string): Field | undefined =>
  allFields(metadata, around, object)?.find((field) => field.name === name)

const knows = (metadata: Metadata, around: Surroundings, object: string): boolean =>
  metadata.objects[object] !== undefined || around.fieldsOf(object) !== undefined

// What the org's name for the first 36 * 36 custom objects looks like: a00, a01, ... a0z, a10, ...
const prefixOf = (number: number): string => `a${number.toString(36).padStart(2, '0')}`

const applyObject = (metadata: Metadata, around: Surroundings, { fullName, element }: Component): Metadata => {
  checkObjectFile(element)
  // Of a standard object the file says how pages show it, and holds its custom fields.
  if (around.fieldsOf(fullName)) return metadata
  const object = readCustomObject(fullName, element)
  const before = metadata.objects[fullName]
  if (before && (before.nameField.autoNumber === undefined) !== (object.nameField.autoNumber === undefined))
    throw new Problem('Cannot change the type of the name field: not supported by the emulator', element)
  const keyPrefix = before?.keyPrefix ?? prefixOf(metadata.prefixesGiven)
  return {
    ...metadata,
    objects: { ...metadata.objects, [fullName]: { ...object, keyPrefix } },
    prefixesGiven: metadata.prefixesGiven + (before ? 0 : 1),
  }
}

const textual: ReadonlySet<string> = new Set([
  'Text',
  'TextArea',
  'LongTextArea',
  'Html',
  'Email',
  'Phone',
  'Url',
  'Picklist',
])
const related: ReadonlySet<string> = new Set(['Lookup', 'MasterDetail'])

// Which types turn into which with data in the field: help, Notes on Changing Custom Field Types. What loses data by a
// change in Setup is refused to a deploy: "Cannot change type due to existing data".
const checkTypeChange = (before: CustomField, after: CustomField, values: readonly unknown[], at: Component): void => {
  if (before.kind === after.kind) {
    if (before.field.referenceTo !== after.field.referenceTo)
      throw new Problem('Cannot change the referenceTo of a relationship field', at.element)
    return
  }
  if (related.has(after.kind))
    throw new Problem('Cannot update a field to a Lookup, MasterDetail, or Hierarchy from something else', at.element)
  if (related.has(before.kind))
    throw new Problem('Cannot update a field from a Lookup, MasterDetail, or Hierarchy to something else', at.element)
  const safe = textual.has(before.kind) && textual.has(after.kind)
  if (values.length > 0 && !safe) throw new Problem('Cannot change type due to existing data', at.element)
}

const checkValues = (after: CustomField, values: readonly (string | number | boolean)[], at: Component): void => {
  const { field } = after
  if (field.length > 0 && values.some((value) => String(value).length > field.length))
    throw new Problem('Cannot shorten the length of a field below that of existing data', at.element)
  if (!field.unique) return
  const keys = values.map((value) => (field.caseSensitive ? value : String(value).toLowerCase()))
  if (new Set(keys).size < keys.length)
    throw new Problem('Cannot make a field unique whose existing data has duplicates', at.element)
}

// Change Data Capture guide, Field Considerations: neither removed nor given another type. The words are not known.
const checkFilters = (metadata: Metadata, before: CustomField, after: CustomField, at: Component): void => {
  if (before.kind === after.kind) return
  const filters = Object.values(metadata.channelMembers).filter(
    ({ entity, filterExpression }) =>
      objectOfEvent(entity) === before.object && filterNames(filterExpression, before.field.name),
  )
  if (filters.length > 0)
    throw new Problem(
      `Cannot change the type of a field that a filter expression references: ${filters.map(({ name }) => name).join(', ')}`,
      at.element,
    )
}

const applyField = (metadata: Metadata, around: Surroundings, component: Component): Metadata => {
  const { fullName, element } = component
  const [object = '', name = ''] = fullName.split('.')
  if (!knows(metadata, around, object))
    throw new Problem(`Entity of type 'CustomObject' named '${object}' cannot be found`, element)
  // A standard field may be named for its help text or history, which no API shows.
  if (!name.endsWith('__c') && around.fieldsOf(object)?.some((field) => field.name === name)) return metadata
  const next = readCustomField(object, element)
  const parent = next.field.referenceTo
  if (parent !== undefined && !knows(metadata, around, parent))
    throw new Problem(`referenceTo value of '${parent}' does not resolve to a valid sObject type`, element)
  const children = next.field.childRelationshipName
  const taken = Object.entries(metadata.fields).some(
    ([other, each]) =>
      other !== fullName &&
      children !== undefined &&
      each.field.referenceTo === parent &&
      each.field.childRelationshipName === children,
  )
  if (taken)
    throw new Problem(
      `There is already a Child Relationship named ${children?.replace(/__r$/, '')} on ${parent}.`,
      element,
    )
  const before = metadata.fields[fullName]
  if (before) {
    const values = [...around.valuesOf(object, name)]
    checkFilters(metadata, before, next, component)
    checkTypeChange(before, next, values, component)
    checkValues(next, values, component)
  }
  return { ...metadata, fields: { ...metadata.fields, [fullName]: next } }
}

const applyPermissionSet = (metadata: Metadata, around: Surroundings, { fullName, element }: Component): Metadata => {
  const set = readPermissionSet(fullName, element)
  for (const { object } of set.objects) {
    if (!knows(metadata, around, object))
      throw new Problem(`In field: field - no CustomObject named ${object} found`, element)
    if (!metadata.objects[object] && !around.hasRights(object))
      throw new Problem(`Object permissions cannot be given for ${object}`, element)
  }
  for (const { object, field: name } of set.fields) {
    const field = fieldNamed(metadata, around, object, name)
    // An address is granted as a whole.
    if (!field || (field.permissionable && field.compound !== undefined))
      throw new Problem(`In field: field - no CustomField named ${object}.${name} found`, element)
    if (!field.permissionable) throw new Problem(`You cannot deploy to a required field: ${object}.${name}`, element)
  }
  return { ...metadata, permissionSets: { ...metadata.permissionSets, [fullName]: set } }
}

const applyMember = (metadata: Metadata, around: Surroundings, { fullName, element }: Component): Metadata => {
  const member = readChannelMember(fullName, element)
  const object = objectOfEvent(member.entity)
  if (object === 'User') throw new Problem('UserChangeEvent: not supported by the emulator', element)
  if (
    object === undefined ||
    !(metadata.objects[object] || (knows(metadata, around, object) && around.hasChangeEvents(object)))
  )
    throw new Problem(
      'The PlatformEventChannelMember can\'t be created because it references an invalid event in the "selectedEntity" field.',
      element,
    )
  if (member.channel !== 'ChangeEvents' && !metadata.channels[member.channel])
    throw new Problem('Unable to find the specified channel', element)
  checkMemberFields({ name: object, fields: allFields(metadata, around, object) ?? [] }, member, element)
  const others = Object.values(without(metadata.channelMembers, fullName))
  if (others.some((other) => other.channel === member.channel && other.entity === member.entity))
    throw new Problem(`duplicate value found: ${member.entity} is already selected on ${member.channel}`, element)
  const before = metadata.channelMembers[fullName]
  if (before && (before.channel !== member.channel || before.entity !== member.entity))
    throw new Problem('The fields eventChannel and selectedEntity cannot be changed', element)
  if (new Set([member, ...others].map((each) => each.entity)).size > around.maxCaptured)
    throw new Problem(
      `You have reached the limit of ${around.maxCaptured} entities selected for change events`,
      element,
    )
  return { ...metadata, channelMembers: { ...metadata.channelMembers, [fullName]: member } }
}

/**
 * The metadata with one component made or changed.
 * @throws Problem in the words of a deploy
 */
export const applyComponent = (metadata: Metadata, around: Surroundings, component: Component): Metadata => {
  const { type, fullName, element } = component
  if (type === 'CustomObject') return applyObject(metadata, around, component)
  if (type === 'CustomField') return applyField(metadata, around, component)
  if (type === 'PermissionSet') return applyPermissionSet(metadata, around, component)
  if (type === 'PlatformEventChannelMember') return applyMember(metadata, around, component)
  if (type !== 'PlatformEventChannel') throw new Problem(`${type}: not supported by the emulator`, element)
  const before = metadata.channels[fullName]
  const channel = readChannel(fullName, element)
  if (before && before.type !== channel.type) throw new Problem('The field channelType cannot be changed', element)
  return { ...metadata, channels: { ...metadata.channels, [fullName]: channel } }
}
