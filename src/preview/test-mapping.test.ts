import { expect, test } from 'vitest'
import { SettingError } from '../errors.ts'
import { PreviewInputError } from './inputs.ts'
import { testMapping } from './test-mapping.ts'

const ada = {
  id: 'user_ada',
  first_name: 'Ada',
  last_name: 'Lovelace',
  email_addresses: [{ email_address: 'ada@example.com' }],
}
const contact = { Id: '003000000000001AAA', LastName: 'King', Email: 'ada@example.com' }

test('a user alone is created, with what Clerk always sends filled in', () => {
  const mapping = testMapping({
    person: { fields: { Plan__c: { from: (user) => user.public_metadata['plan'] ?? 'free' } } },
  })
  const preview = mapping.person({ user: ada })
  expect(preview).toMatchObject({ do: 'create', clerk: {}, notes: [] })
  expect(preview.salesforce).toEqual({
    Clerk_User_Id__c: 'user_ada',
    Clerk_Status__c: 'active',
    FirstName: 'Ada',
    LastName: 'Lovelace',
    Email: 'ada@example.com',
    Plan__c: 'free',
  })
  expect(Object.keys(preview.why).sort()).toEqual(Object.keys(preview.salesforce).sort())
})

test.each([
  ['a webhook', { object: 'event', type: 'user.updated', data: ada }],
  ['a list of one', [ada]],
  ['a page of one', { data: [ada], total_count: 1 }],
])('a user may be given as %s', (_, user) => {
  expect(testMapping({}).person({ user: user as never }).salesforce['LastName']).toBe('Lovelace')
})

test('a Contact is met by our key, by the address, or as linked; any other is not found, and the note says why', () => {
  const mapping = testMapping({})
  const stranger = { ...contact, Email: 'else@example.com' }
  const keyed = { ...stranger, Clerk_User_Id__c: 'user_ada' }
  expect(mapping.person({ user: ada, contact }).do).toBe('adopt')
  expect(mapping.person({ user: ada, contact: keyed }).do).toBe('update')
  expect(mapping.person({ user: ada, contact: stranger, linked: true }).do).toBe('update')
  expect(mapping.person({ user: ada, contact: stranger })).toMatchObject({
    do: 'create',
    notes: [expect.stringMatching(/would not be found: it has neither the Clerk id nor the e-mail address/)],
  })
  expect(mapping.person({ user: ada, contact: { ...contact, Clerk_User_Id__c: 'user_else' } }).notes).toEqual([
    expect.stringMatching(/carries another Clerk id \(user_else\)/),
  ])
})

test('what was agreed on is the base of the next question: then nothing is left to do', () => {
  const mapping = testMapping({})
  const { salesforce, base = {} } = mapping.person({ user: ada })
  expect(mapping.person({ user: ada, contact: { Id: contact.Id, ...salesforce }, base })).toMatchObject({
    do: 'none',
    reason: 'both sides agree',
    salesforce: {},
  })
})

test('types and lengths come from the shape, as describe answers or by hand', () => {
  const config = { person: { fields: { Since__c: 'public_metadata.since', Title: 'public_metadata.title' } } }
  const user = { ...ada, public_metadata: { since: 1_767_605_400_123, title: 'x'.repeat(20) } }
  const byHand = { Contact: { Since__c: { type: 'date' }, Title: { type: 'string', length: 10 } } }
  const described = {
    Contact: {
      fields: [
        { name: 'Since__c', type: 'date' },
        { name: 'Title', type: 'string', length: 10 },
      ],
    },
  }
  for (const shape of [byHand, described]) {
    const preview = testMapping(config, { shape }).person({ user })
    expect(preview.salesforce['Since__c']).toBe('2026-01-05')
    expect(preview.notes).toEqual([expect.stringMatching(/^Contact.Title takes 10 characters and gets 20/)])
  }
})

test('organizations and memberships are previewed too, ended ones as they end', () => {
  const mapping = testMapping({
    organization: { match: { field: 'Website', from: 'public_metadata.domain', as: 'domain' } },
  })
  const organization = { id: 'org_acme', name: 'Acme', public_metadata: { domain: 'acme.test' } }
  expect(mapping.organization({ organization }).do).toBe('create')
  expect(
    mapping.organization({ organization, account: { Name: 'ACME', Website: 'https://www.acme.test/' } }),
  ).toMatchObject({
    do: 'adopt',
    salesforce: { Name: 'Acme', Clerk_Org_Id__c: 'org_acme' },
  })
  const membership = { id: 'orgmem_1', role: 'org:admin', organization, created_at: 1_767_605_400_123 }
  expect(mapping.membership({ membership })).toMatchObject({
    do: 'create',
    salesforce: {
      Clerk_Role__c: 'org:admin',
      IsActive: true,
      StartDate: '2026-01-05',
      AccountId: 'Account of org_acme',
    },
  })
  const relation = {
    Id: '07k000000000001AAA',
    IsActive: true,
    StartDate: '2026-01-05',
    Clerk_Role__c: 'org:admin',
    Clerk_Membership_Id__c: 'orgmem_1',
  }
  expect(
    mapping.membership({ membership: { ...membership, deleted: true, updated_at: 1_767_805_400_123 }, relation }),
  ).toMatchObject({
    do: 'end',
    salesforce: { IsActive: false, EndDate: '2026-01-07' },
  })
  expect(
    mapping.person({ user: ada, memberships: [membership], accounts: { org_acme: '001000000000001AAA' } }).salesforce,
  ).toMatchObject({
    AccountId: '001000000000001AAA',
  })
})

test('a user who was deleted is previewed by the policy', () => {
  const mapping = testMapping({ policies: { userDeleted: 'anonymise' } })
  const user = { ...ada, deleted: true }
  expect(mapping.person({ user, contact: { ...contact, Clerk_User_Id__c: 'user_ada' } })).toMatchObject({
    do: 'end',
    salesforce: { LastName: 'Deleted user', Email: null, Clerk_Status__c: 'deleted' },
  })
})

test.each([
  [
    'a user of the SDK',
    { user: { id: 'user_ada', firstName: 'Ada' } },
    /user has 'firstName': give it as Clerk's API .* 'raw'/,
  ],
  ['an id of another kind', { user: { id: 'org_acme' } }, /user has id 'org_acme': the id of a user begins with user_/],
  [
    'a Contact as the user',
    { user: { attributes: { type: 'Contact' }, Id: '003' } },
    /user looks like a record of Salesforce's/,
  ],
  ['a user as the Contact', { user: ada, contact: ada }, /contact looks like a record of Clerk's/],
  [
    'an Account as the Contact',
    { user: ada, contact: { attributes: { type: 'Account' } } },
    /contact is a record of Account/,
  ],
  [
    'a field in other letters',
    { user: ada, contact: { lastname: 'King' } },
    /contact has 'lastname': the field is spelt LastName/,
  ],
  [
    'a base of fields that are not mapped',
    { user: ada, base: { Fax: '1' } },
    /base has 'Fax', which the mapping of Contact does not name/,
  ],
  ['a list of two', { user: [ada, ada] as never }, /user is a list of 2: give one record/],
  ['no record at all', { user: 'Ada' as never }, /user must be an object, and is string/],
])('%s is refused in words that say what is wrong', (_, question, words) => {
  expect(() => testMapping({}).person(question)).toThrow(PreviewInputError)
  expect(() => testMapping({}).person(question)).toThrow(words)
})

test('a mapping that is malformed is refused as when it is loaded', () => {
  expect(() => testMapping({ policies: { userErased: 'forget' } } as never)).toThrow(SettingError)
})
