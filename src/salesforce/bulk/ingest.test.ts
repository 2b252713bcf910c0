import fc from 'fast-check'
import { afterEach, expect, test } from 'vitest'
import type { BulkIngest, BulkRowResult, Row } from '../api.ts'
import { type LocalOrg, type Reply, type Seen, startLocalOrg } from '../local-org.test-support.ts'
import { collect, collectUntilFailure, type Emulated, emulate } from './emulated.test-support.ts'

const people = { object: 'Contact', operation: 'upsert', externalIdField: 'Clerk_User_Id__c' } as const
const byRow = (results: readonly BulkRowResult[]): Map<string, BulkRowResult> =>
  new Map(results.map((result) => [result.row, result]))
const contacts = async ({ client }: Emulated, fields: string): Promise<Row[]> =>
  (await client.query([`SELECT Id, ${fields} FROM Contact ORDER BY Clerk_User_Id__c`]))[0] ?? []

test('an upsert says of each row by its key what became of it, and leaves no job behind', async () => {
  const org = await emulate()
  org.salesforce.seed({ Contact: [{ LastName: 'Old', Clerk_User_Id__c: 'user_1' }] })
  const rows = [
    { Clerk_User_Id__c: 'user_1', LastName: 'New' },
    { Clerk_User_Id__c: 'user_2', LastName: 'Two' },
    { Clerk_User_Id__c: 'user_3', LastName: null },
  ]
  const results = await collect(org.client.bulk.ingest({ ...people, rows }))
  const id = expect.stringMatching(/^003\w{15}$/)
  expect(results).toHaveLength(3)
  expect(byRow(results)).toEqual(
    new Map([
      ['user_1', { row: 'user_1', ok: true, id, created: false }],
      ['user_2', { row: 'user_2', ok: true, id, created: true }],
      [
        'user_3',
        {
          row: 'user_3',
          ok: false,
          code: 'REQUIRED_FIELD_MISSING',
          message: 'Required fields are missing: [LastName]',
          fields: ['LastName'],
        },
      ],
    ]),
  )
  const { 'bulk-look': looks, query, ...calls } = org.client.calls()
  expect(calls).toEqual({ 'bulk-create': 1, 'bulk-upload': 1, 'bulk-close': 1, 'bulk-results': 2, 'bulk-remove': 1 })
  expect(await org.jobs('ingest')).toEqual([])
})

test('undefined leaves a field as it is, null and empty text empty it, a parent is found by its key', async () => {
  const org = await emulate()
  org.salesforce.seed({ Account: [{ Name: 'Acme', Clerk_Org_Id__c: 'org_1' }] })
  const full = { Email: 'a@example.com', Phone: '1', Title: 'T', FirstName: 'F' }
  const rows = [
    { Clerk_User_Id__c: 'a', LastName: 'A', ...full },
    { Clerk_User_Id__c: 'b', LastName: 'B', Account: { Clerk_Org_Id__c: 'org_1' } },
    { Clerk_User_Id__c: 'c', LastName: 'C', Account: { Clerk_Org_Id__c: 'org_9' } },
  ]
  const first = byRow(await collect(org.client.bulk.ingest({ ...people, rows })))
  expect(first.get('c')).toMatchObject({
    code: 'INVALID_FIELD',
    message: 'Foreign key external ID: org_9 not found for field Clerk_Org_Id__c in entity Account',
    fields: [],
  })
  const change = { Clerk_User_Id__c: 'a', Email: undefined, Phone: null, Title: '', FirstName: 'G' }
  await collect(org.client.bulk.ingest({ ...people, rows: [change] }))
  expect(await contacts(org, 'LastName, Email, Phone, Title, FirstName, Account.Name')).toMatchObject([
    { LastName: 'A', Email: 'a@example.com', Phone: null, Title: null, FirstName: 'G', Account: null },
    { LastName: 'B', Account: { Name: 'Acme' } },
  ])
})

