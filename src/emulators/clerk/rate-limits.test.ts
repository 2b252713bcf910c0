import { expect, test } from 'vitest'
import { manualClock } from '../kit/clock.ts'
import { type ClerkEmulatorOptions, createClerkEmulator } from './index.ts'

const start = (options: ClerkEmulatorOptions = {}) => {
  const clock = manualClock()
  const emulator = createClerkEmulator({ clock, ...options })
  const call = (method: string, path: string, body?: object) =>
    emulator.app.request(path, {
      method,
      headers: { authorization: `Bearer ${emulator.secretKey}`, 'content-type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    })
  return { clock, call, seed: emulator.seed }
}

const untilRefused = async (request: () => Promise<Response> | Response, most = 2_000) => {
  for (let passed = 0; passed < most; passed++) {
    const response = await request()
    if (response.status === 429) return { passed, retryAfter: response.headers.get('retry-after') }
  }
  throw new Error('never refused')
}

test('a development instance takes 100 requests in 10 seconds and a production instance 1000', async () => {
  for (const [environment, requests] of [
    ['development', 100],
    ['production', 1000],
  ] as const) {
    const { call, clock } = start({ environment })
    expect(await untilRefused(() => call('GET', '/v1/users'))).toEqual({ passed: requests, retryAfter: '10' })
    await clock.advance(9_000)
    expect((await call('GET', '/v1/users')).headers.get('retry-after')).toBe('1')
    await clock.advance(1_000)
    expect((await call('GET', '/v1/users')).status).toBe(200)
  }
})

test('one record takes 10 updates in 10 seconds, metadata included, while others go on', async () => {
  const { call, clock, seed } = start()
  seed({
    users: [
      { id: 'user_a', email_addresses: ['a@example.com'] },
      { id: 'user_b', email_addresses: ['b@example.com'] },
    ],
    organizations: [{ id: 'org_a', name: 'A' }],
    memberships: [{ user_id: 'user_a', organization_id: 'org_a' }],
  })
  await call('PATCH', '/v1/users/user_a', { first_name: 'A' })
  const change = () => call('PATCH', '/v1/users/user_a/metadata', { public_metadata: { a: 1 } })
  expect((await untilRefused(change)).passed).toBe(9)
  expect((await call('PATCH', '/v1/users/user_b', { first_name: 'B' })).status).toBe(200)
  expect((await call('GET', '/v1/users/user_a')).status).toBe(200)
  await clock.advance(10_000)
  expect((await untilRefused(() => call('PATCH', '/v1/organizations/org_a', { name: 'B' }))).passed).toBe(10)
  expect(
    (await untilRefused(() => call('PATCH', '/v1/organizations/org_a/memberships/user_a', { role: 'org:admin' })))
      .passed,
  ).toBe(10)
})

test('a refused request does not count, and the body names the reason', async () => {
  const { call, clock } = start({ rateLimits: { instance: { requests: 2, windowMs: 1_000 } } })
  const results: number[] = []
  for (const wait of [0, 400, 400, 100, 100, 0]) {
    await clock.advance(wait)
    results.push((await call('GET', '/v1/users')).status)
  }
  expect(results).toEqual([200, 200, 429, 429, 200, 429])
  expect(await (await call('GET', '/v1/users')).json()).toMatchObject({ errors: [{ code: 'too_many_requests' }] })
})

test('limits can be lifted, and the controls have none', async () => {
  const lifted = start({ rateLimits: false })
  for (let i = 0; i < 150; i++) expect((await lifted.call('GET', '/v1/users/count')).status).toBe(200)
  const limited = start()
  for (let i = 0; i < 150; i++) expect((await limited.call('GET', '/_emulator/state')).status).toBe(200)
})
