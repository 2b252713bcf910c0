import { expect, test } from 'vitest'
import { createClerkEmulator } from '../index.ts'

const open = () => {
  const emulator = createClerkEmulator()
  const control = async (method: string, path: string, body?: unknown) => {
    const response = await emulator.app.request(`/_emulator${path}`, {
      method,
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    const text = await response.text()
    return { status: response.status, body: text === '' ? undefined : (JSON.parse(text) as Record<string, unknown>) }
  }
  return { emulator, control }
}

test('what a control does not know is refused, with what it does know', async () => {
  const { control } = open()
  const cases: [string, unknown, RegExp][] = [
    ['/settings', { slug: true }, /^POST \/_emulator\/settings: slug is not known; known are slugs, /],
    ['/settings', { secretKey: 'x' }, /secretKey is not known/],
    ['/settings', { rateLimits: { instanze: null } }, /rateLimits\.instanze is not known; known are instance, record/],
    ['/settings', { timestampUnit: 'm' }, /timestampUnit must be one of "ms", "s", not "m"/],
    ['/seed', { users: [{ email: 'a@example.com' }] }, /users\[0\]\.email is not known; known are id, email_addresses/],
    ['/seed', { organizations: [{}] }, /organizations\[0\]\.name is missing; it must be a text/],
    ['/disorder', { twice: 2 }, /twice must be at most 1, not 2/],
    ['/endpoints', { url: 'nowhere' }, /url must be an http:\/\/ or https:\/\/ address, not "nowhere"/],
    ['/endpoints/ep_x/replay', { which: 'some' }, /which must be one of "failed", "missing"|which must be/],
    ['/faults', { path: '/v1/*', respond: { status: 99 } }, /respond\.status must be at least 200, not 99/],
    ['/sign-in', { user: 'x' }, /user_id is missing; .*user is not known; known are user_id/],
    ['/sign-in', 'no', /the body is not JSON/],
    ['/reset', { hard: true }, /hard is not known; nothing may stand here/],
  ]
  for (const [path, body, words] of cases) {
    const answer = await control('POST', path, body)
    expect([path, answer.status, answer.body]).toEqual([path, 400, { error: expect.stringMatching(words) }])
  }
})

test('an option that does not exist, or has the wrong type, is named when the emulator starts', () => {
  const start = (options: object) => () => createClerkEmulator(options)
  expect(start({ webhookURL: 'http://127.0.0.1:9' })).toThrow(
    /^createClerkEmulator: webhookURL is not known; known are .*webhookUrl/,
  )
  expect(start({ roles: [{ key: 'org:a' }] })).toThrow(/roles\[0\]\.name is missing/)
  expect(start({ slugs: 'yes' })).toThrow('slugs must be true or false, not "yes"')
  expect(start({ rateLimits: false, slugs: undefined })).not.toThrow()
})

test('in the process, too, what is misspelt is refused', () => {
  const { emulator } = open()
  const on = emulator as unknown as Record<string, (given: unknown) => void>
  const { webhooks } = emulator
  for (const [call, words] of [
    [() => on['seed']?.({ usrs: [] }), 'seed: usrs is not known; known are users, organizations'],
    [
      () => on['seed']?.({ users: [{ fist_name: 'Ada' }] }),
      /users\[0\]\.fist_name is not known; known are .*first_name/,
    ],
    [() => emulator.seed({ memberships: [{ user_id: 'a', organization_id: 'b' }] }), 'user a, who does not exist'],
    [() => on['setSettings']?.({ slgs: true }), 'setSettings: slgs is not known'],
    [() => webhooks.setDisorder({ ...({ twce: 1 } as object) }), 'webhooks.setDisorder: twce is not known'],
    [() => webhooks.add({ url: 'example.com' }), 'webhooks.add: url must be an http:// or https:// address'],
  ] as const)
    expect(call).toThrow(words)
  expect(emulator.state().users).toEqual([])
})

test('options that no Clerk instance could have are refused when it starts', () => {
  for (const [options, words] of [
    [{ creatorRole: 'org:owner' }, 'creatorRole: there is no role org:owner among org:admin, org:member'],
    [{ secretKey: 'secret' }, 'secretKey: must begin with sk_test_ or sk_live_'],
    [{ signingSecret: 'whsec_short' }, 'signingSecret must be whsec_ and 24 to 75 bytes in base64'],
    [{ port: 5801 }, 'createClerkEmulator: port is not known'],
  ] as const)
    expect(() => createClerkEmulator(options as object)).toThrow(words)
})

test('settings change while it runs, limits among them', async () => {
  const { emulator, control } = open()
  const users = async () =>
    (await emulator.app.request('/v1/users', { headers: { authorization: `Bearer ${emulator.secretKey}` } })).status
  expect((await control('GET', '/settings')).body).not.toHaveProperty('secretKey')
  await control('POST', '/settings', { rateLimits: { instance: { requests: 1, windowMs: 60_000 } } })
  expect([await users(), await users()]).toEqual([200, 429])
  await control('POST', '/settings', { rateLimits: false })
  expect(await users()).toBe(200)
})

test('stats count requests by method and status, and messages by type', async () => {
  const { emulator, control } = open()
  const headers = { authorization: `Bearer ${emulator.secretKey}` }
  await emulator.app.request('/v1/users', { headers })
  await emulator.app.request('/v1/users/nobody', { headers })
  emulator.seed({ users: [{}, {}], events: true })
  expect((await control('GET', '/stats')).body).toMatchObject({
    requests: { total: 2, byMethod: { GET: 2 }, byStatus: { 200: 1, 404: 1 } },
    messages: { total: 2, byType: { 'user.created': 2 } },
  })
  expect((await control('POST', '/reset')).status).toBe(204)
  expect(emulator.stats()).toMatchObject({ requests: { total: 0 }, messages: { total: 0 } })
})

test('the page shows the newest records, finds them, and shows one as the API has it', async () => {
  const { emulator, control } = open()
  const { users } = emulator.seed({
    users: [{ first_name: 'Ada', email_addresses: ['ada@example.com'] }, { first_name: 'Bo' }],
    organizations: [{ name: 'Larkspur' }],
  })
  expect((await control('GET', '/browse/users')).body).toMatchObject({ rows: [{ id: users[1] }, { id: users[0] }] })
  expect((await control('GET', '/browse/users?search=ADA@')).body).toMatchObject({ rows: [{ id: users[0] }] })
  expect((await control('GET', `/browse/users/${users[0]}`)).body).toMatchObject({
    json: { object: 'user', first_name: 'Ada' },
  })
  expect((await control('GET', '/browse/people')).body).toMatchObject({
    error: expect.stringContaining('users, organizations'),
  })
  const foreign = { method: 'POST', headers: { origin: 'https://elsewhere.example' } }
  expect((await emulator.app.request('/_emulator/reset', foreign)).status).toBe(403)
  const own = { method: 'POST', headers: { origin: 'http://localhost' } }
  expect((await emulator.app.request('/_emulator/reset', own)).status).toBe(204)
  const root = await emulator.app.request('/')
  expect(await root.text()).toContain('Clerk emulator')
})
