import { Connection, OAuth2, type Record as SObject } from '@jsforce/jsforce-node'
import { strToU8, zipSync } from 'fflate'
import { importPKCS8, SignJWT } from 'jose'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { type RunningSalesforceEmulator, startSalesforceEmulator } from '../../src/emulators/salesforce/index.ts'

// The published client, unmodified, against the emulator: what a program that uses jsforce does.

let salesforce: RunningSalesforceEmulator
let connection: Connection

/** Polls often: the emulator is done at once, and the client would wait a second each time. */
const quick = (made: Connection): Connection => {
  for (const api of [made.bulk, made.bulk2]) Object.assign(api, { pollInterval: 20, pollTimeout: 20_000 })
  return made
}

const clientCredentials = async (): Promise<Connection> => {
  const oauth2 = new OAuth2({ loginUrl: salesforce.url })
  const token = (await oauth2.requestToken({
    grant_type: 'client_credentials',
    client_id: salesforce.clientId,
    client_secret: salesforce.clientSecret,
  })) as { access_token: string; instance_url: string }
  return quick(new Connection({ version: '66.0', accessToken: token.access_token, instanceUrl: token.instance_url }))
}

beforeAll(async () => {
  salesforce = await startSalesforceEmulator()
  connection = await clientCredentials()
})
beforeEach(() => salesforce.reset())
// The client closes a job of Bulk 1.0 behind its caller's back.
afterEach(async () => {
  const open = async () => {
    const { records } = await connection.request<{ records: { state: string }[] }>('/jobs/ingest?jobType=Classic')
    return records.filter(({ state }) => state === 'Open').length
  }
  let left = await open()
  while (left > 0) left = await open()
})
afterAll(() => salesforce.close())

