import fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import { databaseKinds, freshDatabase, freshPostgres } from '../../../test/support/databases.ts'
import { runs } from '../../../test/support/runs.ts'
import { createClerkClient } from '../../clerk/client.ts'
import { type Clock, systemClock } from '../../clock.ts'
import { type Database, openDatabase } from '../../db/database.ts'
import { type RunningClerkEmulator, startClerkEmulator } from '../../emulators/index.ts'
import { finishIntent, takeIntent } from '../mirror/intents.ts'
import {
  type CreatedOrganization,
  type CreateOrganizationOptions,
  createOrganization,
  KeyReusedError,
  type OrganizationRequest,
} from './create-organization.ts'

/** Sleeps a twentieth as long as it is told to. */
const quickClock: Clock = { now: systemClock.now, sleep: (ms, signal) => systemClock.sleep(ms / 20, signal) }

type Setting = { clerk: RunningClerkEmulator; create: (request: OrganizationRequest) => Promise<CreatedOrganization> }

const settingOn = async (db: Database, clerk: RunningClerkEmulator): Promise<Setting> => {
  const client = createClerkClient({ secretKey: clerk.secretKey, apiUrl: clerk.url, timeoutMs: 5_000 })
  onTestFinished(() => client.close())
  const options: CreateOrganizationOptions = { db, clerk: client, clock: quickClock, newKey: () => crypto.randomUUID() }
  return { clerk, create: (request) => createOrganization(options, request) }
}

const startClerk = async (): Promise<RunningClerkEmulator> => {
  const clerk = await startClerkEmulator({ rateLimits: false })
  onTestFinished(() => clerk.close())
  return clerk
}

const setUp = async (kind: Database['kind'] = 'postgres'): Promise<Setting & { db: Database }> => {
  const db = await freshDatabase(kind)
  return { db, ...(await settingOn(db, await startClerk())) }
}

const posts = { method: 'POST', path: '/v1/organizations' }
const looks = { method: 'GET', path: '/v1/organizations' }

test.each(databaseKinds)(
  'an organization carries the key of its request, and is in the mirror and dirty at once (%s)',
  async (kind) => {
    const { db, clerk, create } = await setUp(kind)
    const made = await create({ name: ' Acme ', key: 'order-1', publicMetadata: { plan: 'pro' } })
    expect(made).toMatchObject({ name: 'Acme', key: 'order-1', created: true, slug: null })
    expect(clerk.state().organizations).toMatchObject([
      { id: made.id, private_metadata: { clerkforce_intent: 'order-1' }, public_metadata: { plan: 'pro' } },
    ])
    const dirty = await db.query(
      `select l.clerk_id from clerkforce.dirty d join clerkforce.link l on l.id = d.link_id
     join clerkforce.record r on r.entity = l.entity and r.id = l.clerk_id and r.side = 'clerk'`,
    )
    expect(dirty).toEqual([{ clerk_id: made.id }])
  },
)

test('an answer that is lost is found again by its mark', async () => {
  const { clerk, create } = await setUp()
  clerk.faults.add({ ...posts, times: 1, drop: 'answer' })
  const made = await create({ name: 'Acme' })
  expect(clerk.state().organizations).toMatchObject([{ id: made.id }])
})

test('a request that was lost on its way is made again', async () => {
  const { clerk, create } = await setUp()
  clerk.faults.add({ ...posts, times: 1, drop: 'request' })
  const made = await create({ name: 'Acme' })
  expect(clerk.state().organizations).toMatchObject([{ id: made.id }])
})

test.each([
  ['the same key', 'order-1'],
  ['the same name and no key', undefined],
])('when it cannot be told whether it was created, trying again with %s makes no second one', async (_, key) => {
  const { clerk, create } = await setUp()
  clerk.seed({ organizations: [{ name: 'Acme' }, { name: 'Acme Holding' }] })
  clerk.faults.add({ ...posts, times: 1, drop: 'answer' }, { ...looks, respond: { status: 503 } })
  await expect(create({ name: 'Acme', key })).rejects.toMatchObject({ kind: 'lost-answer' })
  clerk.faults.clear()
  const found = await create({ name: 'Acme', key })
  expect(found).toMatchObject({ created: false })
  expect(clerk.state().organizations).toHaveLength(3)
  expect(await create({ name: 'Acme', key: found.key })).toEqual(found)
})

