import { beforeEach, expect, test } from 'vitest'
import { openSalesforce, type TestClient } from '../client.test-support.ts'

let salesforce: TestClient

beforeEach(() => {
  salesforce = openSalesforce()
})

const create = (object: string, body: unknown, headers?: Record<string, string>) =>
  salesforce.call('POST', `/sobjects/${object}`, body, headers)
const upsert = (path: string, body: unknown) => salesforce.call('PATCH', `/sobjects/${path}`, body)
const errorOf = (answer: { status: number; body: unknown }) => {
  const [error] = answer.body as { errorCode: string; message: string; fields?: string[] }[]
  return { status: answer.status, ...error }
}

test.each([
  [
    'no LastName',
    { FirstName: 'Ann' },
    'REQUIRED_FIELD_MISSING',
    'Required fields are missing: [LastName]',
    ['LastName'],
  ],
  [
    'white space for a name',
    { LastName: '  ' },
    'REQUIRED_FIELD_MISSING',
    'Required fields are missing: [LastName]',
    ['LastName'],
  ],
  [
    'a first name of 41 characters',
    { LastName: 'X', FirstName: 'x'.repeat(41) },
    'STRING_TOO_LONG',
    `First Name: data value too large: ${'x'.repeat(41)} (max length=40)`,
    ['FirstName'],
  ],
  [
    'an odd e-mail',
    { LastName: 'X', Email: 'nobody' },
    'INVALID_EMAIL_ADDRESS',
    'Email: invalid email address: nobody',
    ['Email'],
  ],
  [
    'a value outside a restricted picklist',
    { LastName: 'X', Clerk_Status__c: 'odd' },
    'INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST',
    'Clerk Status: bad value for restricted picklist field: odd',
    ['Clerk_Status__c'],
  ],
  [
    'an id of another object',
    { LastName: 'X', AccountId: '003Kj0000000001AAA' },
    'MALFORMED_ID',
    'Account ID: id value of incorrect type: 003Kj0000000001AAA',
    ['AccountId'],
  ],
  [
    'an Account that never was',
    { LastName: 'X', AccountId: '001Kj0000000zzz' },
    'INVALID_CROSS_REFERENCE_KEY',
    'invalid cross reference id',
    ['AccountId'],
  ],
  [
    'a parent key that nobody has',
    { LastName: 'X', Account: { Clerk_Org_Id__c: 'org_x' } },
    'INVALID_FIELD',
    'Foreign key external ID: org_x not found for field Clerk_Org_Id__c in entity Account',
    [],
  ],
  [
    'a field that is not there',
    { LastName: 'X', Nope__c: 1 },
    'INVALID_FIELD',
    "No such column 'Nope__c' on sobject of type Contact",
    undefined,
  ],
  [
    'a field without permission',
    { LastName: 'X', Birthdate: '2000-01-01' },
    'INVALID_FIELD',
    "No such column 'Birthdate' on sobject of type Contact",
    undefined,
  ],
  [
    'a read-only field',
    { LastName: 'X', CreatedDate: '2026-01-01T00:00:00Z' },
    'INVALID_FIELD_FOR_INSERT_UPDATE',
    'Unable to create/update fields: CreatedDate. Please check the security settings of this field and verify that it is read/write for your profile or permission set.',
    ['CreatedDate'],
  ],
  [
    'text for a date-time',
    { LastName: 'X', Clerk_Last_Sign_In__c: 'noon' },
    'JSON_PARSER_ERROR',
    'Cannot deserialize instance of datetime from VALUE_STRING value noon or request may be missing a required field at [line:1, column:1]',
    undefined,
  ],
  [
    'a number for text',
    { LastName: 5 },
    'JSON_PARSER_ERROR',
    'Cannot deserialize instance of string from VALUE_NUMBER_INT value 5 or request may be missing a required field at [line:1, column:1]',
    undefined,
  ],
])('%s is refused in the words of Salesforce', async (_, body, errorCode, message, fields) => {
  expect(errorOf(await create('Contact', body))).toEqual({
    status: 400,
    errorCode,
    message,
    ...(fields ? { fields } : {}),
  })
  expect(await salesforce.query('SELECT Id FROM Contact')).toEqual([])
})

test('several wrong values come back together', async () => {
  const answer = await create('Contact', { LastName: 'x'.repeat(81), Email: 'x' })
  expect((answer.body as { errorCode: string }[]).map((error) => error.errorCode)).toEqual([
    'STRING_TOO_LONG',
    'INVALID_EMAIL_ADDRESS',
  ])
})

test('the Account may be given by id or by its key, not by both', async () => {
  const [account = ''] = salesforce.seed({ Account: [{ Name: 'A', Clerk_Org_Id__c: 'org_A' }] }).Account
  const both = await create('Contact', { LastName: 'X', AccountId: account, Account: { Clerk_Org_Id__c: 'org_A' } })
  expect(errorOf(both)).toMatchObject({ errorCode: 'INVALID_FIELD' })
  expect(await create('Contact', { LastName: 'X', Account: { Clerk_Org_Id__c: 'org_A' } })).toMatchObject({
    status: 201,
  })
  expect(errorOf(await create('Contact', { LastName: 'X', Account: { Clerk_Org_Id__c: 'ORG_A' } }))).toMatchObject({
    errorCode: 'INVALID_FIELD',
  })
})

