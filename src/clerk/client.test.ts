import { createServer } from 'node:http'
import { createServer as createTcpServer, type Socket } from 'node:net'
import { expect, test } from 'vitest'
import {
  against,
  againstSocket,
  clerkError,
  clientFor,
  closers,
  failureOf,
  json,
  listen,
  type Reply,
  text,
} from './answers.test-support.ts'
import { membershipBody, organizationBody, userBody } from './bodies.test-support.ts'
import type { ClerkClient } from './client.ts'

/* Against a real server in this process, which is told what to answer; what Clerk itself would answer is conformance.test.ts. */

const create = (client: ClerkClient) => client.createOrganization({ name: 'Acme' })

test('each request carries the key and the version of the API', async () => {
  const { client, seen } = await against(json(200, userBody()))
  await expect(client.getUser('user_1')).resolves.toMatchObject({ id: 'user_1' })
  expect(seen[0]).toMatchObject({ method: 'GET', url: { pathname: '/v1/users/user_1' } })
  expect(seen[0]?.headers).toMatchObject({ authorization: 'Bearer sk_test_1', 'clerk-api-version': '2026-05-12' })
})

test('an address with a path keeps it, and an id cannot lead out of its path', async () => {
  const { seen, client } = await against(json(200, userBody()))
  await client.getUser('../../x?y')
  expect(seen[0]?.url.pathname).toBe('/v1/users/..%2F..%2Fx%3Fy')
  const server = createServer((request, response) => response.end(JSON.stringify(userBody({ id: request.url }))))
  const proxied = clientFor(`${await listen(server)}/clerk/`)
  await expect(proxied.getUser('user_1')).resolves.toMatchObject({ id: '/clerk/v1/users/user_1' })
})

test('a user, an organization or the memberships of a user that Clerk does not know are undefined', async () => {
  const { client } = await against(clerkError(404, 'resource_not_found', 'No user was found with id user_1'))
  await expect(client.getUser('user_1')).resolves.toBeUndefined()
  await expect(client.getOrganization('org_1')).resolves.toBeUndefined()
  await expect(client.listUserMemberships('user_1')).resolves.toBeUndefined()
})

test("a 404 that is not Clerk's does not make anybody absent", async () => {
  const { client } = await against(text(404, '<h1>Not found</h1>'))
  await expect(failureOf(client.getUser('user_1'))).resolves.toMatchObject({
    kind: 'refused',
    code: 'HTTP_404',
    message: 'Clerk answered 404, not in the way Clerk does: is CLERK_API_URL right?',
  })
})

test('many users are asked for in one request, and none in none', async () => {
  const { client, seen } = await against(json(200, [userBody(), userBody({ id: 'user_2' })]))
  await expect(client.getUsers([])).resolves.toEqual([])
  await expect(client.getUsers(['user_1', 'user_2', 'user_3'])).resolves.toHaveLength(2)
  expect(seen).toHaveLength(1)
  expect(seen[0]?.url.searchParams.getAll('user_id')).toEqual(['user_1', 'user_2', 'user_3'])
  expect(seen[0]?.url.searchParams.get('limit')).toBe('100')
  await expect(client.getUsers(Array.from({ length: 101 }, (_, index) => `user_${index}`))).rejects.toThrow(RangeError)
})

/** Lists `ids` as Clerk does, no more than `most` at a time. */
const listing = (ids: readonly string[], body: (id: string) => unknown, most = 500): Reply => {
  return (request, response) => {
    const offset = Number(request.url.searchParams.get('offset'))
    const limit = Math.min(most, Number(request.url.searchParams.get('limit')))
    const data = ids.slice(offset, offset + limit).map(body)
    json(200, { data, total_count: ids.length })(request, response, 0)
  }
}

test.each([
  [0, 1],
  [1, 1],
  [500, 1],
  [501, 2],
  [1_200, 3],
])('%i memberships are listed in %i requests', async (count, requests) => {
  const ids = Array.from({ length: count }, (_, index) => `orgmem_${index}`)
  const { client, seen } = await against(listing(ids, (id) => membershipBody({ id })))
  const memberships = await client.listUserMemberships('user_1')
  expect(memberships?.map((one) => one.id)).toEqual(ids)
  expect(seen).toHaveLength(requests)
  expect(seen[0]?.url.pathname).toBe('/v1/users/user_1/organization_memberships')
})

test('pages smaller than asked for lose nothing', async () => {
  const ids = Array.from({ length: 25 }, (_, index) => `org_${index}`)
  const { client } = await against(listing(ids, (id) => organizationBody({ id }), 10))
  expect((await client.findOrganizations({ query: 'Acme' })).map((one) => one.id)).toEqual(ids)
})

