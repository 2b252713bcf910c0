import type { Entity, Fields, Value } from '../../model/model.ts'
import type { QueriedRecord } from '../../salesforce/api.ts'
import { grantFields, invitationFields } from '../plan/grants.ts'
import { keyOf, type Rules } from '../plan/mapping.ts'
import { canonical, type FieldKind } from '../plan/value.ts'
import type { Held } from './settle.ts'

const ownKinds: Readonly<Record<Entity, Readonly<Record<string, FieldKind>>>> = {
  person: { Clerk_User_Id__c: 'text', Clerk_Status__c: 'text', AccountId: 'text' },
  organization: { Name: 'text', Clerk_Org_Id__c: 'text', Clerk_Status__c: 'text' },
  membership: {
    Clerk_Membership_Id__c: 'text',
    AccountId: 'text',
    ContactId: 'text',
    IsDirect: 'boolean',
    IsActive: 'boolean',
    StartDate: 'date',
    EndDate: 'date',
  },
  invitation: { [invitationFields.id]: 'text', [invitationFields.status]: 'text' },
}

/** The fields of an entity that clerkforce reads, and how: its own, those that are mapped, and those to find records by. */
export const readFields = (entity: Entity, rules: Rules): Map<string, FieldKind> => {
  if (entity === 'invitation') return new Map(Object.entries(ownKinds.invitation))
  const { match } = rules.organization
  return new Map<string, FieldKind>([
    ...(entity === 'person' && rules.person.adopt ? [['Email', 'email'] as const] : []),
    ...(entity === 'organization' && match ? [[match.field, 'text'] as const] : []),
    ...Object.entries(ownKinds[entity]),
    ...grantFields(entity, rules),
    ...rules[entity].fields.map(({ field, kind }) => [field, kind] as const),
  ])
}

/** The SELECT list of an entity. */
export const selectList = (entity: Entity, rules: Rules): string =>
  ['Id', 'SystemModstamp', ...readFields(entity, rules).keys()].join(', ')

/** A queried record in canonical form; its version is Salesforce's SystemModstamp, `asOf` when it was asked for. */
export const heldFrom = (record: QueriedRecord, fields: ReadonlyMap<string, FieldKind>, asOf: number): Held => {
  const values: Record<string, Value> = {}
  for (const [field, kind] of fields) values[field] = canonical(record[field], kind)
  const modified = record['SystemModstamp']
  return { id: record.Id, fields: values, version: typeof modified === 'string' ? Date.parse(modified) : 0, asOf }
}

/** What an invitation has of its Contact. */
export const invitationIn = <Sight extends Held>(contact: Sight): Sight => ({
  ...contact,
  fields: Object.fromEntries(Object.keys(ownKinds.invitation).map((field) => [field, contact.fields[field] ?? null])),
})

/** What a record holds after our write: what it held, and what was sent. */
export const heldAfter = (before: Fields, sent: Fields): Fields => {
  const after: Record<string, Value> = { ...before }
  for (const [field, value] of Object.entries(sent)) after[field] = value
  return after
}

/** Our key's value in a held record. */
export const keyIn = (entity: Entity, held: Held): Value => held.fields[keyOf[entity]] ?? null
