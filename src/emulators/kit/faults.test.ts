import { Hono } from 'hono'
import { expect, test } from 'vitest'
import { manualClock, systemClock } from './clock.ts'
import { faultMiddleware } from './fault-middleware.ts'
import { faultRoutes } from './fault-routes.ts'
import { createFaults, type Fault } from './faults.ts'
import { listen } from './listen.ts'

const get = (path: string) => ({ method: 'GET', path })

test('a fault matches by method and path, skips, is used up, and the next in line takes over', () => {
  const faults = createFaults(() => 0)
  const first = { method: 'get', path: '/v1/users*', after: 1, times: 2, respond: { status: 500 } }
  const second = { respond: { status: 503 } }
  faults.add(first, second)
  const taken = Array.from({ length: 4 }, () => faults.take(get('/v1/users/user_1'))?.respond?.status)
  expect(taken).toEqual([503, 500, 500, 503])
  expect(faults.take({ method: 'POST', path: '/v1/users' })).toBe(second)
  faults.clear()
  expect(faults.take(get('/v1/users'))).toBeUndefined()
})

test('a path is matched whole, and only the asterisk is special', () => {
  const faults = createFaults(() => 0)
  faults.add({ path: '/a.b/*/c', drop: 'answer' })
  expect(faults.take(get('/a.b/1/2/c'))).toBeDefined()
  expect(faults.take(get('/aXb/1/c'))).toBeUndefined()
  expect(faults.take(get('/a.b/1/c/d'))).toBeUndefined()
})

test('an outage ends when its time is over, used or not', async () => {
  const clock = manualClock(0)
  const faults = createFaults(clock.now)
  faults.add({ until: 1_000, respond: { status: 503 } })
  expect(faults.take(get('/'))).toBeDefined()
  await clock.advance(1_000)
  expect(faults.take(get('/'))).toBeUndefined()
  expect(faults.list()).toEqual([])
})

test('over the wire a fault answers, waits, or cuts the connection before or after the work', async () => {
  const clock = systemClock()
  const faults = createFaults(clock.now)
  let worked = 0
  const app = new Hono()
  app.use('*', faultMiddleware(faults, clock))
  app.route('/_emulator/faults', faultRoutes(faults))
  app.get('/work', (c) => c.text(String(++worked)))
  const { url, close } = await listen(app)
  try {
    faults.add({ path: '/work', times: 1, respond: { status: 429, body: { a: 1 }, headers: { 'retry-after': '3' } } })
    const refused = await fetch(`${url}/work`)
    expect([refused.status, refused.headers.get('retry-after'), await refused.json()]).toEqual([429, '3', { a: 1 }])
    faults.add({ times: 1, drop: 'request' })
    await expect(fetch(`${url}/work`)).rejects.toThrow()
    expect(worked).toBe(0)
    faults.add({ times: 1, drop: 'answer' })
    await expect(fetch(`${url}/work`)).rejects.toThrow()
    expect(worked).toBe(1)
    faults.add({ times: 1, respond: { status: 504, headers: { 'content-type': 'text/html' }, afterWork: true } })
    const lost = await fetch(`${url}/work`)
    expect([lost.status, lost.headers.get('content-type'), await lost.text()]).toEqual([504, 'text/html', ''])
    expect(worked).toBe(2)
    faults.add({ times: 1, latencyMs: 50 })
    const began = performance.now()
    expect(await (await fetch(`${url}/work`)).text()).toBe('3')
    expect(performance.now() - began).toBeGreaterThan(45)
    faults.add({ respond: { status: 500 } })
    const listed = await fetch(`${url}/_emulator/faults`)
    expect(await listed.json()).toEqual([{ respond: { status: 500 } }])
  } finally {
    await close()
  }
})

test('a fault that could never apply, or would do nothing, is refused, and then none of its list is added', () => {
  const faults = createFaults(() => 0)
  const drop = 'answer'
  for (const [bad, words] of [
    [{ path: '/v1/users', times: 2 }, /must be a fault that says what goes wrong: latencyMs, respond or drop/],
    [{ path: '/query?q=SELECT*', drop }, /path: is matched without the query/],
    [{ path: 'v1/users', drop }, /path: must begin with \/ or \*/],
    [{ respnd: { status: 503 } }, /\[1\]\.respnd is not known; known are method, .*respond/],
    [{ drop: 'all' }, /drop must be one of "answer", "request", not "all"/],
  ] as const)
    expect(() => faults.add({ drop }, bad as unknown as Fault)).toThrow(words)
  expect(faults.list()).toEqual([])
  faults.add({ path: '/v1/users', drop, ...({ times: undefined } as object) })
  expect(faults.list()).toHaveLength(1)
})

test('a fault may answer with a status that has no body', async () => {
  const faults = createFaults(() => 0)
  const app = new Hono()
  app.use(faultMiddleware(faults, systemClock()))
  for (const status of [204, 205, 304]) {
    faults.add({ times: 1, respond: { status, body: { lost: true } } })
    const answer = await app.request('/')
    expect([answer.status, await answer.text()]).toEqual([status, ''])
  }
})

test('a port that is taken is refused', async () => {
  const app = new Hono()
  const { port, close } = await listen(app)
  await expect(listen(app, port)).rejects.toMatchObject({ code: 'EADDRINUSE' })
  await close()
})
