import { beforeAll, expect, test } from 'vitest'
import { manualClock } from '../../kit/clock.ts'
import { openSalesforce, type TestClient } from '../client.test-support.ts'

let salesforce: TestClient
const refusal = async (soql: string) => {
  const { body } = await salesforce.call('GET', `/query?q=${encodeURIComponent(soql)}`)
  const [error] = body as { errorCode: string; message: string }[]
  return error
}

beforeAll(async () => {
  const clock = manualClock(Date.UTC(2026, 0, 31, 9))
  salesforce = openSalesforce({ clock, sfdx: false })
  salesforce.seed({
    Account: [
      { Name: 'Acme', Industry: 'Technology', NumberOfEmployees: 10, AnnualRevenue: 0.1 },
      { Name: 'ACME', Industry: 'Banking', NumberOfEmployees: 30, AnnualRevenue: 0.2 },
    ],
    Contact: [
      { LastName: 'Adams', AccountId: '#0' },
      { LastName: 'Brown', AccountId: '#0' },
    ],
  })
  await clock.advance(86_400_000)
  salesforce.seed({ Account: [{ Name: 'Bolt', Industry: 'Banking' }] })
})

test('an aggregate result has the type AggregateResult, names of its own, and is one page', async () => {
  const { body } = await salesforce.call(
    'GET',
    `/query?q=${encodeURIComponent('SELECT COUNT(Id), SUM(NumberOfEmployees) total, AVG(NumberOfEmployees), MIN(Name) FROM Account')}`,
  )
  expect(body).toEqual({
    totalSize: 1,
    done: true,
    records: [{ attributes: { type: 'AggregateResult' }, expr0: 3, total: 40, expr1: 20, expr2: 'Acme' }],
  })
})

test('null counts for no aggregate, and no rows leave nothing but zero', async () => {
  expect(await salesforce.query('SELECT COUNT(NumberOfEmployees) a, COUNT_DISTINCT(Name) b FROM Account')).toEqual([
    { a: 2, b: 2 },
  ])
  expect(
    await salesforce.query(
      "SELECT COUNT(Id) a, SUM(NumberOfEmployees) b, MAX(CreatedDate) c FROM Account WHERE Name = 'none'",
    ),
  ).toEqual([{ a: 0, b: null, c: null }])
  expect(await salesforce.query('SELECT SUM(AnnualRevenue) sum FROM Account')).toEqual([{ sum: 0.3 }])
})

test('picklists have the least and the greatest value of their own order', async () => {
  expect(await salesforce.query('SELECT MIN(Industry) a, MAX(Industry) b FROM Account')).toEqual([
    { a: 'Banking', b: 'Technology' },
  ])
})

test('groups are made without regard to case, by fields, parents and date functions', async () => {
  expect(await salesforce.query('SELECT Name, COUNT(Id) FROM Account GROUP BY Name ORDER BY Name')).toEqual([
    { Name: 'Acme', expr0: 2 },
    { Name: 'Bolt', expr0: 1 },
  ])
  expect(await salesforce.query('SELECT Account.Name, COUNT(Id) n FROM Contact GROUP BY Account.Name')).toEqual([
    { Name: 'Acme', n: 2 },
  ])
  expect(
    await salesforce.query(
      'SELECT CALENDAR_MONTH(convertTimezone(CreatedDate)) m, COUNT(Id) FROM Account GROUP BY CALENDAR_MONTH(convertTimezone(CreatedDate)) ORDER BY COUNT(Id) DESC',
    ),
  ).toEqual([
    { m: 1, expr0: 2 },
    { m: 2, expr0: 1 },
  ])
})

test('HAVING filters groups, LIMIT and OFFSET cut them', async () => {
  const by = 'SELECT Industry FROM Account GROUP BY Industry'
  expect(await salesforce.query(`${by} HAVING COUNT(Id) > 1`)).toEqual([{ Industry: 'Banking' }])
  expect(await salesforce.query(`${by} HAVING NOT (COUNT(Id) > 1 AND Industry = 'Banking') ORDER BY Industry`)).toEqual(
    [{ Industry: 'Technology' }],
  )
  expect(await salesforce.query(`${by} ORDER BY COUNT(Id) DESC LIMIT 1 OFFSET 1`)).toEqual([{ Industry: 'Technology' }])
})

