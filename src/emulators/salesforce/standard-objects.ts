import { type Field, makeField } from './schema.ts'

/** A standard object before custom fields and permissions are applied. */
export type StandardObject = {
  name: string
  label: string
  labelPlural: string
  keyPrefix: string
  /** Governed by its own object permissions; AccountContactRelation follows Account and Contact instead. */
  permissions: 'own' | 'parents' | 'read-only' | 'setup'
  fields: readonly Field[]
}

type Extra = Partial<Field>
const text = (name: string, label: string, length: number, extra: Extra = {}): Field =>
  makeField({ name, label, type: 'string', length, ...extra })
const phone = (name: string, label: string): Field => makeField({ name, label, type: 'phone', length: 40 })
const pick = (name: string, label: string, picklist: string[], extra: Extra = {}): Field =>
  makeField({ name, label, type: 'picklist', length: 255, picklist, ...extra })
const reference = (name: string, label: string, referenceTo: string, extra: Extra = {}): Field =>
  makeField({
    name,
    label,
    type: 'reference',
    length: 18,
    referenceTo,
    relationshipName: name.replace(/Id$/, ''),
    indexed: true,
    ...extra,
  })
const system: Extra = { createable: false, updateable: false, nillable: false, permissionable: false }
const flag = (name: string, label: string, extra: Extra = {}): Field =>
  makeField({ name, label, type: 'boolean', nillable: false, defaultValue: false, ...extra })
const required: Extra = { nillable: false, permissionable: false }

export const identity: readonly Field[] = [
  makeField({ name: 'Id', label: 'Record ID', type: 'id', length: 18, ...system }),
  flag('IsDeleted', 'Deleted', system),
]
export const audit: readonly Field[] = [
  makeField({ name: 'CreatedDate', label: 'Created Date', type: 'datetime', ...system }),
  reference('CreatedById', 'Created By ID', 'User', { ...system, indexed: false }),
  makeField({ name: 'LastModifiedDate', label: 'Last Modified Date', type: 'datetime', ...system }),
  reference('LastModifiedById', 'Last Modified By ID', 'User', { ...system, indexed: false }),
  makeField({ name: 'SystemModstamp', label: 'System Modstamp', type: 'datetime', ...system }),
]
export const owner: Field = reference('OwnerId', 'Owner ID', 'User', {
  nillable: false,
  permissionable: false,
  indexed: false,
})
const master = (object: string): Field =>
  reference('MasterRecordId', 'Master Record ID', object, { ...system, nillable: true, indexed: false })
const accuracies = `Address NearAddress Block Street ExtendedZip Zip Neighborhood City County State Unknown`.split(' ')
const degrees = (name: string, label: string, extra: Extra): Field =>
  makeField({ name, label, type: 'double', precision: 18, scale: 15, ...extra })
// The parts are what is stored and written; the compound field shows them together and is read-only, and field-level
// security knows only it (Object Reference, Address Compound Fields).
const address = (kind: string): Field[] => {
  const compound = `${kind}Address`
  const part: Extra = { compound }
  return [
    makeField({ name: `${kind}Street`, label: `${kind} Street`, type: 'textarea', length: 255, ...part }),
    text(`${kind}City`, `${kind} City`, 40, part),
    text(`${kind}State`, `${kind} State/Province`, 80, part),
    text(`${kind}PostalCode`, `${kind} Zip/Postal Code`, 20, part),
    text(`${kind}Country`, `${kind} Country`, 80, part),
    degrees(`${kind}Latitude`, `${kind} Latitude`, part),
    degrees(`${kind}Longitude`, `${kind} Longitude`, part),
    pick(`${kind}GeocodeAccuracy`, `${kind} Geocode Accuracy`, accuracies, { ...part, length: 40, restricted: true }),
    makeField({ name: compound, label: `${kind} Address`, type: 'address', createable: false, updateable: false }),
  ]
}
const readOnly: Extra = { createable: false, updateable: false }
const longText = (name: string, label: string): Field => makeField({ name, label, type: 'textarea', length: 32_000 })