test('once a request is finished, another of the same name without a key is a new one', async () => {
  const { clerk, create } = await setUp()
  const ids = [await create({ name: 'Acme' }), await create({ name: 'Acme' })].map(({ id }) => id)
  expect(new Set(ids).size).toBe(2)
  expect(clerk.state().organizations).toHaveLength(2)
})

test('a key that stands for another name is refused', async () => {
  const { create } = await setUp()
  await create({ name: 'Acme', key: 'order-1' })
  await expect(create({ name: 'Other', key: 'order-1' })).rejects.toBeInstanceOf(KeyReusedError)
})

test("Clerk's refusal is shown in its words, and the same key may be tried again when its cause is gone", async () => {
  const { clerk, create } = await setUp()
  const refused = create({ name: 'Acme', key: 'order-1', createdBy: 'user_nobody' })
  await expect(refused).rejects.toMatchObject({ kind: 'refused', code: 'organization_creator_not_found' })
  expect(await create({ name: 'Acme', key: 'order-1' })).toMatchObject({ created: true })
  expect(clerk.state().organizations).toHaveLength(1)
})

test.each([
  ['the look for an earlier one is refused', [{ ...looks, respond: { status: 401 } }]],
  [
    'the look finds nothing yet and the create is refused',
    [
      { ...looks, respond: { status: 200, body: { data: [], total_count: 0 } } },
      { ...posts, respond: { status: 403 } },
    ],
  ],
])('an organization whose answer was lost is still found after a try in which %s', async (_, faults) => {
  const { clerk, create } = await setUp()
  clerk.faults.add({ ...posts, times: 1, drop: 'answer' }, { ...looks, respond: { status: 503 } })
  await expect(create({ name: 'Acme', key: 'order-1' })).rejects.toMatchObject({ kind: 'lost-answer' })
  clerk.faults.clear()
  clerk.faults.add(...faults)
  await expect(create({ name: 'Acme', key: 'order-1' })).rejects.toThrow()
  clerk.faults.clear()
  expect(await create({ name: 'Acme', key: 'order-1' })).toMatchObject({ created: false })
  expect(clerk.state().organizations).toHaveLength(1)
})

test('a refusal after a lost answer of the same call leaves the request open', async () => {
  const { clerk, create } = await setUp()
  const empty = { status: 200, body: { data: [], total_count: 0 } }
  clerk.faults.add({ ...posts, times: 1, drop: 'answer' }, { ...looks, respond: empty })
  clerk.faults.add({ ...posts, respond: { status: 403 } })
  await expect(create({ name: 'Acme', key: 'order-1' })).rejects.toMatchObject({ kind: 'refused' })
  clerk.faults.clear()
  expect(await create({ name: 'Acme', key: 'order-1' })).toMatchObject({ created: false })
  expect(clerk.state().organizations).toHaveLength(1)
})

test('who has lost the lease finishes nothing, unless it is the same organization', async () => {
  const { db } = await setUp()
  const wanted = { key: 'order-1', newKey: 'unused', name: 'Acme' }
  await takeIntent(db, wanted, { lease: 'slow', now: 0, leaseMs: 10 })
  await takeIntent(db, wanted, { lease: 'quick', now: 20, leaseMs: 10 })
  const finish = (lease: string, id: string | null) => finishIntent(db.query, { key: 'order-1', lease }, id, 30)
  expect(await finish('slow', 'org_slow')).toBe(false)
  expect(await finish('slow', null)).toBe(false)
  expect(await finish('quick', 'org_quick')).toBe(true)
  expect(await finish('slow', 'org_quick')).toBe(true)
  expect(await db.query('select clerk_id from clerkforce.intent')).toEqual([{ clerk_id: 'org_quick' }])
})

