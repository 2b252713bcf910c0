import { expect, test } from 'vitest'
import { manualClock } from '../../kit/clock.ts'
import { createOrg, type OrgOptions } from '../org.ts'
import { layoutOf, schemaOf } from './event-schema.ts'

const schemaFor = (object: string, options: Partial<OrgOptions> = {}) => {
  const org = createOrg({ clock: manualClock(), sfdx: false, ...options })
  const found = org.schema.find(object)
  if (!found) throw new Error(`no ${object}`)
  const { id, text } = schemaOf(object, layoutOf(found))
  const schema = JSON.parse(text) as {
    name: string
    namespace: string
    fields: { name: string; type: unknown; doc: string; default?: null }[]
  }
  return {
    id,
    schema,
    names: schema.fields.map(({ name }) => name),
    field: (name: string) => schema.fields.find((each) => each.name === name),
  }
}

test('a schema begins with the header and has the fields of the org in the order of real ones, custom fields last', () => {
  const customFields = [{ object: 'Contact', name: 'Level__c', type: 'string' as const, length: 20 }]
  const { schema, names } = schemaFor('Contact', { customFields })
  expect([schema.name, schema.namespace]).toEqual(['ContactChangeEvent', 'com.sforce.eventbus'])
  const order = `ChangeEventHeader AccountId Name MailingAddress Phone Fax MobilePhone HomePhone ReportsToId Email Title
    Department LeadSource Birthdate Description OwnerId HasOptedOutOfEmail DoNotCall CreatedDate CreatedById
    LastModifiedDate LastModifiedById Level__c`.split(/\s+/)
  expect(names.filter((name) => order.includes(name))).toEqual(order)
  expect([names[0], names.at(-1)]).toEqual(['ChangeEventHeader', 'Level__c'])
  for (const name of ['Id', 'IsDeleted', 'SystemModstamp', 'MasterRecordId', 'FirstName', 'MailingCity'])
    expect(names).not.toContain(name)
})

test('every field but the header may be null, is so by default, and its doc says its type in Salesforce', () => {
  const customFields = [{ object: 'Account', name: 'Level__c', type: 'picklist' as const }]
  const { schema, field } = schemaFor('Account', { customFields })
  expect(
    schema.fields
      .slice(1)
      .every(({ type, ...rest }) => Array.isArray(type) && type[0] === 'null' && rest.default === null),
  ).toBe(true)
  expect(field('ChangeEventHeader')).not.toHaveProperty('default')
  expect(field('AnnualRevenue')).toMatchObject({ type: ['null', 'double'], doc: 'Data:Currency' })
  expect(field('NumberOfEmployees')).toMatchObject({ type: ['null', 'int'], doc: 'Data:Integer' })
  expect(field('Description')).toMatchObject({ type: ['null', 'string'], doc: 'Data:StringPlusClob' })
  expect(field('CreatedDate')).toMatchObject({ type: ['null', 'long'], doc: 'CreatedDate:DateTime' })
  expect(field('ParentId')).toMatchObject({ type: ['null', 'string'], doc: 'ForeignKey:EntityId' })
  expect(field('Level__c')?.doc).toMatch(/^Data:DynamicEnum:00N\w{12}$/)
})

test('a record within a record is defined where it first stands, and named after that', () => {
  const { schema, field } = schemaFor('Contact')
  const addresses = schema.fields.filter(({ doc }) => doc === 'Data:Address').map(({ type }) => (type as unknown[])[1])
  expect(addresses[0]).toMatchObject({ type: 'record', name: 'Address' })
  expect(addresses.slice(1).every((type) => type === 'Address')).toBe(true)
  expect(field('Name')?.type).toEqual(['null', expect.objectContaining({ name: 'PersonName' })])
})

test('the name of an Account is a text, and in an org with Person Accounts a text or a record', () => {
  expect(schemaFor('Account').field('Name')).toMatchObject({ type: ['null', 'string'], doc: 'Data:Text' })
  const withPersons = schemaFor('Account', { personAccounts: true })
  expect(withPersons.field('Name')).toMatchObject({
    type: ['null', 'string', { type: 'record', name: 'Switchable_PersonName' }],
    doc: 'Data:Switchable_PersonName',
  })
  expect(withPersons.names).toContain('PersonEmail')
  expect(schemaFor('Contact', { personAccounts: true }).names[2]).toBe('IsPersonAccount')
})

test('a custom object has its owner, its name and its stamps before its own fields', () => {
  const objects = [{ name: 'Visit__c', fields: [{ name: 'Place__c', type: 'string' as const }] }]
  const { schema, names } = schemaFor('Visit__c', { objects })
  expect(schema.name).toBe('Visit__ChangeEvent')
  expect(names.filter((name) => !name.startsWith('Change'))).toEqual([
    ...['OwnerId', 'Name', 'CreatedDate', 'CreatedById', 'LastModifiedDate', 'LastModifiedById'],
    'Place__c',
  ])
})

test('the id of a schema follows from its content', () => {
  expect(schemaFor('Account').id).toBe(schemaFor('Account').id)
  expect(schemaFor('Account').id).toMatch(/^[\w-]{22}$/)
  const customFields = [{ object: 'Account', name: 'Level__c', type: 'string' as const }]
  expect(schemaFor('Account', { customFields }).id).not.toBe(schemaFor('Account').id)
})