const contact: StandardObject = {
  name: 'Contact',
  label: 'Contact',
  labelPlural: 'Contacts',
  keyPrefix: '003',
  permissions: 'own',
  fields: [
    ...identity,
    master('Contact'),
    reference('AccountId', 'Account ID', 'Account', { childRelationshipName: 'Contacts' }),
    text('LastName', 'Last Name', 80, { ...required, compound: 'Name' }),
    text('FirstName', 'First Name', 40, { permissionable: false, compound: 'Name' }),
    pick('Salutation', 'Salutation', ['Mr.', 'Ms.', 'Mrs.', 'Dr.', 'Prof.', 'Mx.'], {
      permissionable: false,
      compound: 'Name',
    }),
    text('Name', 'Full Name', 121, system),
    ...address('Other'),
    ...address('Mailing'),
    phone('Phone', 'Business Phone'),
    phone('Fax', 'Business Fax'),
    phone('MobilePhone', 'Mobile Phone'),
    phone('HomePhone', 'Home Phone'),
    phone('OtherPhone', 'Other Phone'),
    phone('AssistantPhone', 'Asst. Phone'),
    reference('ReportsToId', 'Reports To ID', 'Contact'),
    makeField({ name: 'Email', label: 'Email', type: 'email', length: 80, indexed: true }),
    text('Title', 'Title', 128),
    text('Department', 'Department', 80),
    text('AssistantName', "Assistant's Name", 40),
    pick('LeadSource', 'Lead Source', ['Web', 'Phone Inquiry', 'Partner Referral', 'Purchased List', 'Other']),
    makeField({ name: 'Birthdate', label: 'Birthdate', type: 'date' }),
    longText('Description', 'Contact Description'),
    owner,
    flag('HasOptedOutOfEmail', 'Email Opt Out'),
    flag('HasOptedOutOfFax', 'Fax Opt Out'),
    flag('DoNotCall', 'Do Not Call'),
    ...audit,
    makeField({ name: 'LastActivityDate', label: 'Last Activity', type: 'date', ...readOnly, permissionable: false }),
    text('EmailBouncedReason', 'Email Bounced Reason', 255),
    makeField({ name: 'EmailBouncedDate', label: 'Email Bounced Date', type: 'datetime' }),
  ],
}

const account: StandardObject = {
  name: 'Account',
  label: 'Account',
  labelPlural: 'Accounts',
  keyPrefix: '001',
  permissions: 'own',
  fields: [
    ...identity,
    master('Account'),
    text('Name', 'Account Name', 255, { ...required, indexed: true }),
    pick('Type', 'Account Type', ['Prospect', 'Customer - Direct', 'Customer - Channel', 'Other']),
    reference('ParentId', 'Parent Account ID', 'Account', { childRelationshipName: 'ChildAccounts' }),
    ...address('Billing'),
    ...address('Shipping'),
    phone('Phone', 'Account Phone'),
    phone('Fax', 'Account Fax'),
    text('AccountNumber', 'Account Number', 40),
    makeField({ name: 'Website', label: 'Website', type: 'url', length: 255, indexed: true }),
    text('Sic', 'SIC Code', 20),
    pick('Industry', 'Industry', ['Banking', 'Consulting', 'Education', 'Healthcare', 'Technology', 'Other']),
    makeField({ name: 'AnnualRevenue', label: 'Annual Revenue', type: 'currency' }),
    makeField({ name: 'NumberOfEmployees', label: 'Employees', type: 'int' }),
    pick('Ownership', 'Ownership', ['Public', 'Private', 'Subsidiary', 'Other']),
    text('TickerSymbol', 'Ticker Symbol', 20),
    longText('Description', 'Account Description'),
    pick('Rating', 'Account Rating', ['Hot', 'Warm', 'Cold']),
    text('Site', 'Account Site', 80),
    owner,
    ...audit,
    makeField({ name: 'LastActivityDate', label: 'Last Activity', type: 'date', ...readOnly, permissionable: false }),
    pick('AccountSource', 'Account Source', ['Web', 'Phone Inquiry', 'Partner Referral', 'Purchased List', 'Other']),
    text('SicDesc', 'SIC Description', 80),
  ],
}

