import { expect, test } from 'vitest'
import { openSalesforce } from '../client.test-support.ts'

const salesforce = openSalesforce({ sfdx: false })
const refusal = async (soql: string) => {
  const { body } = await salesforce.call('GET', `/query?q=${encodeURIComponent(soql)}`)
  const [error] = body as { errorCode: string; message: string }[]
  return error
}

test('a message points at the place: an excerpt of whole words, a caret below, row and column', async () => {
  const error = await refusal(
    'SELECT LastName,CreatedById,AccountId,LastModifiedDate,Nonsense__c,Email,Description,Phone,Title FROM Contact',
  )
  expect(error?.errorCode).toBe('INVALID_FIELD')
  expect(error?.message.split('\n').slice(1, 4)).toEqual([
    'CreatedById,AccountId,LastModifiedDate,Nonsense__c,Email,Description,Phone',
    `${' '.repeat(39)}^`,
    'ERROR at Row:1:Column:56',
  ])
  expect(error?.message).toContain("No such column 'Nonsense__c' on entity 'Contact'.")
})

test('rows are counted, and the excerpt stays on one line', async () => {
  const error = await refusal("SELECT Id\nFROM Contact\nWHERE Nope = 'x'")
  expect(error?.message.split('\n').slice(1, 4)).toEqual([
    "SELECT Id FROM Contact WHERE Nope = 'x'",
    `${' '.repeat(29)}^`,
    'ERROR at Row:3:Column:7',
  ])
})

test.each([
  [
    'SELECT COUNT(Id) FROM Nonsense',
    'INVALID_TYPE',
    "ERROR at Row:1:Column:23\nsObject type 'Nonsense' is not supported.",
  ],
  ['SELECT Boss.Name FROM Contact', 'INVALID_FIELD', "Didn't understand relationship 'Boss' in field path."],
  [
    'SELECT (SELECT Id FROM Nopes) FROM Account',
    'INVALID_TYPE',
    "Didn't understand relationship 'Nopes' in FROM part of query call.",
  ],
  [
    "SELECT Id FROM Contact WHERE Description = 'x'",
    'INVALID_FIELD',
    "field 'Description' can not be filtered in a query call",
  ],
  [
    "SELECT Id FROM Contact WHERE CreatedDate > '2026-01-01'",
    'INVALID_FIELD',
    "value of filter criterion for field 'CreatedDate' must be of type dateTime and should not be enclosed in quotes",
  ],
  [
    'SELECT Id FROM Contact WHERE LastName = 5',
    'INVALID_FIELD',
    "value of filter criterion for field 'LastName' must be of type string and should be enclosed in quotes",
  ],
  ["SELECT Id FROM Contact WHERE Id LIKE '003%'", 'INVALID_QUERY_FILTER_OPERATOR', 'invalid operator on id field'],
  [
    'SELECT Id FROM Contact WHERE IsDeleted > false',
    'INVALID_QUERY_FILTER_OPERATOR',
    'invalid operator on boolean field',
  ],
  [
    "SELECT Id FROM AccountContactRelation WHERE Roles > 'x'",
    'INVALID_QUERY_FILTER_OPERATOR',
    'invalid operator on multipicklist field',
  ],
  [
    "SELECT Id FROM Contact WHERE LastName INCLUDES ('x')",
    'INVALID_QUERY_FILTER_OPERATOR',
    'invalid operator on string field',
  ],
  ['SELECT Id, Id FROM Contact', 'INVALID_FIELD', 'duplicate field selected: Id'],
  ['SELECT Id Name FROM Contact', 'MALFORMED_QUERY', 'only aggregate expressions use field aliasing'],
  [
    'SELECT Id FROM AccountContactRelation ORDER BY Roles',
    'MALFORMED_QUERY',
    "field 'Roles' can not be sorted in a query call",
  ],
  ['SELECT Id FROM Contact OFFSET 2001', 'NUMBER_OUTSIDE_VALID_RANGE', 'Maximum SOQL offset allowed is 2000'],
  ['SELECT Id FROM Contact WHERE CreatedDate = LAST_N_DAYS 3', 'MALFORMED_QUERY', "expecting a colon, found '3'"],
  ["SELECT Id FROM Contact WHERE (LastName = 'x'", 'MALFORMED_QUERY', "expecting a right parentheses, found '<EOF>'"],
  ['SELECT Id FROM Contact WHERE LastName = x', 'MALFORMED_QUERY', "unexpected token: 'x'"],
  ['SELECT Id FROM Contact LIMIT -1', 'MALFORMED_QUERY', "unexpected token: '-1'"],
  ['SELECT Id, FROM Contact', 'MALFORMED_QUERY', "unexpected token: 'FROM'"],
  ['SELECT Id FROM Contact WHERE LastName = "x"', 'MALFORMED_QUERY', "no viable alternative at character '\"'"],
  ['SELECT COUNT() FROM Contact ORDER BY Id', 'MALFORMED_QUERY', 'ORDER BY is not allowed with COUNT()'],
])('%s: %s', async (soql, errorCode, text) => {
  const error = await refusal(soql)
  expect(error?.errorCode).toBe(errorCode)
  expect(error?.message).toContain(text)
})

test('conditions within conditions without end are too complicated', async () => {
  const nested = (depth: number) =>
    salesforce.call('POST', '/composite', {
      compositeRequest: [
        {
          method: 'GET',
          url: `/services/data/v66.0/query?q=SELECT Id FROM Contact WHERE ${'('.repeat(depth)}Id = null${')'.repeat(depth)}`,
          referenceId: 'deep',
        },
      ],
    })
  expect((await nested(100)).body).toMatchObject({ compositeResponse: [{ httpStatusCode: 200 }] })
  expect((await nested(20_000)).body).toMatchObject({
    compositeResponse: [{ httpStatusCode: 400, body: [{ errorCode: 'QUERY_TOO_COMPLICATED' }] }],
  })
})
