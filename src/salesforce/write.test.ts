import fc from 'fast-check'
import { afterEach, expect, test } from 'vitest'
import type { CollectionRequest } from './api.ts'
import { type LocalOrg, type Reply, refusal, type Seen, startLocalOrg } from './local-org.test-support.ts'

let org: LocalOrg
afterEach(() => org?.close())

const done = (id: string, created = false): object => ({ id, success: true, errors: [], created })
const failed = (statusCode: string, message: string, fields: string[] = []): object => ({
  success: false,
  created: true,
  errors: [{ statusCode, message, fields }],
})
const accounts: CollectionRequest = {
  kind: 'upsert',
  object: 'Account',
  externalIdField: 'Clerk_Org_Id__c',
  rows: [{ Clerk_Org_Id__c: 'org_a/b?', Name: 'A' }],
}
const contacts: CollectionRequest = {
  kind: 'upsert',
  object: 'Contact',
  externalIdField: 'Clerk_User_Id__c',
  rows: [
    { Clerk_User_Id__c: 'user_1', LastName: 'B', Account: { Clerk_Org_Id__c: 'org_a/b?' } },
    { Clerk_User_Id__c: 'user_2', LastName: 'C' },
  ],
}
const update: CollectionRequest = {
  kind: 'update',
  object: 'Contact',
  rows: [{ Id: '003000000000001AAA', LastName: 'D' }],
}
const removal: CollectionRequest = { kind: 'delete', object: 'AccountContactRelation', ids: ['07k1', '07k2'] }

type Subrequest = { method: string; url: string; referenceId: string; body?: unknown }
const subrequests = (call: Seen): Subrequest[] => (call.body as { compositeRequest: Subrequest[] }).compositeRequest
type Subreply = { status?: number; body: unknown }
const composite = (call: Seen, reply: (request: Subrequest) => Subreply): Reply => ({
  body: {
    compositeResponse: subrequests(call).map((request) => {
      const { status = 200, body } = reply(request)
      return { body, httpHeaders: {}, httpStatusCode: status, referenceId: request.referenceId }
    }),
  },
})
const isUpsert = (url: string): boolean => /\/composite\/sobjects\/\w+\/\w+$/.test(url)
/** As many successes as there are rows in a Collections body. */
const allDone = (body: unknown): object[] => (body as { records: unknown[] }).records.map(() => done('001000000000001'))

test('one upsert goes as one Collections request, external ids in the body, with types and without all-or-none', async () => {
  org = await startLocalOrg(() => ({
    body: [done('003000000000001', true), failed('STRING_TOO_LONG', 'too long', ['LastName'])],
  }))
  const client = org.client()
  const results = await client.write([contacts])
  expect(results).toEqual([
    [
      { ok: true, id: '003000000000001AAA', created: true },
      { ok: false, code: 'STRING_TOO_LONG', message: 'too long', fields: ['LastName'] },
    ],
  ])
  expect(org.seen).toMatchObject([
    {
      method: 'PATCH',
      path: '/services/data/v66.0/composite/sobjects/Contact/Clerk_User_Id__c',
      headers: { 'sforce-call-options': 'client=clerkforce', 'content-type': 'application/json' },
    },
  ])
  expect(org.seen[0]?.body).toEqual({
    allOrNone: false,
    records: contacts.kind === 'upsert' && contacts.rows.map((row) => ({ attributes: { type: 'Contact' }, ...row })),
  })
  expect(client.calls()).toEqual({ write: 1 })
})

test('an update names its records by id, a delete carries its ids in the address', async () => {
  org = await startLocalOrg((call) => ({
    body: call.method === 'DELETE' ? [done('07k1'), done('07k2')] : [done('003000000000001')],
  }))
  const client = org.client()
  expect(await client.write([update])).toEqual([[{ ok: true, id: '003000000000001AAA', created: false }]])
  expect(await client.write([removal])).toMatchObject([[{ ok: true }, { ok: true }]])
  expect(org.seen[0]).toMatchObject({ method: 'PATCH', path: '/services/data/v66.0/composite/sobjects' })
  expect(org.seen[0]?.body).toEqual({
    allOrNone: false,
    records: [{ attributes: { type: 'Contact' }, id: '003000000000001AAA', LastName: 'D' }],
  })
  expect(org.seen[1]?.query.get('ids')).toBe('07k1,07k2')
  expect(org.seen[1]?.query.get('allOrNone')).toBe('false')
})