test('a listing that never comes to its end is left when a page brings nothing new', async () => {
  const { client, seen } = await against(json(200, { data: [organizationBody()], total_count: 1_000_000 }))
  await expect(client.findOrganizations({ query: 'Acme' })).resolves.toHaveLength(1)
  expect(seen).toHaveLength(2)
})

test('organizations are found by the query, newest first', async () => {
  const { client, seen } = await against(listing(['org_1'], (id) => organizationBody({ id })))
  await client.findOrganizations({ query: 'Café & Söhne' })
  const search = Object.fromEntries(seen[0]?.url.searchParams ?? [])
  expect(search).toEqual({ query: 'Café & Söhne', order_by: '-created_at', limit: '500', offset: '0' })
})

test('a failed look for organizations is an error and never an empty list', async () => {
  const { client } = await against(clerkError(404, 'resource_not_found', 'not found'))
  await expect(failureOf(client.findOrganizations({ query: 'Acme' }))).resolves.toMatchObject({ kind: 'refused' })
})

test('an organization is created with what was given, and no slug unless one was', async () => {
  const { client, seen } = await against(json(200, organizationBody()))
  await expect(create(client)).resolves.toMatchObject({ id: 'org_1', name: 'Acme' })
  await client.createOrganization({
    name: 'Acme',
    slug: 'acme',
    createdBy: 'user_1',
    publicMetadata: { tier: 'gold' },
    privateMetadata: { key: 'k' },
    maxAllowedMemberships: 0,
  })
  expect(seen.map((one) => one.body)).toEqual([
    { name: 'Acme' },
    {
      name: 'Acme',
      slug: 'acme',
      created_by: 'user_1',
      public_metadata: { tier: 'gold' },
      private_metadata: { key: 'k' },
      max_allowed_memberships: 0,
    },
  ])
  expect(seen[0]).toMatchObject({ method: 'POST', url: { pathname: '/v1/organizations' } })
})

test('a refusal comes in the words of Clerk, with its code and trace', async () => {
  const { client } = await against(clerkError(403, 'organization_slugs_disabled', 'Organization slugs are disabled.'))
  await expect(failureOf(create(client))).resolves.toMatchObject({
    kind: 'refused',
    status: 403,
    code: 'organization_slugs_disabled',
    message: 'Organization slugs are disabled.',
    traceId: 'trace_1',
  })
})

test('an e-mail address that Clerk quotes does not get into the error', async () => {
  const words = 'There are pending invitations for: [jane.doe+x@example.co.uk, "joe@example.com"], john@example.com.'
  const { client } = await against(clerkError(400, 'duplicate_record', words))
  const failure = await failureOf(create(client))
  const hidden = '(an e-mail address)'
  expect(failure.message).toBe(`There are pending invitations for: [${hidden}, "${hidden}"], ${hidden}.`)
})

test('an error whose details are not as documented keeps its code and its words', async () => {
  const { client } = await against(json(422, { errors: [{ code: 'odd', message: 'Odd.', meta: { param_name: 5 } }] }))
  expect(await failureOf(create(client))).toMatchObject({ code: 'odd', message: 'Odd.', param: undefined })
})

test('several errors of one answer are all told, and an empty code is no code', async () => {
  const errors = [
    { code: '', message: 'already exists', long_message: '' },
    { code: 'form_param_missing', message: 'is missing' },
  ]
  const { client } = await against(json(400, { errors }))
  await expect(failureOf(create(client))).resolves.toMatchObject({
    kind: 'refused',
    code: 'HTTP_400',
    message: 'already exists; is missing',
  })
})

test.each([
  [401, 'clerk_key_invalid'],
  [403, 'authorization_invalid'],
])('%i %s is a matter of the key', async (status, code) => {
  const { client } = await against(clerkError(status, code, 'The provided Clerk Secret Key is invalid.'))
  const failure = await failureOf(client.getUser('user_1'))
  expect(failure).toMatchObject({ kind: 'auth', status, code })
  expect(JSON.stringify({ ...failure }) + failure.message + failure.stack).not.toContain('sk_test_1')
})

test.each([
  ['7', 7_000],
  ['Wed, 21 Oct 2026 07:28:00 GMT', undefined],
])('a spent rate limit with Retry-After "%s" is reported, and nothing is tried again', async (header, expected) => {
  const { client, seen } = await against(
    clerkError(429, 'too_many_requests', 'Too many requests.', { 'retry-after': header }),
  )
  expect(await failureOf(client.getUser('user_1'))).toMatchObject({ kind: 'rate', retryAfterMs: expected })
  expect(seen).toHaveLength(1)
})

test.each([500, 502, 504, 522])('after %i a read may be repeated, while a write may have been done', async (status) => {
  const { client } = await against(text(status, '<html>'))
  expect(await failureOf(client.getUser('user_1'))).toMatchObject({ kind: 'outage', status, code: `HTTP_${status}` })
  expect(await failureOf(create(client))).toMatchObject({ kind: 'lost-answer', status })
})