test('text is trimmed, empty text is null, date-times lose their milliseconds', async () => {
  const { body } = await create('Contact', {
    LastName: ' X ',
    FirstName: '',
    Clerk_Last_Sign_In__c: '2026-01-05T09:00:00.987+01:00',
  })
  const { id } = body as { id: string }
  expect(await salesforce.query('SELECT Id, LastName, FirstName, Clerk_Last_Sign_In__c FROM Contact')).toEqual([
    { Id: id, LastName: 'X', FirstName: null, Clerk_Last_Sign_In__c: '2026-01-05T08:00:00.000+0000' },
  ])
})

test('a key is unique by exact case, and the text of the error quotes the short id', async () => {
  const { body } = await create('Contact', { LastName: 'X', Clerk_User_Id__c: 'user_a' })
  const { id } = body as { id: string }
  expect(await create('Contact', { LastName: 'Y', Clerk_User_Id__c: 'user_A' })).toMatchObject({ status: 201 })
  expect(errorOf(await create('Contact', { LastName: 'Z', Clerk_User_Id__c: 'user_a' }))).toMatchObject({
    errorCode: 'DUPLICATE_VALUE',
    message: `duplicate value found: Clerk_User_Id__c duplicates value on record with id: ${id.slice(0, 15)}`,
  })
})

test('the key of a deleted record is free again', async () => {
  const { body } = await upsert('Contact/Clerk_User_Id__c/user_1', { LastName: 'X' })
  const { id } = body as { id: string }
  await salesforce.call('DELETE', `/sobjects/Contact/${id}`)
  expect(await upsert('Contact/Clerk_User_Id__c/user_1', { LastName: 'Y' })).toMatchObject({ status: 201 })
  expect(() => salesforce.person.undelete('Contact', id)).toThrow('DUPLICATE_VALUE')
})

test('an upsert answers 201, then 200; with updateOnly a missing record stays missing', async () => {
  expect(await upsert('Contact/Clerk_User_Id__c/user_1?updateOnly=true', { LastName: 'X' })).toMatchObject({
    status: 404,
  })
  expect(await upsert('Contact/Clerk_User_Id__c/user_1', { LastName: 'X' })).toMatchObject({
    status: 201,
    body: { created: true },
  })
  expect(await upsert('Contact/Clerk_User_Id__c/user_1', { LastName: 'Y' })).toMatchObject({
    status: 200,
    body: { created: false },
  })
  expect(await salesforce.call('GET', '/sobjects/Contact/Clerk_User_Id__c/user_1?fields=LastName')).toMatchObject({
    body: { LastName: 'Y' },
  })
  expect(await salesforce.call('DELETE', '/sobjects/Contact/Clerk_User_Id__c/user_1')).toMatchObject({ status: 204 })
})

test('an external id that several records have answers 300 with their addresses', async () => {
  const plain = openSalesforce({
    customFields: [{ object: 'Contact', name: 'Loose__c', type: 'string', length: 20, externalId: true }],
  })
  plain.seed({
    Contact: [
      { LastName: 'X', Loose__c: 'a/b' },
      { LastName: 'Y', Loose__c: 'A/B' },
    ],
  })
  const answer = await plain.call('PATCH', '/sobjects/Contact/Loose__c/a%2Fb', { LastName: 'Z' })
  expect(answer.status).toBe(300)
  expect(answer.body).toHaveLength(2)
})

test('a field that is no external id cannot be the key of an upsert', async () => {
  expect(errorOf(await upsert('Contact/Title/a', { LastName: 'X' }))).toMatchObject({
    status: 404,
    errorCode: 'NOT_FOUND',
    message: 'Provided external ID field does not exist or is not accessible: Title',
  })
})

test('a missing record is 404, a deleted one says so', async () => {
  expect(errorOf(await salesforce.call('GET', '/sobjects/Contact/003Kj0000000zzz'))).toMatchObject({
    status: 404,
    errorCode: 'NOT_FOUND',
  })
  const [id = ''] = salesforce.seed({ Contact: [{ LastName: 'X' }] }).Contact
  salesforce.person.remove('Contact', id)
  for (const [method, body] of [
    ['GET', undefined],
    ['PATCH', {}],
    ['DELETE', undefined],
  ] as const) {
    expect(errorOf(await salesforce.call(method, `/sobjects/Contact/${id}`, body))).toMatchObject({
      status: 404,
      errorCode: 'ENTITY_IS_DELETED',
    })
  }
})

test('what the permission set does not allow is refused: an Account is not deleted', async () => {
  const [id = ''] = salesforce.seed({ Account: [{ Name: 'A' }] }).Account
  expect(errorOf(await salesforce.call('DELETE', `/sobjects/Account/${id}`))).toMatchObject({
    errorCode: 'INSUFFICIENT_ACCESS_OR_READONLY',
  })
})

