import { Webhook } from 'standardwebhooks'
import { expect, onTestFinished, test } from 'vitest'
import { ClerkError } from '../../src/clerk/clerk-error.ts'
import type { ClerkClient } from '../../src/clerk/client.ts'
import { createVerifier } from '../../src/clerk/signature.ts'
import { systemClock } from '../../src/clock.ts'
import { openDatabase } from '../../src/db/database.ts'
import { fillGaps } from '../../src/sync/intake/fill-gaps.ts'
import { readHints } from '../../src/sync/intake/read-hints.ts'
import { createReceive, type Receive } from '../../src/sync/intake/receive.ts'
import { listProblems, readCounts, retryParked } from '../../src/sync/mirror/counts.ts'
import { openGaps } from '../../src/sync/mirror/gaps.ts'
import { pruneHints, storeHints } from '../../src/sync/mirror/inbox.ts'
import { day, userEvent } from '../support/clerk-events.ts'
import { databaseKinds, freshDatabase, freshPostgres } from '../support/databases.ts'
import { signed, signingSecret, startRoad } from '../support/road.ts'
import { startSilentServer } from '../support/silent-server.ts'

const bodyOf = (event: object): Buffer => Buffer.from(JSON.stringify(event))

/** Nested deeper than PostgreSQL reads, and deeper than JSON.stringify writes. */
const nested = (depth: number): string =>
  JSON.stringify(userEvent('created', { id: 'user_deep', fields: { unsafe_metadata: { deep: 'HERE' } } })).replace(
    '"HERE"',
    '['.repeat(depth) + ']'.repeat(depth),
  )

test.each(databaseKinds)(
  'whatever a body holds, it becomes a problem without a word of it, and holds nobody up (%s)',
  async (kind) => {
    const db = await freshDatabase(kind)
    const hint = (deliveryId: string, body: Buffer | string) => ({
      deliveryId,
      type: 'user.created',
      body: Buffer.from(body),
    })
    await storeHints(
      db.query,
      [
        hint('1 broken', '{"first_name": Ada Lovelace}'),
        hint('2 not utf-8', Buffer.from([0x7b, 0xff, 0x7d])),
        hint('3 deep', nested(20_000)),
        hint('4 deeper', nested(200_000)),
        hint('5 marked', `\uFEFF${JSON.stringify(userEvent('created', { id: 'user_marked' }))}`),
        hint('6 good', bodyOf(userEvent('created', { id: 'user_good' }))),
      ],
      1,
    )
    expect(await readHints(db, 500, Date.now)).toHaveLength(6)
    const problems = await listProblems(db.query, 10)
    expect(problems.map(({ deliveryId }) => deliveryId.slice(0, 1)).sort()).toEqual(['1', '2', '3', '4'])
    for (const { problem } of problems)
      expect(problem).toMatch(/^UNREADABLE: \w+Error$|^the database refused it \(54001\)$/)
    const people = await db.query<{ id: string }>(
      "select id from clerkforce.record where entity = 'person' order by id",
    )
    expect(people).toEqual([{ id: 'user_good' }, { id: 'user_marked' }])
  },
)

test('what gets a 2xx with a byte order mark is read like any other', async () => {
  const { engine, db } = await startRoad()
  const text = `\uFEFF${JSON.stringify(userEvent('created', { id: 'user_marked' }))}`
  const at = new Date()
  const headers = new Headers({
    'svix-id': 'msg_marked',
    'svix-timestamp': String(Math.floor(at.getTime() / 1000)),
    'svix-signature': new Webhook(signingSecret).sign('msg_marked', at, text),
  })
  expect((await engine.receive({ headers, body: Buffer.from(text) })).status).toBe(200)
  await engine.drain()
  expect(await listProblems(db.query, 10)).toEqual([])
})