test('several requests are one call, in order, each for itself, matched by reference however they come back', async () => {
  org = await startLocalOrg((call) => {
    const reply = composite(call, ({ method, body }) => ({
      body: method === 'DELETE' ? [done('07k1'), failed('ENTITY_IS_DELETED', 'entity is deleted')] : allDone(body),
    })) as { body: { compositeResponse: unknown[] } }
    reply.body.compositeResponse.reverse()
    return reply
  })
  const client = org.client()
  const results = await client.write([accounts, contacts, update, removal])
  expect(results.map((rows) => rows.map((row) => row.ok))).toEqual([[true], [true, true], [true], [true, false]])
  expect(org.seen).toHaveLength(1)
  expect(org.seen[0]).toMatchObject({
    method: 'POST',
    path: '/services/data/v66.0/composite',
    body: {
      allOrNone: false,
      collateSubrequests: false,
      compositeRequest: [
        { method: 'PATCH', url: '/services/data/v66.0/composite/sobjects/Account/Clerk_Org_Id__c' },
        { method: 'PATCH', url: '/services/data/v66.0/composite/sobjects/Contact/Clerk_User_Id__c' },
        { method: 'PATCH', url: '/services/data/v66.0/composite/sobjects' },
        { method: 'DELETE', url: '/services/data/v66.0/composite/sobjects?ids=07k1,07k2&allOrNone=false' },
      ],
    },
  })
  expect(client.calls()).toEqual({ 'write-composite': 1 })
})

test('a subrequest that fails as a whole fails its own rows and no others', async () => {
  org = await startLocalOrg((call) =>
    composite(call, ({ method, body }) =>
      method === 'DELETE'
        ? { status: 400, body: [{ errorCode: 'MALFORMED_ID', message: 'malformed id' }] }
        : { body: allDone(body) },
    ),
  )
  const refused = { ok: false, code: 'MALFORMED_ID', message: 'malformed id', fields: [], wholeRequest: true }
  expect(await org.client().write([removal, update])).toEqual([
    [refused, refused],
    [{ ok: true, id: expect.any(String), created: false }],
  ])
})

test('a subrequest that the allowance or a fault stopped is not sent again', async () => {
  org = await startLocalOrg((call) =>
    composite(call, ({ url, body }) =>
      url.includes('/Account/')
        ? { status: 403, body: [{ errorCode: 'REQUEST_LIMIT_EXCEEDED', message: 'limit' }] }
        : url.includes('/Contact/')
          ? { status: 503, body: '' }
          : { body: allDone(body) },
    ),
  )
  expect(await org.client().write([accounts, contacts, update])).toMatchObject([
    [{ code: 'REQUEST_LIMIT_EXCEEDED' }],
    [{ code: 'HTTP_503' }, { code: 'HTTP_503' }],
    [{ ok: true }],
  ])
  expect(org.seen).toHaveLength(1)
})

test.each([
  [503, 'SERVER_UNAVAILABLE', 'outage'],
  [403, 'REQUEST_LIMIT_EXCEEDED', 'allowance'],
])('when all subrequests are turned away with %i %s, the call is: %s', async (status, errorCode, kind) => {
  org = await startLocalOrg((call) => composite(call, () => ({ status, body: [{ errorCode, message: '' }] })))
  await expect(org.client().write([accounts, update])).rejects.toMatchObject({ kind, code: errorCode })
  expect(org.seen).toHaveLength(1)
})

