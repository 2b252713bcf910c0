import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type RunningClerkEmulator, startClerkEmulator } from '../../emulators/clerk/index.ts'
import { against, clientFor, json, type Reply } from '../answers.test-support.ts'
import { organizationBody, userBody } from '../bodies.test-support.ts'
import type { ClerkError } from '../clerk-error.ts'
import type { ClerkClient } from '../client.ts'
import type { ScanOptions } from './scans.ts'

/* Scans of the Clerk emulator while records come and go between any two requests; and of a server that errs in ways Clerk might. */

const BEGIN = Date.UTC(2026, 0, 1)
let time = BEGIN
let clerk: RunningClerkEmulator
/** What happens before each request but the ones made here. */
let meanwhile: (request: number) => void | Promise<void> = () => {}
let requests = 0
let client: ClerkClient

beforeAll(async () => {
  const clock = { now: () => time, sleep: () => Promise.resolve() }
  clerk = await startClerkEmulator({ clock, rateLimits: false })
})
afterAll(() => clerk.close())
beforeEach(() => {
  client = clientFor(clerk.url, { secretKey: clerk.secretKey, pace: async () => meanwhile(requests++) })
  begin()
})

function begin(): void {
  clerk.reset()
  time = BEGIN
  requests = 0
  meanwhile = () => {}
}

const remove = async (path: string): Promise<void> => {
  const headers = { authorization: `Bearer ${clerk.secretKey}` }
  const { status } = await clerk.app.request(`/v1${path}`, { method: 'DELETE', headers })
  if (status !== 200) throw new Error(`DELETE ${path} gave ${status}`)
}

type Kind = {
  scan: (options: ScanOptions) => AsyncIterable<{ id: string }[]>
  create: (fields?: object) => string
  remove: (id: string) => Promise<void>
}

let made = 0
const kinds: Record<string, () => Kind> = {
  users: () => ({
    scan: (options) => client.scanUsers(options),
    create: (fields) => clerk.seed({ users: [fields ?? {}] }).users[0] ?? '',
    remove: (id) => remove(`/users/${id}`),
  }),
  organizations: () => ({
    scan: (options) => client.scanOrganizations(options),
    create: (fields) =>
      clerk.seed({ organizations: [{ name: 'Acme', created_by: null, ...fields }] }).organizations[0] ?? '',
    remove: (id) => remove(`/organizations/${id}`),
  }),
  memberships: () => {
    const users = new Map<string, string>()
    clerk.seed({ organizations: [{ id: 'org_acme', name: 'Acme', created_by: null }] })
    return {
      scan: (options) => client.scanMemberships(options),
      create: (fields) => {
        const user_id = `user_${made++}`
        const membership = { user_id, organization_id: 'org_acme', role: 'org:member', ...fields }
        const [id = ''] = clerk.seed({ users: [{ id: user_id }], memberships: [membership] }).memberships
        users.set(id, user_id)
        return id
      },
      remove: (id) => remove(`/organizations/org_acme/memberships/${users.get(id)}`),
    }
  },
}
const names = Object.keys(kinds)
const kindOf = (name: string): Kind => kinds[name]?.() ?? kindOf('users')

const collect = async (pages: AsyncIterable<{ id: string }[]>): Promise<string[]> => {
  const ids: string[] = []
  for await (const page of pages) ids.push(...page.map(({ id }) => id))
  return ids
}
const createMany = (kind: Kind, count: number, msApart = 1): string[] =>
  Array.from({ length: count }, () => {
    time += msApart
    return kind.create()
  })

test.each(names)('a scan of %s gives each once, oldest first, in pages as large as asked for', async (name) => {
  const kind = kindOf(name)
  const ids = createMany(kind, 60)
  expect(await collect(kind.scan({ limit: 30 }))).toEqual(ids)
  begin()
  const empty = kindOf(name)
  expect(await collect(empty.scan({}))).toEqual([])
})

