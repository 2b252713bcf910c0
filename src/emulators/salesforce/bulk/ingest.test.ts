import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { manualClock } from '../../kit/clock.ts'
import { openBulk, turns } from './bulk.test-support.ts'

const people = { object: 'Contact', operation: 'insert' }
type Header = { transactionKey: string; recordIds: string[]; changeOrigin: string }

const everything = { sfdx: false } as const

const error = async (answer: Response | { status: number; body: unknown }) => {
  const body: unknown = answer instanceof Response ? await answer.json() : answer.body
  return [answer.status, (body as { errorCode: string }[])[0]?.errorCode]
}

test('a job is opened, filled once, closed, and gives back each row as saved or failed', async () => {
  const salesforce = openBulk()
  const made = await salesforce.call('POST', '/jobs/ingest', people)
  expect(made).toMatchObject({
    status: 200,
    body: {
      state: 'Open',
      object: 'Contact',
      operation: 'insert',
      contentType: 'CSV',
      concurrencyMode: 'Parallel',
      apiVersion: 66,
      lineEnding: 'LF',
      columnDelimiter: 'COMMA',
    },
  })
  const { id, contentUrl } = made.body as { id: string; contentUrl: string }
  expect(contentUrl).toBe(`services/data/v66.0/jobs/ingest/${id}/batches`)
  const sent = await salesforce.upload(id, 'FirstName,LastName\nAda,Lovelace\nNobody,\n"Grace ""Amazing""",Hopper\n')
  expect([sent.status, await sent.text()]).toEqual([201, ''])
  expect(await salesforce.close(id)).toMatchObject({ status: 200, body: { state: 'UploadComplete' } })
  expect(await salesforce.settle(id)).toMatchObject({
    state: 'JobComplete',
    jobType: 'V2Ingest',
    numberRecordsProcessed: 3,
    numberRecordsFailed: 1,
    retries: 0,
    apexProcessingTime: 0,
  })
  const good = await salesforce.call('GET', `/jobs/ingest/${id}/successfulResults`)
  expect(String(good.body).replace(/003\w{15}/g, '003')).toBe(
    '"sf__Id","sf__Created",FirstName,LastName\n"003","true","Grace ""Amazing""","Hopper"\n"003","true","Ada","Lovelace"\n',
  )
  expect((await salesforce.call('GET', `/jobs/ingest/${id}/failedResults`)).body).toBe(
    '"sf__Id","sf__Error",FirstName,LastName\n"","REQUIRED_FIELD_MISSING:Required fields are missing: [LastName]:LastName --","Nobody",""\n',
  )
  expect((await salesforce.call('GET', `/jobs/ingest/${id}/unprocessedrecords`)).body).toBe('FirstName,LastName\n')
})

test('an upsert finds by external id and links parents by theirs, and says which it created', async () => {
  const salesforce = openBulk()
  salesforce.seed({ Account: [{ Name: 'Acme', Clerk_Org_Id__c: 'org_1' }], Contact: [] })
  salesforce.person.create('Contact', { LastName: 'Old', Clerk_User_Id__c: 'user_1' })
  const { id } = await salesforce.load(
    { object: 'Contact', operation: 'upsert', externalIdFieldName: 'clerk_user_id__c' },
    'Clerk_User_Id__c,LastName,Account.Clerk_Org_Id__c\nuser_1,New,org_1\nuser_2,Two,org_1\nuser_3,Three,org_9\n',
  )
  expect(
    (await salesforce.rows(id, 'successfulResults')).map((row) => [row['Clerk_User_Id__c'], row['sf__Created']]),
  ).toEqual([
    ['user_2', 'true'],
    ['user_1', 'false'],
  ])
  expect(await salesforce.rows(id, 'failedResults')).toMatchObject([
    {
      Clerk_User_Id__c: 'user_3',
      sf__Error:
        'INVALID_FIELD:Foreign key external ID: org_9 not found for field Clerk_Org_Id__c in entity Account:--',
    },
  ])
  expect(await salesforce.query('SELECT COUNT(Id) n FROM AccountContactRelation WHERE IsDirect = TRUE')).toEqual([
    { n: 2 },
  ])
})

