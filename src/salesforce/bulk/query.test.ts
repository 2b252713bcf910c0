import fc from 'fast-check'
import { afterEach, expect, test } from 'vitest'
import { type LocalOrg, type Reply, type Seen, startLocalOrg } from '../local-org.test-support.ts'
import { collect, collectUntilFailure, emulate } from './emulated.test-support.ts'

const people = (count: number): { LastName: string }[] =>
  Array.from({ length: count }, (_, i) => ({ LastName: `P${i}` }))

test('a scan gives every record once, page by page, and leaves no job behind', async () => {
  const { salesforce, client, pauses, jobs } = await emulate()
  salesforce.seed({ Contact: people(10) })
  const pages = await collect(client.bulk.query({ soql: 'SELECT Id, LastName FROM Contact', pageRows: 4 }))
  expect(pages.map((page) => page.length)).toEqual([4, 4, 2])
  expect(new Set(pages.flat().map((record) => record['LastName'])).size).toBe(10)
  expect(pages.flat().every(({ Id }) => Id.length === 18)).toBe(true)
  expect(client.calls()).toEqual({ 'bulk-create': 1, 'bulk-look': pauses.length, 'bulk-page': 3, 'bulk-remove': 1 })
  expect(await jobs('query')).toEqual([])
})

test('cells are text, empty ones null, parents nested as REST has them', async () => {
  const { salesforce, client } = await emulate()
  const [account = ''] = salesforce.seed({ Account: [{ Name: 'A "quoted", name\nin two lines' }] }).Account
  salesforce.seed({ Contact: [{ LastName: 'With', AccountId: account, DoNotCall: true }, { LastName: 'Without' }] })
  const soql = 'SELECT LastName, FirstName, DoNotCall, Account.Name, Account.Owner.Username, Id FROM Contact'
  const records = (await collect(client.bulk.query({ soql }))).flat()
  expect(records.find((record) => record['LastName'] === 'With')).toEqual({
    Id: expect.stringMatching(/^003\w{15}$/),
    LastName: 'With',
    FirstName: null,
    DoNotCall: 'true',
    Account: { Name: 'A "quoted", name\nin two lines', Owner: { Username: expect.any(String) } },
  })
  expect(records.find((record) => record['LastName'] === 'Without')).toMatchObject({ Account: null })
})

test('records in the recycle bin are shown when asked for, and counted like the others', async () => {
  const { salesforce, client } = await emulate()
  const [gone = ''] = salesforce.seed({ Contact: people(3) }).Contact
  salesforce.person.remove('Contact', gone)
  const count = async (deleted: boolean) =>
    (await collect(client.bulk.query({ soql: 'SELECT Id FROM Contact', deleted }))).flat().length
  expect([await count(false), await count(true)]).toEqual([2, 3])
  expect(await client.count('SELECT COUNT() FROM Contact')).toBe(2)
  expect(await client.count('SELECT COUNT() FROM Contact', { deleted: true })).toBe(3)
})

test('a query that finds nothing gives nothing', async () => {
  const { client } = await emulate()
  expect(await collect(client.bulk.query({ soql: 'SELECT Id FROM Contact' }))).toEqual([])
  expect(await client.count('SELECT COUNT() FROM Contact')).toBe(0)
})

test('a scan of any size and page size finds each record exactly once', async () => {
  const { salesforce, client, jobs } = await emulate()
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(fc.string({ minLength: 1, maxLength: 12, unit: 'grapheme' }), { maxLength: 25 }),
      fc.integer({ min: 1, max: 9 }),
      async (names, pageRows) => {
        salesforce.reset()
        salesforce.seed({ Contact: names.map((name) => ({ LastName: 'X', Description: `<${name}>` })) })
        const pages = await collect(client.bulk.query({ soql: 'SELECT Id, Description FROM Contact', pageRows }))
        expect(pages.every((page) => page.length <= pageRows)).toBe(true)
        const found = pages.flat().map((record) => record['Description'])
        expect(found.sort()).toEqual(names.map((name) => `<${name}>`).sort())
        expect(await jobs('query')).toEqual([])
      },
    ),
    { numRuns: 25 },
  )
})