// AccountId and ContactId: "can't be modified when updating existing account-contact relationship records" (Object
// Reference, AccountContactRelation).
const createOnly: Extra = { ...required, updateable: false }
const accountContactRelation: StandardObject = {
  name: 'AccountContactRelation',
  label: 'Account Contact Relationship',
  labelPlural: 'Account Contact Relationship',
  keyPrefix: '07k',
  permissions: 'parents',
  fields: [
    ...identity,
    reference('AccountId', 'Account ID', 'Account', {
      ...createOnly,
      childRelationshipName: 'AccountContactRelations',
    }),
    reference('ContactId', 'Contact ID', 'Contact', {
      ...createOnly,
      childRelationshipName: 'AccountContactRelations',
    }),
    makeField({
      name: 'Roles',
      label: 'Roles',
      type: 'multipicklist',
      length: 4099,
      picklist: ['Business User', 'Decision Maker', 'Economic Buyer', 'Evaluator', 'Executive Sponsor', 'Other'],
    }),
    flag('IsDirect', 'Direct', system),
    flag('IsActive', 'Active', { defaultValue: true }),
    makeField({ name: 'StartDate', label: 'Start Date', type: 'date' }),
    makeField({ name: 'EndDate', label: 'End Date', type: 'date' }),
    ...audit,
  ],
}

const user: StandardObject = {
  name: 'User',
  label: 'User',
  labelPlural: 'Users',
  keyPrefix: '005',
  permissions: 'read-only',
  fields: [
    makeField({ name: 'Id', label: 'User ID', type: 'id', length: 18, ...system }),
    text('Username', 'Username', 80, system),
    text('Name', 'Full Name', 121, system),
    makeField({ name: 'Email', label: 'Email', type: 'email', length: 128, ...system }),
    flag('IsActive', 'Active', system),
  ],
}

const organization: StandardObject = {
  name: 'Organization',
  label: 'Organization',
  labelPlural: 'Organizations',
  keyPrefix: '00D',
  permissions: 'read-only',
  fields: [
    makeField({ name: 'Id', label: 'Organization ID', type: 'id', length: 18, ...system }),
    text('Name', 'Name', 80, system),
    text('OrganizationType', 'Edition', 40, system),
    text('InstanceName', 'Instance Name', 10, system),
    text('NamespacePrefix', 'Namespace Prefix', 15, { ...system, nillable: true }),
    flag('IsSandbox', 'Is Sandbox', system),
    makeField({
      name: 'TrialExpirationDate',
      label: 'Trial Expiration Date',
      type: 'datetime',
      ...system,
      nillable: true,
    }),
  ],
}

const recordType: StandardObject = {
  name: 'RecordType',
  label: 'Record Type',
  labelPlural: 'Record Types',
  keyPrefix: '012',
  permissions: 'read-only',
  fields: [
    makeField({ name: 'Id', label: 'Record Type ID', type: 'id', length: 18, ...system }),
    text('Name', 'Name', 80, system),
    text('DeveloperName', 'Record Type Name', 80, system),
    text('NamespacePrefix', 'Namespace Prefix', 15, { ...system, nillable: true }),
    text('Description', 'Description', 255, { ...system, nillable: true }),
    text('SobjectType', 'SObject Type Name', 40, system),
    flag('IsActive', 'Active', system),
    flag('IsPersonType', 'Is Person Type', system),
  ],
}

/** The standard objects of the org. AccountContactRelation is there only where Contacts to Multiple Accounts is on. */
export const standardObjects: readonly StandardObject[] = [
  account,
  contact,
  accountContactRelation,
  user,
  organization,
  recordType,
]
