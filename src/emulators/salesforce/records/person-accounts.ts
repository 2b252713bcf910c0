/**
 * Person Accounts: an Account that is a person, with a Contact behind it.
 *
 * The Account is what people and programs edit: it has the name fields, `Person...` for the Contact's standard fields and
 * `...__pc` for its custom ones. The Contact shows the same values, hangs on the Account, and is written by nobody but
 * Salesforce; whatever saves the Account also stamps the Contact, so that a change makes two change events. Deleting and
 * undeleting the Account takes the Contact along.
 *
 * What makes an Account a person is its record type. Sources: Object Reference, Account; SOAP API guide, Person Account
 * Record Types; change events guide, Updating a Person Account (both are stamped, whichever changed). The refusal of direct
 * edits is Salesforce's for the Contact's record type (help article 005305352); for all other fields it is the harder
 * reading of "can't be modified directly".
 */
import { failure } from '../errors.ts'
import { makeId } from '../ids.ts'
import type { Org } from '../org.ts'
import { type Field, makeField, makeObject, type ObjectType } from '../schema.ts'
import type { Row, Value } from '../store.ts'
import { checkUnique, liveRow, type Writer } from './checks.ts'
import { type RecordType, recordTypeOf } from './record-types.ts'

const names = ['Salutation', 'FirstName', 'LastName']
const shared = ['Phone', 'Fax', 'OwnerId']
const prefixed = new Set([
  ...['Street', 'City', 'State', 'PostalCode', 'Country'].flatMap((part) => [`Mailing${part}`, `Other${part}`]),
  ...['Latitude', 'Longitude', 'GeocodeAccuracy', 'Address'].flatMap((part) => [`Mailing${part}`, `Other${part}`]),
  ...['MobilePhone', 'HomePhone', 'OtherPhone', 'AssistantPhone', 'AssistantName', 'Email', 'Title', 'Department'],
  ...['LeadSource', 'Birthdate', 'HasOptedOutOfEmail', 'HasOptedOutOfFax', 'DoNotCall'],
  ...['EmailBouncedReason', 'EmailBouncedDate'],
])

/** The name on the Account of a Contact's field; undefined for one that Person Accounts do not share. */
const accountName = (field: Field): string | undefined => {
  if (names.includes(field.name)) return field.name
  if (prefixed.has(field.name)) return `Person${field.name}`
  return field.custom ? field.name.replace(/__c$/, '__pc') : undefined
}

const onAccount = (field: Field): Field[] => {
  const name = accountName(field)
  if (name === undefined) return []
  const relationship = field.relationshipName?.replace(/__r$/, '__pr')
  return [
    {
      ...field,
      name,
      nillable: field.type === 'boolean' ? field.nillable : true,
      compound: field.compound === undefined || field.compound === 'Name' ? field.compound : `Person${field.compound}`,
      relationshipName: relationship,
      childRelationshipName: undefined,
      onParentDelete: undefined,
    },
  ]
}

const readOnly = { createable: false, updateable: false, permissionable: false }
const flag: Field = makeField({
  name: 'IsPersonAccount',
  label: 'Is Person Account',
  type: 'boolean',
  nillable: false,
  defaultValue: false,
  ...readOnly,
})
const personContact: Field = makeField({
  name: 'PersonContactId',
  label: 'Contact ID',
  type: 'reference',
  length: 18,
  referenceTo: 'Contact',
  relationshipName: 'PersonContact',
  indexed: true,
  ...readOnly,
})

/** Record types with what Person Accounts need: one for people, and one for businesses as the default. */
export const withPersonRecordTypes = (types: readonly RecordType[]): readonly RecordType[] => {
  const account = types.filter((type) => type.object === 'Account')
  return [
    ...types,
    ...(account.some((type) => !type.person)
      ? []
      : [{ object: 'Account', developerName: 'Business_Account', default: !account.some((type) => type.default) }]),
    ...(account.some((type) => type.person)
      ? []
      : [{ object: 'Account', developerName: 'PersonAccount', name: 'Person Account', person: true }]),
  ]
}

/** Account and Contact with the fields of Person Accounts. */
export const withPersonAccounts = (objects: readonly ObjectType[]): ObjectType[] => {
  const contact = objects.find((object) => object.name === 'Contact')
  const added = contact?.fields.flatMap(onAccount) ?? []
  return objects.map((object) => {
    if (object.name === 'Contact') return makeObject({ ...object, fields: [...object.fields, flag] })
    if (object.name !== 'Account') return object
    return makeObject({ ...object, fields: [...object.fields, flag, personContact, ...added] })
  })
}

const on = (object: ObjectType): boolean => object.name === 'Account' && object.byName.has('ispersonaccount')

