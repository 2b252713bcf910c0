import type { ObjectDescription, SalesforceApi } from '../../salesforce/api.ts'
import { type MappedEntity, mappedEntities } from '../plan/known-fields.ts'
import {
  compileRules,
  type FieldRule,
  keyOf,
  type MappingConfig,
  objectOf,
  ownFields,
  type Rules,
  type Shape,
} from '../plan/mapping.ts'
import { checkField, checkKey, checkPicklist, shipIt } from './check-fields.ts'
import { checkGrants } from './check-grants.ts'

/** The mapping against the org as it is: rules to work with, or what stands in the way. */
export type Checked = {
  rules: Rules
  /** Each a sentence that names the field and what to do; with any of these nothing is written. */
  problems: readonly string[]
  /** Worth knowing, in no one's way. */
  notices: readonly string[]
}

const nothingVisible =
  'neither Account nor Contact is visible: the org may not know the API version (SALESFORCE_API_VERSION), or the integration user has no access to them (permission set Clerk_Sync, user licence)'
const statuses: Readonly<Partial<Record<MappedEntity, readonly string[]>>> = {
  person: ['active', 'inactive', 'banned', 'locked', 'deprovisioned', 'deleted'],
  organization: ['active', 'deleted'],
}

const written: Readonly<Record<MappedEntity, readonly string[]>> = {
  person: ['Clerk_User_Id__c', 'Clerk_Status__c', 'AccountId'],
  organization: ['Clerk_Org_Id__c', 'Clerk_Status__c'],
  membership: ['Clerk_Membership_Id__c', 'IsActive', 'StartDate', 'EndDate'],
}

/** Fields that are only read, to find a record by. */
const readBesides = (entity: MappedEntity, { person, organization }: Rules): string[] => {
  if (entity === 'person') return person.adopt ? ['Email'] : []
  return entity === 'organization' && organization.match ? [organization.match.field] : []
}

const checkEntity = (
  entity: MappedEntity,
  { fields, createable, updateable }: ObjectDescription,
  rules: Rules,
): string[] => {
  const object = objectOf[entity]
  const problems =
    createable && updateable ? [] : [`${object} cannot be created and edited by the integration user: ${shipIt}`]
  for (const field of written[entity]) problems.push(...checkField(object, field, fields.get(field), true))
  problems.push(
    ...checkKey(object, fields.get(keyOf[entity])),
    ...checkPicklist(object, fields.get('Clerk_Status__c'), statuses[entity] ?? []),
  )
  for (const field of readBesides(entity, rules)) problems.push(...checkField(object, field, fields.get(field), false))
  for (const { field, rule } of rules[entity].fields) {
    problems.push(...checkField(object, field, fields.get(field), rule !== 'salesforce'))
    if (ownFields[entity].includes(field))
      problems.push(`${object}.${field} is decided by clerkforce: take it out of the mapping`)
  }
  return problems
}

/** A field whose rule lets Salesforce decide, with no place in Clerk for what it says. A field to fill once needs none. */
const isOneWay = ({ rule, to }: FieldRule): boolean => to === undefined && rule !== 'clerk' && rule !== 'fill-blank'

const oneWayNotices = (rules: Rules): string[] =>
  mappedEntities.flatMap((entity) =>
    rules[entity].fields
      .filter(isOneWay)
      .map(
        ({ field, rule }) =>
          `${objectOf[entity]}.${field} has the rule ${rule}, but no place in Clerk for Salesforce's value: each side keeps its own; name the place with \`to\``,
      ),
  )

const shapeOf = (descriptions: ReadonlyMap<MappedEntity, ObjectDescription>): Shape =>
  Object.fromEntries([...descriptions].map(([entity, { fields }]) => [objectOf[entity], fields]))

/**
 * Checks a mapping against the org: three describe calls.
 * @throws SalesforceError when Salesforce cannot be asked.
 */
export const checkMapping = async (api: Pick<SalesforceApi, 'describe'>, config: MappingConfig): Promise<Checked> => {
  const descriptions = new Map<MappedEntity, ObjectDescription>()
  for (const entity of mappedEntities) {
    const found = await api.describe(objectOf[entity])
    if (found) descriptions.set(entity, found)
  }
  const relations = descriptions.has('membership')
  const compiled = compileRules(config, shapeOf(descriptions), relations)
  if (!descriptions.has('organization') && !descriptions.has('person'))
    return { rules: compiled, problems: [nothingVisible], notices: [] }
  const problems: string[] = []
  for (const entity of mappedEntities) {
    const description = descriptions.get(entity)
    if (description) problems.push(...checkEntity(entity, description, compiled))
    else if (entity !== 'membership')
      problems.push(`${objectOf[entity]} is not visible to the integration user: ${shipIt}`)
  }
  const grants = checkGrants(descriptions, compiled, config)
  const missing = relations
    ? []
    : [
        'this org has no AccountContactRelation (Contacts to Multiple Accounts is off, or not visible): memberships set the primary Account only',
      ]
  return {
    rules: grants.rules,
    problems: [...new Set([...problems, ...grants.problems])],
    notices: [...missing, ...grants.notices, ...oneWayNotices(compiled)],
  }
}
