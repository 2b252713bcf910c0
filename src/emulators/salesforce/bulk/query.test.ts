import { expect, test } from 'vitest'
import { manualClock } from '../../kit/clock.ts'
import { type BulkClient, openBulk } from './bulk.test-support.ts'

const openQuery = async (salesforce: BulkClient, query: string, more: object = {}): Promise<string> => {
  const { status, body } = await salesforce.call('POST', '/jobs/query', { operation: 'query', query, ...more })
  if (status !== 200) throw new Error(JSON.stringify(body))
  return (body as { id: string }).id
}
const result = (salesforce: BulkClient, id: string, query = '', headers = {}) =>
  salesforce.call('GET', `/jobs/query/${id}/results${query}`, undefined, headers)

test('a query job runs through its states and gives its rows as CSV', async () => {
  const clock = manualClock(Date.UTC(2026, 0, 5, 9))
  const salesforce = openBulk({ clock, bulkQueueMs: 1_000 })
  salesforce.seed({ Account: [{ Name: 'A "quoted" name', Clerk_Org_Id__c: 'org_1' }] })
  salesforce.person.create('Contact', { LastName: 'Lovelace' })
  const made = await salesforce.call('POST', '/jobs/query', {
    operation: 'query',
    query: 'SELECT Name, Clerk_Org_Id__c, CreatedDate, IsDeleted FROM Account',
  })
  expect(made.body).toEqual({
    id: expect.stringMatching(/^750\w{15}$/),
    operation: 'query',
    object: 'Account',
    createdById: salesforce.userId,
    createdDate: '2026-01-05T09:00:00.000+0000',
    systemModstamp: '2026-01-05T09:00:00.000+0000',
    state: 'UploadComplete',
    concurrencyMode: 'Parallel',
    contentType: 'CSV',
    apiVersion: 66,
    lineEnding: 'LF',
    columnDelimiter: 'COMMA',
  })
  const { id } = made.body as { id: string }
  expect(await result(salesforce, id)).toMatchObject({ status: 400, body: [{ errorCode: 'INVALIDJOBSTATE' }] })
  expect(await salesforce.call('DELETE', `/jobs/query/${id}`)).toMatchObject({
    status: 400,
    body: [
      {
        errorCode: 'API_ERROR',
        message: 'Error encountered when deleting the job because the job is not terminated',
      },
    ],
  })
  await clock.advance(1_000)
  expect(await salesforce.settle(id, 'query')).toMatchObject({
    state: 'JobComplete',
    jobType: 'V2Query',
    numberRecordsProcessed: 1,
    totalProcessingTime: 1_000,
    isPkChunkingSupported: true,
  })
  const { body, headers } = await result(salesforce, id)
  expect(body).toBe(
    '"Name","Clerk_Org_Id__c","CreatedDate","IsDeleted"\n"A ""quoted"" name","org_1","2026-01-05T09:00:00.000Z","false"\n',
  )
  expect([headers.get('sforce-locator'), headers.get('sforce-numberofrecords')]).toEqual(['null', '1'])
  expect(await salesforce.call('DELETE', `/jobs/query/${id}`)).toMatchObject({ status: 204 })
})

test('a long result comes in parts by locator, until the locator says null', async () => {
  const salesforce = openBulk({ bulkQueryPage: 4 })
  salesforce.seed({ Account: Array.from({ length: 10 }, (_, i) => ({ Name: `A${i}` })) })
  const id = await openQuery(salesforce, 'SELECT Name FROM Account ORDER BY Name')
  await salesforce.settle(id, 'query')
  const names: string[] = []
  const counts: (string | null)[] = []
  let locator = ''
  while (locator !== 'null') {
    const page = await result(salesforce, id, `?maxRecords=3${locator === '' ? '' : `&locator=${locator}`}`)
    names.push(...String(page.body).trimEnd().split('\n').slice(1))
    counts.push(page.headers.get('sforce-numberofrecords'))
    locator = page.headers.get('sforce-locator') ?? ''
  }
  expect(counts).toEqual(['3', '3', '3', '1'])
  expect(names).toEqual(Array.from({ length: 10 }, (_, i) => `"A${i}"`))
  expect((await result(salesforce, id, '?maxRecords=100')).headers.get('sforce-numberofrecords')).toBe('4')
  for (const wrong of ['nonsense', Buffer.from('99').toString('base64url'), Buffer.from('-1').toString('base64url')])
    expect(await result(salesforce, id, `?locator=${wrong}`)).toMatchObject({ status: 400 })
})

