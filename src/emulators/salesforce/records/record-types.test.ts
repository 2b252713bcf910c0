import { expect, test } from 'vitest'
import { openSalesforce, type TestClient } from '../client.test-support.ts'
import type { RecordType } from './record-types.ts'

const recordTypes: RecordType[] = [
  { object: 'Contact', developerName: 'Customer', default: true, picklists: { Level__c: ['Gold', 'Silver'] } },
  { object: 'Contact', developerName: 'Supplier', picklists: { Level__c: ['Bronze'], LeadSource: ['Web'] } },
  { object: 'Contact', developerName: 'Secret', available: false },
]
const customFields = [
  {
    object: 'Contact',
    name: 'Level__c',
    type: 'picklist',
    length: 255,
    restricted: true,
    picklist: ['Gold', 'Silver', 'Bronze'],
  },
] as const

const open = (): TestClient => openSalesforce({ sfdx: false, recordTypes, customFields })
const idOf = (salesforce: TestClient, developerName: string) =>
  salesforce.state()['RecordType']?.find((row) => row['DeveloperName'] === developerName)?.['Id']
const create = (salesforce: TestClient, body: object) =>
  salesforce.call('POST', '/sobjects/Contact', { LastName: 'X', ...body })

test('a record that names no record type gets the default one', async () => {
  const salesforce = open()
  await create(salesforce, {})
  expect(salesforce.state()['Contact']?.[0]?.['RecordTypeId']).toBe(idOf(salesforce, 'Customer'))
})

test('a restricted picklist takes only what the record type offers, another takes anything', async () => {
  const salesforce = open()
  const RecordTypeId = idOf(salesforce, 'Supplier')
  expect(await create(salesforce, { RecordTypeId, Level__c: 'Bronze', LeadSource: 'Elsewhere' })).toMatchObject({
    status: 201,
  })
  expect(await create(salesforce, { RecordTypeId, Level__c: 'Gold' })).toMatchObject({
    status: 400,
    body: [{ errorCode: 'INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST', fields: ['Level__c'] }],
  })
})

test('a value stays when the record type changes to one that does not offer it', async () => {
  const salesforce = open()
  const id = salesforce.person.create('Contact', { LastName: 'X', Level__c: 'Gold' })
  const change = { RecordTypeId: idOf(salesforce, 'Supplier'), Title: 'Boss' }
  expect(await salesforce.call('PATCH', `/sobjects/Contact/${id}`, change)).toMatchObject({ status: 204 })
  expect(salesforce.state()['Contact']?.[0]).toMatchObject({ Level__c: 'Gold' })
})

test('a record type that the user does not have is refused with its id', async () => {
  const salesforce = open()
  const RecordTypeId = idOf(salesforce, 'Secret')
  expect(await create(salesforce, { RecordTypeId })).toMatchObject({
    status: 400,
    body: [
      {
        errorCode: 'INVALID_CROSS_REFERENCE_KEY',
        message: `Record Type ID: this ID value isn't valid for the user: ${String(RecordTypeId)}`,
        fields: ['RecordTypeId'],
      },
    ],
  })
})

test('an object without record types has no RecordTypeId', async () => {
  const salesforce = open()
  expect(await salesforce.call('POST', '/sobjects/Account', { Name: 'A', RecordTypeId: null })).toMatchObject({
    status: 400,
    body: [{ errorCode: 'INVALID_FIELD' }],
  })
})

test.each([
  [{ object: 'Contact', developerName: 'A', picklists: { Email: ['x'] } }, 'no picklist named Contact.Email'],
  [{ object: 'Nothing', developerName: 'A' }, 'no object named Nothing'],
])('a record type that cannot be is refused at the start: %j', (type, message) => {
  expect(() => openSalesforce({ sfdx: false, recordTypes: [type] })).toThrow(message)
})