test('a scan costs few requests beyond its pages', async () => {
  const cost = async (name: string, count: number): Promise<number> => {
    begin()
    const kind = kindOf(name)
    createMany(kind, count)
    expect(await collect(kind.scan({ limit: 500 }))).toHaveLength(count)
    return requests
  }
  expect(await cost('users', 1_600)).toBe(4 + 2)
  expect(await cost('users', 20)).toBe(1 + 1)
  expect(await cost('organizations', 1_900)).toBe(4)
  expect(await cost('memberships', 20)).toBe(1)
})

/** What happens between two requests: records by their place among those that exist, or a new one after some time. */
type Happening = { delete: number; count: number } | { createAfterMs: number }
const happening: fc.Arbitrary<Happening> = fc.oneof(
  fc.record({ delete: fc.nat(40), count: fc.integer({ min: 1, max: 12 }) }),
  fc.record({ createAfterMs: fc.nat(1) }),
)

test.each(names)(
  'who of the %s exists through the whole scan is found exactly once, whatever happens meanwhile',
  async (name) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(1), { minLength: 15, maxLength: 40, size: 'max' }),
        fc.array(fc.array(happening, { maxLength: 3 }), { minLength: 4, maxLength: 12 }),
        fc.integer({ min: 2, max: 9 }),
        async (msApart, history, limit) => {
          begin()
          const kind = kindOf(name)
          const existing = msApart.flatMap((ms) => createMany(kind, 1, ms))
          const ever = new Set(existing)
          const lasting = new Set(existing)
          meanwhile = async (request) => {
            for (const happened of history[request] ?? []) {
              if ('createAfterMs' in happened) {
                const [id = ''] = createMany(kind, 1, happened.createAfterMs)
                existing.push(id)
                ever.add(id)
                continue
              }
              for (const id of existing.splice(happened.delete, happened.count)) {
                lasting.delete(id)
                await kind.remove(id)
              }
            }
          }
          const given = await collect(kind.scan({ limit }))
          expect(new Set(given).size).toBe(given.length)
          expect(given.filter((id) => !ever.has(id))).toEqual([])
          expect([...lasting].filter((id) => !given.includes(id))).toEqual([])
        },
      ),
      { numRuns: 60 },
    )
  },
)

test.each(names)('of the %s none is missed when all that a page showed is deleted before the next', async (name) => {
  const kind = kindOf(name)
  const ids = createMany(kind, 100)
  meanwhile = async (request) => {
    if (request === 4) for (const id of ids.slice(0, 45)) await kind.remove(id)
  }
  const given = await collect(kind.scan({ limit: 10 }))
  expect(ids.slice(45).filter((id) => !given.includes(id))).toEqual([])
  expect(new Set(given).size).toBe(given.length)
})

test.each(names)('one of the %s that appears behind the scan, with a date in the past, fails it', async (name) => {
  const kind = kindOf(name)
  createMany(kind, 20)
  meanwhile = (request) => {
    if (request === 2) kind.create({ created_at: BEGIN - 1 })
  }
  await expect(collect(kind.scan({ limit: 5 }))).rejects.toMatchObject({ kind: 'outage', code: 'SCAN_CUT_SHORT' })
})

test('users are counted', async () => {
  createMany(kindOf('users'), 3)
  await expect(client.countUsers()).resolves.toBe(3)
})

test('a page that is turned away fails the scan, unless the caller has it tried again', async () => {
  const kind = kindOf('users')
  const ids = createMany(kind, 12)
  const busy = { path: '/v1/users', after: 1, times: 1, respond: { status: 429, headers: { 'retry-after': '1' } } }
  clerk.faults.add(busy)
  await expect(collect(kind.scan({ limit: 5 }))).rejects.toMatchObject({ kind: 'rate', retryAfterMs: 1_000 })
  clerk.faults.add(busy)
  const failures: ClerkError[] = []
  const through: ScanOptions['through'] = (send) =>
    send().catch((error: ClerkError) => {
      failures.push(error)
      return send()
    })
  expect(await collect(kind.scan({ limit: 5, through }))).toEqual(ids)
  expect(failures).toHaveLength(1)
})

