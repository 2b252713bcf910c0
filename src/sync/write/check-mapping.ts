import { type Entity, entities } from '../../model/model.ts'
import type { FieldDescription, ObjectDescription, SalesforceApi } from '../../salesforce/api.ts'
import {
  compileRules,
  keyOf,
  type MappingConfig,
  objectOf,
  ownFields,
  type Rules,
  type Shape,
} from '../plan/mapping.ts'

/** The mapping against the org as it is: rules to work with, or what stands in the way. */
export type Checked = {
  rules: Rules
  /** Each a sentence that names the field and what to do; with any of these nothing is written. */
  problems: readonly string[]
  /** Worth knowing, in no one's way. */
  notices: readonly string[]
}

const shipIt = 'deploy the metadata in sfdx/ and assign the permission set Clerk_Sync to the integration user'
const nothingVisible =
  'neither Account nor Contact is visible: the org may not know the API version (SALESFORCE_API_VERSION), or the integration user has no access to them (permission set Clerk_Sync, user licence)'
const statuses: Readonly<Partial<Record<Entity, readonly string[]>>> = {
  person: ['active', 'inactive', 'banned', 'locked', 'deprovisioned', 'deleted'],
  organization: ['active', 'deleted'],
}

const checkKey = (entity: Entity, key: FieldDescription | undefined): string[] => {
  if (!key) return []
  const name = `${objectOf[entity]}.${key.name}`
  const wrong = [
    key.externalId ? '' : 'an external id',
    key.unique ? '' : 'unique',
    key.caseSensitive ? '' : 'case-sensitive (Clerk ids are: user_2aB and user_2Ab are two people)',
  ].filter((one) => one !== '')
  return wrong.length > 0 ? [`${name} must be ${wrong.join(', ')}: ${shipIt}`] : []
}

/** Fields that the permission set Clerk_Sync grants; anything else is the org's own business. */
const shipped = /^Clerk_\w+__c$|^(FirstName|LastName|Email|Phone|Name|AccountId|IsActive|StartDate|EndDate)$/
const adviceFor = (field: string): string =>
  shipped.test(field)
    ? shipIt
    : 'check its name, and give the integration user access to the field (a permission set of yours)'

const checkField = (entity: Entity, field: string, found: FieldDescription | undefined, writes: boolean): string[] => {
  const name = `${objectOf[entity]}.${field}`
  if (!found)
    return [`${name} is missing, or not visible to the integration user (field-level security): ${adviceFor(field)}`]
  if (writes && !found.createable && !found.updateable)
    return [`${name} is not writable for the integration user: ${adviceFor(field)}`]
  return []
}

const checkStatus = (entity: Entity, found: FieldDescription | undefined): string[] => {
  if (!found?.restrictedPicklist) return []
  const missing = (statuses[entity] ?? []).filter((value) => !found.picklistValues.includes(value))
  return missing.length > 0
    ? [`${objectOf[entity]}.${found.name} lacks the picklist values ${missing.join(', ')}: ${shipIt}`]
    : []
}

const written: Readonly<Record<Entity, readonly string[]>> = {
  person: ['Clerk_User_Id__c', 'Clerk_Status__c', 'AccountId'],
  organization: ['Clerk_Org_Id__c', 'Clerk_Status__c'],
  membership: ['Clerk_Membership_Id__c', 'IsActive', 'StartDate', 'EndDate'],
}

/** Fields that are only read, to find a record by. */
const readBesides = (entity: Entity, { person, organization }: Rules): string[] => {
  if (entity === 'person') return person.adopt ? ['Email'] : []
  return entity === 'organization' && organization.match ? [organization.match.field] : []
}

const checkEntity = (entity: Entity, { fields, createable, updateable }: ObjectDescription, rules: Rules): string[] => {
  const problems =
    createable && updateable
      ? []
      : [`${objectOf[entity]} cannot be created and edited by the integration user: ${shipIt}`]
  for (const field of written[entity]) problems.push(...checkField(entity, field, fields.get(field), true))
  problems.push(...checkKey(entity, fields.get(keyOf[entity])), ...checkStatus(entity, fields.get('Clerk_Status__c')))
  for (const field of readBesides(entity, rules)) problems.push(...checkField(entity, field, fields.get(field), false))
  for (const { field, rule } of rules[entity].fields) {
    problems.push(...checkField(entity, field, fields.get(field), rule !== 'salesforce'))
    if (ownFields[entity].includes(field))
      problems.push(`${objectOf[entity]}.${field} is decided by clerkforce: take it out of the mapping`)
  }
  return problems
}

const shapeOf = (descriptions: ReadonlyMap<Entity, ObjectDescription>): Shape =>
  Object.fromEntries([...descriptions].map(([entity, { fields }]) => [objectOf[entity], fields]))

/**
 * Checks a mapping against the org: three describe calls.
 * @throws SalesforceError when Salesforce cannot be asked.
 */
export const checkMapping = async (api: Pick<SalesforceApi, 'describe'>, config: MappingConfig): Promise<Checked> => {
  const descriptions = new Map<Entity, ObjectDescription>()
  for (const entity of entities) {
    const found = await api.describe(objectOf[entity])
    if (found) descriptions.set(entity, found)
  }
  const relations = descriptions.has('membership')
  const rules = compileRules(config, shapeOf(descriptions), relations)
  if (!descriptions.has('organization') && !descriptions.has('person'))
    return { rules, problems: [nothingVisible], notices: [] }
  const problems: string[] = []
  for (const entity of entities) {
    const description = descriptions.get(entity)
    if (description) problems.push(...checkEntity(entity, description, rules))
    else if (entity !== 'membership')
      problems.push(`${objectOf[entity]} is not visible to the integration user: ${shipIt}`)
  }
  const notices = relations
    ? []
    : [
        'this org has no AccountContactRelation (Contacts to Multiple Accounts is off, or not visible): memberships set the primary Account only',
      ]
  return { rules, problems: [...new Set(problems)], notices }
}