test('updates and deletes go by Id, inserts come back by the key that is named', async () => {
  const org = await emulate()
  const rows = ['a', 'b'].map((key) => ({ Clerk_User_Id__c: key, LastName: key }))
  const made = byRow(await collect(org.client.bulk.ingest({ ...people, operation: 'insert', rows })))
  expect([...made.values()]).toEqual([
    expect.objectContaining({ created: true }),
    expect.objectContaining({ ok: true }),
  ])
  const [a, b] = ['a', 'b'].map((key) => made.get(key)).map((one) => (one?.ok ? one.id : ''))
  const update: BulkIngest = { object: 'Contact', operation: 'update', rows: [{ Id: a, LastName: 'Z' }] }
  expect(await collect(org.client.bulk.ingest(update))).toEqual([{ row: a, ok: true, id: a, created: false }])
  const removal: BulkIngest = { object: 'Contact', operation: 'delete', rows: [{ Id: b, LastName: 'not sent' }] }
  expect(await collect(org.client.bulk.ingest(removal))).toEqual([{ row: b, ok: true, id: b, created: false }])
  expect(await contacts(org, 'LastName')).toMatchObject([{ LastName: 'Z' }])
})

test('text that CSV would change is not sent: its row fails alone, and says what to do', async () => {
  const org = await emulate()
  const rows = ['#N/A', 'two\r\nlines', 'half \ud800', ' kept ', 'two\nlines'].map((LastName, i) => ({
    Clerk_User_Id__c: `user_${i}`,
    LastName,
  }))
  const results = byRow(await collect(org.client.bulk.ingest({ ...people, rows })))
  expect(results.get('user_0')).toEqual({
    row: 'user_0',
    ok: false,
    code: 'BULK_UNSENDABLE',
    message: 'LastName holds text that Bulk API would change: write this record by Collections.',
    fields: ['LastName'],
  })
  expect(
    [...results.values()]
      .filter(({ ok }) => ok)
      .map(({ row }) => row)
      .sort(),
  ).toEqual(['user_3', 'user_4'])
})

test('rows of any shape arrive as they would by Collections, however many uploads they take', async () => {
  const bulk = await emulate()
  const plain = await emulate()
  const text = fc.string({
    minLength: 1,
    maxLength: 8,
    unit: fc.constantFrom('a', 'é', '"', ',', '\n', ' ', ';', '😀'),
  })
  // Not blank: Salesforce trims, and a last name of blanks is none.
  const value = fc.option(text.map((some) => `x${some}x`))
  const row = fc.record({ FirstName: value, Title: value, Description: value, Phone: value }, { requiredKeys: [] })
  await fc.assert(
    fc.asyncProperty(
      fc.array(row, { minLength: 1, maxLength: 12 }),
      fc.integer({ min: 1, max: 400 }),
      async (some, uploadBytes) => {
        bulk.salesforce.reset()
        plain.salesforce.reset()
        const rows = some.map((fields, i) => ({ ...fields, Clerk_User_Id__c: `user_${i + 10}`, LastName: 'L' }))
        const results = await collect(bulk.client.bulk.ingest({ ...people, rows, uploadBytes }))
        expect(results.map((result) => result.row).sort()).toEqual(rows.map((one) => one.Clerk_User_Id__c))
        expect(results.every(({ ok }) => ok)).toBe(true)
        await plain.client.write([{ ...people, kind: 'upsert', rows }])
        const shown = async (org: Emulated) =>
          (await contacts(org, 'Clerk_User_Id__c, FirstName, Title, Description, Phone')).map(
            ({ Id: _, ...rest }) => rest,
          )
        expect(await shown(bulk)).toEqual(await shown(plain))
      },
    ),
    { numRuns: 25 },
  )
})

test('what is larger than an upload goes in several jobs, and rows are read no further than needed', async () => {
  const org = await emulate()
  let asked = 0
  const rows = async function* () {
    for (; asked < 30; asked++) yield { Clerk_User_Id__c: `user_${asked}`, LastName: 'x'.repeat(60) }
  }
  const rest = org.client.bulk.ingest({ ...people, rows: rows(), uploadBytes: 1_000 })[Symbol.asyncIterator]()
  expect((await rest.next()).value).toMatchObject({ ok: true })
  expect(asked).toBeLessThan(16)
  let told = 1
  while (!(await rest.next()).done) told++
  expect(told).toBe(30)
  expect(org.client.calls()).toMatchObject({ 'bulk-create': 3, 'bulk-upload': 3, 'bulk-remove': 3 })
})

