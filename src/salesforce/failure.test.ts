import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import type { SalesforceApi, SalesforceError, SalesforceFailure } from './api.ts'
import { type LocalOrg, type Reply, refusal, startLocalOrg } from './local-org.test-support.ts'

let org: LocalOrg
afterEach(() => org?.close())

const write = (api: SalesforceApi): Promise<unknown> =>
  api.write([{ kind: 'update', object: 'Contact', rows: [{ Id: '003' }] }])
const compositeWrite = (api: SalesforceApi): Promise<unknown> =>
  api.write(Array.from({ length: 2 }, () => ({ kind: 'update', object: 'Contact', rows: [{ Id: '003' }] }) as const))
const query = (api: SalesforceApi): Promise<unknown> => api.query(['SELECT Id FROM Contact'])
const compositeQuery = (api: SalesforceApi): Promise<unknown> =>
  api.query(['SELECT Id FROM Contact', 'SELECT Id FROM Account'])
const retrieve = (api: SalesforceApi): Promise<unknown> => api.retrieve('Contact', ['003'], ['Name'])
const describeIt = (api: SalesforceApi): Promise<unknown> => api.describe('Contact')
const limits = (api: SalesforceApi): Promise<unknown> => api.limits()

const failureOf = async (work: Promise<unknown>): Promise<SalesforceError> => {
  try {
    await work
  } catch (error) {
    return error as SalesforceError
  }
  throw new Error('it did not fail')
}

const replies: [
  name: string,
  reply: Reply,
  ofWrite: SalesforceFailure,
  ofRead: SalesforceFailure,
  code: string | RegExp,
][] = [
  ['a reset after the request', 'reset', 'lost-answer', 'outage', /UND_ERR_SOCKET|ECONNRESET/],
  ['an answer cut in the middle', 'cut', 'lost-answer', 'outage', /UND_ERR_SOCKET|ECONNRESET/],
  ['no answer in time', 'hang', 'lost-answer', 'outage', 'UND_ERR_HEADERS_TIMEOUT'],
  ['a 200 that is not JSON', { raw: '<html>' }, 'lost-answer', 'outage', 'UNREADABLE_ANSWER'],
  ['broken gzip', { raw: 'xx', headers: { 'content-encoding': 'gzip' } }, 'lost-answer', 'outage', 'BROKEN_GZIP'],
  ['a 502 of the edge', { status: 502, raw: '<html>' }, 'lost-answer', 'outage', 'HTTP_502'],
  ['a 504 of the edge', { status: 504, raw: '' }, 'lost-answer', 'outage', 'HTTP_504'],
  ['a 500 inside', refusal(500, 'UNKNOWN_EXCEPTION'), 'lost-answer', 'outage', 'UNKNOWN_EXCEPTION'],
  ['a 503', refusal(503, 'SERVER_UNAVAILABLE'), 'outage', 'outage', 'SERVER_UNAVAILABLE'],
  ['a 503 of the edge', { status: 503, raw: '<html>' }, 'outage', 'outage', 'HTTP_503'],
  ['a spent allowance', refusal(403, 'REQUEST_LIMIT_EXCEEDED'), 'allowance', 'allowance', 'REQUEST_LIMIT_EXCEEDED'],
  [
    'too many requests at one time',
    refusal(403, 'REQUEST_LIMIT_EXCEEDED', 'ConcurrentRequests (Concurrent API Requests) Limit exceeded.'),
    'outage',
    'outage',
    'REQUEST_LIMIT_EXCEEDED',
  ],
  ['a 429', { status: 429, raw: '' }, 'outage', 'outage', 'HTTP_429'],
  ["a firewall's page", { status: 403, raw: '<html>Blocked by policy' }, 'outage', 'outage', 'HTTP_403'],
  ['a 400 with an empty body', { status: 400, raw: '' }, 'outage', 'outage', 'HTTP_400'],
  ["a 404 of somebody else's JSON", { status: 404, raw: '{"error":"no route"}' }, 'outage', 'outage', 'HTTP_404'],
  ['a request too large for a proxy', { status: 413, raw: '<html>' }, 'refused', 'refused', 'HTTP_413'],
  ['a query that ran too long', refusal(400, 'QUERY_TIMEOUT'), 'outage', 'outage', 'QUERY_TIMEOUT'],
  ['a 400 inside', refusal(400, 'UNKNOWN_EXCEPTION'), 'outage', 'outage', 'UNKNOWN_EXCEPTION'],
  ['a lock of the whole request', refusal(400, 'UNABLE_TO_LOCK_ROW'), 'outage', 'outage', 'UNABLE_TO_LOCK_ROW'],
  ['an org without API access', refusal(403, 'API_DISABLED_FOR_ORG'), 'auth', 'auth', 'API_DISABLED_FOR_ORG'],
  ['a security policy', refusal(403, 'TXN_SECURITY_NO_ACCESS'), 'auth', 'auth', 'TXN_SECURITY_NO_ACCESS'],
  ['a 400', refusal(400, 'JSON_PARSER_ERROR'), 'refused', 'refused', 'JSON_PARSER_ERROR'],
  ['another 403', refusal(403, 'INSUFFICIENT_ACCESS'), 'refused', 'refused', 'INSUFFICIENT_ACCESS'],
  ['an unknown host at the edge', { status: 420, raw: '' }, 'outage', 'outage', 'HTTP_420'],
  [
    'a redirect',
    { status: 302, raw: '', headers: { location: 'http://127.0.0.1:1/' } },
    'outage',
    'outage',
    'HTTP_302',
  ],
]