test('an empty cell leaves a field, #N/A empties it', async () => {
  const salesforce = openBulk()
  const contact = salesforce.person.create('Contact', { LastName: 'A', Phone: '1', Email: 'a@example.com' })
  await salesforce.load({ object: 'Contact', operation: 'update' }, `Id,Phone,Email\n${contact},#N/A,\n`)
  expect(await salesforce.query('SELECT Phone, Email FROM Contact')).toEqual([{ Phone: null, Email: 'a@example.com' }])
})

test('a row that cannot be read fails alone', async () => {
  const salesforce = openBulk(everything)
  const { id, job } = await salesforce.load(
    people,
    'LastName,Birthdate,DoNotCall\nA,1940-06-07Z,true\nB,tomorrow,false\nC,,perhaps\nD\n"E" ,,\nF,"",1\n',
  )
  expect(job['state']).toBe('JobComplete')
  expect((await salesforce.rows(id, 'failedResults')).map((row) => row['sf__Error'])).toEqual([
    'INVALID_FIELD:Found unescaped quote. A value with quote should be within a quote:--',
    'INVALID_FIELD:Number of fields in header is different from the row. header = 3 row = 1:--',
    expect.stringMatching(/^INVALID_TYPE_ON_FIELD_IN_RECORD:.*value not of required type: perhaps:DoNotCall --$/),
    expect.stringMatching(/^INVALID_TYPE_ON_FIELD_IN_RECORD:.*value not of required type: tomorrow:Birthdate --$/),
  ])
  expect(await salesforce.rows(id, 'successfulResults')).toMatchObject([{ LastName: 'F' }, { LastName: 'A' }])
})

test.each([
  ['an unknown column', 'LastName,Nope\nA,b\n', 'InvalidBatch : Field name not found : Nope'],
  ['a byte order mark', '\uFEFFLastName\nA\n', 'InvalidBatch : Field name not found : \uFEFFLastName'],
  ['a grandparent', 'LastName,Account.Owner.Email\nA,b\n', 'InvalidBatch : Field name not found : Account.Owner.Email'],
  ['an unknown relationship', 'LastName,Acount.Id\nA,b\n', 'InvalidBatch : Unable to find relationship: Acount'],
  [
    'a type before a relationship that needs none',
    'LastName,Account:Account.Clerk_Org_Id__c\nA,b\n',
    'InvalidBatch : type is not needed for non polymorphic foreign key references: Account',
  ],
  [
    'line breaks that are not those of the job',
    'LastName\r\nA\r\n',
    'ClientInputError : LineEnding is invalid on user data. Current LineEnding setting is LF',
  ],
  ['an open quote', 'LastName\n"A\n', 'InvalidBatch : Failed to parse CSV. EOF reached before closing an opened quote'],
  ['nothing at all', '', 'InvalidBatch : Failed to parse CSV. The file has no header row'],
])('%s fails the whole job, and every row comes back unprocessed', async (_, csv, errorMessage) => {
  const salesforce = openBulk({
    sfdx: false,
    customFields: [{ object: 'Account', name: 'Clerk_Org_Id__c', type: 'string', externalId: true }],
  })
  const { id, job } = await salesforce.load(people, csv)
  expect(job).toMatchObject({ state: 'Failed', numberRecordsProcessed: 0, numberRecordsFailed: 0, errorMessage })
  expect((await salesforce.call('GET', `/jobs/ingest/${id}/unprocessedrecords`)).body).toBe(csv.replace('\uFEFF', ''))
  expect(await salesforce.query('SELECT Id FROM Contact')).toEqual([])
})

test('bytes that are not UTF-8 fail the job', async () => {
  const { job } = await openBulk().load(people, new Uint8Array([76, 97, 115, 116, 78, 97, 109, 101, 10, 0xff, 10]))
  expect(job).toMatchObject({ state: 'Failed' })
})

test('line breaks and delimiters are the job’s own, in what comes back as well', async () => {
  const salesforce = openBulk(everything)
  const { id } = await salesforce.load(
    { ...people, lineEnding: 'CRLF', columnDelimiter: 'SEMICOLON' },
    'LastName;Description\r\nA;"one; two\r\nthree"\r\n',
  )
  expect(String((await salesforce.call('GET', `/jobs/ingest/${id}/successfulResults`)).body)).toMatch(
    /^"sf__Id";"sf__Created";LastName;Description\r\n"003\w+";"true";"A";"one; two\r\nthree"\r\n$/,
  )
})