test('a job that fails as a whole gives back every row as unprocessed, and then its reason', async () => {
  const org = await emulate()
  const rows = ['a', 'b'].map((key) => ({ Clerk_User_Id__c: key, LastName: key, Nope: 'x' }))
  const { given, failure } = await collectUntilFailure(org.client.bulk.ingest({ ...people, rows }))
  const message = 'InvalidBatch : Field name not found : Nope'
  expect(given).toEqual(['a', 'b'].map((row) => ({ row, ok: false, code: 'UNPROCESSED', message, fields: [] })))
  expect(failure).toMatchObject({ kind: 'refused', code: 'InvalidBatch', message: 'Field name not found : Nope' })
  expect(await org.jobs('ingest')).toEqual([])
})

test('when the batches of the day are used up it is an allowance', async () => {
  const org = await emulate()
  await fetch(`${org.salesforce.url}/_emulator/bulk`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ batches: { limit: 0 } }),
  })
  const rows = [{ Clerk_User_Id__c: 'a', LastName: 'A' }]
  const { given, failure } = await collectUntilFailure(org.client.bulk.ingest({ ...people, rows }))
  expect(given).toMatchObject([{ row: 'a', code: 'UNPROCESSED' }])
  expect(failure).toMatchObject({ kind: 'allowance', code: 'ExceededQuota' })
})

const one = [{ Clerk_User_Id__c: 'a', LastName: 'A' }]

test.each([
  ['creating the job', 'POST', '*/jobs/ingest', { state: 'Open', left: 1 }],
  ['uploading', 'PUT', '*/batches', { left: 0 }],
] as const)(
  'an answer lost while %s is an outage: nothing is written and nothing sent twice',
  async (_, method, path, { left }) => {
    const org = await emulate()
    org.salesforce.faults.add({ method, path, times: 1, drop: 'answer' })
    const { given, failure } = await collectUntilFailure(org.client.bulk.ingest({ ...people, rows: one }))
    expect([given, failure]).toEqual([[], expect.objectContaining({ kind: 'outage' })])
    expect(await contacts(org, 'LastName')).toEqual([])
    expect((await org.jobs('ingest')).map(({ state }) => state)).toEqual(Array.from({ length: left }, () => 'Open'))
    expect(org.client.calls()['bulk-upload'] ?? 0).toBe(left === 1 ? 0 : 1)
  },
)

test('an answer lost while handing over is looked up: the job runs, and its rows are told', async () => {
  const org = await emulate()
  org.salesforce.faults.add({ method: 'PATCH', path: '*/jobs/ingest/*', times: 1, drop: 'answer' })
  expect(await collect(org.client.bulk.ingest({ ...people, rows: one }))).toMatchObject([{ row: 'a', ok: true }])
})

test('a hand-over that never arrived is a lost answer, and the job is aborted', async () => {
  const org = await emulate()
  org.salesforce.faults.add({ method: 'PATCH', path: '*/jobs/ingest/*', times: 1, drop: 'request' })
  const { failure } = await collectUntilFailure(org.client.bulk.ingest({ ...people, rows: one }))
  expect(failure).toMatchObject({ kind: 'lost-answer' })
  expect(org.client.calls()).toMatchObject({ 'bulk-abort': 1, 'bulk-remove': 1 })
  expect([await contacts(org, 'LastName'), await org.jobs('ingest')]).toEqual([[], []])
})

test.each(['*/successfulResults', '*/jobs/ingest/750*'])(
  'once it is handed over, a failure of %s is a lost answer',
  async (path) => {
    const org = await emulate()
    org.salesforce.faults.add({ method: 'GET', path, respond: { status: 503 } })
    const { given, failure } = await collectUntilFailure(org.client.bulk.ingest({ ...people, rows: one }))
    expect([given, failure]).toEqual([[], expect.objectContaining({ kind: 'lost-answer', status: 503 })])
    expect(String(failure)).toMatch(/bulk job 750\w+ was handed over/)
  },
)