test('a token by client credentials opens the API, and the identity is the integration user', async () => {
  const identity = await connection.identity()
  expect(identity.user_id).toBe(salesforce.userId)
  expect(identity.organization_id).toBe(salesforce.orgId)
  expect(identity.id).toMatch(/^https:\/\//)
})

test('a token by a signed JWT opens the API', async () => {
  const key = await importPKCS8(salesforce.privateKey() ?? '', 'RS256')
  const assertion = await new SignJWT()
    .setProtectedHeader({ alg: 'RS256' })
    .setIssuer(salesforce.clientId)
    .setSubject(salesforce.username)
    .setAudience(salesforce.url)
    .setExpirationTime('3m')
    .sign(key)
  const jwt = new Connection({ version: '66.0', instanceUrl: salesforce.url, loginUrl: salesforce.url })
  await jwt.authorize({ grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion })
  expect((await jwt.query('SELECT Id FROM Contact')).totalSize).toBe(0)
})

test('a wrong secret is refused in the words of the token endpoint', async () => {
  const oauth2 = new OAuth2({ loginUrl: salesforce.url })
  const asked = oauth2.requestToken({
    grant_type: 'client_credentials',
    client_id: salesforce.clientId,
    client_secret: 'no',
  })
  await expect(asked).rejects.toMatchObject({ name: 'invalid_client', message: 'invalid client credentials' })
})

test('a record is created, read, changed, deleted, and then gone', async () => {
  const contacts = connection.sobject('Contact')
  const made = await contacts.create({ FirstName: ' Ada ', LastName: 'Lovelace', Email: 'ada@example.com' })
  expect(made).toMatchObject({ success: true, errors: [] })
  const id = made.id ?? ''
  expect(id).toHaveLength(18)
  expect(await contacts.retrieve(id)).toMatchObject({ Id: id, Name: 'Ada Lovelace', FirstName: 'Ada', Phone: null })
  expect(await contacts.update({ Id: id, Phone: '+44 20 1234' })).toMatchObject({ id, success: true })
  expect(await contacts.destroy(id)).toMatchObject({ id, success: true })
  await expect(contacts.retrieve(id)).rejects.toMatchObject({ errorCode: 'ENTITY_IS_DELETED' })
})

test('an upsert by external id creates, then updates, and says which', async () => {
  const contact = { Clerk_User_Id__c: 'user_1', LastName: 'One' }
  const first = await connection.sobject('Contact').upsert(contact, 'Clerk_User_Id__c')
  const second = await connection.sobject('Contact').upsert({ ...contact, FirstName: 'No' }, 'Clerk_User_Id__c')
  expect(first).toMatchObject({ success: true, created: true })
  expect(second).toMatchObject({ success: true, created: false, id: first.id })
})

test('Collections create, upsert, update, retrieve and delete, each record for itself', async () => {
  const upserted = await connection.upsert(
    'Contact',
    [{ Clerk_User_Id__c: 'user_1', LastName: 'One' }, { Clerk_User_Id__c: 'user_2' }],
    'Clerk_User_Id__c',
  )
  expect(upserted).toMatchObject([
    { success: true, created: true },
    {
      success: false,
      errors: [
        {
          statusCode: 'REQUIRED_FIELD_MISSING',
          message: 'Required fields are missing: [LastName]',
          fields: ['LastName'],
        },
      ],
    },
  ])
  const created = await connection.create('Account', [{ Name: 'One' }, { Name: 'Two' }])
  const ids = created.map((result) => result.id ?? '')
  expect(await connection.update('Account', [{ Id: ids[0] ?? '', Name: 'Uno' }])).toMatchObject([{ success: true }])
  const missing = '001Kj0000000zzzAAA'
  expect(await connection.retrieve('Account', [...ids, missing], { fields: ['Id', 'Name'] })).toMatchObject([
    { Name: 'Uno' },
    { Name: 'Two' },
    null,
  ])
  const id = upserted[0]?.id ?? ''
  expect(await connection.destroy('Contact', [id, id.replace(/^003/, '999')])).toMatchObject([
    { id, success: true },
    { success: false, errors: [{ statusCode: 'MALFORMED_ID' }] },
  ])
})

test('a long result comes in pages to its end', async () => {
  await connection.create(
    'Account',
    Array.from({ length: 450 }, (_, i) => ({ Name: `Account ${i}` })),
    { allowRecursive: true },
  )
  const options = { headers: { 'Sforce-Query-Options': 'batchSize=200' } }
  const first = await connection.query('SELECT Id, Name FROM Account', options)
  expect(first).toMatchObject({ totalSize: 450, done: false })
  expect(first.records).toHaveLength(200)
  const second = await connection.queryMore(first.nextRecordsUrl ?? '')
  const third = await connection.queryMore(second.nextRecordsUrl ?? '')
  expect(third).toMatchObject({ totalSize: 450, done: true })
  const ids = [first, second, third].flatMap((page) => page.records.map((record) => record.Id))
  expect(new Set(ids).size).toBe(450)
})

test('parents come with a query, and a missing one is null', async () => {
  await connection.create('Account', { Name: 'One', Clerk_Org_Id__c: 'org_1' })
  await connection.create('Contact', [
    { LastName: 'With', Account: { Clerk_Org_Id__c: 'org_1' } },
    { LastName: 'Without' },
  ])
  const { records } = await connection.query(
    'SELECT LastName, Account.Name, Account.Clerk_Org_Id__c FROM Contact ORDER BY LastName',
  )
  expect(records).toMatchObject([
    { LastName: 'With', Account: { Name: 'One', Clerk_Org_Id__c: 'org_1' } },
    { LastName: 'Without', Account: null },
  ])
})

test('describe shows the fields that the permission set lets the user see', async () => {
  const { fields } = await connection.describe('Contact')
  const key = fields.find((field) => field.name === 'Clerk_User_Id__c')
  expect(key).toMatchObject({ externalId: true, unique: true, caseSensitive: true, length: 64, type: 'string' })
  expect(fields.map((field) => field.name)).not.toContain('Birthdate')
  expect((await connection.describeGlobal()).sobjects.map((object) => object.name)).toContain('AccountContactRelation')
})

test('a Composite is one call, and later parts use what earlier ones answered', async () => {
  const before = salesforce.usage().used
  const reply = await connection.request<{ compositeResponse: { httpStatusCode: number; body: { id: string } }[] }>({
    method: 'POST',
    url: '/composite',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      compositeRequest: [
        { method: 'POST', url: '/services/data/v66.0/sobjects/Account', referenceId: 'acme', body: { Name: 'Acme' } },
        {
          method: 'POST',
          url: '/services/data/v66.0/sobjects/Contact',
          referenceId: 'ada',
          body: { LastName: 'Lovelace', AccountId: '@{acme.id}' },
        },
      ],
    }),
  })
  expect(reply.compositeResponse.map((part) => part.httpStatusCode)).toEqual([201, 201])
  expect(salesforce.usage().used).toBe(before + 1)
  expect(connection.limitInfo.apiUsage).toEqual({ used: before + 1, limit: 15_000 })
  expect(await connection.query('SELECT COUNT() FROM AccountContactRelation WHERE IsDirect = TRUE')).toMatchObject({
    totalSize: 1,
  })
})