test('creation and data may come in one multipart request', async () => {
  const salesforce = openBulk()
  const body = `--BOUNDARY\nContent-Type: application/json\nContent-Disposition: form-data; name="job"\n\n${JSON.stringify(people)}\n--BOUNDARY\nContent-Type: text/csv\nContent-Disposition: form-data; name="content"; filename="content"\n\nLastName\nA\nB\n--BOUNDARY--\n`
  const made = await salesforce.call('POST', '/jobs/ingest', body, {
    'content-type': 'multipart/form-data; boundary="BOUNDARY"',
  })
  expect(made).toMatchObject({ status: 200, body: { state: 'UploadComplete' } })
  const id = (made.body as { id: string }).id
  expect(await salesforce.settle(id)).toMatchObject({ state: 'JobComplete', numberRecordsProcessed: 2 })
})

test('what a job cannot be is refused when it is opened', async () => {
  const salesforce = openBulk()
  const refusal = async (job: object) => {
    const { status, body } = await salesforce.call('POST', '/jobs/ingest', job)
    const [first] = body as { errorCode: string; message: string }[]
    return [status, first?.errorCode, first?.message ?? '']
  }
  expect(await refusal({ object: 'Nope', operation: 'insert' })).toEqual([
    400,
    'INVALIDJOB',
    'InvalidJob : Unable to find object: Nope',
  ])
  expect(await refusal({ object: 'Contact', operation: 'INSERT' })).toEqual([
    400,
    'API_ERROR',
    "Invalid value: 'INSERT' supplied for property: 'operation'",
  ])
  expect(await refusal({ ...people, contentType: 'JSON' })).toEqual([
    400,
    'API_ERROR',
    "Invalid value: 'JSON' supplied for property: 'contentType'",
  ])
  expect(await refusal({ object: 'Contact', operation: 'upsert' })).toEqual([
    400,
    'INVALIDJOB',
    'InvalidJob : External ID was blank for Contact. An External ID must be specified for upsert.',
  ])
  expect(await refusal({ object: 'Contact', operation: 'upsert', externalIdFieldName: 'LastName' })).toEqual([
    400,
    'INVALIDJOB',
    'InvalidJob : Field name provided, LastName does not match an External ID for Contact',
  ])
  expect(await refusal({ ...people, lineEndings: 'LF' })).toEqual([
    400,
    'JSON_PARSER_ERROR',
    expect.stringContaining('lineEndings'),
  ])
  expect(await refusal({ object: 'Contact', operation: 'hardDelete' })).toEqual([
    400,
    'FEATURENOTENABLED',
    'FeatureNotEnabled : hardDelete operation requires special user profile permission, please contact your system administrator',
  ])
})

test('a job takes one upload, none once it is closed, and no two ends', async () => {
  const salesforce = openBulk()
  const id = await salesforce.open(people)
  expect(await error(await salesforce.call('DELETE', `/jobs/ingest/${id}`))).toEqual([400, 'INVALIDJOBSTATE'])
  await salesforce.upload(id, 'LastName\nA\n')
  expect(await error(await salesforce.upload(id, 'LastName\nB\n'))).toEqual([400, 'BULK_API_ERROR'])
  expect(await error(await salesforce.call('GET', `/jobs/ingest/${id}/failedResults`))).toEqual([
    400,
    'INVALIDJOBSTATE',
  ])
  await salesforce.close(id)
  expect(await error(await salesforce.upload(id, 'LastName\nB\n'))).toEqual([400, 'INVALIDJOBSTATE'])
  await salesforce.settle(id)
  const aborted = await salesforce.call('PATCH', `/jobs/ingest/${id}`, { state: 'Aborted' })
  expect(aborted).toMatchObject({
    status: 400,
    body: [{ errorCode: 'INVALIDJOBSTATE', message: 'Aborting already Completed Job not allowed' }],
  })
  expect(await salesforce.call('DELETE', `/jobs/ingest/${id}`)).toMatchObject({ status: 204 })
  expect(await salesforce.call('GET', `/jobs/ingest/${id}`)).toMatchObject({
    status: 404,
    body: [{ errorCode: 'NOT_FOUND', message: 'The requested resource does not exist' }],
  })
})