/** Receives on a database that has fallen silent, with a hundredth of the patience from then on. */
const receiveInSilence = async (): Promise<Receive> => {
  const server = await startSilentServer(await freshPostgres())
  const db = await openDatabase({ url: server.url })
  onTestFinished(() => void db.close())
  let haste = 1
  const sleep = (ms: number, signal?: AbortSignal) => systemClock.sleep(ms / haste, signal)
  const receive = createReceive({
    db,
    verify: createVerifier({ secrets: [signingSecret] }),
    now: Date.now,
    sleep,
    stored: () => undefined,
  })
  expect(await receive(signed(userEvent('created', { id: 'user_0' }), 'msg_0'))).toMatchObject({ status: 200 })
  server.fallSilent()
  haste = 100
  return receive
}

test('while the database does not answer, a webhook is answered with 503 before its sender gives up', async () => {
  const receive = await receiveInSilence()
  const started = Date.now()
  const answers = await Promise.all(
    Array.from({ length: 300 }, (_, n) => receive(signed(userEvent('created', { id: `user_${n}` }), `msg_${n}`))),
  )
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([503]))
  expect(answers.at(-1)).toMatchObject({ outcome: 'database-down', detail: 'the database does not answer' })
  expect(Date.now() - started).toBeLessThan(5_000)
})

test('what waits for the database is bounded: above it the answer is 503 at once', async () => {
  const receive = await receiveInSilence()
  const large = signed(userEvent('created', { id: 'user_1', fields: { padding: 'x'.repeat(1024 * 1024) } }), 'msg_1')
  const answers = Array.from({ length: 70 }, () => receive(large))
  expect(await answers[69]).toMatchObject({ status: 503, detail: 'too many webhooks wait for the database' })
  expect(await answers[0]).toMatchObject({ status: 503, detail: 'the database does not answer' })
})

test('processes that store the same deliveries in different order do not wait for each other', async () => {
  const db = await freshDatabase('postgres')
  for (let round = 0; round < 20; round++) {
    const hints = Array.from({ length: 150 }, (_, n) => ({
      deliveryId: `msg_${round}_${n}`,
      type: 'user.updated',
      body: Buffer.alloc(2_000),
    }))
    await Promise.all([storeHints(db.query, hints, 1), storeHints(db.query, hints.toReversed(), 1)])
  }
  expect(await db.query('select count(*) as count from clerkforce.hint')).toEqual([{ count: 3_000 }])
})

type Told = { code?: unknown; attempts?: unknown }

/** Asks about one person, hour after hour, a Clerk that answers in one way; returns when it was asked and what was logged. */
const askForDays = async (answer: () => Promise<undefined>, days: number) => {
  const db = await freshDatabase('postgres')
  const start = day(0)
  let now = start
  await openGaps(db.query, ['user_ada'], now)
  const told: Told[] = []
  const asked: number[] = []
  const ask = () => {
    if (asked.at(-1) !== now) asked.push(now)
    return answer()
  }
  const clerk = { getUser: ask, listUserMemberships: ask } as unknown as ClerkClient
  const gaps = () => db.query<{ attempts: number }>('select attempts from clerkforce.gap')
  while (now < start + days * 86_400_000 && (await gaps()).length > 0) {
    await fillGaps(db, clerk, { limit: 10, now: () => now, log: { warn: (fields) => void told.push(fields) } })
    const [row] = await db.query<{ due_at: number }>('select due_at from clerkforce.gap')
    now = Math.max(now + 1, row?.due_at ?? now)
  }
  const distances = asked.slice(1).map((at, index) => at - (asked[index] ?? 0))
  return { gaps: await gaps(), told, asked, distances }
}

test('a gap that Clerk refuses to fill is kept, asked about at growing distances of up to an hour, and logged', async () => {
  const refuse = async () => {
    throw new ClerkError('refused', 'some_new_code', 'no', { status: 422 })
  }
  const { gaps, told, asked, distances } = await askForDays(refuse, 2)
  expect(gaps).toHaveLength(1)
  expect(distances.slice(0, 3)).toEqual([1_000, 2_000, 4_000])
  expect(distances.at(-1)).toBe(3_600_000)
  expect(told).toHaveLength(asked.length)
  expect(told[0]).toMatchObject({ code: 'some_new_code', attempts: 1 })
})