test('after 503 nothing was done', async () => {
  const { client } = await against(text(503, '', { 'retry-after': '30' }))
  expect(await failureOf(create(client))).toMatchObject({ kind: 'outage', status: 503, retryAfterMs: 30_000 })
})

test('a redirect is not followed, for the key would go along', async () => {
  const { client, seen } = await against(text(308, '', { location: '/elsewhere' }))
  expect(await failureOf(client.getUser('user_1'))).toMatchObject({ kind: 'refused', code: 'HTTP_308' })
  expect(seen).toHaveLength(1)
})

test('where nobody listens nothing was sent', async () => {
  const server = createServer()
  const url = await listen(server)
  await closers.pop()?.()
  expect(await failureOf(create(clientFor(url)))).toMatchObject({
    kind: 'outage',
    code: 'ECONNREFUSED',
    status: undefined,
  })
})

test('where no name resolves nothing was sent', async () => {
  expect(await failureOf(create(clientFor('http://clerk.invalid')))).toMatchObject({ kind: 'outage' })
})

test('where no TLS comes about nothing was sent', async () => {
  const server = createTcpServer((socket) => {
    socket.on('error', () => {})
    socket.once('data', () => socket.resetAndDestroy())
  })
  const url = (await listen(server)).replace('http:', 'https:')
  expect(await failureOf(create(clientFor(url)))).toMatchObject({ kind: 'outage', code: 'ECONNRESET' })
})

test.each([
  ['reset', (socket: Socket) => socket.resetAndDestroy()],
  ['closed', (socket: Socket) => socket.end()],
  [
    'cut in the middle of the answer',
    (socket: Socket) => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"id":')
      setTimeout(() => socket.resetAndDestroy(), 20)
    },
  ],
  ['answered with nonsense', (socket: Socket) => socket.end('nonsense\r\n\r\n')],
])('a connection that was %s loses the answer to a write, and a read may be repeated', async (_, act) => {
  const client = await againstSocket(act)
  expect(await failureOf(create(client))).toMatchObject({ kind: 'lost-answer', status: undefined })
  expect(await failureOf(client.getUser('user_1'))).toMatchObject({ kind: 'outage' })
})

test('an answer that does not come in time is lost, at the time that was set', async () => {
  const client = await againstSocket(() => {}, { timeoutMs: 150 })
  const start = performance.now()
  expect(await failureOf(create(client))).toMatchObject({ kind: 'lost-answer', code: 'TIMEOUT' })
  expect(performance.now() - start).toBeLessThan(1_000)
})

test('an answer whose end does not come in time is lost', async () => {
  const client = await againstSocket(
    (socket) => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"id":')
    },
    { timeoutMs: 150 },
  )
  expect(await failureOf(create(client))).toMatchObject({ kind: 'lost-answer', code: 'TIMEOUT' })
})

test('a 200 that cannot be read is a lost answer to a write, and never a person without fields', async () => {
  const { client } = await against((request, response, count) =>
    (count <= 2 ? text(200, '<html>') : json(200, { id: 'org_1' }))(request, response, count),
  )
  expect(await failureOf(create(client))).toMatchObject({ kind: 'lost-answer', code: 'NOT_JSON' })
  expect(await failureOf(client.getUser('user_1'))).toMatchObject({ kind: 'outage', code: 'NOT_JSON' })
  expect(await failureOf(create(client))).toMatchObject({ kind: 'lost-answer', code: 'UNREADABLE' })
  expect(await failureOf(client.getUser('user_1'))).toMatchObject({ kind: 'refused', code: 'UNREADABLE' })
})

test('each request waits for its turn, those for further pages too', async () => {
  const ids = Array.from({ length: 501 }, (_, index) => `org_${index}`)
  const order: string[] = []
  const pages = listing(ids, (id) => organizationBody({ id }))
  const reply: Reply = (request, response, count) => {
    order.push(request.url.searchParams.get('offset') ?? '')
    pages(request, response, count)
  }
  const { client } = await against(reply, {
    pace: async () => {
      order.push('turn')
    },
  })
  await client.findOrganizations({ query: 'Acme' })
  expect(order).toEqual(['turn', '0', 'turn', '500'])
})

test('a call that comes after closing was not sent', async () => {
  const { client, seen } = await against(json(200, organizationBody()))
  await client.close()
  closers.pop()
  expect(await failureOf(create(client))).toMatchObject({
    kind: 'outage',
    code: expect.stringMatching(/CLOSED|DESTROYED/),
  })
  expect(seen).toHaveLength(0)
})

test('closing waits for the call under way', async () => {
  const { client } = await against((request, response, count) =>
    setTimeout(() => json(200, userBody())(request, response, count), 50),
  )
  const call = client.getUser('user_1')
  await client.close()
  closers.pop()
  await expect(call).resolves.toMatchObject({ id: 'user_1' })
})