test('an upload that is too large, of another type or packed otherwise is refused; gzip is taken', async () => {
  const salesforce = openBulk({ bulkUploadBytes: 20 })
  const id = await salesforce.open(people)
  expect(await salesforce.upload(id, `LastName\n${'A'.repeat(20)}\n`)).toMatchObject({ status: 413 })
  expect(await salesforce.upload(id, gzipSync('A'.repeat(5_000)), { 'content-encoding': 'gzip' })).toMatchObject({
    status: 413,
  })
  expect(await salesforce.upload(id, '[]', { 'content-type': 'application/json' })).toMatchObject({ status: 415 })
  expect(await salesforce.upload(id, 'x', { 'content-encoding': 'br' })).toMatchObject({ status: 415 })
  expect(await salesforce.upload(id, gzipSync('LastName\nA\n'), { 'content-encoding': 'gzip' })).toMatchObject({
    status: 201,
  })
  await salesforce.close(id)
  expect(await salesforce.settle(id)).toMatchObject({ state: 'JobComplete', numberRecordsProcessed: 1 })
})

test('a delete takes ids and nothing else; a hard delete needs its right and leaves nothing behind', async () => {
  const salesforce = openBulk({ userPermissions: ['BulkApiHardDelete'] })
  const [one, two] = salesforce.seed({ Contact: [{ LastName: 'One' }, { LastName: 'Two' }] }).Contact
  const spoilt = await salesforce.load({ object: 'Contact', operation: 'delete' }, `Id,LastName\n${one},One\n`)
  expect(spoilt.job['errorMessage']).toBe("InvalidBatch : The 'delete' batch must contain only ids")
  await salesforce.load({ object: 'Contact', operation: 'delete' }, `Id\n${one}\n`)
  const { id } = await salesforce.load({ object: 'Contact', operation: 'hardDelete' }, `Id\n${two}\n${one}\n`)
  expect(await salesforce.rows(id, 'failedResults')).toEqual([
    { sf__Id: one, sf__Error: 'ENTITY_IS_DELETED:entity is deleted:--', Id: one },
  ])
  expect(await salesforce.query('SELECT Id FROM Contact', '/queryAll')).toEqual([{ Id: one }])
})

test('an upsert by Id updates where there is one and inserts where there is none', async () => {
  const salesforce = openBulk()
  const [one] = salesforce.seed({ Contact: [{ LastName: 'One' }] }).Contact
  const { id } = await salesforce.load(
    { object: 'Contact', operation: 'upsert', externalIdFieldName: 'Id' },
    `Id,LastName\n${one},Uno\n,Due\n`,
  )
  expect((await salesforce.rows(id, 'successfulResults')).map((row) => [row['LastName'], row['sf__Created']])).toEqual([
    ['Due', 'true'],
    ['Uno', 'false'],
  ])
})

test('the same external id twice in a chunk of 200 fails both rows', async () => {
  const salesforce = openBulk()
  const { id } = await salesforce.load(
    { object: 'Contact', operation: 'upsert', externalIdFieldName: 'Clerk_User_Id__c' },
    'Clerk_User_Id__c,LastName\nuser_1,A\nuser_1,B\n',
  )
  expect((await salesforce.rows(id, 'failedResults')).map((row) => row['sf__Error'])).toEqual([
    'DUPLICATE_VALUE:Duplicate external id specified: user_1:--',
    'DUPLICATE_VALUE:Duplicate external id specified: user_1:--',
  ])
})

test('a job passes its states on the clock, and an aborted one keeps what it has saved', async () => {
  const clock = manualClock()
  const salesforce = openBulk({ clock, bulkQueueMs: 1_000, bulkBatchMs: 50_000 })
  const csv = `LastName\n${Array.from({ length: 1_000 }, (_, i) => `P${i}`).join('\n')}\n`
  const id = await salesforce.open(people)
  await salesforce.upload(id, csv)
  await salesforce.close(id)
  expect(await salesforce.info(id)).toMatchObject({ state: 'UploadComplete', numberRecordsProcessed: 0 })
  await clock.advance(1_000)
  await turns()
  expect(await salesforce.info(id)).toMatchObject({ state: 'InProgress', numberRecordsProcessed: 0 })
  expect(await error(await salesforce.call('DELETE', `/jobs/ingest/${id}`))).toEqual([400, 'INVALIDJOBSTATE'])
  await clock.advance(2_000)
  await turns()
  expect(await salesforce.info(id)).toMatchObject({ state: 'InProgress', numberRecordsProcessed: 400 })
  await salesforce.call('PATCH', `/jobs/ingest/${id}`, { state: 'Aborted' })
  await clock.advance(60_000)
  expect(await salesforce.info(id)).toMatchObject({ state: 'Aborted', numberRecordsProcessed: 400 })
  expect(await salesforce.rows(id, 'unprocessedrecords')).toHaveLength(600)
  expect(await salesforce.rows(id, 'successfulResults')).toHaveLength(400)
  expect(await salesforce.query('SELECT COUNT(Id) n FROM Contact')).toEqual([{ n: 400 }])
})

