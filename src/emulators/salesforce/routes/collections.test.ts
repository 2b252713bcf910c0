import { beforeEach, expect, test } from 'vitest'
import { openSalesforce, type TestClient } from '../client.test-support.ts'

let salesforce: TestClient
type Result = {
  id?: string
  success: boolean
  created?: boolean
  errors: { statusCode: string; message: string; fields: string[] }[]
}

beforeEach(() => {
  salesforce = openSalesforce()
})

const typed = (type: string, records: readonly object[]) =>
  records.map((record) => ({ attributes: { type }, ...record }))
const upsertContacts = async (records: readonly object[], allOrNone = false) => {
  const body = { allOrNone, records: typed('Contact', records) }
  const answer = await salesforce.call('PATCH', '/composite/sobjects/Contact/Clerk_User_Id__c', body)
  return { status: answer.status, results: answer.body as unknown as Result[] }
}
const codes = (results: readonly Result[]) => results.map((result) => result.errors[0]?.statusCode ?? 'ok')

test('answers come in the order of the records, each record for itself', async () => {
  await upsertContacts([{ Clerk_User_Id__c: 'user_2', LastName: 'Two' }])
  const { status, results } = await upsertContacts([
    { Clerk_User_Id__c: 'user_1', LastName: 'One' },
    { Clerk_User_Id__c: 'user_2', LastName: 'Zwei' },
    { Clerk_User_Id__c: 'user_3', Email: 'nobody', LastName: 'Three' },
    { LastName: 'Four' },
  ])
  expect(status).toBe(200)
  expect(codes(results)).toEqual(['ok', 'ok', 'INVALID_EMAIL_ADDRESS', 'MISSING_ARGUMENT'])
  expect(results.map((result) => result.created)).toEqual([true, false, true, true])
})

test('with allOrNone one failure takes all back, and says created of what it only tried', async () => {
  const { results } = await upsertContacts(
    [{ Clerk_User_Id__c: 'user_1', LastName: 'One' }, { Clerk_User_Id__c: 'user_2' }],
    true,
  )
  expect(codes(results)).toEqual(['ALL_OR_NONE_OPERATION_ROLLED_BACK', 'REQUIRED_FIELD_MISSING'])
  expect(results.map((result) => result.created)).toEqual([true, true])
  expect(await salesforce.query('SELECT Id FROM Contact')).toEqual([])
})

test('the same key twice in one request fails every record that has it', async () => {
  const { results } = await upsertContacts([
    { Clerk_User_Id__c: 'user_1', LastName: 'One' },
    { Clerk_User_Id__c: 'user_2', LastName: 'Two' },
    { Clerk_User_Id__c: 'user_1', LastName: 'Uno' },
  ])
  expect(codes(results)).toEqual(['DUPLICATE_VALUE', 'ok', 'DUPLICATE_VALUE'])
  expect(results[0]?.errors[0]?.message).toBe('Duplicate external id specified: user_1')
})

test('duplicates are named by code only, without the records', async () => {
  salesforce.seed({ Contact: [{ LastName: 'X', Email: 'x@example.com' }] })
  salesforce.setRules({ duplicateRules: [{ object: 'Contact', field: 'Email', action: 'alert' }] })
  const { results } = await upsertContacts([{ Clerk_User_Id__c: 'user_1', LastName: 'Y', Email: 'x@example.com' }])
  expect(results[0]?.errors).toEqual([
    { statusCode: 'DUPLICATES_DETECTED', message: 'Use one of these records?', fields: [] },
  ])
})

test('a name that does not exist or a value that cannot be read spoils the whole request', async () => {
  const good = { Clerk_User_Id__c: 'user_1', LastName: 'One' }
  for (const bad of [{ Nope__c: 'x' }, { Clerk_Last_Sign_In__c: 'noon' }]) {
    const { status } = await upsertContacts([good, { Clerk_User_Id__c: 'user_2', LastName: 'Two', ...bad }])
    expect(status).toBe(400)
  }
  expect(await salesforce.query('SELECT Id FROM Contact')).toEqual([])
})

