import { expect, test } from 'vitest'
import { manualClock } from '../../kit/clock.ts'
import { type Json, openSalesforce } from '../client.test-support.ts'

type Described = {
  fields: { [name: string]: Json }[]
  childRelationships: { [name: string]: Json }[]
  [name: string]: unknown
}
const salesforce = openSalesforce({
  sfdx: false,
  customFields: [
    {
      object: 'Contact',
      name: 'Key__c',
      type: 'string',
      length: 64,
      unique: true,
      caseSensitive: true,
      externalId: true,
    },
  ],
  clock: manualClock(Date.UTC(2026, 0, 5, 9, 0, 0, 500)),
})
const describe = async (object: string) =>
  (await salesforce.call('GET', `/sobjects/${object}/describe`)).body as unknown as Described

test('describe tells what can be filtered, sorted and grouped, as queries take it', async () => {
  const { fields } = await describe('Contact')
  const field = (name: string) => fields.find((each) => each['name'] === name)
  expect(field('Key__c')).toMatchObject({
    unique: true,
    caseSensitive: true,
    externalId: true,
    idLookup: true,
    length: 64,
  })
  expect(field('CreatedDate')).toMatchObject({
    filterable: true,
    sortable: true,
    groupable: false,
    soapType: 'xsd:dateTime',
  })
  expect(field('AccountId')).toMatchObject({ referenceTo: ['Account'], relationshipName: 'Account', byteLength: 18 })
})

test('describe lists the relationships that child subqueries read', async () => {
  const { childRelationships } = await describe('Account')
  const named = childRelationships.map((each) => [each['relationshipName'], each['childSObject'], each['field']])
  expect(named).toContainEqual(['Contacts', 'Contact', 'AccountId'])
  expect(named).toContainEqual(['ChildAccounts', 'Account', 'ParentId'])
  expect(named).toContainEqual(['AccountContactRelations', 'AccountContactRelation', 'AccountId'])
  expect(named).toContainEqual([null, 'Account', 'MasterRecordId'])
})

test('every object has the record type Master', async () => {
  expect(await describe('Contact')).toMatchObject({
    recordTypeInfos: [{ developerName: 'Master', master: true, recordTypeId: '012000000000000AAA' }],
  })
})

test('a relationship cannot be undeleted or merged', async () => {
  expect(await describe('AccountContactRelation')).toMatchObject({
    undeletable: false,
    mergeable: false,
    replicateable: true,
  })
  expect(await describe('Contact')).toMatchObject({ undeletable: true, mergeable: true, searchable: true })
})

test.each(['/sobjects', '/sobjects/Contact/describe'])(
  '%s is not sent again when nothing changed since',
  async (path) => {
    const first = await salesforce.call('GET', path)
    const since = first.headers.get('last-modified') ?? ''
    expect(since).toBe('Mon, 05 Jan 2026 09:00:00 GMT')
    expect(await salesforce.call('GET', path, undefined, { 'If-Modified-Since': since })).toMatchObject({
      status: 304,
      body: '',
    })
    const before = 'Sun, 04 Jan 2026 09:00:00 GMT'
    expect(await salesforce.call('GET', path, undefined, { 'If-Modified-Since': before })).toMatchObject({
      status: 200,
    })
    expect(await salesforce.call('GET', path, undefined, { 'If-Unmodified-Since': before })).toMatchObject({
      status: 412,
    })
  },
)

test('layouts say clearly that they are not there', async () => {
  expect(await salesforce.call('GET', '/sobjects/Contact/describe/layouts')).toMatchObject({
    status: 501,
    body: [{ message: expect.stringContaining('not supported by the emulator') }],
  })
})

test('limits tell what is left, and the resources of a version are listed', async () => {
  const { body } = await salesforce.call('GET', '/limits')
  expect(body).toMatchObject({
    DailyApiRequests: { Max: 15_000 },
    DataStorageMB: { Max: 5, Remaining: 5 },
    DailyBulkApiBatches: { Max: 15_000 },
  })
  expect((await salesforce.call('GET', '/')).body).toMatchObject({
    search: '/services/data/v66.0/search',
    recent: '/services/data/v66.0/recent',
  })
})
