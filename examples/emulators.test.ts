/**
 * The emulators in a test with Node's own runner, with the vendors' own clients: a customer who signs up in Clerk becomes a Contact in
 * Salesforce. Run it with `node --test`; it needs @clerk/backend and @jsforce/jsforce-node beside clerkforce.
 */
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { after, before, beforeEach, test } from 'node:test'
import { createClerkClient } from '@clerk/backend'
import { verifyWebhook } from '@clerk/backend/webhooks'
import { Connection, OAuth2 } from '@jsforce/jsforce-node'
import {
  type RunningClerkEmulator,
  type RunningSalesforceEmulator,
  startClerkEmulator,
  startSalesforceEmulator,
} from 'clerkforce/emulators'

/** What is to be tested: takes a webhook of Clerk and writes a Contact. */
const carryOver = async (request: Request, signingSecret: string, connection: Connection): Promise<void> => {
  const event = await verifyWebhook(request, { signingSecret })
  if (event.type !== 'user.created') return
  const { id, first_name, last_name, email_addresses } = event.data
  await connection.sobject('Contact').upsert(
    {
      Customer_Id__c: id,
      FirstName: first_name,
      LastName: last_name ?? 'Unknown',
      Email: email_addresses[0]?.email_address,
    },
    'Customer_Id__c',
  )
}

let clerk: RunningClerkEmulator
let salesforce: RunningSalesforceEmulator
let connection: Connection

const server = createServer(async (incoming, answer) => {
  const chunks: Buffer[] = []
  for await (const chunk of incoming) chunks.push(chunk)
  const headers = Object.entries(incoming.headers).map(([name, value]): [string, string] => [name, String(value)])
  const request = new Request('http://localhost/hooks', { method: 'POST', headers, body: Buffer.concat(chunks) })
  const done = await carryOver(request, clerk.signingSecret, connection).then(
    () => true,
    () => false,
  )
  answer.writeHead(done ? 204 : 500).end()
})

before(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : undefined
  clerk = await startClerkEmulator({ webhookUrl: `http://127.0.0.1:${port}/hooks` })
  salesforce = await startSalesforceEmulator({
    // Without a Salesforce DX project the org has the standard fields and what you name here.
    sfdx: false,
    customFields: [
      { object: 'Contact', name: 'Customer_Id__c', type: 'string', length: 40, externalId: true, unique: true },
    ],
  })
  const token = await new OAuth2({ loginUrl: salesforce.url }).requestToken({
    grant_type: 'client_credentials',
    client_id: salesforce.clientId,
    client_secret: salesforce.clientSecret,
  })
  connection = new Connection({ instanceUrl: salesforce.url, accessToken: token.access_token, version: '66.0' })
})
beforeEach(() => {
  clerk.reset()
  salesforce.reset()
})
after(async () => {
  await Promise.all([clerk.close(), salesforce.close()])
  server.close()
})

test('a customer who signs up becomes a Contact', async () => {
  const client = createClerkClient({ secretKey: clerk.secretKey, apiUrl: clerk.url, telemetry: { disabled: true } })
  const user = await client.users.createUser({
    emailAddress: ['ada@example.com'],
    firstName: 'Ada',
    lastName: 'Lovelace',
    skipPasswordRequirement: true,
  })
  await clerk.webhooks.idle()
  const [contact] = await connection.sobject('Contact').find({ Customer_Id__c: user.id }, ['Name', 'Email'])
  assert.equal(contact?.['Name'], 'Ada Lovelace')
  assert.equal(contact?.['Email'], 'ada@example.com')
})

test('a webhook that comes twice makes one Contact', async () => {
  clerk.webhooks.setDisorder({ twice: 1 })
  clerk.seed({ users: [{ last_name: 'Twice', email_addresses: ['twice@example.com'] }], events: true })
  await clerk.webhooks.idle()
  assert.equal(clerk.stats().attempts.total, 2)
  assert.equal(await connection.sobject('Contact').count(), 1)
})