test('an answer that is not in the words of Clerk is a failure of the side, and costs the gap no attempt', async () => {
  const refuse = async () => {
    throw new ClerkError('refused', 'HTTP_404', 'Clerk answered 404', { status: 404 })
  }
  const { gaps, distances } = await askForDays(refuse, 0.01)
  expect(gaps).toEqual([{ attempts: 0 }])
  expect(new Set(distances)).toEqual(new Set([5_000]))
})

test('a gap is closed when Clerk itself says that there is no such user', async () => {
  expect(await askForDays(async () => undefined, 1)).toMatchObject({ gaps: [], told: [] })
})

test('a retry of all makes nothing anew that somebody deleted in Salesforce, until that is asked for', async () => {
  const { deliver, engine, org, db, records } = await startRoad()
  for (const n of [1, 2]) await deliver(userEvent('created', { id: `user_${n}` }))
  await engine.drain()
  for (const contact of records('Contact')) org.person.remove('Contact', String(contact['Id']))
  for (const n of [1, 2]) await deliver(userEvent('updated', { id: `user_${n}`, at: day(1), first: 'Augusta' }))
  await engine.drain()
  const retry = async (deleted: boolean) => {
    const retried = await retryParked(db.query, 'all', Date.now(), { deleted })
    engine.wake()
    await engine.drain()
    return [retried, records('Contact').length]
  }
  expect(await retry(false)).toEqual([0, 0])
  expect(await retry(true)).toEqual([2, 2])
})

test('what is pruned and how far we are behind is read off an index', async () => {
  const db = await freshDatabase('postgres')
  await db.query(`insert into clerkforce.hint (delivery_id, type, received_at, observed_at, problem)
    select 'msg_' || n, 'user.updated', n, n, case when n = 7 then 'broken' end from generate_series(1, 20000) n`)
  await db.query(
    "insert into clerkforce.link (entity, clerk_id) select 'person', 'user_' || n from generate_series(1, 20000) n",
  )
  await db.query(`insert into clerkforce.dirty (link_id, rank, group_key, version, due_at)
    select id, 1 + id % 2, clerk_id, 1, 600000 + id * 1000 from clerkforce.link`)
  await db.query('analyze')
  const plans: string[] = []
  const explained: typeof db.query = async <R>(text: string, values?: readonly unknown[]) => {
    const lines = await db.query<Record<string, string>>(`explain ${text}`, values)
    plans.push(lines.map((line) => Object.values(line)[0]).join('\n'))
    return db.query<R>(text, values)
  }
  expect((await readCounts(explained, 10_000_000)).behindMs).toBeGreaterThanOrEqual(10_000_000 - 601_000 - 60_000)
  expect(await pruneHints(explained, 101)).toBe(99)
  expect(plans[0]).toContain('dirty_due')
  expect(plans[1]).toContain('hint_read')
})

test("a firewall's page parks nobody: it is an outage, and ends by itself", async () => {
  const { deliver, engine, org, records, db } = await startRoad()
  await deliver(userEvent('created', { id: 'user_0' }))
  await engine.drain()
  org.faults.add({
    path: '/services/data/*',
    until: Date.now() + 1_000,
    respond: { status: 403, body: '<html>Blocked by policy</html>' },
  })
  for (let n = 1; n <= 20; n++) await deliver(userEvent('created', { id: `user_${n}` }))
  await expect.poll(() => engine.health().paused?.reason).toBe('outage')
  await engine.drain()
  expect(records('Contact')).toHaveLength(21)
  expect((await readCounts(db.query, Date.now())).parked).toBe(0)
})

test('too many requests at one time pause for a moment, not for the day', async () => {
  const { deliver, engine, org, records } = await startRoad()
  await deliver(userEvent('created', { id: 'user_1' }))
  await engine.drain()
  const message = 'ConcurrentRequests (Concurrent API Requests) Limit exceeded.'
  org.faults.add({
    path: '/services/data/*',
    times: 1,
    respond: { status: 403, body: [{ errorCode: 'REQUEST_LIMIT_EXCEEDED', message }] },
  })
  await deliver(userEvent('created', { id: 'user_2' }))
  await engine.drain(15_000)
  expect(records('Contact')).toHaveLength(2)
})
