import fc from 'fast-check'
import { expect, test } from 'vitest'
import { openSalesforce, type TestClient } from '../client.test-support.ts'

const open = (): TestClient => openSalesforce({ personAccounts: true })
const account = (salesforce: TestClient, body: object) => salesforce.call('POST', '/sobjects/Account', body)
const rows = (salesforce: TestClient, object: string) =>
  (salesforce.state()[object] ?? []).filter((row) => row['IsDeleted'] !== true)
const grace = { FirstName: 'Grace', LastName: 'Park', PersonEmail: 'grace@example.com', PersonTitle: 'Dr' }

test('an Account with a last name is a person: it gets the record type, a name, and a Contact with the same values', async () => {
  const salesforce = openSalesforce({ personAccounts: true, sfdx: false })
  const made = await account(salesforce, grace)
  expect(made.status).toBe(201)
  const [person] = rows(salesforce, 'Account')
  const [contact] = rows(salesforce, 'Contact')
  expect(person).toMatchObject({ Name: 'Grace Park', IsPersonAccount: true, PersonContactId: contact?.['Id'] })
  expect(contact).toMatchObject({
    AccountId: person?.['Id'],
    Name: 'Grace Park',
    Email: 'grace@example.com',
    Title: 'Dr',
    IsPersonAccount: true,
  })
})

test('a Person Account has no relationship with itself, and can have others', () => {
  const salesforce = open()
  const company = salesforce.person.create('Account', { Name: 'Brook' })
  salesforce.person.create('Account', grace)
  const [contact] = rows(salesforce, 'Contact')
  expect(rows(salesforce, 'AccountContactRelation')).toEqual([])
  salesforce.person.create('AccountContactRelation', { AccountId: company, ContactId: contact?.['Id'] })
  expect(rows(salesforce, 'AccountContactRelation')).toMatchObject([{ IsDirect: false, AccountId: company }])
})

test('custom fields of Contact are on the Account, and a save of the Account makes two changes in one transaction', async () => {
  const salesforce = open()
  const id = salesforce.person.create('Account', { ...grace, Clerk_User_Id__pc: 'user_1' })
  expect(rows(salesforce, 'Contact')).toMatchObject([{ Clerk_User_Id__c: 'user_1' }])
  salesforce.person.edit('Account', id, { Industry: 'Banking' })
  const [person] = rows(salesforce, 'Account')
  const [contact] = rows(salesforce, 'Contact')
  expect(contact?.['SystemModstamp']).toBe(person?.['SystemModstamp'])
})

test('the Contact of a person is nobody’s to edit or delete', async () => {
  const salesforce = openSalesforce({ personAccounts: true, sfdx: false })
  salesforce.person.create('Account', grace)
  const path = `/sobjects/Contact/${String(rows(salesforce, 'Contact')[0]?.['Id'])}`
  for (const [method, body] of [
    ['PATCH', { Title: 'X' }],
    ['DELETE', undefined],
  ] as const)
    expect(await salesforce.call(method, path, body)).toMatchObject({
      status: 403,
      body: [{ errorCode: 'INSUFFICIENT_ACCESS_OR_READONLY' }],
    })
})

test('fields of a person on a company, and the name of a person, are refused', async () => {
  const salesforce = openSalesforce({ personAccounts: true, sfdx: false })
  const company = salesforce.person.create('Account', { Name: 'Brook' })
  const person = salesforce.person.create('Account', grace)
  for (const [id, body] of [
    [company, { PersonEmail: 'a@example.com' }],
    [person, { Name: 'Other' }],
  ] as const)
    expect(await salesforce.call('PATCH', `/sobjects/Account/${id}`, body)).toMatchObject({
      status: 400,
      body: [
        {
          errorCode: 'INVALID_FIELD_FOR_INSERT_UPDATE',
          message: `Account: bad field names on insert/update call: ${Object.keys(body)[0] ?? ''}`,
        },
      ],
    })
  expect(await account(salesforce, { Phone: '1' })).toMatchObject({ body: [{ errorCode: 'REQUIRED_FIELD_MISSING' }] })
})

test('no other Contact can be put under a person', () => {
  const salesforce = open()
  const AccountId = salesforce.person.create('Account', grace)
  expect(() => salesforce.person.create('Contact', { LastName: 'X', AccountId })).toThrow('FIELD_INTEGRITY_EXCEPTION')
})

test('deleting and undeleting the Account takes the Contact along, even where Accounts with Contacts are not deleted', () => {
  const salesforce = open()
  salesforce.settings.accountDelete = 'block'
  const id = salesforce.person.create('Account', grace)
  salesforce.person.remove('Account', id)
  expect([rows(salesforce, 'Account'), rows(salesforce, 'Contact')]).toEqual([[], []])
  salesforce.person.undelete('Account', id)
  expect([rows(salesforce, 'Account'), rows(salesforce, 'Contact')]).toMatchObject([[{ Id: id }], [{ AccountId: id }]])
})

test('people merge with people only', () => {
  const salesforce = open()
  const company = salesforce.person.create('Account', { Name: 'Brook' })
  const [one, two] = [grace, { ...grace, FirstName: 'G.' }].map((each) => salesforce.person.create('Account', each))
  expect(() => salesforce.person.merge('Account', company, one ?? '')).toThrow('MERGE_FAILED')
  salesforce.person.merge('Account', one ?? '', two ?? '')
  expect(rows(salesforce, 'Contact')).toMatchObject([{ FirstName: 'Grace' }])
})

test('after any history every person has one Contact with the same name and fate, and no company has such a Contact', () => {
  const salesforce = open()
  const { person } = salesforce
  type Step = {
    kind: 'person' | 'company' | 'rename' | 'delete' | 'undelete' | 'merge' | 'empty'
    a: number
    b: number
  }
  const step: fc.Arbitrary<Step> = fc.record({
    kind: fc.constantFrom('person', 'company', 'rename', 'delete', 'undelete', 'merge', 'empty'),
    a: fc.nat(4),
    b: fc.nat(4),
  })
  const run = (accounts: string[], { kind, a, b }: Step): void => {
    const [one = '', other = ''] = [accounts[a], accounts[b]]
    if (kind === 'person')
      accounts.push(person.create('Account', { ...grace, Clerk_User_Id__pc: `user_${accounts.length}` }))
    if (kind === 'company') accounts.push(person.create('Account', { Name: 'Brook' }))
    if (kind === 'rename') person.edit('Account', one, { LastName: `P${b}` })
    if (kind === 'delete') person.remove('Account', one)
    if (kind === 'undelete') person.undelete('Account', one)
    if (kind === 'merge' && one !== other) person.merge('Account', one, other)
    if (kind === 'empty') person.emptyBin()
  }
  fc.assert(
    fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
      salesforce.reset()
      const accounts: string[] = []
      for (const each of steps) {
        try {
          run(accounts, each)
        } catch {
          // Refused: nothing has changed.
        }
      }
      const { Account = [], Contact = [] } = salesforce.state()
      const fate = (row: (typeof Account)[number]) => [row['Name'], row['IsDeleted']]
      const people = new Map(Account.filter((row) => row['IsPersonAccount'] === true).map((row) => [row['Id'], row]))
      expect(Contact.map((row) => row['AccountId']).sort()).toEqual([...people.keys()].sort())
      for (const row of Contact) {
        const account = people.get(row['AccountId'] ?? '')
        expect([account?.['PersonContactId'], account && fate(account)]).toEqual([row['Id'], fate(row)])
      }
    }),
    { numRuns: 60 },
  )
})
