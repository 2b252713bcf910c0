import { beforeEach, expect, test } from 'vitest'
import { openSalesforce, type TestClient } from '../client.test-support.ts'

let salesforce: TestClient
type Part = { method: string; url: string; referenceId: string; body?: unknown }
type Answer = { httpStatusCode: number; referenceId: string; body: unknown }

beforeEach(() => {
  salesforce = openSalesforce()
})

const base = '/services/data/v66.0'
const composite = (parts: Part[], options: object = {}) =>
  salesforce.call('POST', '/composite', { compositeRequest: parts, ...options })
const run = async (parts: Part[], options: object = {}): Promise<Answer[]> =>
  ((await composite(parts, options)).body as unknown as { compositeResponse: Answer[] }).compositeResponse
const statuses = (answers: readonly Answer[]) =>
  Object.fromEntries(answers.map((answer) => [answer.referenceId, answer.httpStatusCode]))
const account = (referenceId: string, body: object): Part => ({
  method: 'POST',
  url: `${base}/sobjects/Account`,
  referenceId,
  body,
})
const contact = (referenceId: string, body: object): Part => ({
  method: 'POST',
  url: `${base}/sobjects/Contact`,
  referenceId,
  body,
})
const query = (referenceId: string, soql: string): Part => ({
  method: 'GET',
  url: `${base}/query?q=${encodeURIComponent(soql)}`,
  referenceId,
})
const people = (referenceId: string, records: object[]): Part => ({
  method: 'PATCH',
  url: `${base}/composite/sobjects/Contact/Clerk_User_Id__c`,
  referenceId,
  body: { records: records.map((record) => ({ attributes: { type: 'Contact' }, ...record })) },
})

test('five Collections are one call of the allowance', async () => {
  const parts = Array.from({ length: 5 }, (_, k) =>
    people(
      `c${k}`,
      Array.from({ length: 200 }, (_, i) => ({ Clerk_User_Id__c: `user_${k}_${i}`, LastName: 'X' })),
    ),
  )
  const before = salesforce.usage().used
  const answers = await run(parts)
  expect(salesforce.usage().used).toBe(before + 1)
  expect(answers.flatMap((answer) => answer.body as { success: boolean }[]).every((result) => result.success)).toBe(
    true,
  )
  expect(salesforce.stats()).toMatchObject({
    calls: { composite: 1 },
    subrequests: { 'collection upsert': 5 },
    records: { 'Contact.created': 1_000 },
  })
})

test.each([
  ['more than 25 parts', Array.from({ length: 26 }, (_, i) => account(`a${i}`, { Name: 'A' })), 'LIMIT_EXCEEDED'],
  [
    'more than five queries and Collections',
    [...Array.from({ length: 5 }, (_, i) => query(`q${i}`, 'SELECT Id FROM Contact')), people('p', [])],
    'LIMIT_EXCEEDED',
  ],
  ['a reference id used twice', [account('a', { Name: 'A' }), account('a', { Name: 'B' })], 'INVALID_INPUT'],
  ['a reference id with odd characters', [account('a-b', { Name: 'A' })], 'INVALID_INPUT'],
])('%s are refused as a whole', async (_, parts, errorCode) => {
  expect(await composite(parts)).toMatchObject({ status: 400, body: [{ errorCode }] })
  expect(await salesforce.query('SELECT Id FROM Account')).toEqual([])
})

test('a reference reaches into answers of rows, lists and queries', async () => {
  const answers = await run([
    account('acme', { Name: 'Acme' }),
    query('found', 'SELECT Id FROM Contact ORDER BY Id'),
    contact('ada', { LastName: 'Ada', AccountId: '@{acme.id}' }),
    {
      method: 'PATCH',
      url: `${base}/sobjects/Contact/@{ada.id}`,
      referenceId: 'again',
      body: { FirstName: 'Made for @{acme.id}' },
    },
  ])
  expect(statuses(answers)).toEqual({ acme: 201, found: 200, ada: 201, again: 204 })
  expect(await salesforce.query('SELECT FirstName, Account.Name FROM Contact')).toMatchObject([
    { Account: { Name: 'Acme' } },
  ])
})

