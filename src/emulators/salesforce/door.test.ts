import { beforeEach, expect, test } from 'vitest'
import { manualClock } from '../kit/clock.ts'
import { openSalesforce, pass, type TestClient } from './client.test-support.ts'
import { startSalesforceEmulator } from './index.ts'

let salesforce: TestClient
const clock = manualClock()

beforeEach(() => {
  salesforce = openSalesforce({ clock, tokenLifetimeMs: 60_000, apiLimit: 100 })
})

const at = async (version: number, path: string, method = 'GET') =>
  raw(`/services/data/v${version}.0${path}`, {
    method,
    headers: { authorization: `Bearer ${await salesforce.token()}` },
  })
const raw = (path: string, init: RequestInit = {}) => salesforce.app.request(path, init)

test('without a live token the session is invalid', async () => {
  const answer = await raw('/services/data/v66.0/limits', { headers: { authorization: 'Bearer nonsense' } })
  expect(answer.status).toBe(401)
  expect(await answer.json()).toEqual([{ message: 'Session expired or invalid', errorCode: 'INVALID_SESSION_ID' }])
})

test('a token ends with its lifetime, and all end when they are made to', async () => {
  expect((await salesforce.call('GET', '/limits')).status).toBe(200)
  await clock.advance(60_000)
  expect((await salesforce.call('GET', '/limits')).status).toBe(401)
  const fresh = await salesforce.token()
  const limits = () => raw('/services/data/v66.0/limits', { headers: { authorization: `Bearer ${fresh}` } })
  expect((await limits()).status).toBe(200)
  salesforce.expireTokens()
  expect((await limits()).status).toBe(401)
})

test.each([
  [{ grant_type: 'password' }, 'unsupported_grant_type'],
  [{ grant_type: 'client_credentials', client_id: 'x', client_secret: 'y' }, 'invalid_client_id'],
  [{ grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion: 'x' }, 'invalid_grant'],
])('the token endpoint refuses %o as %s', async (form, error) => {
  const answer = await raw('/services/oauth2/token', { method: 'POST', body: new URLSearchParams(form) })
  expect(answer.status).toBe(400)
  expect(await answer.json()).toMatchObject({ error })
})

test('a token reply says where the instance is and when it was given, not when it ends', async () => {
  const form = {
    grant_type: 'client_credentials',
    client_id: salesforce.clientId,
    client_secret: salesforce.clientSecret,
  }
  const reply = (await (
    await raw('/services/oauth2/token', { method: 'POST', body: new URLSearchParams(form) })
  ).json()) as Record<string, string>
  expect(reply['access_token']).toMatch(/^00D\w{12}![\w.]+$/)
  expect(reply['id']).toMatch(/\/00D\w{15}\/005\w{15}$/)
  expect(reply).not.toHaveProperty('expires_in')
})

test('every call is counted and told; when the allowance is used up, calls are refused', async () => {
  expect((await salesforce.call('GET', '/limits')).headers.get('sforce-limit-info')).toBe('api-usage=1/100')
  salesforce.setAllowance({ used: 99 })
  expect((await salesforce.call('GET', '/limits')).body).toMatchObject({ DailyApiRequests: { Max: 100, Remaining: 0 } })
  expect(await salesforce.call('GET', '/limits')).toMatchObject({
    status: 403,
    body: [{ errorCode: 'REQUEST_LIMIT_EXCEEDED' }],
  })
})

test('the allowance comes back after 24 hours', async () => {
  const day = openSalesforce({ clock, apiLimit: 1, tokenLifetimeMs: 48 * 3_600_000 })
  expect((await day.call('GET', '/limits')).status).toBe(200)
  expect((await day.call('GET', '/limits')).status).toBe(403)
  await clock.advance(24 * 3_600_000)
  expect((await day.call('GET', '/limits')).status).toBe(200)
})

test.each([
  ['GET', '/nonsense', undefined, 404, 'NOT_FOUND'],
  ['GET', '/sobjects/Nonsense__c/describe', undefined, 404, 'NOT_FOUND'],
  ['PUT', '/sobjects/Contact', '{}', 405, 'METHOD_NOT_ALLOWED'],
  ['POST', '/sobjects/Contact', '{"LastName":', 400, 'JSON_PARSER_ERROR'],
  ['GET', `/query?q=${'x'.repeat(16_400)}`, undefined, 414, 'URI_TOO_LONG'],
  ['GET', '/query/0r8Kj0000000000000-200', undefined, 400, 'INVALID_QUERY_LOCATOR'],
])('%s %.40s is refused', async (method, path, body, status, errorCode) => {
  expect(await salesforce.call(method, path, body)).toMatchObject({ status, body: [{ errorCode }] })
})