test('an outage leaves the request open, and the next try is not kept waiting', async () => {
  const { clerk, create } = await setUp()
  clerk.faults.add({ ...posts, times: 1, respond: { status: 503 } })
  await expect(create({ name: 'Acme', key: 'order-1' })).rejects.toMatchObject({ kind: 'outage' })
  expect(await create({ name: 'Acme', key: 'order-1' })).toMatchObject({ created: true })
})

test('what a killed process left behind is taken over when its lease is over, and found by its mark', async () => {
  const { db, clerk, create } = await setUp()
  const [id] = clerk.seed({
    organizations: [{ name: 'Acme', private_metadata: { clerkforce_intent: 'order-1' } }],
  }).organizations
  await db.query(
    `insert into clerkforce.intent (key, kind, name, created_at, leased_by, leased_until)
     values ('order-1', 'create-organization', 'Acme', $1, 'gone', $2)`,
    [Date.now(), Date.now() + 300],
  )
  const started = Date.now()
  expect(await create({ name: 'Acme' })).toMatchObject({ id, key: 'order-1', created: false })
  expect(Date.now() - started).toBeGreaterThanOrEqual(290)
})

test.each(databaseKinds)('calls at the same time with one key give one organization (%s)', async (kind) => {
  const { clerk, create } = await setUp(kind)
  clerk.faults.add({ ...posts, times: 1, latencyMs: 300, drop: 'answer' })
  const made = await Promise.all(Array.from({ length: 8 }, () => create({ name: 'Acme', key: 'order-1' })))
  expect(new Set(made.map(({ id }) => id)).size).toBe(1)
  expect(made.filter(({ created }) => created)).toHaveLength(1)
  expect(clerk.state().organizations).toHaveLength(1)
})

test('calls at the same time without a key for one name count as one request', async () => {
  const { clerk, create } = await setUp()
  clerk.faults.add({ ...posts, times: 3, latencyMs: 800 })
  const made = await Promise.all([create({ name: 'Acme' }), create({ name: 'Acme' }), create({ name: 'Other' })])
  expect(made[0]?.id).toBe(made[1]?.id)
  expect(clerk.state().organizations).toHaveLength(2)
})

test('processes that share a database make one organization of one key, whatever goes wrong on the way', async () => {
  const url = await freshPostgres()
  const clerk = await startClerk()
  const processes = await Promise.all(
    [1, 2, 3].map(async () => {
      const db = await openDatabase({ url, connections: 3 })
      onTestFinished(() => db.close())
      return settingOn(db, clerk)
    }),
  )
  const mishap = fc.constantFrom(
    { ...posts, drop: 'answer' as const },
    { ...posts, drop: 'request' as const },
    { ...posts, respond: { status: 500 } },
    { ...posts, respond: { status: 503 } },
    { ...posts, respond: { status: 429, headers: { 'retry-after': '1' } } },
    { ...looks, respond: { status: 503 } },
    { ...looks, drop: 'answer' as const },
  )
  let run = 0
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(mishap, fc.nat(2)), { maxLength: 6 }), async (mishaps) => {
      const name = `Company ${++run}.`
      clerk.faults.clear()
      for (const [fault, after] of mishaps) clerk.faults.add({ ...fault, times: 1, after })
      const request = { name, key: `order-${run}` }
      const first = await Promise.allSettled(processes.map(({ create }) => create(request)))
      clerk.faults.clear()
      const last = await Promise.all(processes.map(({ create }) => create(request)))
      const there = clerk.state().organizations.filter((one) => one['name'] === name)
      expect(there).toHaveLength(1)
      for (const one of last) expect(one.id).toBe(there[0]?.['id'])
      for (const one of first) if (one.status === 'fulfilled') expect(one.value.id).toBe(there[0]?.['id'])
    }),
    { numRuns: runs(4) },
  )
})