/** Whether values of a new Account mean a person although they name no record type. */
export const looksLikePerson = (object: ObjectType, values: Readonly<Record<string, Value>>): boolean =>
  on(object) && (values['LastName'] ?? null) !== null

/** Whether the row is a Person Account. */
export const isPerson = (row: Row | undefined): boolean => row?.['IsPersonAccount'] === true

const fullName = (row: Row): string => [row['FirstName'], row['LastName']].filter((part) => part != null).join(' ')

const badFields = (fields: readonly string[]) =>
  failure(
    'INVALID_FIELD_FOR_INSERT_UPDATE',
    `Account: bad field names on insert/update call: ${fields.join(', ')}`,
    fields,
  )

const checkConversion = (row: Row, before: Row, person: boolean): void => {
  if (isPerson(before) === person) return
  const others = Object.keys(row).some((name) => name !== 'RecordTypeId' && row[name] !== before[name])
  throw others
    ? failure(
        'INVALID_FIELD_FOR_INSERT_UPDATE',
        'Cannot specify any additional fields when marrying or separating a Person-Account',
      )
    : failure('FUNCTIONALITY_NOT_ENABLED', 'converting an Account is not supported by the emulator')
}

/**
 * The Account as it is saved: a person gets a name and a flag.
 * @throws RecordFailure for fields of the other kind of Account, and for a conversion
 */
export const personDraft = (object: ObjectType, row: Row, before: Row | undefined): Row => {
  if (!on(object)) return row
  const person = recordTypeOf(object, row['RecordTypeId'])?.person === true
  if (before) checkConversion(row, before, person)
  const given = (name: string) =>
    (row[name] ?? null) !== null && row[name] !== false && row[name] !== (before?.[name] ?? null)
  if (!person) {
    const wrong = object.fields.filter((field) => isPersonField(field) && given(field.name)).map((field) => field.name)
    if (wrong.length > 0) throw badFields(wrong)
    return row
  }
  const wrong = ['Name', 'ParentId'].filter(given)
  if (wrong.length > 0) throw badFields(wrong)
  if ((row['LastName'] ?? null) === null)
    throw failure('REQUIRED_FIELD_MISSING', 'Required fields are missing: [LastName]', ['LastName'])
  return { ...row, IsPersonAccount: true, Name: fullName(row) }
}

const isPersonField = (field: Field): boolean =>
  names.includes(field.name) ||
  field.name.endsWith('__pc') ||
  (field.name.startsWith('Person') && field.name !== 'PersonContactId' && !field.custom)

const contactValues = (contact: ObjectType, account: Row): Record<string, Value> => {
  const values: Record<string, Value> = { AccountId: account.Id, IsPersonAccount: true, Name: account['Name'] ?? null }
  for (const field of contact.fields) {
    const name = shared.includes(field.name) ? field.name : accountName(field)
    if (name !== undefined) values[field.name] = account[name] ?? null
  }
  return values
}

/** Writes the Contact behind a saved Person Account; gives the Account with its `PersonContactId`. */
export const savePersonContact = (writer: Writer, account: Row): Row => {
  const { org } = writer
  const contact = org.schema.find('Contact')
  if (!isPerson(account) || !contact) return account
  const id = account['PersonContactId']
  const before = typeof id === 'string' ? org.store.get('Contact', id) : undefined
  const row: Row = {
    ...(before ?? { IsDeleted: false, CreatedDate: account['CreatedDate'] ?? null, CreatedById: writer.userId }),
    ...contactValues(contact, account),
    LastModifiedDate: account['LastModifiedDate'] ?? null,
    LastModifiedById: writer.userId,
    SystemModstamp: account['SystemModstamp'] ?? null,
    Id: before?.Id ?? makeId(contact.keyPrefix, org.store.nextSequence('Contact')),
  }
  checkUnique(org, contact, row, before)
  org.store.put('Contact', row)
  return { ...account, PersonContactId: row.Id }
}

/** @throws RecordFailure for the Contact of a Person Account, which nobody edits or deletes by itself */
export const checkNoPersonContact = (object: ObjectType, row: Row): void => {
  if (object.name === 'Contact' && isPerson(row))
    throw failure('INSUFFICIENT_ACCESS_OR_READONLY', 'insufficient access rights on object id')
}

/** @throws RecordFailure for a Contact that is put under a Person Account */
export const checkContactParent = (org: Org, object: ObjectType, row: Row, before: Row | undefined): void => {
  const accountId = row['AccountId']
  if (object.name !== 'Contact' || isPerson(row) || typeof accountId !== 'string') return
  if (accountId === before?.['AccountId']) return
  const account = org.schema.find('Account')
  if (account && isPerson(liveRow(org, account, accountId)))
    throw failure('FIELD_INTEGRITY_EXCEPTION', 'A contact can’t be directly related to a person account.', [
      'AccountId',
    ])
}