test('where Composite refuses the upsert form, upserts go alone from then on, and this is said once', async () => {
  org = await startLocalOrg((call) =>
    call.path.endsWith('/composite')
      ? composite(call, ({ url, body }) =>
          isUpsert(url)
            ? { status: 400, body: [{ errorCode: 'INVALID_BATCH_REQUEST', message: 'not here' }] }
            : { body: allDone(body) },
        )
      : { body: allDone(call.body) },
  )
  const notices: string[] = []
  const client = org.client({ onNotice: (notice) => notices.push(notice) })
  const okOf = async (): Promise<boolean[][]> =>
    (await client.write([accounts, contacts, update, update])).map((rows) => rows.map((row) => row.ok))
  expect(await okOf()).toEqual([[true], [true, true], [true], [true]])
  expect(client.calls()).toEqual({ 'write-composite': 1, write: 2 })
  expect(await okOf()).toEqual([[true], [true, true], [true], [true]])
  expect(client.calls()).toEqual({ 'write-composite': 2, write: 4 })
  expect(subrequests(org.seen.at(-1) ?? ({} as Seen))).toHaveLength(2)
  expect(notices).toHaveLength(1)
})

test('an upsert that is refused alone as well was spoiled by its contents: its rows fail, and Composite stays in use', async () => {
  const badField = { errorCode: 'INVALID_FIELD', message: "No such column 'X__c' on sobject of type Contact" }
  org = await startLocalOrg((call) =>
    call.path.endsWith('/composite')
      ? composite(call, ({ url, body }) =>
          url.includes('/Contact/') ? { status: 400, body: [badField] } : { body: allDone(body) },
        )
      : { status: 400, body: [badField] },
  )
  const notices: string[] = []
  const client = org.client({ onNotice: (notice) => notices.push(notice) })
  const refused = { ok: false, code: 'INVALID_FIELD', message: badField.message, fields: [], wholeRequest: true }
  expect(await client.write([accounts, contacts])).toEqual([
    [{ ok: true, id: expect.any(String), created: false }],
    [refused, refused],
  ])
  await client.write([accounts, contacts])
  expect(client.calls()).toEqual({ 'write-composite': 2, write: 2 })
  expect(notices).toEqual([])
})

test.each([
  ['a code that speaks of the contents', 'REQUEST_RUNNING_TOO_LONG', /Account|Contact/],
  ['one of two upserts only', 'INVALID_BATCH_REQUEST', /Account/],
])('a refusal that passed with %s is no reason to send upserts alone from then on', async (_, errorCode, which) => {
  let first = true
  org = await startLocalOrg((call) => {
    if (!call.path.endsWith('/composite')) return { body: allDone(call.body) }
    const refuses = first
    first = false
    return composite(call, ({ url, body }) =>
      refuses && isUpsert(url) && which.test(url)
        ? { status: 400, body: [{ errorCode, message: '' }] }
        : { body: allDone(body) },
    )
  })
  const notices: string[] = []
  const client = org.client({ onNotice: (notice) => notices.push(notice) })
  const okOf = async (): Promise<boolean[][]> =>
    (await client.write([accounts, contacts])).map((rows) => rows.map((row) => row.ok))
  expect(await okOf()).toEqual([[true], [true, true]])
  const { write: alone } = client.calls()
  expect(await okOf()).toEqual([[true], [true, true]])
  expect(client.calls()).toEqual({ 'write-composite': 2, write: alone })
  expect(notices).toEqual([])
})

test('when a later part of one call fails, the answer is lost, because the earlier part is done', async () => {
  org = await startLocalOrg((call) =>
    call.path.endsWith('/composite')
      ? composite(call, ({ url, body }) =>
          isUpsert(url)
            ? { status: 400, body: [{ errorCode: 'INVALID_BATCH_REQUEST', message: '' }] }
            : { body: allDone(body) },
        )
      : refusal(503, 'SERVER_UNAVAILABLE'),
  )
  await expect(org.client().write([accounts, update])).rejects.toMatchObject({
    kind: 'lost-answer',
    code: 'SERVER_UNAVAILABLE',
  })
})

test('an answer for another number of rows cannot be assigned, and is lost', async () => {
  org = await startLocalOrg(() => ({ body: [done('003000000000001')] }))
  await expect(org.client().write([contacts])).rejects.toMatchObject({ kind: 'lost-answer', code: 'UNREADABLE_ANSWER' })
})

