import { beforeAll, expect, test } from 'vitest'
import { type Json, openSalesforce, type TestClient } from '../client.test-support.ts'

let salesforce: TestClient
const find = async (sosl: string): Promise<{ [field: string]: Json }[]> => {
  const { status, body } = await salesforce.call('GET', `/search?q=${encodeURIComponent(sosl)}`)
  expect(status, JSON.stringify(body)).toBe(200)
  return (body as { searchRecords: { [field: string]: Json }[] }).searchRecords
}
const lastNames = async (sosl: string) => (await find(sosl)).map((record) => record['LastName'])
const refusal = async (sosl: string) =>
  ((await salesforce.call('GET', `/search?q=${encodeURIComponent(sosl)}`)).body as { errorCode: string }[])[0]
    ?.errorCode

beforeAll(() => {
  salesforce = openSalesforce({ sfdx: false })
  salesforce.seed({
    Account: [{ Name: 'Smith & Sons', Phone: '020 7946 0123' }],
    Contact: [
      { FirstName: 'Joe', LastName: 'Smith', Email: 'joe@example.com', Phone: '020 7946 0999' },
      { FirstName: 'Ann', LastName: 'Smythe', Email: 'smith@example.org', Description: 'knows Joe' },
      { LastName: 'Jones', Title: 'Joe Smith’s deputy' },
    ],
  })
})

test('a word is found in every text field, whole and without regard to case', async () => {
  expect(await find('FIND {SMITH}')).toHaveLength(4)
  expect(await find('FIND {smit}')).toHaveLength(0)
  const [first] = await find('FIND {smith} RETURNING Account')
  expect(first).toEqual({
    attributes: { type: 'Account', url: expect.stringContaining('/sobjects/Account/001') },
    Id: expect.any(String),
  })
})

test('groups of fields narrow the search', async () => {
  expect(await lastNames('FIND {smith} IN NAME FIELDS RETURNING Contact(LastName)')).toEqual(['Smith'])
  expect(await lastNames('FIND {smith} IN EMAIL FIELDS RETURNING Contact(LastName)')).toEqual(['Smythe'])
  expect(await find('FIND {7946} IN PHONE FIELDS RETURNING Contact, Account')).toHaveLength(2)
})

test('an address is found as a phrase, wildcards stand for letters', async () => {
  expect(await lastNames('FIND {joe@example.com} IN EMAIL FIELDS RETURNING Contact(LastName)')).toEqual(['Smith'])
  expect(await lastNames('FIND {sm?th*} IN NAME FIELDS RETURNING Contact(LastName ORDER BY LastName DESC)')).toEqual([
    'Smythe',
    'Smith',
  ])
  expect(await lastNames('FIND {"joe smith"} RETURNING Contact(LastName)')).toEqual(['Smith', 'Jones'])
})

test('words combine with AND, OR, AND NOT and parentheses', async () => {
  const contacts = (term: string) => lastNames(`FIND {${term}} RETURNING Contact(LastName)`)
  expect(await contacts('joe smith')).toEqual(['Smith', 'Smythe', 'Jones'])
  expect(await contacts('joe AND NOT deputy')).toEqual(['Smith', 'Smythe'])
  expect(await contacts('(smythe OR jones) AND ann')).toEqual(['Smythe'])
})

test('RETURNING takes conditions, order and limits as SOQL does', async () => {
  expect(
    await lastNames('FIND {joe} RETURNING Contact(LastName, Email WHERE Email != null ORDER BY LastName DESC LIMIT 1)'),
  ).toEqual(['Smythe'])
  expect(await find('FIND {smith} LIMIT 2')).toHaveLength(2)
})

test('what is no search is refused', async () => {
  expect(await refusal('FIND smith')).toBe('MALFORMED_SEARCH')
  expect(await refusal('FIND {s}')).toBe('MALFORMED_SEARCH')
  expect(await refusal('FIND {smith} IN NONSENSE FIELDS')).toBe('MALFORMED_SEARCH')
  expect(await refusal('FIND {smith} RETURNING Contact(Nope)')).toBe('INVALID_FIELD')
  expect(await refusal('FIND {smith} RETURNING AccountContactRelation')).toBe('MALFORMED_SEARCH')
})

test('a search by parameters finds the same, by query string and by body', async () => {
  const byQuery = await salesforce.call(
    'GET',
    '/parameterizedSearch?q=smith&in=NAME&sobject=Contact&Contact.fields=id,LastName&Contact.limit=1',
  )
  expect(byQuery.body).toMatchObject({ searchRecords: [{ LastName: 'Smith' }] })
  const byBody = await salesforce.call('POST', '/parameterizedSearch', {
    q: 'smith',
    in: 'EMAIL',
    fields: ['Id', 'Email'],
    sobjects: [{ name: 'Contact' }, { name: 'Account', fields: ['Name'] }],
  })
  expect(byBody.body).toMatchObject({ searchRecords: [{ Email: 'smith@example.org' }] })
  expect(await salesforce.call('POST', '/parameterizedSearch', { sobjects: [] })).toMatchObject({ status: 400 })
})