test('a signal before the hand-over writes nothing', async () => {
  const org = await emulate()
  const stop = new AbortController()
  const through: NonNullable<BulkIngest['through']> = async (send, { kind }) => {
    if (kind === 'bulk-upload') stop.abort(new Error('shutting down'))
    return send()
  }
  const { failure } = await collectUntilFailure(
    org.client.bulk.ingest({ ...people, rows: one, signal: stop.signal, through }),
  )
  expect(failure).toMatchObject({ message: 'shutting down' })
  expect([await contacts(org, 'LastName'), await org.jobs('ingest')]).toEqual([[], []])
})

test.each([
  [{ object: 'Contact', operation: 'upsert', rows: one }, 'a bulk upsert needs externalIdField'],
  [{ object: 'Contact', operation: 'update', rows: one }, 'each row of a bulk job needs its Id'],
  [{ ...people, rows: [{ ...one[0], Title: ['a'] }] }, 'Title is no value that a CSV file can hold'],
  [{ ...people, rows: one, uploadBytes: 100_000_000 }, 'one upload has up to 90000000 bytes'],
] as [BulkIngest, string][])('a mistake of the caller is told before anything is sent: %j', async (asked, words) => {
  const org = await emulate()
  await expect(collect(org.client.bulk.ingest(asked))).rejects.toThrow(words)
  expect(org.client.calls()).toEqual({})
})

let local: LocalOrg | undefined
afterEach(() => local?.close())

test.each([
  ['tell of fewer rows than were sent', '"sf__Id","sf__Created","Clerk_User_Id__c"\n', 'RESULTS_INCOMPLETE'],
  ['do not name the key', '"sf__Id","sf__Created"\n"003A","true"\n', 'UNREADABLE_ANSWER'],
])('results that %s are a lost answer', async (_, csv, code) => {
  local = await startLocalOrg(({ method, path }: Seen): Reply => {
    if (method === 'PUT') return { status: 201, raw: '' }
    if (path.endsWith('/successfulResults')) return { raw: csv }
    const counts = { numberRecordsProcessed: 1, numberRecordsFailed: 0 }
    return { body: { id: '750A', state: method === 'GET' ? 'JobComplete' : 'Open', ...counts } }
  })
  const client = local.client({ sleep: () => Promise.resolve() })
  const { failure } = await collectUntilFailure(client.bulk.ingest({ ...people, rows: one }))
  expect(failure).toMatchObject({ kind: 'lost-answer', code })
  expect(local.seen.find(({ method }) => method === 'PUT')).toMatchObject({
    body: 'Clerk_User_Id__c,LastName\na,A\n',
    headers: { 'content-type': 'text/csv; charset=UTF-8' },
  })
})

test('several errors of one row keep their first code and the words and fields of all', async () => {
  const error = 'STRING_TOO_LONG:Title: too long:Title --INVALID_EMAIL_ADDRESS:Email: invalid: x:Email, Other --'
  local = await startLocalOrg(({ method, path }: Seen): Reply => {
    if (method === 'PUT') return { status: 201, raw: '' }
    if (path.endsWith('/failedResults')) return { raw: `"sf__Id","sf__Error",Clerk_User_Id__c\n"","${error}","a"\n` }
    return { body: { id: '750A', state: 'JobComplete', numberRecordsProcessed: 1, numberRecordsFailed: 1 } }
  })
  const client = local.client({ sleep: () => Promise.resolve() })
  expect(await collect(client.bulk.ingest({ ...people, rows: one }))).toEqual([
    {
      row: 'a',
      ok: false,
      code: 'STRING_TOO_LONG',
      message: 'Title: too long; Email: invalid: x',
      fields: ['Title', 'Email', 'Other'],
    },
  ])
})

test('a job like the one before it is first looked at when that one was nearly done', async () => {
  const org = await emulate()
  org.salesforce.settings.bulkQueueMs = 20
  const load = (name: string): Promise<BulkRowResult[]> =>
    collect(org.client.bulk.ingest({ ...people, rows: [{ Clerk_User_Id__c: 'user_1', LastName: name }] }))
  await load('One')
  const waited = org.pauses.splice(0).reduce((sum, ms) => sum + ms, 0)
  await load('Two')
  expect(org.pauses[0]).toBe(Math.max(1_000, Math.min(30_000, 0.9 * waited)))
})
