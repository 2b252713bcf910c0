import { request } from 'node:http'
import { Hono } from 'hono'
import { expect, onTestFinished, test } from 'vitest'
import { databaseKinds } from '../../test/support/databases.ts'
import { systemClock } from '../clock.ts'
import { addHealthRoutes } from './health-routes.ts'
import { listen } from './listen.ts'
import { ADMIN_TOKEN, organizationEvent, serveForTest, sign } from './server.test-support.ts'

const hintsIn = async (db: { query: <R>(text: string) => Promise<R[]> }): Promise<number> => {
  const [row] = await db.query<{ count: number }>('select count(*) from clerkforce.hint')
  return row?.count ?? 0
}

const until = async (done: () => boolean | Promise<boolean>): Promise<void> => {
  for (let tries = 0; !(await done()); tries++) {
    if (tries > 300) throw new Error('it did not happen within 6 s')
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

test.each(databaseKinds)(
  'a signed webhook is stored before it is answered, a repeated one is answered and does nothing, an unused one is counted (%s)',
  async (kind) => {
    const { app, db, clerk, engine, salesforce, admin } = await serveForTest({ kind })
    const body = organizationEvent('org_1', 'Acme')
    const first = await app.request('/webhooks/clerk', sign(clerk.signingSecret, body, { id: 'msg_1' }))
    expect([first.status, await first.text(), await hintsIn(db)]).toEqual([200, 'stored', 1])
    const second = await app.request('/webhooks/clerk', sign(clerk.signingSecret, body, { id: 'msg_1' }))
    expect([second.status, await second.text(), await hintsIn(db)]).toEqual([200, 'repeated', 1])
    const unused = JSON.stringify({ type: 'session.created', data: {}, timestamp: 1, instance_id: 'ins_1' })
    const third = await app.request('/webhooks/clerk', sign(clerk.signingSecret, unused))
    expect([third.status, await third.text(), await hintsIn(db)]).toEqual([200, 'unused', 1])
    await engine.drain()
    expect(salesforce.state()['Account']).toMatchObject([{ Name: 'Acme' }])

    const metrics = await (await admin('/metrics')).text()
    expect(metrics).toContain('clerkforce_hints_total{type="organization.created",outcome="stored"} 1')
    expect(metrics).toContain('clerkforce_hints_total{type="organization.created",outcome="repeated"} 1')
    expect(metrics).toContain('clerkforce_hints_total{type="organization.created",outcome="observed"} 1')
    expect(metrics).toContain('clerkforce_hints_total{type="other",outcome="unused"} 1')
    expect(metrics).toContain(
      'clerkforce_writes_total{side="salesforce",entity="organization",kind="create",result="done"} 1',
    )
    expect(metrics).toMatch(/clerkforce_salesforce_api_calls_total\{kind="write"\} 1/)
    expect(metrics).toMatch(/clerkforce_salesforce_api_remaining 149\d\d/)
    expect(metrics).toContain('clerkforce_lag_seconds_count{side="salesforce",entity="organization"} 1')
    expect(metrics).toContain('clerkforce_intake_seconds_count 3')
    expect(metrics).toMatch(/clerkforce_links_dirty 0\n/)
    expect(metrics).toContain('clerkforce_salesforce_paused{reason="outage"} 0')
    expect(metrics).not.toContain('org_1')
  },
)

test('what is refused at the door is not stored, and leaves one line in the log without its body', async () => {
  const { app, db, clerk, logged } = await serveForTest()
  const secret = clerk.signingSecret
  const body = organizationEvent('org_1', 'Somebody Very Private')
  const signed = sign(secret, body)
  const old = new Date(Date.now() - 6 * 60_000)
  const cases: [number, string, RequestInit][] = [
    [401, 'bad-signature', { ...signed, body: `${body} ` }],
    [401, 'bad-signature', sign(`whsec_${Buffer.alloc(24, 1).toString('base64')}`, body)],
    [401, 'stale', sign(secret, body, { at: old })],
    [400, 'missing-headers', { method: 'POST', body }],
    [400, 'not-json', sign(secret, 'Somebody Very Private')],
    [413, 'too-large', sign(secret, 'x'.repeat(1024 * 1024 + 1))],
    [405, 'method-not-allowed', { method: 'PUT', body }],
    [405, 'method-not-allowed', { method: 'GET' }],
  ]
  for (const [status, code, init] of cases) {
    const before = logged().length
    const response = await app.request('/webhooks/clerk', init)
    expect([response.status, await response.json()]).toMatchObject([status, { error: { code } }])
    const lines = logged().slice(before)
    expect(lines).toMatchObject([{ level: 'warn', stage: 'intake', outcome: code }])
    expect(JSON.stringify(lines)).not.toContain('Private')
    if (status === 405) expect(response.headers.get('allow')).toBe('POST')
  }
  expect(await hintsIn(db)).toBe(0)
})

test('a body of exactly 1 MiB is let in', async () => {
  const { app, clerk } = await serveForTest()
  const start = organizationEvent('org_1', 'Acme').slice(0, -1)
  const body = `${start},"padding":"${'x'.repeat(1024 * 1024 - start.length - 14)}"}`
  expect(Buffer.byteLength(body)).toBe(1024 * 1024)
  expect((await app.request('/webhooks/clerk', sign(clerk.signingSecret, body))).status).toBe(200)
})

test('a body that is too large is refused before it has been read, whether its size was announced or not', async () => {
  const { app } = await serveForTest()
  const server = await listen(app, { host: '127.0.0.1', port: 0 })
  onTestFinished(() => server.close(0))
  for (const headers of [{ 'content-length': String(1024 * 1024 * 1024) }, { 'transfer-encoding': 'chunked' }]) {
    const status = await new Promise((resolve, reject) => {
      const sending = request(`${server.url}/webhooks/clerk`, { method: 'POST', headers }, (response) => {
        resolve(response.statusCode)
        sending.destroy()
      })
      sending.on('error', reject)
      // A little more than is allowed, and never the end.
      sending.write(Buffer.alloc(1024 * 1024 + 1))
    })
    expect(status).toBe(413)
  }
})

test('while the database is away, webhooks are answered with 503, so that Clerk sends them again', async () => {
  const { app, clerk, db, engine, logged, admin } = await serveForTest()
  await engine.drain()
  await db.close()
  const response = await app.request('/webhooks/clerk', sign(clerk.signingSecret, organizationEvent('org_1', 'Acme')))
  expect([response.status, response.headers.get('retry-after')]).toEqual([503, '5'])
  expect(logged().filter((line) => line['outcome'] === 'database-down')).toHaveLength(1)
  const ready = await app.request('/readyz')
  expect([ready.status, await ready.json()]).toMatchObject([
    503,
    { reasons: expect.arrayContaining(['the database cannot be reached']) },
  ])
  expect((await app.request('/healthz')).status).toBe(200)
  expect(await (await admin('/metrics')).text()).toContain('clerkforce_database_up 0')
})

test('a process is ready once the org has been asked for its fields', async () => {
  const { app, engine } = await serveForTest()
  await until(() => engine.health().checked !== undefined)
  const response = await app.request('/readyz')
  expect([response.status, await response.json()]).toEqual([
    200,
    { status: 'ready', reasons: [], salesforce: 'working' },
  ])
})

test('a mapping that does not fit the org makes a process unready, and says which field', async () => {
  const { app, engine, admin } = await serveForTest({
    config: { person: { fields: { Plan__c: 'public_metadata.plan' } } },
  })
  await until(() => engine.health().checked !== undefined)
  const response = await app.request('/readyz')
  const answer = (await response.json()) as { reasons: string[] }
  expect(response.status).toBe(503)
  expect(answer.reasons).toEqual([expect.stringMatching(/^Contact\.Plan__c is missing/)])
  const status = await (await admin('/api/status')).json()
  expect(status).toMatchObject({ salesforce: { state: 'problems', problems: answer.reasons } })
})

test('a mapping that stops fitting later is named by /readyz, and takes no process off the road', async () => {
  const { db, engine } = await serveForTest()
  await until(() => engine.health().checked !== undefined)
  const { checked, ...health } = engine.health()
  let problems: string[] = []
  const later = { health: () => ({ ...health, checked: checked && { ...checked, problems } }) }
  const app = new Hono()
  addHealthRoutes(app, { db, engine: later, clock: systemClock })
  expect((await app.request('/readyz')).status).toBe(200)
  problems = ['Contact.Clerk_User_Id__c is missing']
  const response = await app.request('/readyz')
  expect([response.status, await response.json()]).toEqual([
    200,
    { status: 'ready', reasons: [], salesforce: 'problems', problems },
  ])
  await db.close()
  expect((await app.request('/readyz')).status).toBe(503)
})

test('a Salesforce that cannot be reached keeps a process unready for ten seconds, and no longer: webhooks must come in', async () => {
  let ahead = 0
  const clock = { ...systemClock, now: () => Date.now() + ahead }
  const { app, clerk } = await serveForTest({ salesforceDown: true, clock })
  expect((await app.request('/readyz')).status).toBe(503)
  ahead = 11_000
  const response = await app.request('/readyz')
  expect([response.status, await response.json()]).toMatchObject([200, { salesforce: 'checking' }])
  const body = organizationEvent('org_1', 'Acme')
  expect((await app.request('/webhooks/clerk', sign(clerk.signingSecret, body))).status).toBe(200)
})

test('everything but the webhook and the health checks is closed without an admin token', async () => {
  const { app } = await serveForTest({ adminToken: undefined })
  for (const path of ['/metrics', '/api/status', '/api/parked', '/api/anything']) {
    const response = await app.request(path, { headers: { authorization: `Bearer ${ADMIN_TOKEN}` } })
    expect([response.status, await response.json()]).toMatchObject([403, { error: { code: 'closed' } }])
  }
})

test('the admin token is asked for, and only the right one opens', async () => {
  const { app, admin } = await serveForTest()
  const wrong = [
    '',
    'Bearer',
    'Bearer wrong',
    `Basic ${ADMIN_TOKEN}`,
    `Bearer ${ADMIN_TOKEN}x`,
    `Bearer ${ADMIN_TOKEN.slice(1)}`,
  ]
  for (const authorization of wrong) {
    const response = await app.request('/api/status', { headers: { authorization } })
    expect(response.status).toBe(401)
    expect(response.headers.get('www-authenticate')).toContain('Bearer')
  }
  for (const path of ['/metrics', '/api/status', '/api/parked', '/api/problems'])
    expect((await admin(path)).status).toBe(200)
  expect((await admin('/api/nothing')).status).toBe(404)
})

test('a link that Salesforce refused is listed as parked with the reason, and tried again when asked', async () => {
  const { engine, salesforce, admin, app, clerk } = await serveForTest()
  salesforce.setRules({
    validationRules: [{ object: 'Account', message: 'No test companies', when: { Name: 'Test' } }],
  })
  await app.request('/webhooks/clerk', sign(clerk.signingSecret, organizationEvent('org_1', 'Test')))
  await engine.drain()
  const { parked } = (await (await admin('/api/parked')).json()) as {
    parked: { link: number; clerkId: string; reason: string }[]
  }
  expect(parked).toMatchObject([{ clerkId: 'org_1', reason: expect.stringContaining('No test companies') }])

  salesforce.setRules({ validationRules: [] })
  const link = parked[0]?.link ?? 0
  const body = JSON.stringify({ links: [link, 999_999] })
  const retried = await admin('/api/retry', { method: 'POST', body })
  expect(await retried.json()).toEqual({ retried: { links: 1, leftOut: 0, problems: 0 } })
  await engine.drain()
  expect(salesforce.state()['Account']).toMatchObject([{ Name: 'Test' }])
  const status = await (await admin('/api/status')).json()
  expect(status).toMatchObject({ counts: { parked: 0 }, links: [{ entity: 'organization', linked: 1, parked: 0 }] })
})

test('a used webhook that cannot be read is listed as a problem, and read again when asked', async () => {
  const { engine, admin, app, clerk } = await serveForTest()
  const body = JSON.stringify({ type: 'user.created', data: { id: 7 }, timestamp: Date.now(), instance_id: 'ins_1' })
  await app.request('/webhooks/clerk', sign(clerk.signingSecret, body, { id: 'msg_bad' }))
  await engine.drain()
  const listed = await (await admin('/api/problems?limit=5')).json()
  expect(listed).toMatchObject({ problems: [{ deliveryId: 'msg_bad', type: 'user.created' }] })
  const retried = await admin('/api/retry', { method: 'POST', body: '{"problems":true}' })
  expect(await retried.json()).toEqual({ retried: { links: 0, leftOut: 0, problems: 1 } })
  await engine.drain()
  expect(await (await admin('/api/status')).json()).toMatchObject({ counts: { problems: 1 } })
})

test('what Salesforce asks for is listed, and let through or denied when an operator says so', async () => {
  const { engine, admin, db } = await serveForTest()
  const ask = `insert into clerkforce.request (key, kind, salesforce_id, asked_at, state)
    select 'account/' || id, 'organization', id, 1, 'asked' from unnest($1::text[]) as id`
  await db.query(ask, [['001000000000001AAA', '001000000000002AAA']])
  expect(await (await admin('/api/approvals?limit=1')).json()).toEqual({
    requests: [
      {
        key: 'account/001000000000001AAA',
        kind: 'organization',
        salesforceId: '001000000000001AAA',
        state: 'asked',
        askedAt: 1,
        code: null,
        reason: null,
      },
    ],
  })
  const decide = async (decision: string, requests: unknown): Promise<unknown> =>
    (await admin(`/api/${decision}`, { method: 'POST', body: JSON.stringify({ requests }) })).json()
  const [first, none] = ['account/001000000000001AAA', 'account/001000000000009AAA']
  expect(await decide('deny', [first, none])).toEqual({ decided: { requests: [first] } })
  expect(await decide('approve', 'all')).toEqual({ decided: { requests: ['account/001000000000002AAA'] } })
  expect(await engine.counts()).toMatchObject({ asked: 0, open: 1, failed: 0 })
})

test('a record is explained over HTTP by its id or address, and nothing of it reaches the log', async () => {
  const { app, admin, clerk, engine, logged } = await serveForTest()
  await app.request('/webhooks/clerk', sign(clerk.signingSecret, organizationEvent('org_1', 'Somebody Very Private')))
  await engine.drain()
  const explained = await admin('/api/explain/org_1')
  expect([explained.status, await explained.json()]).toMatchObject([
    200,
    { asked: 'org_1', records: [{ entity: 'organization', clerk: { name: 'Somebody Very Private' } }] },
  ])
  expect(await (await admin('/api/explain/nobody%40private.test')).json()).toMatchObject({ records: [], matches: [] })
  expect([(await admin('/api/explain/a%00b')).status, (await admin('/api/explain/org_1?limit=0')).status]).toEqual([
    400, 400,
  ])
  expect((await app.request('/api/explain/org_1')).status).toBe(401)
  expect(JSON.stringify(logged())).not.toMatch(/private/i)
})

test('input that makes no sense is refused with a sentence that names what is wrong, and changes nothing', async () => {
  const { admin, clerk } = await serveForTest()
  const cases: [string, RequestInit, RegExp][] = [
    ['/api/retry', { method: 'POST', body: '{' }, /not JSON/],
    ['/api/retry', { method: 'POST', body: '{}' }, /names nothing to retry/],
    ['/api/retry', { method: 'POST', body: '{"links":"some"}' }, /links: must be a list of link numbers, or "all"/],
    ['/api/retry', { method: 'POST', body: '{"links":[-1]}' }, /links/],
    ['/api/retry', { method: 'POST', body: '{"link":[1]}' }, /link/],
    ['/api/retry', { method: 'POST', body: '{"links":[1],"deleted":true}' }, /deleted goes with links: "all"/],
    ['/api/approve', { method: 'POST', body: '{}' }, /requests: must be a list of keys/],
    ['/api/deny', { method: 'POST', body: '{"requests":["a b"]}' }, /requests: must be a list of keys/],
    ['/api/approvals?limit=0', {}, /limit must be a number from 1 to 1000/],
    ['/api/parked?limit=none', {}, /limit must be a number from 1 to 1000/],
    ['/api/organizations', { method: 'POST', body: '{"name":"  "}' }, /name: must not be empty/],
    ['/api/organizations', { method: 'POST', body: '{"name":"Ac\\u0000me"}' }, /name: must not have control/],
    ['/api/organizations', { method: 'POST', body: '{"name":"Acme\\n"}' }, /name: must not have control/],
    ['/api/organizations', { method: 'POST', body: '{"name":"Acme","slug":"a\\tb"}' }, /slug: must not have control/],
    ['/api/organizations', { method: 'POST', body: '{"name":"Acme","created_by":"\\u0000"}' }, /created_by: must not/],
    ['/api/organizations', { method: 'POST', body: '{"slug":"acme"}' }, /name/],
    ['/api/organizations', { method: 'POST', body: '{"name":"Acme","id":"org_1"}' }, /id/],
    [
      '/api/organizations',
      { method: 'POST', body: '{"name":"Acme"}', headers: { 'idempotency-key': 'a b' } },
      /Idempotency-Key/,
    ],
    [
      '/api/organizations',
      { method: 'POST', body: '{"name":"Acme"}', headers: { 'idempotency-key': 'account/001' } },
      /kept for Accounts/,
    ],
  ]
  for (const [path, init, message] of cases) {
    const response = await admin(path, init)
    expect([path, init.body, response.status]).toEqual([path, init.body, 400])
    expect(await response.json()).toMatchObject({
      error: { code: 'bad-input', message: expect.stringMatching(message) },
    })
  }
  expect(clerk.state().organizations).toEqual([])
})

test('an organization is created once for each Idempotency-Key, and its Account follows', async () => {
  const { admin, clerk, salesforce, engine } = await serveForTest()
  const create = (name: string) =>
    admin('/api/organizations', {
      method: 'POST',
      body: JSON.stringify({ name, public_metadata: { plan: 'pro' }, max_allowed_memberships: 0 }),
      headers: { 'idempotency-key': 'order-1' },
    })
  const first = await create('Acme')
  const made = (await first.json()) as { organization: { id: string } }
  expect([first.status, made]).toMatchObject([201, { organization: { name: 'Acme', key: 'order-1', created: true } }])
  const second = await create('Acme')
  expect([second.status, await second.json()]).toEqual([
    200,
    { organization: { ...made.organization, created: false } },
  ])
  const other = await create('Other')
  expect([other.status, await other.json()]).toMatchObject([409, { error: { code: 'key-reused' } }])
  expect(clerk.state().organizations).toMatchObject([{ name: 'Acme', public_metadata: { plan: 'pro' } }])
  await engine.drain()
  expect(salesforce.state()['Account']).toMatchObject([{ Name: 'Acme', Clerk_Org_Id__c: made.organization.id }])
})

test("Clerk's refusal comes through in Clerk's own words", async () => {
  const { admin } = await serveForTest()
  const response = await admin('/api/organizations', { method: 'POST', body: '{"name":"Acme","slug":"acme"}' })
  expect([response.status, await response.json()]).toMatchObject([
    403,
    { error: { code: 'organization_slugs_disabled' } },
  ])
})