test('a body that is not JSON by its type is refused', async () => {
  const answer = await salesforce.call('POST', '/sobjects/Contact', '{"LastName":"X"}', {
    'content-type': 'text/plain',
  })
  expect(answer).toMatchObject({ status: 415 })
})

test('versions are listed, and one outside the list does not exist', async () => {
  const versions = (await (await raw('/services/data')).json()) as { version: string }[]
  expect([versions[0]?.version, versions.at(-1)?.version]).toEqual(['31.0', '68.0'])
  expect(versions).toContainEqual({ label: "Summer '26", url: '/services/data/v67.0', version: '67.0' })
  const statuses = [30, 31, 69].map(async (v) => (await at(v, '/limits')).status)
  expect(await Promise.all(statuses)).toEqual([410, 200, 404])
})

test('a version has what came with it or before', async () => {
  const collection = (v: number) => at(v, '/composite/sobjects?ids=001000000000001', 'DELETE')
  expect([(await collection(41)).status, (await collection(42)).status]).toEqual([404, 200])
})

test('who asks for XML is told that there is none', async () => {
  expect(await salesforce.call('GET', '/limits', undefined, { accept: 'application/xml' })).toMatchObject({
    status: 406,
  })
})

test('calls that run for 20 seconds are counted, and too many of them turn others away', async () => {
  const clock = manualClock()
  const slow = openSalesforce({ clock, longCalls: 2 })
  await slow.call('GET', '/limits')
  slow.settings.latencyMs = 60_000
  const running = [1, 2].map(() => slow.call('GET', '/limits'))
  await pass(clock, 19)
  slow.settings.latencyMs = 0
  expect((await slow.call('GET', '/limits')).status).toBe(200)
  await pass(clock, 1)
  expect(await slow.call('GET', '/limits')).toMatchObject({
    status: 403,
    body: [
      {
        errorCode: 'REQUEST_LIMIT_EXCEEDED',
        message: 'ConcurrentRequests (Concurrent API Requests) Limit exceeded.',
      },
    ],
  })
  await pass(clock, 41)
  expect((await Promise.all(running)).map((answer) => answer.status)).toEqual([200, 200])
  expect((await slow.call('GET', '/limits')).status).toBe(200)
})

test('faults of requests: a status for the next calls, an outage until a time, then all is well', async () => {
  salesforce.faults.add({
    path: '/services/data/*',
    times: 1,
    respond: { status: 503, body: [{ errorCode: 'SERVER_UNAVAILABLE', message: 'down' }] },
  })
  expect((await salesforce.call('GET', '/limits')).status).toBe(503)
  expect((await salesforce.call('GET', '/limits')).status).toBe(200)
  salesforce.faults.add({ path: '/services/*', until: clock.now() + 5_000, respond: { status: 503 } })
  expect((await salesforce.call('GET', '/limits')).status).toBe(503)
  await clock.advance(5_000)
  expect((await salesforce.call('GET', '/limits')).status).toBe(200)
})

test('a dropped answer leaves the work done', async () => {
  const running = await startSalesforceEmulator()
  const form = { grant_type: 'client_credentials', client_id: running.clientId, client_secret: running.clientSecret }
  const reply = await fetch(`${running.url}/services/oauth2/token`, { method: 'POST', body: new URLSearchParams(form) })
  const { access_token } = (await reply.json()) as { access_token: string }
  running.faults.add({ method: 'POST', times: 1, drop: 'answer' })
  const lost = fetch(`${running.url}/services/data/v66.0/sobjects/Contact`, {
    method: 'POST',
    headers: { authorization: `Bearer ${access_token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ LastName: 'X' }),
  })
  await expect(lost).rejects.toThrow()
  expect(running.state()['Contact']).toHaveLength(1)
  await running.close()
})

test('a POST may say that it means PATCH, and HEAD is GET without a body', async () => {
  const id = salesforce.person.create('Contact', { LastName: 'X' })
  const path = `/sobjects/Contact/${id}`
  expect(await salesforce.call('POST', `${path}?_HttpMethod=PATCH`, { LastName: 'Y' })).toMatchObject({ status: 204 })
  expect(salesforce.state()['Contact']).toMatchObject([{ LastName: 'Y' }])
  expect(await salesforce.call('HEAD', path)).toMatchObject({ status: 200, body: '' })
})