test('of 25,000 records a scan holds one page at a time', async () => {
  const { salesforce, client } = await emulate()
  salesforce.seedMany({ accounts: 10, contacts: 25_000 })
  const soql = 'SELECT Id, LastName FROM Contact'
  let read = 0
  for await (const records of client.bulk.query({ soql, pageRows: 5_000 })) {
    expect(records.length).toBeLessThanOrEqual(2_000)
    read += records.length
    // Pages are fetched when they are needed: the next one not before this one has been read.
    expect(client.calls()['bulk-page']).toBe(Math.ceil(read / 5_000))
  }
  expect(read).toBe(25_000)
})

test('a signal aborts the job and removes it', async () => {
  const { client, jobs } = await emulate({ bulkQueueMs: 3_600_000 })
  const stop = new AbortController()
  const scan = collect(client.bulk.query({ soql: 'SELECT Id FROM Contact', signal: stop.signal }))
  while ((client.calls()['bulk-look'] ?? 0) < 2) await new Promise((resolve) => setImmediate(resolve))
  stop.abort(new Error('shutting down'))
  await expect(scan).rejects.toThrow('shutting down')
  expect(client.calls()).toMatchObject({ 'bulk-abort': 1, 'bulk-remove': 1 })
  expect(await jobs('query')).toEqual([])
})

test('who stops reading leaves no job behind', async () => {
  const { salesforce, client, jobs } = await emulate()
  salesforce.seed({ Contact: people(5) })
  for await (const _ of client.bulk.query({ soql: 'SELECT Id FROM Contact', pageRows: 1 })) break
  expect(client.calls()).toMatchObject({ 'bulk-page': 1, 'bulk-remove': 1 })
  expect(await jobs('query')).toEqual([])
})

test('a page that fails fails the scan, unless the caller has it tried again', async () => {
  const { salesforce, client, jobs } = await emulate()
  salesforce.seed({ Contact: people(5) })
  const away = { path: '*/results', after: 1, times: 1, respond: { status: 503 } }
  salesforce.faults.add(away)
  const asked = { soql: 'SELECT Id FROM Contact', pageRows: 2 }
  const { given, failure } = await collectUntilFailure(client.bulk.query(asked))
  expect([given.flat().length, failure]).toEqual([2, expect.objectContaining({ kind: 'outage' })])
  expect(await jobs('query')).toEqual([])
  salesforce.faults.add(away)
  const pages = client.bulk.query({
    ...asked,
    through: (send, { repeatable }) => (repeatable ? send().catch(send) : send()),
  })
  expect((await collect(pages)).flat()).toHaveLength(5)
})

test('what cannot be queried is refused', async () => {
  const { salesforce, client } = await emulate()
  const fail = async (soql: string) => (await collectUntilFailure(client.bulk.query({ soql }))).failure
  expect(await fail('SELECT Nope FROM Contact')).toMatchObject({ kind: 'refused', code: 'INVALID_FIELD' })
  salesforce.seed({ Contact: people(1) })
  expect(await fail('SELECT LastName FROM Contact')).toMatchObject({ kind: 'refused', code: 'NO_ID' })
})

test('a day without query jobs left is a used up allowance', async () => {
  const { salesforce, client } = await emulate()
  await fetch(`${salesforce.url}/_emulator/bulk`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ queries: { limit: 0 } }),
  })
  const { failure } = await collectUntilFailure(client.bulk.query({ soql: 'SELECT Id FROM Contact' }))
  expect(failure).toMatchObject({ kind: 'allowance', code: 'LIMIT_EXCEEDED' })
})

let org: LocalOrg | undefined
afterEach(() => org?.close())

type Scripted = { job?: object; pages?: { csv: string | Buffer; headers?: Record<string, string> }[]; create?: Reply }

/** A scan of an org that answers as told. */
const scan = async ({ job = {}, pages = [], create }: Scripted) => {
  const rest = [...pages]
  org = await startLocalOrg(({ method, path }: Seen): Reply => {
    if (method === 'POST') return create ?? { body: { id: '750A', state: 'UploadComplete' } }
    if (!path.endsWith('/results')) return { body: { id: '750A', state: 'JobComplete', ...job } }
    const { csv = '', headers = {} } = rest.shift() ?? {}
    return { raw: csv, headers: { 'content-type': 'text/csv', 'sforce-locator': 'null', ...headers } }
  })
  const client = org.client({ sleep: () => Promise.resolve() })
  return collectUntilFailure(client.bulk.query({ soql: 'SELECT Id FROM Contact' }))
}
const ids = (...numbers: number[]): string => `"Id"\n${numbers.map((n) => `"00300000000000${n}"\n`).join('')}`
const more = { 'sforce-locator': 'next' }