test('an alerting duplicate rule lets allowSave pass, a blocking one does not', async () => {
  const [twin = ''] = salesforce.seed({ Contact: [{ LastName: 'X', Email: 'x@example.com' }] }).Contact
  const allow = { 'sforce-duplicate-rule-header': 'allowSave=true' }
  const again = { LastName: 'Y', Email: 'X@example.com' }
  salesforce.setRules({ duplicateRules: [{ object: 'Contact', field: 'Email', action: 'alert' }] })
  const refused = await create('Contact', again)
  expect(refused.status).toBe(400)
  expect(refused.body).toMatchObject([
    {
      errorCode: 'DUPLICATES_DETECTED',
      duplicateResut: { allowSave: true, matchResults: [{ matchRecords: [{ record: { Id: twin } }] }] },
    },
  ])
  expect(await create('Contact', again, allow)).toMatchObject({ status: 201 })
  salesforce.setRules({ duplicateRules: [{ object: 'Contact', field: 'Email', action: 'block' }] })
  expect((await create('Contact', again, allow)).body).toMatchObject([{ duplicateResut: { allowSave: false } }])
})

test('a validation rule refuses with its own message and fields', async () => {
  const rule = { object: 'Contact', message: 'No Smiths', fields: ['LastName'], when: { LastName: 'Smith' } }
  salesforce.setRules({ validationRules: [rule] })
  expect(errorOf(await create('Contact', { LastName: 'Smith' }))).toEqual({
    status: 400,
    errorCode: 'FIELD_CUSTOM_VALIDATION_EXCEPTION',
    message: 'No Smiths',
    fields: ['LastName'],
  })
})

test('a field that the admin made required is required of every save', async () => {
  const strict = openSalesforce({ requiredFields: ['Contact.Email'] })
  const answer = await strict.call('POST', '/sobjects/Contact', { LastName: 'X' })
  expect(errorOf(answer)).toMatchObject({ errorCode: 'REQUIRED_FIELD_MISSING', fields: ['Email'] })
})

test('any row of the error table can be staged for single records', async () => {
  salesforce.recordFaults.add({
    object: 'Contact',
    where: { Clerk_User_Id__c: 'user_2' },
    times: 1,
    code: 'UNABLE_TO_LOCK_ROW',
  })
  expect(await upsert('Contact/Clerk_User_Id__c/user_1', { LastName: 'X' })).toMatchObject({ status: 201 })
  expect(errorOf(await upsert('Contact/Clerk_User_Id__c/user_2', { LastName: 'X' }))).toMatchObject({
    errorCode: 'UNABLE_TO_LOCK_ROW',
  })
  expect(await upsert('Contact/Clerk_User_Id__c/user_2', { LastName: 'X' })).toMatchObject({ status: 201 })
})

test('an e-mail address is kept in small letters, finds its people by address, and may find several', async () => {
  const org = openSalesforce({ sfdx: false })
  const upsert = (address: string) => org.call('PATCH', `/sobjects/Contact/Email/${address}`, { LastName: 'X' })
  expect(await upsert('Ada@Example.COM')).toMatchObject({ status: 201 })
  expect(await upsert('ADA@example.com')).toMatchObject({ status: 200 })
  expect(await org.query('SELECT Email FROM Contact')).toEqual([{ Email: 'ada@example.com' }])
  org.seed({ Contact: [{ LastName: 'Y', Email: 'Ada@example.com' }] })
  expect(await upsert('ada@example.com')).toMatchObject({ status: 300 })
})

test('an upsert by a key that several records may have wants View All Data', async () => {
  const options = {
    customFields: [{ object: 'Account', name: 'Loose__c', type: 'string', length: 20, externalId: true }],
  } as const
  const refused = {
    errorCode: 'INSUFFICIENT_ACCESS',
    message: 'Upsert requires view all data on a non-unique custom index',
  }
  const write = (org: TestClient) => org.call('PATCH', '/sobjects/Account/Loose__c/a', { Name: 'X' })
  expect(await write(openSalesforce(options))).toMatchObject({ status: 403, body: [refused] })
  expect(await write(openSalesforce({ ...options, userPermissions: ['ViewAllData'] }))).toMatchObject({ status: 201 })
  const answer = await openSalesforce().call('PATCH', '/composite/sobjects/Contact/Email', {
    records: [{ attributes: { type: 'Contact' }, LastName: 'X', Email: 'x@example.com' }],
  })
  expect(answer.body).toMatchObject([{ success: false, errors: [{ statusCode: refused.errorCode }] }])
})

test('a relationship in the path says that the emulator does not have it, rather than that the record is wrong', async () => {
  const [id = ''] = salesforce.seed({ Account: [{ Name: 'X' }] }).Account
  expect(await salesforce.call('GET', `/sobjects/Account/${id}/Contacts`)).toMatchObject({
    status: 501,
    body: [{ errorCode: 'NOT_IMPLEMENTED' }],
  })
})