test('parallel batches meet at the lock of one Account, and try again until each row is saved', async () => {
  const clock = manualClock()
  const salesforce = openBulk({ clock, bulkBatchMs: 10_000, lockWaitMs: 50 })
  const [account] = salesforce.seed({ Account: [{ Name: 'Big' }] }).Account
  const id = await salesforce.open(people)
  await salesforce.upload(id, `LastName,AccountId\n${`P,${account}\n`.repeat(10_200)}`)
  await salesforce.close(id)
  for (let i = 0; i < 400 && (await salesforce.info(id))['state'] !== 'JobComplete'; i++) {
    await turns()
    await clock.advance(100)
  }
  const job = await salesforce.info(id)
  expect(job).toMatchObject({ state: 'JobComplete', numberRecordsProcessed: 10_200, numberRecordsFailed: 0 })
  expect(job['retries']).toBeGreaterThan(0)
})

test('rows at an Account that another call holds for good fail when all tries are used up', async () => {
  const clock = manualClock()
  const salesforce = openBulk({ clock, lockWaitMs: 50 })
  const [held, free] = salesforce.seed({ Account: [{ Name: 'Held' }, { Name: 'Free' }] }).Account
  salesforce.settings.latencyMs = 10_000_000
  const slow = salesforce.call('PATCH', `/sobjects/Account/${held}`, { Name: 'Still held' })
  await turns()
  salesforce.settings.latencyMs = 0
  const id = await salesforce.open(people)
  await salesforce.upload(id, `LastName,AccountId\nA,${held}\nB,${free}\n`)
  await salesforce.close(id)
  for (let i = 0; i < 20; i++) {
    await turns()
    await clock.advance(50)
  }
  expect(await salesforce.settle(id)).toMatchObject({ numberRecordsProcessed: 2, numberRecordsFailed: 1, retries: 9 })
  expect((await salesforce.rows(id, 'failedResults')).map((row) => row['sf__Error']?.split(':')[0])).toEqual([
    'UNABLE_TO_LOCK_ROW',
  ])
  await clock.advance(10_000_000)
  expect(await slow).toMatchObject({ status: 204 })
})

test('batches beyond the day’s allowance are not processed', async () => {
  const salesforce = openBulk()
  await salesforce.control('POST', '/bulk', { batches: { limit: 1 } })
  const { id, job } = await salesforce.load(people, `LastName\n${'P\n'.repeat(10_001)}`)
  expect(job).toMatchObject({
    state: 'Failed',
    numberRecordsProcessed: 10_000,
    errorMessage: 'ExceededQuota : ApiBatchItems Limit exceeded.',
  })
  expect(await salesforce.rows(id, 'unprocessedrecords')).toEqual([{ LastName: 'P' }])
  expect((await salesforce.call('GET', '/limits')).body).toMatchObject({
    DailyBulkApiBatches: { Max: 1, Remaining: 0 },
  })
})

test('a job that is open for a day takes no data, and one that is over goes after seven', async () => {
  const clock = manualClock()
  const salesforce = openBulk({ clock, tokenLifetimeMs: 30 * 86_400_000 })
  const late = await salesforce.open(people)
  const done = await salesforce.load(people, 'LastName\nA\n')
  await clock.advance(86_400_001)
  expect(await error(await salesforce.upload(late, 'LastName\nA\n'))).toEqual([400, 'INVALIDJOBSTATE'])
  await clock.advance(6 * 86_400_000)
  expect(await salesforce.call('GET', `/jobs/ingest/${done.id}`)).toMatchObject({ status: 404 })
})