test.each([
  [
    'more than 200 records',
    Array.from({ length: 201 }, (_, i) => ({ attributes: { type: 'Contact' }, Clerk_User_Id__c: `user_${i}` })),
    'EXCEEDED_ID_LIMIT',
  ],
  ['a record without a type', [{ Clerk_User_Id__c: 'user_1' }], 'INVALID_TYPE'],
  ['a record of another type', [{ attributes: { type: 'Account' }, Clerk_Org_Id__c: 'org_1' }], 'INVALID_TYPE'],
  [
    'a record id in an upsert',
    [{ attributes: { type: 'Contact' }, Id: '003Kj0000000001', Clerk_User_Id__c: 'user_1' }],
    'INVALID_FIELD',
  ],
])('%s is refused as a whole', async (_, records, errorCode) => {
  const answer = await salesforce.call('PATCH', '/composite/sobjects/Contact/Clerk_User_Id__c', { records })
  expect(answer).toMatchObject({ status: 400, body: [{ errorCode }] })
})

test('updates by id may mix types, in ten chunks at most', async () => {
  const ids = salesforce.seed({ Account: [{ Name: 'A' }], Contact: [{ LastName: 'X' }] })
  const account = { attributes: { type: 'Account' }, id: ids.Account[0], Name: 'B' }
  const contact = { attributes: { type: 'Contact' }, Id: ids.Contact[0], LastName: 'Y' }
  const update = (records: unknown[]) => salesforce.call('PATCH', '/composite/sobjects', { records })
  expect(await update([account, contact])).toMatchObject({ status: 200, body: [{ success: true }, { success: true }] })
  const mixed = Array.from({ length: 11 }, (_, i) => (i % 2 ? account : contact))
  expect(await update(mixed)).toMatchObject({ status: 400, body: [{ errorCode: 'LIMIT_EXCEEDED' }] })
})

test('an update says of each record what is wrong with its id', async () => {
  const [live = '', gone = ''] = salesforce.seed({ Contact: [{ LastName: 'X' }, { LastName: 'Y' }] }).Contact
  salesforce.person.remove('Contact', gone)
  const records = typed('Contact', [
    { Id: live, FirstName: 'A' },
    { Id: gone },
    { Id: '003Kj0000000zzz' },
    { Id: 'odd' },
    {},
  ])
  const { body } = await salesforce.call('PATCH', '/composite/sobjects', { records })
  expect(codes(body as unknown as Result[])).toEqual([
    'ok',
    'ENTITY_IS_DELETED',
    'INVALID_CROSS_REFERENCE_KEY',
    'MALFORMED_ID',
    'MISSING_ARGUMENT',
  ])
})

test('a delete takes ids of several types', async () => {
  const [contact = ''] = salesforce.seed({ Contact: [{ LastName: 'X' }] }).Contact
  const { body } = await salesforce.call('DELETE', `/composite/sobjects?ids=${contact},003Kj0000000zzz`)
  expect(codes(body as unknown as Result[])).toEqual(['ok', 'INVALID_CROSS_REFERENCE_KEY'])
  const again = await salesforce.call('DELETE', `/composite/sobjects?ids=${contact}&allOrNone=true`)
  expect(codes(again.body as unknown as Result[])).toEqual(['ENTITY_IS_DELETED'])
})

test('retrieve answers in the order of the ids, null where a record is missing or deleted', async () => {
  const [live = '', gone = ''] = salesforce.seed({ Contact: [{ LastName: 'X' }, { LastName: 'Y' }] }).Contact
  salesforce.person.remove('Contact', gone)
  const answer = await salesforce.call('POST', '/composite/sobjects/Contact', {
    ids: [gone, live],
    fields: ['Id', 'LastName'],
  })
  expect(answer.body).toMatchObject([null, { Id: live, LastName: 'X' }])
})
