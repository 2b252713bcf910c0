import fc from 'fast-check'
import { beforeEach, expect, test } from 'vitest'
import { openSalesforce, type TestClient } from '../client.test-support.ts'

let salesforce: TestClient
let accounts: string[]

beforeEach(() => {
  salesforce = openSalesforce()
  accounts = salesforce.seed({ Account: [{ Name: 'A' }, { Name: 'B' }, { Name: 'C' }] }).Account
})

const relations = (contactId: string) =>
  (salesforce.state()['AccountContactRelation'] ?? [])
    .filter((row) => row['ContactId'] === contactId && row['IsDeleted'] !== true)
    .map((row) => ({
      at: accounts.indexOf(String(row['AccountId'])),
      direct: row['IsDirect'],
      key: row['Clerk_Membership_Id__c'],
    }))
    .sort((a, b) => a.at - b.at)
const contactAt = (account: number | undefined): string =>
  salesforce.person.create('Contact', { LastName: 'X', AccountId: account === undefined ? null : accounts[account] })
const relate = (contact: string, account: number, more: object = {}) =>
  salesforce.call('POST', '/sobjects/AccountContactRelation', {
    ContactId: contact,
    AccountId: accounts[account],
    ...more,
  })
const error = (answer: { body: unknown }) => (answer.body as { errorCode: string; message: string }[])[0]

test('a Contact with an Account gets its direct relationship by itself, without a key', () => {
  expect(relations(contactAt(0))).toEqual([{ at: 0, direct: true, key: undefined }])
})

test('making the direct relationship again is refused as a duplicate', async () => {
  const answer = await relate(contactAt(0), 0)
  expect(answer.status).toBe(400)
  expect(error(answer)).toMatchObject({
    errorCode: 'DUPLICATE_VALUE',
    message: 'This contact already has a relationship with this account.',
  })
})

test('an upsert by our key collides with the direct relationship that has no key yet', async () => {
  const contact = contactAt(0)
  const body = { ContactId: contact, AccountId: accounts[0] }
  const answer = await salesforce.call(
    'PATCH',
    '/sobjects/AccountContactRelation/Clerk_Membership_Id__c/orgmem_1',
    body,
  )
  expect(error(answer)).toMatchObject({ errorCode: 'DUPLICATE_VALUE' })
  const [direct] = await salesforce.query(`SELECT Id FROM AccountContactRelation WHERE ContactId = '${contact}'`)
  const keyed = await salesforce.call('PATCH', `/sobjects/AccountContactRelation/${String(direct?.['Id'])}`, {
    Clerk_Membership_Id__c: 'orgmem_1',
  })
  expect(keyed.status).toBe(204)
  expect(relations(contact)).toEqual([{ at: 0, direct: true, key: 'orgmem_1' }])
})

test('an indirect relationship is made, changed and deleted', async () => {
  const contact = contactAt(0)
  const made = await relate(contact, 1, { Clerk_Membership_Id__c: 'orgmem_2', StartDate: '2026-01-05' })
  expect(made.status).toBe(201)
  expect(relations(contact)).toEqual([
    { at: 0, direct: true, key: undefined },
    { at: 1, direct: false, key: 'orgmem_2' },
  ])
  const path = `/sobjects/AccountContactRelation/${(made.body as { id: string }).id}`
  expect(await salesforce.call('PATCH', path, { IsActive: false, EndDate: '2026-02-01' })).toMatchObject({
    status: 204,
  })
  expect(await salesforce.call('DELETE', path)).toMatchObject({ status: 204 })
  expect(relations(contact)).toHaveLength(1)
})

test('a private Contact takes no relationship', async () => {
  const answer = await relate(contactAt(undefined), 0)
  expect(answer.status).toBe(400)
  expect(error(answer)).toMatchObject({ errorCode: 'FIELD_INTEGRITY_EXCEPTION' })
})

test('the ends of a relationship and its directness cannot be changed', async () => {
  const contact = contactAt(0)
  const [direct] = await salesforce.query('SELECT Id FROM AccountContactRelation')
  const path = `/sobjects/AccountContactRelation/${String(direct?.['Id'])}`
  for (const change of [{ AccountId: accounts[1] }, { ContactId: contact }, { IsDirect: false }]) {
    expect(error(await salesforce.call('PATCH', path, change))).toMatchObject({
      errorCode: 'INVALID_FIELD_FOR_INSERT_UPDATE',
    })
  }
})

test('the direct relationship cannot be deleted', async () => {
  contactAt(0)
  const [direct] = await salesforce.query('SELECT Id FROM AccountContactRelation')
  const answer = await salesforce.call('DELETE', `/sobjects/AccountContactRelation/${String(direct?.['Id'])}`)
  expect(error(answer)).toMatchObject({ errorCode: 'DELETE_FAILED' })
})

test('a new primary Account makes a new direct relationship and keeps the old one as indirect', async () => {
  const contact = contactAt(0)
  await salesforce.call('PATCH', `/sobjects/Contact/${contact}`, { AccountId: accounts[1] })
  expect(relations(contact)).toMatchObject([
    { at: 0, direct: false },
    { at: 1, direct: true },
  ])
  await salesforce.call('PATCH', `/sobjects/Contact/${contact}`, { AccountId: accounts[0] })
  expect(relations(contact)).toMatchObject([
    { at: 0, direct: true },
    { at: 1, direct: false },
  ])
})