test('jobs are listed a thousand at a time and by type', async () => {
  const salesforce = openBulk()
  for (let i = 0; i < 1_001; i++) await salesforce.open(people)
  const first = (await salesforce.call('GET', '/jobs/ingest?jobType=V2Ingest')).body as {
    done: boolean
    records: unknown[]
    nextRecordsUrl: string
  }
  expect([first.done, first.records.length]).toEqual([false, 1_000])
  const rest = await salesforce.call('GET', first.nextRecordsUrl.replace('/services/data/v66.0', ''))
  expect(rest.body).toMatchObject({ done: true, records: [{ jobType: 'V2Ingest' }], nextRecordsUrl: null })
  expect((await salesforce.call('GET', '/jobs/ingest?jobType=Classic')).body).toMatchObject({ done: true, records: [] })
  expect((await salesforce.call('GET', '/jobs/ingest?isPkChunkingEnabled=true')).body).toMatchObject({ records: [] })
  expect(await error(await salesforce.call('GET', '/jobs/ingest?jobType=Nope'))).toEqual([400, 'API_ERROR'])
})

test('each chunk of 200 is one transaction, and says that it came by Bulk API and from whom', async () => {
  const salesforce = openBulk({ changeDataCapture: ['Contact'] })
  const made = await salesforce.call('POST', '/jobs/ingest', people, { 'sforce-call-options': 'client=acme' })
  const { id } = made.body as { id: string }
  await salesforce.upload(id, `LastName\n${'P\n'.repeat(250)}`)
  await salesforce.close(id)
  await salesforce.settle(id)
  const headers = salesforce.events.list().map(({ payload }) => payload?.['ChangeEventHeader'] as Header)
  const transactions = new Map<string, number>()
  for (const { transactionKey, recordIds } of headers)
    transactions.set(transactionKey, (transactions.get(transactionKey) ?? 0) + recordIds.length)
  expect([...transactions.values()]).toEqual([200, 50])
  expect(new Set(headers.map((header) => header.changeOrigin))).toEqual(
    new Set(['com/salesforce/api/bulkapi/66.0;client=acme']),
  )
})

test('a snapshot holds jobs, and goes on with those under way', async () => {
  const clock = manualClock()
  const options = { clock, bulkBatchMs: 50_000 }
  const salesforce = openBulk(options)
  const done = await salesforce.open(people)
  await salesforce.upload(done, `LastName\n${'P\n'.repeat(500)}`)
  await salesforce.close(done)
  await turns()
  await clock.advance(1_000)
  await turns()
  const snapshot = JSON.parse(JSON.stringify(salesforce.snapshot())) as ReturnType<typeof salesforce.snapshot>
  salesforce.reset()
  const other = openBulk(options)
  other.restore(snapshot)
  expect(await other.info(done)).toMatchObject({ state: 'InProgress', numberRecordsProcessed: 200 })
  for (let i = 0; i < 5; i++) {
    await turns()
    await clock.advance(1_000)
  }
  expect(await other.settle(done)).toMatchObject({ state: 'JobComplete', numberRecordsProcessed: 500 })
  expect(await other.query('SELECT COUNT(Id) n FROM Contact')).toEqual([{ n: 500 }])
  expect(await salesforce.query('SELECT Id FROM Contact')).toEqual([])
})

test('every row of every file ends in exactly one result, as it was sent', async () => {
  const cell = fc.string({ unit: fc.constantFrom('a', 'é', '"', ',', '\n', ' ', '#', '𝄞'), minLength: 0, maxLength: 6 })
  const written = (text: string) => `"${text.replaceAll('"', '""')}"`
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(cell, cell), { minLength: 1, maxLength: 20 }), async (rows) => {
      const salesforce = openBulk(everything)
      const csv = `LastName,Description\n${rows.map((row) => row.map(written).join(',')).join('\n')}`
      const { id, job } = await salesforce.load(people, csv)
      expect(job['numberRecordsProcessed']).toBe(rows.length)
      const back = [
        ...(await salesforce.rows(id, 'successfulResults')),
        ...(await salesforce.rows(id, 'failedResults')),
      ]
      const key = (row: readonly (string | undefined)[]) => JSON.stringify(row)
      expect(back.map((row) => key([row['LastName'], row['Description']])).sort()).toEqual(rows.map(key).sort())
    }),
    { numRuns: 40 },
  )
})
