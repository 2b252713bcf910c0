import { afterEach, expect, test } from 'vitest'
import { type LocalOrg, type Reply, refusal, type Seen, startLocalOrg } from './local-org.test-support.ts'

let org: LocalOrg
afterEach(() => org?.close())

const record = (Id: string, fields: object = {}): object => ({
  attributes: { type: 'Contact', url: `/x/${Id}` },
  Id,
  ...fields,
})
const page = (records: object[], next?: string): object => ({
  totalSize: records.length,
  done: next === undefined,
  records,
  ...(next !== undefined && { nextRecordsUrl: next }),
})
const composite = (call: Seen, reply: (url: URL) => { status?: number; body: unknown }): Reply => {
  const { compositeRequest } = call.body as { compositeRequest: { url: string; referenceId: string }[] }
  return {
    body: {
      compositeResponse: compositeRequest.map(({ url, referenceId }) => {
        const { status = 200, body } = reply(new URL(url, org.url))
        return { body, httpHeaders: {}, httpStatusCode: status, referenceId }
      }),
    },
  }
}

test('one query is one GET; records come without attributes, at any depth, with ids of 18 characters', async () => {
  const account = { attributes: { type: 'Account' }, Name: 'A', Owner: { attributes: { type: 'User' }, Name: 'O' } }
  const relations = page([{ attributes: { type: 'AccountContactRelation' }, Id: '07k000000000001', Roles: 'a;b' }])
  const address = { city: 'Oslo', street: null }
  org = await startLocalOrg(() => ({
    body: page([
      record('003000000000001', {
        Account: account,
        AccountContactRelations: relations,
        MailingAddress: address,
        Email: null,
      }),
      record('003000000000002AAA', { Account: null, AccountContactRelations: null }),
    ]),
  }))
  const client = org.client()
  const soql = "SELECT Id FROM Contact WHERE LastName = 'Ærø & Søn+'"
  expect(await client.query([soql])).toEqual([
    [
      {
        Id: '003000000000001AAA',
        Account: { Name: 'A', Owner: { Name: 'O' } },
        AccountContactRelations: [{ Id: '07k000000000001AAA', Roles: 'a;b' }],
        MailingAddress: address,
        Email: null,
      },
      { Id: '003000000000002AAA', Account: null, AccountContactRelations: null },
    ],
  ])
  expect(org.seen[0]).toMatchObject({ method: 'GET', path: '/services/data/v66.0/query' })
  expect(org.seen[0]?.query.get('q')).toBe(soql)
  expect(client.calls()).toEqual({ query: 1 })
})

test('several queries are one call, and every page of each is read, those of subqueries too', async () => {
  const child = (Id: string): object => ({ attributes: {}, Id })
  const pages: Record<string, object> = {
    '/services/data/v66.0/query/01g1-2000': page(
      [record('003000000000002AAA')],
      '/services/data/v66.0/query/01g1-4000',
    ),
    '/services/data/v66.0/query/01g1-4000': page([record('003000000000003AAA')]),
    '/services/data/v66.0/query/01g2-200': page([child('07k000000000002AAA')]),
  }
  org = await startLocalOrg((call) =>
    call.method === 'POST'
      ? composite(call, (url) =>
          url.searchParams.get('q') === 'first'
            ? { body: page([record('003000000000001AAA')], '/services/data/v66.0/query/01g1-2000') }
            : {
                body: page([
                  record('003000000000009AAA', {
                    Kids: page([child('07k000000000001AAA')], '/services/data/v66.0/query/01g2-200'),
                  }),
                ]),
              },
        )
      : { body: pages[call.path] },
  )
  const client = org.client()
  expect(await client.query(['first', 'second'])).toEqual([
    [{ Id: '003000000000001AAA' }, { Id: '003000000000002AAA' }, { Id: '003000000000003AAA' }],
    [{ Id: '003000000000009AAA', Kids: [{ Id: '07k000000000001AAA' }, { Id: '07k000000000002AAA' }] }],
  ])
  expect(client.calls()).toEqual({ 'query-composite': 1, 'query-page': 3 })
})

test('a query that is too long for an address goes in the body of a Composite', async () => {
  org = await startLocalOrg((call) =>
    composite(call, (url) => ({ body: page([record('003000000000001AAA', { q: url.searchParams.get('q') })]) })),
  )
  const soql = `SELECT Id FROM Contact WHERE Key__c IN (${"'user_x',".repeat(2_000)}'')`
  expect(await org.client().query([soql])).toEqual([[{ Id: '003000000000001AAA', q: soql }]])
  expect(org.seen).toMatchObject([{ method: 'POST', path: '/services/data/v66.0/composite' }])
})

test('one refused query of several fails the call with its own code and words', async () => {
  org = await startLocalOrg((call) =>
    composite(call, (url) =>
      url.searchParams.get('q') === 'bad'
        ? { status: 400, body: [{ errorCode: 'MALFORMED_QUERY', message: 'unexpected token: bad' }] }
        : { body: page([]) },
    ),
  )
  await expect(org.client().query(['good', 'bad'])).rejects.toMatchObject({
    kind: 'refused',
    code: 'MALFORMED_QUERY',
    message: 'unexpected token: bad',
  })
})

test('a list that cannot be read to its end is not returned in part', async () => {
  const next = '/services/data/v66.0/query/01g1-2000'
  org = await startLocalOrg((call) =>
    call.path === next
      ? refusal(400, 'INVALID_QUERY_LOCATOR', 'invalid query locator')
      : { body: page([record('003000000000001AAA')], next) },
  )
  await expect(org.client().query(['q'])).rejects.toMatchObject({ kind: 'refused', code: 'INVALID_QUERY_LOCATOR' })
})

test.each([
  ['more to come but no place to get it', { totalSize: 2, done: false, records: [] }],
  ['a next page at another host', { totalSize: 2, done: false, records: [], nextRecordsUrl: '//elsewhere.example/x' }],
  ['no records', { totalSize: 2, done: true }],
  ['a subquery that is cut short', page([record('003000000000001AAA', { Kids: { done: false, records: [] } })])],
])('a page with %s is an outage, and nothing more is asked', async (_, body) => {
  org = await startLocalOrg(() => ({ body }))
  await expect(org.client().query(['q'])).rejects.toMatchObject({ kind: 'outage', code: 'UNREADABLE_ANSWER' })
  expect(org.seen).toHaveLength(1)
})

test('a query that does not select Id is refused, for its records could not be told apart', async () => {
  org = await startLocalOrg(() => ({ body: page([{ attributes: {}, Name: 'x' }]) }))
  await expect(org.client().query(['q'])).rejects.toMatchObject({ kind: 'refused', code: 'NO_ID' })
})