test('an expired session is refused, and a refreshed connection goes on', async () => {
  const refreshing = new Connection({
    version: '66.0',
    instanceUrl: salesforce.url,
    accessToken: 'old',
    refreshFn: (_, callback) => {
      clientCredentials().then(
        (fresh) => callback(null, fresh.accessToken ?? ''),
        (error) => callback(error),
      )
    },
  })
  expect(await refreshing.query('SELECT Id FROM Account')).toMatchObject({ totalSize: 0 })
  salesforce.expireTokens()
  await expect(connection.query('SELECT Id FROM Account')).rejects.toMatchObject({ errorCode: 'INVALID_SESSION_ID' })
  expect(await refreshing.query('SELECT Id FROM Account')).toMatchObject({ totalSize: 0 })
  connection = await clientCredentials()
})

const people = (count: number) =>
  Array.from({ length: count }, (_, i) => ({ LastName: `Person ${i}`, Clerk_User_Id__c: `user_${i}` }))

test('Bulk 2.0 loads records and tells each one’s outcome', async () => {
  const upsert = { object: 'Contact', operation: 'upsert', externalIdFieldName: 'Clerk_User_Id__c' } as const
  const input = [...people(1_000), { LastName: '', Clerk_User_Id__c: 'user_nameless' }]
  const first = await connection.bulk2.loadAndWaitForResults({ ...upsert, input })
  expect(first.successfulResults).toHaveLength(1_000)
  expect(first.successfulResults[0]).toMatchObject({ sf__Created: 'true', sf__Id: expect.stringMatching(/^003/) })
  expect(first.failedResults).toMatchObject([
    {
      sf__Id: '',
      sf__Error: 'REQUIRED_FIELD_MISSING:Required fields are missing: [LastName]:LastName --',
      Clerk_User_Id__c: 'user_nameless',
    },
  ])
  expect(first.unprocessedRecords).toEqual([])
  const second = await connection.bulk2.loadAndWaitForResults({ ...upsert, input: people(3) })
  expect(second.successfulResults.map((row) => row.sf__Created)).toEqual(['false', 'false', 'false'])
})

test('Bulk 2.0 takes CSV, updates with nulls, and deletes', async () => {
  const inserted = await connection.bulk2.loadAndWaitForResults({
    object: 'Contact',
    operation: 'insert',
    input: 'LastName,Phone\nOne,1\nTwo,2\n',
  })
  const ids = inserted.successfulResults.map((row) => row.sf__Id)
  await connection.bulk2.loadAndWaitForResults({
    object: 'Contact',
    operation: 'update',
    input: ids.map((Id) => ({ Id, Phone: null })),
  })
  const { records } = await connection.query('SELECT Phone FROM Contact')
  expect(records.map((record) => record['Phone'])).toEqual([null, null])
  const deleted = await connection.bulk2.loadAndWaitForResults({
    object: 'Contact',
    operation: 'delete',
    input: ids.map((Id) => ({ Id })),
  })
  expect(deleted.successfulResults).toHaveLength(2)
  expect(await connection.query('SELECT Id FROM Contact')).toMatchObject({ totalSize: 0 })
})

test('a Bulk 2.0 job with an unknown column fails with its reason', async () => {
  const loading = connection.bulk2.loadAndWaitForResults({
    object: 'Contact',
    operation: 'insert',
    input: 'LastName,Nope\nOne,1\n',
  })
  await expect(loading).rejects.toThrow(
    'Ingest job failed to complete due to: InvalidBatch : Field name not found : Nope',
  )
})

test('a Bulk 2.0 job can be opened, aborted and deleted step by step', async () => {
  const job = connection.bulk2.createJob({ object: 'Contact', operation: 'insert' })
  await job.open()
  await job.uploadData('LastName\nOne\n')
  await job.abort()
  expect(await job.check()).toMatchObject({ state: 'Aborted' })
  await job.delete()
  await expect(job.check()).rejects.toMatchObject({ errorCode: 'NOT_FOUND' })
})

test('a Bulk 2.0 query streams the records of one page', async () => {
  await connection.create('Account', [{ Name: 'Two, "quoted"' }, { Name: 'One' }])
  const stream = await connection.bulk2.query('SELECT Id, Name FROM Account ORDER BY Name')
  const records = (await stream.toArray()) as SObject[]
  expect(records.map((record) => record['Name'])).toEqual(['One', 'Two, "quoted"'])
})