test.each([
  ['fewer records than the job found', { job: { numberRecordsProcessed: 3 }, pages: [{ csv: ids(1, 2) }] }],
  ['no records of a job that found some', { job: { numberRecordsProcessed: 1 }, pages: [{ csv: '' }] }],
  ['more records than the job found', { job: { numberRecordsProcessed: 1 }, pages: [{ csv: ids(1, 2) }] }],
  ['a page with fewer than it says', { pages: [{ csv: ids(1), headers: { 'sforce-numberofrecords': '2' } }] }],
  [
    'one page over and over',
    {
      pages: [
        { csv: ids(1), headers: more },
        { csv: ids(2), headers: more },
      ],
    },
  ],
])('%s is a scan that was cut short', async (_, scripted) => {
  const { failure } = await scan(scripted)
  expect(failure).toMatchObject({ kind: 'outage', code: 'SCAN_CUT_SHORT' })
  expect(org?.seen.at(-1)?.method).toBe('DELETE')
})

test.each([
  ['an open quote', '"Id","Name"\n"003000000000001","Ada'],
  ['a row with too few cells', '"Id","Name"\n"003000000000001"\n'],
])('a file with %s is unreadable, and the error does not quote it', async (_, csv) => {
  const { failure } = await scan({ pages: [{ csv }] })
  expect(failure).toMatchObject({ kind: 'outage', code: 'UNREADABLE_ANSWER', cause: undefined })
  expect(String(failure)).not.toContain('Ada')
})

test.each([
  [{ state: 'Failed', errorMessage: 'InvalidBatch : no such thing as a@example.com' }, 'InvalidBatch'],
  [{ state: 'Failed', errorMessage: 'words without a code' }, 'JOB_FAILED'],
  [{ state: 'Aborted' }, 'JOB_ABORTED'],
])('a job that ends as %j is refused', async (job, code) => {
  const { given, failure } = await scan({ job })
  expect([given, failure]).toEqual([[], expect.objectContaining({ kind: 'refused', code })])
  expect(String(failure)).not.toContain('example.com')
})

test('a lost answer to the creation of a job is an outage, and it is not made a second time', async () => {
  const { failure } = await scan({ create: 'reset' })
  expect(failure).toMatchObject({ kind: 'outage', code: 'UND_ERR_SOCKET' })
  expect(org?.seen).toHaveLength(1)
})

test('a lost look fails the scan, and the job is aborted and removed', async () => {
  org = await startLocalOrg(({ method }) =>
    method === 'POST' ? { body: { id: '750A', state: 'InProgress' } } : 'reset',
  )
  const client = org.client({ sleep: () => Promise.resolve() })
  const { failure } = await collectUntilFailure(client.bulk.query({ soql: 'SELECT Id FROM Contact' }))
  expect(failure).toMatchObject({ kind: 'outage' })
  expect(org.seen.map(({ method }) => method)).toEqual(['POST', 'GET', 'PATCH', 'DELETE'])
})

test('the pauses between looks grow from 1 to 5 s', async () => {
  let looks = 0
  org = await startLocalOrg(({ method, path }) => {
    if (method === 'POST') return { body: { id: '750A', state: 'UploadComplete' } }
    if (path.endsWith('/results')) return { raw: '' }
    looks++
    return { body: { id: '750A', state: looks < 8 ? 'InProgress' : 'JobComplete', numberRecordsProcessed: 0 } }
  })
  const pauses: number[] = []
  const client = org.client({
    sleep: async (ms) => {
      pauses.push(ms)
    },
  })
  expect(await collect(client.bulk.query({ soql: 'SELECT Id FROM Contact' }))).toEqual([])
  expect(pauses).toEqual([1_000, 2_000, 4_000, 5_000, 5_000, 5_000, 5_000, 5_000])
})
