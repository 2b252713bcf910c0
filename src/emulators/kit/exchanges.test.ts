import { Hono } from 'hono'
import { expect, test } from 'vitest'
import { manualClock } from './clock.ts'
import { createExchanges, showablePath } from './exchanges.ts'

test('keys and tokens in an address are made unreadable, and the rest can be read', () => {
  expect(showablePath('http://x/id?oauth_token=00D!abc&format=json')).toBe('/id?oauth_token=***&format=json')
  expect(showablePath('http://x/q?q=SELECT+Id+FROM%20Contact')).toBe('/q?q=SELECT Id FROM Contact')
  expect(showablePath('http://x/q?q=100%')).toBe('/q?q=100%')
  expect(showablePath(`http://x/${'a'.repeat(1_000)}`)).toHaveLength(401)
})

test('the last 200 requests are kept with status and time, and all are counted; controls are not', async () => {
  const clock = manualClock(0)
  const exchanges = createExchanges(clock, (response) => response.headers.get('x-used') ?? undefined)
  const app = new Hono()
  app.use(exchanges.middleware)
  app.get('/slow', async (c) => {
    await clock.advance(25)
    return c.text('done', 200, { 'x-used': '3' })
  })
  await app.request('/slow')
  expect(exchanges.list()).toEqual([{ number: 1, at: 0, method: 'GET', path: '/slow', status: 200, ms: 25, note: '3' }])
  for (let i = 0; i < 250; i++) await app.request('/nothing', { method: 'POST' })
  await app.request('/_emulator/state')
  await app.request('/_emulator')
  expect(exchanges.list()).toHaveLength(200)
  expect(exchanges.list().at(-1)).toMatchObject({ number: 251, status: 404 })
  expect(exchanges.counts()).toEqual({ total: 251, byMethod: { GET: 1, POST: 250 }, byStatus: { 200: 1, 404: 250 } })
})