test.each(replies)('%s means the right thing for writes and for reads', async (_, reply, ofWrite, ofRead, code) => {
  org = await startLocalOrg(() => reply)
  const client = org.client()
  const failures = await Promise.all(
    [write, compositeWrite, query, compositeQuery, retrieve, describeIt, limits].map((call) => failureOf(call(client))),
  )
  const [lone, many, ...reads] = failures
  for (const failure of [lone, many])
    expect(failure).toMatchObject({ kind: ofWrite, code: expect.stringMatching(code) })
  for (const failure of reads) expect(failure).toMatchObject({ kind: ofRead, code: expect.stringMatching(code) })
})

/** The org answers logins and names an instance where the calls then fail to arrive. */
const orgWithInstanceAt = async (instance: string): Promise<LocalOrg> =>
  startLocalOrg(
    () => ({ body: [] }),
    () => ({ body: { access_token: 't', instance_url: instance } }),
  )

const closedPort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

test('a refused connection is an outage: nothing was sent', async () => {
  org = await orgWithInstanceAt(`http://127.0.0.1:${await closedPort()}`)
  expect(await failureOf(write(org.client()))).toMatchObject({ kind: 'outage', code: 'ECONNREFUSED' })
})

test('a host that does not resolve is an outage', async () => {
  org = await orgWithInstanceAt('http://no-such-host.invalid')
  expect(await failureOf(write(org.client()))).toMatchObject({
    kind: 'outage',
    code: expect.stringMatching(/ENOTFOUND|EAI_AGAIN/),
  })
})

test.each([
  ['never ends', () => {}, /UND_ERR_CONNECT_TIMEOUT/],
  ['is broken off', 'destroy', /ECONNRESET|UND_ERR_SOCKET/],
] as const)('a TLS handshake that %s is an outage: the request never left', async (_, how, code) => {
  const sockets = new Set<import('node:net').Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    if (how === 'destroy') socket.once('data', () => socket.destroy())
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  org = await orgWithInstanceAt(`https://127.0.0.1:${(server.address() as AddressInfo).port}`)
  expect(await failureOf(write(org.client({ connectTimeoutMs: 300 })))).toMatchObject({
    kind: 'outage',
    code: expect.stringMatching(code),
  })
  for (const socket of sockets) socket.destroy()
  server.close()
})

test('error texts carry no e-mail address and no token', async () => {
  org = await startLocalOrg(() => refusal(400, 'JSON_PARSER_ERROR', 'Cannot read "jane.doe@example.com" at [line:1]'))
  const failure = await failureOf(write(org.client()))
  expect(failure.message).toBe('Cannot read "(address)" at [line:1]')
  expect(JSON.stringify(failure)).not.toMatch(/token-1/)
})