test('where the org does not keep it, the old relationship goes', async () => {
  salesforce.settings.keepOldRelation = false
  const contact = contactAt(0)
  await salesforce.call('PATCH', `/sobjects/Contact/${contact}`, { AccountId: accounts[1] })
  expect(relations(contact)).toMatchObject([{ at: 1, direct: true }])
})

test('deleting a Contact takes its relationships along, and undelete brings them back', async () => {
  const contact = contactAt(0)
  await relate(contact, 1)
  await salesforce.call('DELETE', `/sobjects/Contact/${contact}`)
  expect(relations(contact)).toEqual([])
  salesforce.person.undelete('Contact', contact)
  expect(relations(contact)).toMatchObject([
    { at: 0, direct: true },
    { at: 1, direct: false },
  ])
})

test('deleting an Account takes its Contacts and all its relationships along, or is blocked', async () => {
  const contact = contactAt(0)
  const other = contactAt(1)
  await relate(other, 0)
  salesforce.settings.accountDelete = 'block'
  expect(() => salesforce.person.remove('Account', accounts[0] ?? '')).toThrow('DELETE_FAILED')
  salesforce.settings.accountDelete = 'cascade'
  salesforce.person.remove('Account', accounts[0] ?? '')
  expect(await salesforce.query('SELECT Id FROM Contact')).toEqual([{ Id: other }])
  expect(relations(contact)).toEqual([])
  expect(relations(other)).toMatchObject([{ at: 1, direct: true }])
})

test('merged Contacts point to the master and their relationships move as indirect ones', async () => {
  const master = contactAt(0)
  const loser = contactAt(1)
  salesforce.person.merge('Contact', master, loser)
  expect(relations(master)).toMatchObject([
    { at: 0, direct: true },
    { at: 1, direct: false },
  ])
  expect(
    await salesforce.query(`SELECT IsDeleted, MasterRecordId FROM Contact WHERE Id = '${loser}'`, '/queryAll'),
  ).toEqual([{ IsDeleted: true, MasterRecordId: master }])
})

test('Contacts that are related to the same Account do not merge', () => {
  expect(() => salesforce.person.merge('Contact', contactAt(0), contactAt(0))).toThrow('MERGE_FAILED')
})

test('merged Accounts leave one relationship of a Contact that had both', async () => {
  const contact = contactAt(0)
  await relate(contact, 1)
  salesforce.person.merge('Account', accounts[1] ?? '', accounts[0] ?? '')
  expect(relations(contact)).toMatchObject([{ at: 1, direct: true }])
  expect(await salesforce.query('SELECT AccountId FROM Contact')).toEqual([{ AccountId: accounts[1] }])
})

test('without Contacts to Multiple Accounts the object does not exist', async () => {
  const off = openSalesforce({ contactsToMultipleAccounts: false, sfdx: false })
  expect(await off.call('GET', '/sobjects/AccountContactRelation/describe')).toMatchObject({ status: 404 })
  const account = off.person.create('Account', { Name: 'A' })
  expect(await off.call('POST', '/sobjects/Contact', { LastName: 'X', AccountId: account })).toMatchObject({
    status: 201,
  })
})

test('after any history every Contact has exactly the relationships that Salesforce allows', async () => {
  type Step = { contact: number; account: number | null; kind: 'move' | 'relate' | 'unrelate' | 'delete' | 'undelete' }
  const step: fc.Arbitrary<Step> = fc.record({
    contact: fc.nat(2),
    account: fc.option(fc.nat(2)),
    kind: fc.constantFrom('move', 'relate', 'unrelate', 'delete', 'undelete'),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      salesforce.reset()
      accounts = salesforce.seed({ Account: [{ Name: 'A' }, { Name: 'B' }, { Name: 'C' }] }).Account
      const contacts = [contactAt(0), contactAt(1), contactAt(undefined)]
      for (const { contact, account, kind } of steps) {
        const id = contacts[contact] ?? ''
        const path = `/sobjects/Contact/${id}`
        if (kind === 'move')
          await salesforce.call('PATCH', path, { AccountId: account === null ? null : accounts[account] })
        if (kind === 'relate') await relate(id, account ?? 0)
        if (kind === 'delete') await salesforce.call('DELETE', path)
        if (kind === 'undelete') salesforce.person.undelete('Contact', id)
        if (kind === 'unrelate') {
          const rows = await salesforce.query(`SELECT Id FROM AccountContactRelation WHERE ContactId = '${id}'`)
          for (const row of rows)
            await salesforce.call('DELETE', `/sobjects/AccountContactRelation/${String(row['Id'])}`)
        }
      }
      const live = new Map(
        salesforce
          .state()
          ['Contact']?.filter((row) => row['IsDeleted'] !== true)
          .map((row) => [row['Id'], row]),
      )
      for (const id of contacts) {
        const found = relations(id)
        const primary = live.get(id)?.['AccountId']
        expect(new Set(found.map((row) => row.at)).size).toBe(found.length)
        expect(found.filter((row) => row.direct).map((row) => accounts[row.at])).toEqual(primary ? [primary] : [])
        if (!primary) expect(found).toEqual([])
      }
    }),
    { numRuns: 60 },
  )
})
