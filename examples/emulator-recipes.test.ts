/**
 * Mishaps and other recipes for the emulators, each a test: docs/emulators.md shows them. Run it with `node --test`; nothing is needed but
 * clerkforce.
 */
import assert from 'node:assert/strict'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import {
  createClerkEmulator,
  createSalesforceEmulator,
  manualClock,
  type SalesforceEmulator,
  startClerkEmulator,
  startSalesforceEmulator,
} from 'clerkforce/emulators'

/** Calls of the REST API with a token, in the process: `app.request` needs no port. */
const signIn = async ({ app, clientId, clientSecret }: SalesforceEmulator) => {
  const form = { grant_type: 'client_credentials', client_id: clientId, client_secret: clientSecret }
  const answer = await app.request('/services/oauth2/token', { method: 'POST', body: new URLSearchParams(form) })
  const { access_token } = (await answer.json()) as { access_token: string }
  return async (method: string, path: string, body?: object) => {
    const reply = await app.request(`/services/data/v66.0${path}`, {
      method,
      headers: { authorization: `Bearer ${access_token}`, 'content-type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    })
    const text = await reply.text()
    return { status: reply.status, body: text === '' ? undefined : JSON.parse(text) }
  }
}
const namesOf = '/query?q=SELECT+LastName+FROM+Contact'

test('an outage: the next two requests fail', async () => {
  const salesforce = createSalesforceEmulator()
  const call = await signIn(salesforce)
  salesforce.faults.add({ path: '/services/data/*', times: 2, respond: { status: 503 } })
  const statuses = [await call('GET', '/limits'), await call('GET', '/limits'), await call('GET', '/limits')]
  assert.deepEqual(
    statuses.map(({ status }) => status),
    [503, 503, 200],
  )
})

test('rate limits: Clerk after so many requests, Salesforce when the day is used up', async () => {
  const clerk = createClerkEmulator({ rateLimits: { instance: { requests: 2, windowMs: 10_000 } } })
  const headers = { authorization: `Bearer ${clerk.secretKey}` }
  for (const expected of [200, 200, 429]) {
    const answer = await clerk.app.request('/v1/users', { headers })
    assert.equal(answer.status, expected)
    if (expected === 429) assert.ok(Number(answer.headers.get('retry-after')) > 0)
  }

  const salesforce = createSalesforceEmulator()
  const call = await signIn(salesforce)
  salesforce.setAllowance({ used: 15_000 })
  assert.equal((await call('GET', '/limits')).body[0].errorCode, 'REQUEST_LIMIT_EXCEEDED')
})

test('a lost answer: the work is done and the connection is cut', async () => {
  const clerk = await startClerkEmulator()
  clerk.faults.add({ method: 'POST', path: '/v1/organizations', times: 1, drop: 'answer' })
  const create = () =>
    fetch(`${clerk.url}/v1/organizations`, {
      method: 'POST',
      headers: { authorization: `Bearer ${clerk.secretKey}`, 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'Larkspur' }),
    })
  await assert.rejects(create())
  // It exists already; who simply tries again makes a second one, as in Clerk.
  assert.equal(clerk.state().organizations.length, 1)
  await create()
  assert.equal(clerk.state().organizations.length, 2)
  await clerk.close()
})

test('any event of Clerk, whatever it takes to bring it about there', async () => {
  const clerk = await startClerkEmulator()
  clerk.emit('subscription.pastDue')
  clerk.emit('session.revoked', { user_id: 'user_1' })
  const types = clerk.webhooks.messages().map(({ type }) => type)
  assert.deepEqual(types, ['subscription.pastDue', 'session.revoked'])
  await clerk.close()
})

test('a row lock: two requests touch children of one Account at once', async () => {
  const salesforce = createSalesforceEmulator({ latencyMs: 100, lockWaitMs: 10 })
  const call = await signIn(salesforce)
  const { Account } = salesforce.seed({ Account: [{ Name: 'Larkspur' }] })
  const create = () => call('POST', '/sobjects/Contact', { LastName: 'Busy', AccountId: Account[0] })
  const answers = await Promise.all([create(), create()])
  const codes = answers.map(({ body }) => body[0]?.errorCode)
  assert.deepEqual(codes.sort(), ['UNABLE_TO_LOCK_ROW', undefined])
})

test('one record fails, its neighbours do not', async () => {
  const salesforce = createSalesforceEmulator()
  const call = await signIn(salesforce)
  salesforce.recordFaults.add({ object: 'Contact', where: { LastName: 'Two' }, code: 'UNABLE_TO_LOCK_ROW' })
  const records = ['One', 'Two'].map((LastName) => ({ attributes: { type: 'Contact' }, LastName }))
  const { body } = await call('POST', '/composite/sobjects', { allOrNone: false, records })
  assert.deepEqual(
    body.map(({ success }: { success: boolean }) => success),
    [true, false],
  )
})

test('a merge: what somebody in the user interface does to the record that you know', async () => {
  const salesforce = createSalesforceEmulator()
  const call = await signIn(salesforce)
  const { Contact } = salesforce.seed({ Contact: [{ LastName: 'Kept' }, { LastName: 'Lost' }] })
  const [kept = '', lost = ''] = Contact
  salesforce.person.merge('Contact', kept, lost)
  const answer = await call('GET', `/sobjects/Contact/${lost}`)
  assert.equal(answer.status, 404)
  const deleted = salesforce.state()['Contact']?.find((row) => row['Id'] === lost)
  assert.equal(deleted?.['MasterRecordId'], kept)
})

test('late visibility: a query does not show yet what was just written', async () => {
  const clock = manualClock()
  const salesforce = createSalesforceEmulator({ clock, lateVisibilityMs: 3_000 })
  const call = await signIn(salesforce)
  await call('POST', '/sobjects/Contact', { LastName: 'Late' })
  assert.equal((await call('GET', namesOf)).body.totalSize, 0)
  await clock.advance(3_000)
  assert.equal((await call('GET', namesOf)).body.totalSize, 1)
})

test('change events: what a subscriber of the Pub/Sub API gets', async () => {
  const salesforce = await startSalesforceEmulator({
    changeDataCapture: ['Contact'],
    // gRPC with TLS and without; `pubsub.certificate` is for clients that are to trust it.
    pubsub: { tlsPort: 0, plaintextPort: 0 },
  })
  const { Contact } = salesforce.seed({ Contact: [{ LastName: 'Seen' }] })
  const [event] = salesforce.events.list()
  const header = event?.payload['ChangeEventHeader'] as { changeType: string; recordIds: string[] }
  assert.equal(header.changeType, 'CREATE')
  assert.deepEqual(header.recordIds, Contact)
  // The mishaps that a subscriber must survive.
  salesforce.events.repeat(event?.replayId ?? '')
  salesforce.events.announce({ object: 'Contact', changeType: 'GAP_UPDATE', recordIds: Contact })
  salesforce.events.disconnect('drop')
  salesforce.events.resetStream()
  await salesforce.close()
})

test('snapshots: the same beginning for every test, and a state that outlives the process', async () => {
  const salesforce = createSalesforceEmulator()
  salesforce.seed({ Account: [{ Name: 'Larkspur' }], Contact: [{ LastName: 'First', AccountId: '#0' }] })
  const beginning = salesforce.snapshot()
  salesforce.seed({ Contact: [{ LastName: 'Second' }] })
  salesforce.restore(beginning)
  assert.equal(salesforce.state()['Contact']?.length, 1)

  const state = join(mkdtempSync(join(tmpdir(), 'emulator-')), 'clerk.json')
  const clerk = await startClerkEmulator({ state })
  clerk.seed({ users: [{ id: 'user_kept' }] })
  await clerk.close()
  const again = await startClerkEmulator({ state })
  assert.equal(again.state().users[0]?.['id'], 'user_kept')
  await again.close()
})

test('time travel: thirty days later the invitation has expired', async () => {
  const clock = manualClock()
  const clerk = createClerkEmulator({ clock })
  const headers = { authorization: `Bearer ${clerk.secretKey}`, 'content-type': 'application/json' }
  const { organizations } = clerk.seed({ organizations: [{ name: 'Larkspur' }] })
  const path = `/v1/organizations/${organizations[0]}/invitations`
  const body = JSON.stringify({ email_address: 'ada@example.com', role: 'org:member' })
  await clerk.app.request(path, { method: 'POST', headers, body })
  await clock.advance(31 * 86_400_000)
  const answer = await clerk.app.request(path, { headers })
  const { data } = (await answer.json()) as { data: { status: string }[] }
  assert.equal(data[0]?.status, 'expired')
})

test('a hanging vendor: requests wait until they are let go', async () => {
  const salesforce = await startSalesforceEmulator()
  salesforce.freeze()
  const impatient = fetch(`${salesforce.url}/services/data`, { signal: AbortSignal.timeout(50) })
  await assert.rejects(impatient, { name: 'TimeoutError' })
  salesforce.thaw()
  assert.equal((await fetch(`${salesforce.url}/services/data`)).status, 200)
  await salesforce.close()
})