test('ROLLUP and CUBE add subtotals, which GROUPING tells from nulls', async () => {
  const rollup = await salesforce.query(
    'SELECT Industry i, Name n, GROUPING(Name) g, COUNT(Id) c FROM Account GROUP BY ROLLUP(Industry, Name)',
  )
  expect(rollup).toHaveLength(3 + 2 + 1)
  expect(rollup).toContainEqual({ i: 'Banking', n: null, g: 1, c: 2 })
  expect(rollup).toContainEqual({ i: null, n: null, g: 1, c: 3 })
  const cube = await salesforce.query(
    'SELECT Industry i, Name n, COUNT(Id) c FROM Account GROUP BY CUBE(Industry, Name)',
  )
  expect(cube).toHaveLength(3 + 2 + 2 + 1)
  expect(cube).toContainEqual({ i: null, n: 'Acme', c: 2 })
})

test.each([
  ['SELECT Name, COUNT(Id) FROM Account', 'Field must be grouped or aggregated: Name'],
  ['SELECT Name, Industry FROM Account GROUP BY Name', 'Field must be grouped or aggregated: Industry'],
  ['SELECT CALENDAR_YEAR(CreatedDate) FROM Account', 'Field must be grouped or aggregated: CALENDAR_YEAR(CreatedDate)'],
  ['SELECT Name FROM Account GROUP BY Name ORDER BY Industry', 'Ordered field must be grouped or aggregated: Industry'],
  ['SELECT COUNT(Id) FROM Account ORDER BY Name', 'Ordered field must be grouped or aggregated: Name'],
  [
    'SELECT COUNT(Id) FROM Account LIMIT 1',
    'Non-grouped query that uses overall aggregate functions cannot also use LIMIT',
  ],
  ['SELECT COUNT(Name) FROM Account GROUP BY Name', 'Grouped field should not be aggregated: Name'],
  ['SELECT COUNT(Id) FROM Account GROUP BY CreatedDate', "field 'CreatedDate' can not be grouped in a query call"],
  ['SELECT COUNT(Id) FROM Account GROUP BY AnnualRevenue', "field 'AnnualRevenue' can not be grouped in a query call"],
  ['SELECT SUM(Name) FROM Account', 'field Name does not support aggregate operator SUM'],
  ['SELECT COUNT(IsDeleted) FROM Account', 'field IsDeleted does not support aggregate operator COUNT'],
  ['SELECT Name, Name FROM Account GROUP BY Name', 'duplicate alias: Name'],
  ['SELECT Name FROM Account GROUP BY Name, Name', 'duplicate grouping expression: Name'],
  ['SELECT COUNT(), Name FROM Account', 'COUNT() must be the only element in the SELECT list'],
  ['SELECT (SELECT COUNT(Id) FROM Contacts) FROM Account', 'only root queries support aggregate expressions'],
  ['SELECT Name FROM Account GROUP BY CUBE(Name, Type, Site, Phone)', 'at most 3 fields'],
])('%s: %s', async (soql, text) => {
  const error = await refusal(soql)
  expect(error?.errorCode).toBe('MALFORMED_QUERY')
  expect(error?.message).toContain(text)
})

test('more groups than a page holds are refused, since aggregates have no second page', async () => {
  const many = openSalesforce({ sfdx: false })
  many.seed({ Account: Array.from({ length: 2_001 }, (_, i) => ({ Name: `Account ${i}` })) })
  const ask = (soql: string) => many.call('GET', `/query?q=${encodeURIComponent(soql)}`)
  const { body } = await ask('SELECT Name, COUNT(Id) FROM Account GROUP BY Name')
  expect(body).toMatchObject([
    { errorCode: 'EXCEEDED_ID_LIMIT', message: expect.stringContaining('does not support queryMore()') },
  ])
  expect(await ask('SELECT Name, COUNT(Id) FROM Account GROUP BY Name LIMIT 2000')).toMatchObject({ status: 200 })
})
