import { expect, test } from 'vitest'
import { manualClock } from '../../kit/clock.ts'
import { type Json, openSalesforce, type TestClient } from '../client.test-support.ts'

type Page = { totalSize: number; done: boolean; nextRecordsUrl?: string; records: { [field: string]: Json }[] }

const open = (contacts: number, clock = manualClock()): TestClient => {
  const salesforce = openSalesforce({ clock, sfdx: false, tokenLifetimeMs: 10 * 86_400_000 })
  salesforce.seed({
    Account: [{ Name: 'Acme' }, { Name: 'Bolt' }],
    Contact: Array.from({ length: contacts }, (_, i) => ({ LastName: `Person ${i}`, AccountId: '#0' })),
  })
  return salesforce
}

const ask = async (salesforce: TestClient, soql: string, headers = {}, path = '/query'): Promise<Page> => {
  const { status, body } = await salesforce.call('GET', `${path}?q=${encodeURIComponent(soql)}`, undefined, headers)
  expect(status, JSON.stringify(body)).toBe(200)
  return body as Page
}
const next = async (salesforce: TestClient, page: { nextRecordsUrl?: string }) =>
  salesforce.call('GET', String(page.nextRecordsUrl).replace(/^\/services\/data\/v66\.0/, ''))

test('a result of 25,000 comes in pages of 2,000, each row once and in order', async () => {
  const salesforce = open(25_000)
  let page = await ask(salesforce, 'SELECT Id, LastName FROM Contact ORDER BY Id')
  expect(page).toMatchObject({ totalSize: 25_000, done: false })
  expect(page.nextRecordsUrl).toMatch(/^\/services\/data\/v66\.0\/query\/01g\w{15}-2000$/)
  const ids: Json[] = []
  for (;;) {
    ids.push(...page.records.map((record) => record['Id']))
    if (page.done) break
    page = (await next(salesforce, page)).body as Page
  }
  expect(page.records).toHaveLength(1_000)
  expect('nextRecordsUrl' in page).toBe(false)
  expect(new Set(ids).size).toBe(25_000)
  expect(ids).toEqual([...ids].sort())
})

test('the batch size is kept between 200 and 2,000, and the pages that follow have it too', async () => {
  const salesforce = open(500)
  for (const [asked, got] of [
    [1, 200],
    [300, 300],
    [9_999, 500],
  ]) {
    const page = await ask(salesforce, 'SELECT Id FROM Contact', { 'Sforce-Query-Options': `batchSize=${asked}` })
    expect(page.records).toHaveLength(got ?? 0)
    if (!page.done) expect((await next(salesforce, page)).body).toMatchObject({ totalSize: 500, done: got === 300 })
  }
})

test('the rest of a queryAll is had from either resource, deleted records included', async () => {
  const salesforce = open(400)
  const [first] = await salesforce.query('SELECT Id FROM Contact ORDER BY Id DESC LIMIT 1')
  salesforce.person.remove('Contact', String(first?.['Id']))
  const page = await ask(
    salesforce,
    'SELECT Id, IsDeleted FROM Contact',
    { 'Sforce-Query-Options': 'batchSize=200' },
    '/queryAll',
  )
  expect(page.nextRecordsUrl).toContain('/query/01g')
  for (const resource of ['/query/', '/queryAll/']) {
    const { body } = await next(salesforce, {
      nextRecordsUrl: String(page.nextRecordsUrl).replace('/query/', resource),
    })
    expect((body as Page).records.filter((record) => record['IsDeleted'])).toHaveLength(1)
  }
})

test('a locator that is unknown, beyond the end or two days old is invalid', async () => {
  const clock = manualClock()
  const salesforce = open(400, clock)
  const page = await ask(salesforce, 'SELECT Id FROM Contact', { 'Sforce-Query-Options': 'batchSize=200' })
  const url = String(page.nextRecordsUrl)
  const invalid = { status: 400, body: [{ errorCode: 'INVALID_QUERY_LOCATOR', message: 'invalid query locator' }] }
  expect(await next(salesforce, { nextRecordsUrl: url.replace('-200', '-400') })).toMatchObject(invalid)
  expect(await next(salesforce, { nextRecordsUrl: url.replace('-200', '') })).toMatchObject(invalid)
  expect(await next(salesforce, { nextRecordsUrl: url.replace('01g', '01h') })).toMatchObject(invalid)
  expect(await next(salesforce, page)).toMatchObject({ status: 200 })
  await clock.advance(2 * 86_400_000 - 3_600_000)
  expect(await next(salesforce, page)).toMatchObject({ status: 200 })
  await clock.advance(2 * 3_600_000)
  expect(await next(salesforce, page)).toMatchObject(invalid)
})