test('a row that reads as nothing fails alone', async () => {
  org = await startLocalOrg(() => ({ body: [{ success: true }, { success: false, errors: [] }] }))
  expect(await org.client().write([contacts])).toMatchObject([
    [
      { ok: false, code: 'UNREADABLE_ANSWER' },
      { ok: false, code: 'NO_ERROR_GIVEN' },
    ],
  ])
})

test('more than Salesforce takes is a mistake of the caller and is not sent', async () => {
  org = await startLocalOrg(() => ({ body: [] }))
  const client = org.client()
  const ids = Array.from({ length: 201 }, (_, index) => `003${index}`)
  await expect(client.write([{ kind: 'delete', object: 'Contact', ids }])).rejects.toThrow(RangeError)
  await expect(client.write([{ kind: 'delete', object: 'Contact', ids: [] }])).rejects.toThrow(RangeError)
  await expect(client.write([])).rejects.toThrow(RangeError)
  await expect(client.write(Array.from({ length: 6 }, () => update))).rejects.toThrow(RangeError)
  expect(org.seen).toEqual([])
})

type Fate = 'created' | 'failed'
const fates = fc.array(fc.constantFrom<Fate>('created', 'failed'), { minLength: 1, maxLength: 5 })
const writes = fc.array(
  fc.record({ kind: fc.constantFrom('upsert', 'update', 'delete'), fates, refused: fc.boolean() }),
  {
    minLength: 1,
    maxLength: 5,
  },
)

test('whatever is refused, in part or whole, alone or inside a Composite, each row gets its own result at its own place', async () => {
  const rowsOf = (keys: readonly string[]): object[] =>
    keys.map((key) => (key.endsWith('failed') ? failed('STRING_TOO_LONG', key) : done(key)))
  const keysIn = (url: string, body: unknown): string[] => {
    const ids = new URL(url, 'http://org').searchParams.get('ids')
    if (ids !== null) return ids.split(',')
    return (body as { records: { Key__c?: string; id?: string }[] }).records.map(
      (record) => record.Key__c ?? record.id ?? '',
    )
  }
  const answer = (url: string, body: unknown): { status: number; body: object[] } => {
    const keys = keysIn(url, body)
    return keys.some((key) => key.startsWith('bad'))
      ? { status: 400, body: [{ errorCode: 'INVALID_FIELD', message: 'bad' }] }
      : { status: 200, body: rowsOf(keys) }
  }
  let composable = true
  org = await startLocalOrg((call) => {
    if (!call.path.endsWith('/composite')) return answer(`${call.path}?${call.query}`, call.body)
    return composite(call, ({ url, body }) =>
      isUpsert(url) && !composable
        ? { status: 400, body: [{ errorCode: 'INVALID_BATCH_REQUEST', message: 'form' }] }
        : answer(url, body),
    )
  })

  await fc.assert(
    fc.asyncProperty(writes, fc.boolean(), async (plan, upsertsCompose) => {
      composable = upsertsCompose
      const keysOf = plan.map((part, index) =>
        part.fates.map((fate, row) => `${part.refused ? 'bad' : 'ok'}-${index}-${row}-${fate}`),
      )
      const requests = plan.map(({ kind }, index): CollectionRequest => {
        const keys = keysOf[index] ?? []
        if (kind === 'delete') return { kind, object: 'Contact', ids: keys }
        if (kind === 'update') return { kind, object: 'Contact', rows: keys.map((key) => ({ Id: key })) }
        return {
          kind: 'upsert',
          object: 'Contact',
          externalIdField: 'Key__c',
          rows: keys.map((key) => ({ Key__c: key })),
        }
      })
      const client = org.client()
      const work = client.write(requests)
      if (plan.length === 1 && plan[0]?.refused) {
        await expect(work).rejects.toMatchObject({ kind: 'refused', code: 'INVALID_FIELD' })
        return
      }
      const results = await work
      const told = results.map((rows) => rows.map((row) => (row.ok ? row.id : row.message)))
      expect(told).toEqual(keysOf.map((keys) => keys.map((key) => (key.startsWith('bad') ? 'bad' : key))))
    }),
    { numRuns: 150 },
  )
})