// The client's own query over several pages ends the process (it pipes each page into a stream that the first one has
// ended), so the pages are fetched here as the guide says.
test('a Bulk 2.0 query of several pages is read to its end by locator', async () => {
  salesforce.settings.bulkQueryPage = 2
  try {
    await connection.create('Account', [{ Name: 'A' }, { Name: 'B' }, { Name: 'C' }])
    const job = await connection.request<{ id: string; state: string }>({
      method: 'POST',
      url: '/jobs/query',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ operation: 'query', query: 'SELECT Name FROM Account ORDER BY Name' }),
    })
    await connection.bulk2.job('query', { id: job.id }).poll(20, 20_000)
    const names: string[] = []
    let locator: string | undefined
    while (locator !== 'null') {
      const url = `${salesforce.url}/services/data/v66.0/jobs/query/${job.id}/results${locator ? `?locator=${locator}` : ''}`
      const page = await fetch(url, {
        headers: { authorization: `Bearer ${connection.accessToken}`, accept: 'text/csv' },
      })
      names.push(...(await page.text()).trim().split('\n').slice(1))
      locator = page.headers.get('sforce-locator') ?? 'null'
    }
    expect(names).toEqual(['"A"', '"B"', '"C"'])
  } finally {
    salesforce.settings.bulkQueryPage = 50_000
  }
})

test('Bulk 1.0 loads, and Query#update and Query#destroy use it beyond 200 rows', async () => {
  const loaded = await connection.bulk.load('Contact', 'insert', [...people(250), { LastName: '' }])
  expect(loaded).toHaveLength(251)
  expect(loaded[0]).toMatchObject({ success: true, errors: [] })
  expect(loaded[250]).toMatchObject({
    success: false,
    errors: ['REQUIRED_FIELD_MISSING:Required fields are missing: [LastName]:LastName --'],
  })
  const updated = await connection.sobject('Contact').find({}, 'Id').update({ FirstName: 'All' }, 'Contact')
  expect(updated.filter((result) => result.success)).toHaveLength(250)
  expect(await connection.query("SELECT COUNT() FROM Contact WHERE FirstName = 'All'")).toMatchObject({
    totalSize: 250,
  })
  const destroyed = await connection.sobject('Contact').find({}, 'Id').destroy('Contact')
  expect(destroyed.filter((result) => result.success)).toHaveLength(250)
  expect(salesforce.stats().records['Contact.deleted']).toBe(250)
})

test('Query#update uses Bulk 2.0 where it is asked to', async () => {
  await connection.bulk.load('Contact', 'insert', people(201))
  const updated = await connection
    .sobject('Contact')
    .find({}, 'Id')
    .update({ FirstName: 'All' }, 'Contact', { bulkApiVersion: 2 })
  expect(updated.filter((result) => result.success)).toHaveLength(201)
})

test('a Bulk 1.0 query streams its records, and what is wrong has the client’s error', async () => {
  await connection.create('Account', [{ Name: 'One' }, { Name: 'Two' }])
  const stream = await connection.bulk.query('SELECT Id, Name FROM Account ORDER BY Name')
  const records = (await stream.toArray()) as SObject[]
  expect(records.map((record) => record['Name'])).toEqual(['One', 'Two'])
  const job = connection.bulk.createJob('Nope', 'insert')
  await expect(job.open()).rejects.toMatchObject({ errorCode: 'InvalidJob', message: 'Unable to find object: Nope' })
})

test('SOQL goes through its shapes: children, aggregates, queryAll', async () => {
  const { id = '' } = await connection.create('Account', { Name: 'Acme' })
  const made = await connection.create('Contact', [
    { LastName: 'A', AccountId: id },
    { LastName: 'B', AccountId: id },
  ])
  const { records } = await connection.query(
    'SELECT Name, (SELECT LastName FROM Contacts ORDER BY LastName) FROM Account',
  )
  expect(records[0]).toMatchObject({ Name: 'Acme', Contacts: { records: [{ LastName: 'A' }, { LastName: 'B' }] } })
  const counted = await connection.query('SELECT AccountId, COUNT(Id) n FROM Contact GROUP BY AccountId')
  expect(counted.records).toMatchObject([{ AccountId: id, n: 2 }])
  await connection.sobject('Contact').destroy(made.map((each) => each.id ?? ''))
  expect(await connection.query('SELECT Id FROM Contact')).toMatchObject({ totalSize: 0 })
  expect(await connection.query('SELECT Id FROM Contact', { scanAll: true })).toMatchObject({ totalSize: 2 })
})

test('an automatic fetch follows the pages', async () => {
  await connection.bulk.load('Contact', 'insert', people(2_500))
  const records = await connection.query('SELECT Id FROM Contact', { autoFetch: true, maxFetch: 10_000 })
  expect(records.records).toHaveLength(2_500)
})