test('only what depends on a failure is left out', async () => {
  const answers = await run([
    account('bad', {}),
    contact('orphan', { LastName: 'X', AccountId: '@{bad.id}' }),
    account('good', { Name: 'Good' }),
  ])
  expect(statuses(answers)).toEqual({ bad: 400, orphan: 400, good: 201 })
  expect(answers[1]?.body).toMatchObject([{ errorCode: 'PROCESSING_HALTED' }])
})

test('with allOrNone one failure takes everything back, Collections included', async () => {
  const answers = await run(
    [
      account('good', { Name: 'Good' }),
      people('mixed', [{ Clerk_User_Id__c: 'user_1', LastName: 'One' }, { Clerk_User_Id__c: 'user_2' }]),
    ],
    {
      allOrNone: true,
      collateSubrequests: false,
    },
  )
  expect(answers[0]).toMatchObject({ httpStatusCode: 400, body: [{ errorCode: 'PROCESSING_HALTED' }] })
  expect(answers[1]?.body).toMatchObject([
    { errors: [{ statusCode: 'ALL_OR_NONE_OPERATION_ROLLED_BACK' }] },
    { errors: [{ statusCode: 'REQUIRED_FIELD_MISSING' }] },
  ])
  expect(await salesforce.query('SELECT Id FROM Account')).toEqual([])
  expect(await salesforce.query('SELECT Id FROM Contact')).toEqual([])
})

test('the order of parts holds only when collation is switched off', async () => {
  const parts = [
    account('parent', { Name: 'A', Clerk_Org_Id__c: 'org_1' }),
    people('child', [{ Clerk_User_Id__c: 'user_1', LastName: 'X', Account: { Clerk_Org_Id__c: 'org_1' } }]),
  ]
  const collated = await run(parts)
  expect(collated.map((answer) => answer.referenceId)).toEqual(['parent', 'child'])
  expect(collated[1]?.body).toMatchObject([{ errors: [{ statusCode: 'INVALID_FIELD' }] }])
  salesforce.reset()
  expect((await run(parts, { collateSubrequests: false }))[1]?.body).toMatchObject([{ success: true }])
})

test('an upsert Collection can be refused inside a Composite', async () => {
  salesforce.settings.compositeUpsertCollections = false
  expect(statuses(await run([people('p', [{ Clerk_User_Id__c: 'user_1', LastName: 'X' }])]))).toEqual({ p: 400 })
})

test('headers of a part are its own', async () => {
  salesforce.seed({ Contact: [{ LastName: 'X', Email: 'x@example.com' }] })
  salesforce.setRules({ duplicateRules: [{ object: 'Contact', field: 'Email', action: 'alert' }] })
  const twin = { LastName: 'Y', Email: 'x@example.com' }
  const answers = await run([
    { ...contact('plain', twin) },
    { ...contact('allowed', twin), ...{ httpHeaders: { 'Sforce-Duplicate-Rule-Header': 'allowSave=true' } } },
  ])
  expect(statuses(answers)).toEqual({ plain: 400, allowed: 201 })
})

test.each(['graph', 'batch', 'tree/Account'])('composite %s is not there, and says so', async (name) => {
  expect(await salesforce.call('POST', `/composite/${name}`, {})).toMatchObject({
    status: 501,
    body: [{ errorCode: 'NOT_IMPLEMENTED' }],
  })
})

test('before version 49.0 parts run in their order unless the request says otherwise', async () => {
  const token = await salesforce.token()
  const order = async (version: string) => {
    salesforce.reset()
    const compositeRequest = [account('one', { Name: 'One' }), account('two', { Name: 'Two' })]
    await salesforce.app.request(`/services/data/v${version}/composite`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ compositeRequest }),
    })
    return salesforce.state()['Account']?.map((row) => row['Name'])
  }
  expect(await order('48.0')).toEqual(['One', 'Two'])
  expect(await order('49.0')).toEqual(['Two', 'One'])
})
