/*
 * Rules and faults name objects and fields. One that names what the org does not have, or has under another spelling, would never apply and be
 * missed by nobody; so it is refused where it comes in, over HTTP or in the process.
 */
import { ControlError } from '../kit/strict.ts'
import type { RulesGiven } from './given.ts'
import type { Org } from './org.ts'
import type { RecordFault } from './rules.ts'

/** @throws ControlError for an object or a field that the org does not have, or spells in another way */
const checkNames = (org: Org, where: string, objectName: string, fields: readonly string[]): void => {
  const object = org.schema.find(objectName)
  if (!object) {
    const known = org.schema.objects.map(({ name }) => name).join(', ')
    throw new ControlError(`${where}: there is no object ${objectName}; there are ${known}`)
  }
  if (object.name !== objectName) throw new ControlError(`${where}: the object ${objectName} is written ${object.name}`)
  for (const name of fields) {
    const field = object.byName.get(name.toLowerCase())
    if (!field) throw new ControlError(`${where}: ${object.name} has no field ${name}`)
    if (field.name !== name)
      throw new ControlError(`${where}: the field ${name} of ${object.name} is written ${field.name}`)
  }
}

/** @throws ControlError */
export const checkRecordFault = (org: Org, { object, where = {}, fields = [] }: RecordFault): void =>
  checkNames(org, 'the fault', object, [...Object.keys(where), ...fields])

/** @throws ControlError */
export const checkRules = (
  org: Org,
  { duplicateRules = [], validationRules = [], automations = [] }: RulesGiven,
): void => {
  for (const { object, field, fields = [] } of duplicateRules) {
    const named = fields.map((each) => (typeof each === 'string' ? each : each.field))
    checkNames(org, 'the duplicate rule', object, field === undefined ? named : [field, ...named])
  }
  for (const { object, fields = [], when = {} } of validationRules)
    checkNames(org, 'the validation rule', object, [...fields, ...Object.keys(when)])
  for (const { object, when = {}, set = {}, changed = [], upperCase = [], restore = [] } of automations)
    checkNames(org, 'the automation', object, [
      ...Object.keys(when),
      ...Object.keys(set),
      ...changed,
      ...upperCase,
      ...restore,
    ])
}

/** @throws ControlError for a required field that is not `Object.Field` of this org */
export const checkRequired = (org: Org, names: readonly string[]): void => {
  for (const name of names) {
    const [, object, field] = /^([^.]+)\.([^.]+)$/.exec(name) ?? []
    if (object === undefined || field === undefined)
      throw new ControlError(`requiredFields: ${name} is not of the form Contact.Email`)
    checkNames(org, 'requiredFields', object, [field])
  }
}