test('search finds records by the words of their names', async () => {
  await connection.create('Contact', [{ LastName: 'Lovelace' }, { LastName: 'Hopper' }])
  const { searchRecords } = await connection.search('FIND {Lovelace} IN NAME FIELDS RETURNING Contact(Id, LastName)')
  expect(searchRecords).toMatchObject([{ attributes: { type: 'Contact' }, LastName: 'Lovelace' }])
})

test('getUpdated and getDeleted name what changed in a span of time', async () => {
  const [one, two] = await connection.create('Contact', [{ LastName: 'One' }, { LastName: 'Two' }])
  await connection.sobject('Contact').destroy(two?.id ?? '')
  const start = new Date(Date.now() - 3_600_000)
  const end = new Date(Date.now() + 60_000)
  const updated = await connection.sobject('Contact').updated(start, end)
  expect(updated).toMatchObject({ ids: [one?.id], latestDateCovered: expect.any(String) })
  const deleted = await connection.sobject('Contact').deleted(start, end)
  expect(deleted).toMatchObject({
    deletedRecords: [{ id: two?.id, deletedDate: expect.any(String) }],
    earliestDateAvailable: expect.any(String),
  })
})

test('limits, versions, recent records and the user’s own data are there', async () => {
  expect(await connection.limits()).toMatchObject({
    DailyApiRequests: { Max: 15_000 },
    DailyBulkApiBatches: { Max: 15_000 },
    DailyBulkV2QueryJobs: { Max: 10_000 },
  })
  expect((await connection.request<{ version: string }[]>('/services/data')).at(-1)).toMatchObject({ version: '68.0' })
  await connection.create('Account', { Name: 'Seen' })
  const { records } = await connection.query('SELECT Id, Name FROM Account FOR VIEW')
  expect(await connection.recent(5)).toMatchObject([{ Id: records[0]?.Id, Name: 'Seen' }])
  expect(await connection.request('/services/oauth2/userinfo')).toMatchObject({ user_id: salesforce.userId })
})

const field = `<?xml version="1.0" encoding="UTF-8"?>
<CustomObject xmlns="http://soap.sforce.com/2006/04/metadata">
    <fields><fullName>Nickname__c</fullName><label>Nickname</label><type>Text</type><length>40</length></fields>
</CustomObject>`
const permissionSet = `<?xml version="1.0" encoding="UTF-8"?>
<PermissionSet xmlns="http://soap.sforce.com/2006/04/metadata">
    <label>Nicknames</label>
    <fieldPermissions><editable>true</editable><field>Contact.Nickname__c</field><readable>true</readable></fieldPermissions>
</PermissionSet>`
const manifest = `<?xml version="1.0" encoding="UTF-8"?>
<Package xmlns="http://soap.sforce.com/2006/04/metadata">
    <types><members>Contact.Nickname__c</members><name>CustomField</name></types>
    <types><members>Nicknames</members><name>PermissionSet</name></types>
    <version>66.0</version>
</Package>`

test('metadata is deployed over REST, and its field exists once a permission set is assigned', async () => {
  const zip = zipSync({
    'package.xml': strToU8(manifest),
    'objects/Contact.object': strToU8(field),
    'permissionsets/Nicknames.permissionset': strToU8(permissionSet),
  })
  const deploy = (options: object) =>
    connection.metadata.deployRest(Buffer.from(zip), { singlePackage: true, ...options })
  const finished = async (id: string) => {
    for (;;) {
      const status = await connection.metadata.checkDeployStatus(id, true, true)
      if (status.done) return status
    }
  }
  const checked = await deploy({ checkOnly: true })
  expect(await finished(checked.id)).toMatchObject({ status: 'Succeeded', checkOnly: true })
  await expect(connection.query('SELECT Nickname__c FROM Contact')).rejects.toMatchObject({
    errorCode: 'INVALID_FIELD',
  })
  const { id } = await deploy({ rollbackOnError: true })
  expect(await finished(id)).toMatchObject({ success: true, status: 'Succeeded', numberComponentErrors: 0 })
  const { records } = await connection.query("SELECT Id FROM PermissionSet WHERE Name = 'Nicknames'")
  await connection.create('PermissionSetAssignment', {
    AssigneeId: salesforce.userId,
    PermissionSetId: records[0]?.Id ?? '',
  })
  await connection.create('Contact', { LastName: 'Lovelace', Nickname__c: 'Ada' })
  expect(await connection.query('SELECT Nickname__c FROM Contact')).toMatchObject({ records: [{ Nickname__c: 'Ada' }] })
})