test('the eleventh open cursor releases the oldest, unless one was read to its end', async () => {
  const salesforce = open(400)
  const start = () => ask(salesforce, 'SELECT Id FROM Contact', { 'Sforce-Query-Options': 'batchSize=200' })
  const pages: Page[] = []
  for (let i = 0; i < 10; i++) pages.push(await start())
  expect(await next(salesforce, pages[4] ?? {})).toMatchObject({ status: 200 })
  await start()
  expect(await next(salesforce, pages[0] ?? {})).toMatchObject({ status: 200 })
  expect(await next(salesforce, pages[4] ?? {})).toMatchObject({ status: 400 })
})

test('a cursor keeps showing what its query saw', async () => {
  const salesforce = open(201)
  const page = await ask(salesforce, 'SELECT Id, LastName FROM Contact ORDER BY Id', {
    'Sforce-Query-Options': 'batchSize=200',
  })
  const last = await salesforce.query('SELECT Id FROM Contact ORDER BY Id DESC LIMIT 1')
  salesforce.person.edit('Contact', String(last[0]?.['Id']), { LastName: 'Changed' })
  expect((await next(salesforce, page)).body).toMatchObject({ records: [{ LastName: 'Person 200' }] })
})

test('children come within their parent, null where there are none, and have pages of their own', async () => {
  const salesforce = open(450)
  const soql =
    "SELECT Name, (SELECT LastName FROM Contacts WHERE LastName != 'Person 1' ORDER BY LastName DESC), (SELECT Id FROM ChildAccounts) FROM Account ORDER BY Name"
  const page = await ask(salesforce, soql, { 'Sforce-Query-Options': 'batchSize=200' })
  expect(page.totalSize).toBe(2)
  const [acme, bolt] = page.records
  expect(bolt).toMatchObject({ Name: 'Bolt', Contacts: null, ChildAccounts: null })
  const contacts = acme?.['Contacts'] as unknown as Page
  expect(contacts).toMatchObject({ totalSize: 449, done: false })
  expect(contacts.records[0]).toMatchObject({ attributes: { type: 'Contact' }, LastName: 'Person 99' })
  const second = (await next(salesforce, contacts)).body as Page
  expect(second).toMatchObject({ totalSize: 449, done: false })
  expect((await next(salesforce, second)).body).toMatchObject({ done: true })
})

test('child subqueries go one level down before v58 and five levels from then on', async () => {
  const salesforce = open(1)
  const soql = 'SELECT (SELECT (SELECT Roles FROM AccountContactRelations) FROM Contacts) FROM Account'
  const page = await ask(salesforce, `${soql} LIMIT 1`)
  expect(page.records[0]).toMatchObject({ Contacts: { records: [{ AccountContactRelations: { totalSize: 1 } }] } })
  const token = await salesforce.token()
  const old = await salesforce.app.request(`/services/data/v57.0/query?q=${encodeURIComponent(soql)}`, {
    headers: { authorization: `Bearer ${token}` },
  })
  expect(await old.json()).toMatchObject([{ errorCode: 'MALFORMED_QUERY' }])
})

test('explain tells whether an index leads, how many rows it leads to and what it costs', async () => {
  const salesforce = open(100)
  const explain = async (soql: string) =>
    (await salesforce.call('GET', `/query?explain=${encodeURIComponent(soql)}`)).body as { plans: object[] }
  const { plans } = await explain("SELECT Id FROM Contact WHERE Email = 'x@example.com'")
  expect(plans).toHaveLength(2)
  expect(plans[0]).toEqual({
    cardinality: 0,
    fields: ['Email'],
    leadingOperationType: 'Index',
    notes: [],
    relativeCost: 0,
    sobjectCardinality: 100,
    sobjectType: 'Contact',
  })
  expect((await explain("SELECT Id FROM Contact WHERE LastName = 'x'")).plans).toMatchObject([
    {
      leadingOperationType: 'TableScan',
      cardinality: 100,
      notes: [{ fields: ['LastName'] }, { fields: ['IsDeleted'] }],
    },
  ])
  expect(await explain('SELECT Nope FROM')).toMatchObject([{ errorCode: 'MALFORMED_QUERY' }])
})

test('FOR VIEW makes records recently used', async () => {
  const salesforce = open(2)
  const [first] = await salesforce.query('SELECT Id FROM Account ORDER BY Id LIMIT 1 FOR VIEW')
  expect((await salesforce.call('GET', '/recent')).body).toEqual([
    {
      attributes: { type: 'Account', url: `/services/data/v66.0/sobjects/Account/${first?.['Id']}` },
      Id: first?.['Id'],
      Name: 'Acme',
    },
  ])
  expect((await salesforce.call('GET', '/sobjects/Account')).body).toMatchObject({
    recentItems: [{ Id: first?.['Id'] }],
  })
})
