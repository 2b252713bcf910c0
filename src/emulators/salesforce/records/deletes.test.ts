import { expect, test } from 'vitest'
import { manualClock } from '../../kit/clock.ts'
import { openSalesforce, type TestClient } from '../client.test-support.ts'
import { createOrg } from '../org.ts'
import { createPerson } from '../person.ts'
import { hardDeleteOperation, runOperations } from './row-operations.ts'

const live = (salesforce: TestClient, object: string) =>
  (salesforce.state()[object] ?? []).filter((row) => row['IsDeleted'] !== true)

test('a lookup to a deleted record is empty, and undelete fills it again', () => {
  const salesforce = openSalesforce({ sfdx: false })
  const boss = salesforce.person.create('Contact', { LastName: 'Boss' })
  const [one, two] = ['One', 'Two'].map((LastName) =>
    salesforce.person.create('Contact', { LastName, ReportsToId: boss }),
  )
  salesforce.person.remove('Contact', boss)
  expect(live(salesforce, 'Contact').map((row) => row['ReportsToId'])).toEqual([undefined, undefined])
  const other = salesforce.person.create('Contact', { LastName: 'Other' })
  salesforce.person.edit('Contact', two ?? '', { ReportsToId: other })
  salesforce.person.undelete('Contact', boss)
  const reports = new Map(live(salesforce, 'Contact').map((row) => [row['Id'], row['ReportsToId']]))
  expect([reports.get(one ?? ''), reports.get(two ?? '')]).toEqual([boss, other])
})

test('what was in the recycle bin for 15 days is gone for good', async () => {
  const clock = manualClock()
  const salesforce = openSalesforce({ sfdx: false, clock, tokenLifetimeMs: 100 * 86_400_000 })
  const id = salesforce.person.create('Contact', { LastName: 'X' })
  salesforce.person.remove('Contact', id)
  await clock.advance(14 * 86_400_000)
  expect(await salesforce.call('GET', `/sobjects/Contact/${id}`)).toMatchObject({
    body: [{ errorCode: 'ENTITY_IS_DELETED' }],
  })
  await clock.advance(86_400_000)
  expect(await salesforce.call('GET', `/sobjects/Contact/${id}`)).toMatchObject({ body: [{ errorCode: 'NOT_FOUND' }] })
  expect(() => salesforce.person.undelete('Contact', id)).toThrow('UNDELETE_FAILED')
})

test('an emptied recycle bin gives nothing back', () => {
  const salesforce = openSalesforce({ sfdx: false })
  const AccountId = salesforce.person.create('Account', { Name: 'A' })
  salesforce.person.create('Contact', { LastName: 'X', AccountId })
  salesforce.person.remove('Account', AccountId)
  expect(salesforce.person.emptyBin()).toBe(3)
  expect(salesforce.state()).toMatchObject({ Account: [], Contact: [], AccountContactRelation: [] })
})

test('a relationship cannot be undeleted by itself, nor a Contact whose Account is deleted', () => {
  const salesforce = openSalesforce({ sfdx: false })
  const AccountId = salesforce.person.create('Account', { Name: 'A' })
  const contact = salesforce.person.create('Contact', { LastName: 'X', AccountId })
  const relation = String(live(salesforce, 'AccountContactRelation')[0]?.['Id'])
  salesforce.person.remove('Contact', contact)
  salesforce.person.remove('Account', AccountId)
  expect(() => salesforce.person.undelete('AccountContactRelation', relation)).toThrow('UNDELETE_FAILED')
  expect(() => salesforce.person.undelete('Contact', contact)).toThrow('UNDELETE_FAILED')
})

test('a hard delete leaves nothing, and is told of as a delete', () => {
  const org = createOrg({ clock: manualClock(), sfdx: false })
  const person = createPerson(org)
  const AccountId = person.create('Account', { Name: 'A' })
  person.create('Contact', { LastName: 'X', AccountId })
  const told: string[] = []
  org.commits.listen(({ changes }) =>
    told.push(...changes.map(({ object, after }) => `${object} ${after['IsDeleted'] === true}`)),
  )
  const account = org.schema.find('Account')
  if (!account) throw new Error('no Account')
  const writer = { org, userId: org.userId, origin: '', allowDuplicates: false }
  const [outcome] = runOperations(writer, [hardDeleteOperation(org, account, AccountId)], false)
  expect(outcome).toMatchObject({ ok: true })
  expect(told.sort()).toEqual(['Account true', 'AccountContactRelation true', 'Contact true'])
  expect(['Account', 'Contact', 'AccountContactRelation'].map((name) => org.store.ids(name).length)).toEqual([0, 0, 0])
})

test('custom relationships say what the deletion of a parent does', () => {
  const salesforce = openSalesforce({
    sfdx: false,
    customFields: [
      { object: 'Contact', name: 'Site__c', type: 'reference', referenceTo: 'Account', onParentDelete: 'restrict' },
    ],
  })
  const site = salesforce.person.create('Account', { Name: 'Site' })
  const contact = salesforce.person.create('Contact', { LastName: 'X', Site__c: site })
  expect(() => salesforce.person.remove('Account', site)).toThrow('DELETE_FAILED')
  salesforce.person.edit('Contact', contact, { Site__c: null })
  salesforce.person.remove('Account', site)
  expect(live(salesforce, 'Account')).toEqual([])
})

test('an org without room takes no more records, and room is made by deleting', async () => {
  const salesforce = openSalesforce({ sfdx: false, storageLimitMb: 4_096 / 1_048_576 })
  const [first] = ['A', 'B'].map((Name) => salesforce.person.create('Account', { Name }))
  expect(await salesforce.call('POST', '/sobjects/Account', { Name: 'C' })).toMatchObject({
    status: 400,
    body: [{ errorCode: 'STORAGE_LIMIT_EXCEEDED' }],
  })
  salesforce.person.remove('Account', first ?? '')
  expect(await salesforce.call('POST', '/sobjects/Account', { Name: 'C' })).toMatchObject({ status: 201 })
})
