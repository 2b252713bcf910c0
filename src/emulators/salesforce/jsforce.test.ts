import { Connection, OAuth2 } from '@jsforce/jsforce-node'
import { importPKCS8, SignJWT } from 'jose'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type RunningSalesforceEmulator, startSalesforceEmulator } from './index.ts'

let salesforce: RunningSalesforceEmulator
let connection: Connection

const clientCredentials = async (): Promise<Connection> => {
  const oauth2 = new OAuth2({ loginUrl: salesforce.url })
  const token = (await oauth2.requestToken({
    grant_type: 'client_credentials',
    client_id: salesforce.clientId,
    client_secret: salesforce.clientSecret,
  })) as { access_token: string; instance_url: string }
  return new Connection({ version: '66.0', accessToken: token.access_token, instanceUrl: token.instance_url })
}

beforeAll(async () => {
  salesforce = await startSalesforceEmulator()
  connection = await clientCredentials()
})
beforeEach(() => salesforce.reset())
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
