import { generateKeyPairSync } from 'node:crypto'
import { jwtVerify } from 'jose'
import { afterEach, expect, test } from 'vitest'
import { SettingError } from '../errors.ts'
import { jwtAudience, type SalesforceAuth } from './auth.ts'
import { type LocalOrg, type Reply, startLocalOrg } from './local-org.test-support.ts'

let org: LocalOrg
afterEach(() => org?.close())

const limits: Reply = { body: { DailyApiRequests: { Max: 5000, Remaining: 4982 } } }
const expired: Reply = {
  status: 401,
  body: [{ errorCode: 'INVALID_SESSION_ID', message: 'Session expired or invalid' }],
}

test('client credentials are exchanged for a token that goes on every call', async () => {
  org = await startLocalOrg(() => limits)
  const client = org.client()
  await client.limits()
  await client.limits()
  expect(org.logins.map((form) => Object.fromEntries(form))).toEqual([
    { grant_type: 'client_credentials', client_id: 'id', client_secret: 'secret' },
  ])
  expect(org.seen.map((call) => call.headers.authorization)).toEqual(['Bearer token-1', 'Bearer token-1'])
})

test.each(['pkcs8', 'pkcs1'] as const)(
  'a JWT is signed with a %s key and names issuer, subject, audience and a near expiry',
  async (type) => {
    org = await startLocalOrg(() => limits)
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const pem = privateKey.export({ type, format: 'pem' }).toString()
    const auth: SalesforceAuth = {
      kind: 'jwt-bearer',
      clientId: 'app',
      username: 'sync@example.com',
      privateKey: pem.replaceAll('\n', '\\n'),
    }
    const now = Date.UTC(2026, 10, 1)
    await org.client({ auth, now: () => now }).limits()
    const form = org.logins[0] ?? new URLSearchParams()
    expect(form.get('grant_type')).toBe('urn:ietf:params:oauth:grant-type:jwt-bearer')
    const { payload, protectedHeader } = await jwtVerify(form.get('assertion') ?? '', publicKey, {
      currentDate: new Date(now),
    })
    expect(protectedHeader.alg).toBe('RS256')
    expect(payload).toEqual({ iss: 'app', sub: 'sync@example.com', aud: org.url, exp: now / 1000 + 180 })
  },
)

test.each([
  ['https://login.salesforce.com', 'https://login.salesforce.com'],
  ['https://test.salesforce.com', 'https://test.salesforce.com'],
  ['https://acme.my.salesforce.com', 'https://login.salesforce.com'],
  ['https://acme-dev-ed.develop.my.salesforce.com/', 'https://login.salesforce.com'],
  ['https://acme--uat.sandbox.my.salesforce.com', 'https://test.salesforce.com'],
  ['https://acme--uat.my.salesforce.com', 'https://test.salesforce.com'],
  ['https://fun-deer-123.scratch.my.salesforce.com', 'https://test.salesforce.com'],
  ['http://127.0.0.1:4802', 'http://127.0.0.1:4802'],
])('the audience for %s is %s', (loginUrl, audience) => {
  expect(jwtAudience(loginUrl)).toBe(audience)
})

test('an explicit audience wins', async () => {
  org = await startLocalOrg(() => limits)
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  const audience = 'https://site.example.com/customers'
  await org.client({ auth: { kind: 'jwt-bearer', clientId: 'a', username: 'u', privateKey: pem, audience } }).limits()
  await jwtVerify(org.logins[0]?.get('assertion') ?? '', publicKey, { audience })
})

test('a key or an address that cannot be right is named before anything is sent, without quoting the key', async () => {
  org = await startLocalOrg(() => limits)
  const auth: SalesforceAuth = { kind: 'jwt-bearer', clientId: 'a', username: 'u', privateKey: 'hunter2' }
  expect(() => org.client({ auth })).toThrow(SettingError)
  expect(() => org.client({ auth })).not.toThrow(/hunter2/)
  expect(() => org.client({ loginUrl: 'acme.my.salesforce.com' })).toThrow(SettingError)
})

test.each([
  ['https://login.salesforce.com/id/00D000000000001AAA/005000000000001AAA', '00D000000000001AAA', '005000000000001AAA'],
  ['http://127.0.0.1/id/00D000000000001/005000000000001', '00D000000000001', '005000000000001'],
  ['https://login.salesforce.com/', undefined, undefined],
  [7, undefined, undefined],
  [undefined, undefined, undefined],
])('the identity %j of a login tells the org: %s, and our user: %s', async (id, orgId, userId) => {
  org = await startLocalOrg(
    () => limits,
    ({ url }) => ({ body: { access_token: 'token', instance_url: url, id } }),
  )
  expect(await org.client().tokens.current()).toMatchObject({ value: 'token', orgId, userId })
})

test('many callers at once share one login', async () => {
  org = await startLocalOrg(() => limits)
  const client = org.client()
  await Promise.all(Array.from({ length: 20 }, () => client.limits()))
  expect(org.logins).toHaveLength(1)
})

test('an expired token is renewed once for all who hold it, and their calls go out again', async () => {
  org = await startLocalOrg((call) => (call.headers.authorization === 'Bearer token-1' ? expired : limits))
  const client = org.client()
  await Promise.all(Array.from({ length: 20 }, () => client.limits()))
  expect(org.logins).toHaveLength(2)
})

test('a 401 that a new token does not cure ends after one renewal', async () => {
  org = await startLocalOrg(() => expired)
  await expect(org.client().limits()).rejects.toMatchObject({ kind: 'auth', code: 'INVALID_SESSION_ID', status: 401 })
  expect(org.logins).toHaveLength(2)
  expect(org.seen).toHaveLength(2)
})

test('refused credentials are told in Salesforce’s words, and the next call asks again', async () => {
  const refused: Reply = {
    status: 400,
    body: { error: 'invalid_grant', error_description: 'no client credentials user enabled' },
  }
  org = await startLocalOrg(
    () => limits,
    ({ logins }) => (logins.length === 1 ? refused : { body: { access_token: 't', instance_url: org.url } }),
  )
  const client = org.client()
  const failure = {
    kind: 'auth',
    code: 'invalid_grant',
    message: expect.stringContaining('no client credentials user enabled'),
  }
  await expect(client.limits()).rejects.toMatchObject(failure)
  await expect(client.limits()).resolves.toEqual({ used: 18, limit: 5000 })
})

test.each([
  ['a 503', { status: 503, raw: '<html>' } as const, { kind: 'outage', code: 'HTTP_503' }],
  ['a reset', 'reset' as const, { kind: 'outage' }],
  ['a page of something else', { raw: '<html>' } as const, { kind: 'outage', code: 'UNREADABLE_ANSWER' }],
  ['a 404 of something else', { status: 404, raw: '<html>' } as const, { kind: 'auth', code: 'HTTP_404' }],
])('a login answered with %s says whether to wait or to look at the settings', async (_, reply, failure) => {
  org = await startLocalOrg(
    () => limits,
    () => reply,
  )
  await expect(org.client().write([{ kind: 'delete', object: 'Contact', ids: ['003'] }])).rejects.toMatchObject(failure)
  expect(org.seen).toHaveLength(0)
})