test('parts can be fetched side by side, by the addresses of a list', async () => {
  const salesforce = openBulk({ bulkQueryPage: 1 })
  salesforce.seed({ Account: Array.from({ length: 7 }, (_, i) => ({ Name: `A${i}` })) })
  const id = await openQuery(salesforce, 'SELECT Name FROM Account')
  await salesforce.settle(id, 'query')
  type Pages = { resultPages: { resultUrl: string }[]; nextRecordsUrl: string; done: boolean }
  const here = (url: string) => url.replace('/services/data/v66.0', '')
  const first = (await salesforce.call('GET', `/jobs/query/${id}/resultPages`)).body as Pages
  const second = (await salesforce.call('GET', here(first.nextRecordsUrl))).body as Pages
  expect([first.done, second.done, second.nextRecordsUrl]).toEqual([false, true, null])
  const urls = [...first.resultPages, ...second.resultPages].map((page) => page.resultUrl)
  const pages = await Promise.all(urls.map(async (url) => String((await salesforce.call('GET', here(url))).body)))
  expect(pages.map((page) => page.split('\n')[1]).sort()).toEqual(Array.from({ length: 7 }, (_, i) => `"A${i}"`))
})

test('the result is what there was when the job was made, parents included', async () => {
  const salesforce = openBulk()
  const [account] = salesforce.seed({ Account: [{ Name: 'Before' }] }).Account
  salesforce.person.create('Contact', { LastName: 'A', AccountId: account ?? null })
  salesforce.person.create('Contact', { LastName: 'B' })
  const id = await openQuery(salesforce, 'SELECT LastName, Account.Name FROM Contact ORDER BY LastName')
  salesforce.person.edit('Account', account ?? '', { Name: 'After' })
  await salesforce.settle(id, 'query')
  expect((await result(salesforce, id)).body).toBe('"LastName","Account.Name"\n"A","Before"\n"B",""\n')
})

test('queryAll sees deleted rows, and the file has the job’s delimiter and line ending', async () => {
  const salesforce = openBulk()
  const [gone] = salesforce.seed({ Account: [{ Name: 'Gone' }, { Name: 'Here' }] }).Account
  salesforce.person.remove('Account', gone ?? '')
  const dialect = { columnDelimiter: 'TAB', lineEnding: 'CRLF' }
  const id = await openQuery(salesforce, 'SELECT Name, IsDeleted FROM Account', { operation: 'queryAll', ...dialect })
  await salesforce.settle(id, 'query')
  expect((await result(salesforce, id)).body).toBe('"Name"\t"IsDeleted"\r\n"Gone"\t"true"\r\n"Here"\t"false"\r\n')
})

test.each([
  ['SELECT COUNT() FROM Account', 'API_ERROR'],
  ['SELECT MAX(Name) FROM Account', 'API_ERROR'],
  ['SELECT Name FROM Account GROUP BY Name', 'API_ERROR'],
  ['SELECT Name FROM Account OFFSET 1', 'API_ERROR'],
  ['SELECT Name, (SELECT LastName FROM Contacts) FROM Account', 'API_ERROR'],
  ['SELECT Nope FROM Account', 'INVALID_FIELD'],
  ['SELECT Name FROM', 'MALFORMED_QUERY'],
  ['SELECT Name FROM Nope', 'INVALID_TYPE'],
])('%s is refused when the job is made', async (query, errorCode) => {
  const salesforce = openBulk()
  expect(await salesforce.call('POST', '/jobs/query', { operation: 'query', query })).toMatchObject({
    status: 400,
    body: [{ errorCode }],
  })
})

test('results are given to the version that made the job, and as CSV only', async () => {
  const salesforce = openBulk()
  const id = await openQuery(salesforce, 'SELECT Id FROM Account')
  await salesforce.settle(id, 'query')
  const other = await salesforce.app.request(`/services/data/v65.0/jobs/query/${id}/results`, {
    headers: { authorization: `Bearer ${await salesforce.token()}` },
  })
  expect(other.status).toBe(409)
  expect(await result(salesforce, id, '', { accept: 'application/json' })).toMatchObject({ status: 406 })
})

test('an aborted query gives nothing, and cannot be aborted twice', async () => {
  const salesforce = openBulk({ clock: manualClock(), bulkQueueMs: 1_000 })
  const id = await openQuery(salesforce, 'SELECT Id FROM Account')
  const abort = () => salesforce.call('PATCH', `/jobs/query/${id}`, { state: 'Aborted' })
  expect(await abort()).toMatchObject({ status: 200, body: { id, state: 'Aborted' } })
  expect(await abort()).toMatchObject({
    status: 400,
    body: [{ errorCode: 'INVALIDJOBSTATE', message: 'Aborting already Completed Job not allowed' }],
  })
  expect(await result(salesforce, id)).toMatchObject({ status: 400 })
})

test('a day has a number of query jobs', async () => {
  const salesforce = openBulk()
  await salesforce.control('POST', '/bulk', { queries: { limit: 1 } })
  await openQuery(salesforce, 'SELECT Id FROM Account')
  await expect(openQuery(salesforce, 'SELECT Id FROM Account')).rejects.toThrow(
    'Max bulk v2 query jobs (1) per 24 hrs has been reached',
  )
  expect((await salesforce.call('GET', '/jobs/query?jobType=V2Query')).body).toMatchObject({
    done: true,
    records: [{ operation: 'query', jobType: 'V2Query' }],
  })
})