test.each([0, 1, 501, 2.5])('a page of %d is a mistake of the caller', async (limit) => {
  expect(() => client.scanUsers({ limit })).toThrow(RangeError)
  expect(() => client.scanMemberships({ limit })).toThrow(RangeError)
})

const userAt = (n: number) => userBody({ id: `user_${n}`, created_at: BEGIN + n })
/** Users as a listing shows them that may not know the cursor, or not show all that was asked for. */
const listing =
  (users: { id: string; created_at: number }[], { gone = '', most = 500 } = {}): Reply =>
  (request, response, count) => {
    const { pathname, searchParams } = request.url
    if (pathname.endsWith('/count')) return json(200, { total_count: users.length })(request, response, count)
    const cursor = searchParams.get('starting_after')
    const from = Number(searchParams.get('created_at_after') ?? 0)
    const found = users.filter(({ created_at }) => created_at > from)
    const at = cursor === null ? 0 : found.findIndex(({ id }) => id === cursor) + 1
    const rest = cursor === gone ? [] : found.slice(at)
    return json(200, rest.slice(0, Math.min(most, Number(searchParams.get('limit')))))(request, response, count)
  }

test('a cursor that is gone may look like the end, and is not taken for it', async () => {
  const users = Array.from({ length: 9 }, (_, n) => userAt(n)) as { id: string; created_at: number }[]
  const { client: other, seen } = await against(listing(users, { gone: 'user_3' }))
  expect(await collect(other.scanUsers({ limit: 4 }))).toEqual(users.map(({ id }) => id))
  expect(seen[0]?.url.searchParams.get('order_by')).toBe('+created_at')
})

test('pages shorter than asked for are not the end either', async () => {
  const users = Array.from({ length: 9 }, (_, n) => userAt(n)) as { id: string; created_at: number }[]
  const { client: other } = await against(listing(users, { most: 2 }))
  expect(await collect(other.scanUsers({ limit: 4 }))).toEqual(users.map(({ id }) => id))
})

test.each<[string, Reply, string]>([
  ['gives the same page for ever', json(200, [userAt(1), userAt(2)]), 'SCAN_CUT_SHORT'],
  ['orders them otherwise', json(200, [userAt(2), userAt(1)]), 'SCAN_OUT_OF_ORDER'],
])('a listing of users that %s fails the scan', async (_, reply, code) => {
  const { client: other } = await against(reply)
  await expect(collect(other.scanUsers({ limit: 2 }))).rejects.toMatchObject({ code })
})

test.each([
  ['shows fewer than it counts', { data: [organizationBody()], total_count: 3 }],
  ['shows nothing of what it counts', { data: [], total_count: 3 }],
])('a listing of organizations that %s fails the scan', async (_, page) => {
  const { client: other } = await against(json(200, page))
  await expect(collect(other.scanOrganizations({ limit: 2 }))).rejects.toMatchObject({
    kind: 'outage',
    code: 'SCAN_CUT_SHORT',
  })
})

test('records of one millisecond may change places between two pages', async () => {
  const groups = fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 4, maxLength: 12 })
  const turns = fc.array(fc.nat(6), { minLength: 20, maxLength: 20 })
  await fc.assert(
    fc.asyncProperty(groups, turns, fc.integer({ min: 9, max: 10 }), async (sizes, turn, limit) => {
      const ids = sizes.flatMap((size, group) => Array.from({ length: size }, (_, n) => `org_${group}_${n}`))
      const { client: other } = await against((request, response, count) => {
        const turned = sizes.flatMap((size, group) => {
          const names = Array.from({ length: size }, (_, n) => `org_${group}_${(n + (turn[count % 20] ?? 0)) % size}`)
          return names.map((id) => organizationBody({ id, created_at: BEGIN + group }))
        })
        const offset = Number(request.url.searchParams.get('offset'))
        const page = { data: turned.slice(offset, offset + limit), total_count: ids.length }
        json(200, page)(request, response, count)
      })
      expect((await collect(other.scanOrganizations({ limit }))).sort()).toEqual(ids.sort())
    }),
    { numRuns: 50 },
  )
})
