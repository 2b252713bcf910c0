import { expect, test } from 'vitest'
import { openSalesforce } from './client.test-support.ts'

test('many made-up records are as if they had been saved one by one', async () => {
  const salesforce = openSalesforce()
  const first = salesforce.seedMany({ accounts: 3, contacts: 7 })
  const { Account = [], Contact = [], AccountContactRelation = [] } = salesforce.state()
  expect([Account.length, Contact.length, AccountContactRelation.length]).toEqual([3, 7, 7])
  expect([Account[0]?.['Id'], Contact[0]?.['Id']]).toEqual([first.Account, first.Contact])
  const pairs = (rows: typeof Contact, contact: string) => rows.map((row) => [row[contact], row['AccountId']])
  expect(pairs(AccountContactRelation, 'ContactId')).toEqual(pairs(Contact, 'Id'))
  for (const row of Contact) expect(row['Name']).toBe(`${String(row['FirstName'])} ${String(row['LastName'])}`)
  expect(await salesforce.call('GET', '/sobjects/Contact/Clerk_User_Id__c/contact_5')).toMatchObject({
    status: 200,
    body: { Id: Contact[4]?.['Id'] },
  })
  for (const row of Contact)
    expect(await salesforce.call('PATCH', `/sobjects/Contact/${String(row['Id'])}`, { LastName: 'X' })).toMatchObject({
      status: 204,
    })
})

test('records that are saved later have ids of their own, and people without Accounts are private', () => {
  const salesforce = openSalesforce()
  const { Contact } = salesforce.seedMany({ accounts: 0, contacts: 2 })
  const later = salesforce.person.create('Contact', { LastName: 'Later' })
  expect(later > String(Contact)).toBe(true)
  expect(salesforce.state()['AccountContactRelation']).toEqual([])
})

test('sample data are the same in every org, and keep every rule of saving', async () => {
  const [one, two] = [1, 2].map(() => openSalesforce({ sampleData: true }))
  const names = (salesforce: typeof one) => salesforce?.state()['Contact']?.map(({ Name, Email }) => [Name, Email])
  expect(names(one)).toEqual(names(two))
  const { Account = [], Contact = [], AccountContactRelation = [] } = one?.state() ?? {}
  expect([Account.length, Contact.length]).toEqual([12, 20])
  expect(AccountContactRelation.filter((row) => row['IsDirect'] === false)).toHaveLength(4)
})

test('sample data and many records are had over HTTP and in an org without relationships', async () => {
  const salesforce = openSalesforce({ sfdx: false, contactsToMultipleAccounts: false, sampleData: true })
  expect(await salesforce.control('POST', '/seed-many', { accounts: 1, contacts: 5 })).toMatchObject({ status: 200 })
  expect(salesforce.state()['Contact']).toHaveLength(25)
  expect(await salesforce.control('POST', '/seed-many', { accounts: -1, contacts: 5 })).toMatchObject({ status: 400 })
})
