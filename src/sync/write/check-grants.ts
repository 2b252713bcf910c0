/**
 * Whether the org has the fields by which people ask for organizations and invitations. One that is missing switches its feature off, and a
 * notice says so: an installation that never deployed these fields goes on as before. What is there but cannot work is a problem.
 */
import type { FieldDescription, ObjectDescription } from '../../salesforce/api.ts'
import { grantFields, invitationFields, invitationStates, type When } from '../plan/grants.ts'
import type { MappedEntity } from '../plan/known-fields.ts'
import { type MappingConfig, objectOf, type Rules } from '../plan/mapping.ts'
import { canonical, kindOfType } from '../plan/value.ts'
import { adviceFor, checkField, checkKey, checkPicklist } from './check-fields.ts'

type Findings = { problems: string[]; notices: string[] }

/** Why the field of a condition can never hold what it is compared with; nothing when it can. */
const checkWhen = (object: string, found: FieldDescription, when: When | undefined): string[] => {
  const name = `${object}.${found.name}`
  const kind = kindOfType(found.type)
  if (typeof when !== 'object')
    return kind === 'boolean'
      ? []
      : [`${name} is not a checkbox: say which value it must have, when: { field: '${found.name}', equals: … }`]
  const { equals } = when
  if ((kind === 'boolean') !== (typeof equals === 'boolean') || canonical(equals, kind) === null)
    return [
      `${name} is a field of type ${found.type} and can never equal ${JSON.stringify(equals)}: correct the mapping`,
    ]
  return found.type === 'picklist' && found.restrictedPicklist && !found.picklistValues.includes(String(equals).trim())
    ? [`${name} can never equal ${JSON.stringify(equals)}, which is none of its picklist values: correct the mapping`]
    : []
}

const notVisible = (entity: MappedEntity, names: readonly string[], what: string, config: string): string => {
  const fields = names.map((field) => `${objectOf[entity]}.${field}`).join(', ')
  const verb = names.length === 1 ? 'is' : 'are'
  return `${fields} ${verb} missing, or not visible to the integration user: ${what}; ${adviceFor(names[0] ?? '')}, or set ${config}: false in the mapping`
}

const checkProvision = (fields: ObjectDescription['fields'], rules: Rules, config: MappingConfig): Findings => {
  const { provision } = rules
  if (!provision) return { problems: [], notices: [] }
  const found = fields.get(provision.when.field)
  if (!found) {
    const off = 'no Account gets an organization because of it'
    return { problems: [], notices: [notVisible('organization', [provision.when.field], off, 'provision')] }
  }
  const { slug } = provision
  return {
    problems: [
      ...checkWhen('Account', found, config.provision ? config.provision.when : undefined),
      ...(typeof slug === 'string' ? checkField('Account', slug, fields.get(slug), false) : []),
    ],
    notices: [],
  }
}

const checkInvite = (fields: ObjectDescription['fields'], rules: Rules, config: MappingConfig): Findings => {
  const { invite } = rules
  if (!invite) return { problems: [], notices: [] }
  const missing = [...grantFields('person', rules).keys()].filter((field) => !fields.has(field))
  const found = fields.get(invite.when.field)
  if (!found || missing.length > 0)
    return { problems: [], notices: [notVisible('person', missing, 'no Contact is invited', 'invite')] }
  const [id, status] = [fields.get(invitationFields.id), fields.get(invitationFields.status)]
  return {
    problems: [
      ...checkWhen('Contact', found, config.invite ? config.invite.when : undefined),
      ...Object.values(invitationFields).flatMap((field) => checkField('Contact', field, fields.get(field), true)),
      ...checkKey('Contact', id),
      ...checkPicklist('Contact', status, invitationStates),
    ],
    notices: [],
  }
}

/** The rules without what the org has no fields for, and what is to be said about it. */
export const checkGrants = (
  descriptions: ReadonlyMap<MappedEntity, ObjectDescription>,
  rules: Rules,
  config: MappingConfig,
): Findings & { rules: Rules } => {
  const account = descriptions.get('organization')
  const contact = descriptions.get('person')
  const provision = account && checkProvision(account.fields, rules, config)
  const invite = contact && checkInvite(contact.fields, rules, config)
  return {
    rules: {
      ...rules,
      provision: provision?.notices.length === 0 ? rules.provision : undefined,
      invite: invite?.notices.length === 0 ? rules.invite : undefined,
    },
    problems: [...(provision?.problems ?? []), ...(invite?.problems ?? [])],
    notices: [...(provision?.notices ?? []), ...(invite?.notices ?? [])],
  }
}
