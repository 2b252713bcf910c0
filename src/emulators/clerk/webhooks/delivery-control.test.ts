import fc from 'fast-check'
import { expect, test } from 'vitest'
import { manualClock } from '../../kit/clock.ts'
import { seededRandom } from '../../kit/random.ts'
import { type Endpoint, noteOutcome, rotateSecret } from './endpoint.ts'
import { idsOf, passing, startEmulator, startReceiver } from './receiver.test-support.ts'
import { nextWait } from './retry-schedule.ts'

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour
const secret = `whsec_${Buffer.from('twenty-four bytes or so!').toString('base64')}`

const endpointOf = (): Endpoint => ({
  id: 'ep_1',
  url: 'http://127.0.0.1/',
  events: null,
  secrets: [{ secret, until: null }],
  disabled: false,
  failures: [],
  failingSince: null,
})

test('Retry-After may be a date, and counts between the due wait and twice it', async () => {
  const clock = manualClock()
  const receiver = await startReceiver()
  const at = (ms: number) => ({ 'retry-after': new Date(clock.now() + ms).toUTCString() })
  receiver.reply = (n) => ({
    status: 503,
    headers: n === 1 ? at(8_000) : n === 2 ? at(-hour) : { 'retry-after': 'soon' },
  })
  const emulator = startEmulator({ clock, webhookUrl: receiver.url })
  emulator.emit('user.created')
  await emulator.webhooks.idle({ retries: false })
  const due = () => (emulator.webhooks.messages()[0]?.deliveries[0]?.nextAttemptAt ?? 0) - clock.now()
  expect(due()).toBe(8_000)
  await passing(clock, emulator, 8_000)
  expect(due()).toBe(5 * minute)
  await passing(clock, emulator, 5 * minute)
  expect(due()).toBe(30 * minute)
})

test('waits as the server has them vary by a fifth, and are a minute at least after a timeout or a 429', () => {
  const failed = { at: 0, trigger: 'scheduled', durationMs: 0, status: 500, succeeded: false } as const
  const settings = { retryScale: 1, retryWaits: 'server' } as const
  fc.assert(
    fc.property(fc.integer(), fc.integer({ min: 0, max: 20 * hour }), (seed, asked) => {
      const vary = seededRandom(seed).next
      const wait = nextWait(5_000, failed, asked, settings, vary)
      expect(wait).toBeGreaterThanOrEqual(4_000)
      expect(wait).toBeLessThanOrEqual(12_000)
      for (const overload of [
        { ...failed, status: 429 },
        { ...failed, status: null, error: 'timeout' },
      ])
        expect(nextWait(5_000, overload, null, settings, vary)).toBeGreaterThanOrEqual(0.8 * minute)
      expect(nextWait(5_000, failed, asked, { ...settings, retryWaits: 'documented' }, vary)).toBe(
        Math.min(Math.max(5_000, asked), 10_000),
      )
    }),
  )
})

test('an endpoint is switched off after five days of failure, however often it fails, and one success starts anew', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 11 * 60 }), fc.boolean(), (minutes, succeedsOnce) => {
      const endpoint = endpointOf()
      const succeedsAt = succeedsOnce ? 5 * day : Number.NaN
      let now = 0
      for (; !endpoint.disabled && now < 20 * day; now += minutes * minute)
        noteOutcome(endpoint, now >= succeedsAt && now < succeedsAt + minutes * minute, now, 1)
      const began = succeedsOnce ? succeedsAt : 0
      expect(endpoint.disabled).toBe(true)
      expect(now - began).toBeGreaterThanOrEqual(5.5 * day)
      // At worst a step is lost at each turn: success, first failure, twelve hours, five days, and the end of the loop.
      expect(now - began).toBeLessThanOrEqual(5.5 * day + 6 * Math.max(minutes, 5) * minute)
      expect(endpoint.failures.length).toBeLessThanOrEqual(290)
    }),
    { numRuns: 30 },
  )
})

test('two failures a day apart do not begin the five days', () => {
  const endpoint = endpointOf()
  for (let now = 0; now < 30 * day; now += day + 1) noteOutcome(endpoint, false, now, 1)
  expect(endpoint).toMatchObject({ disabled: false, failingSince: null })
})

test('secrets, rotations and filters that Svix or Clerk would not take are refused', () => {
  const { webhooks } = startEmulator({})
  const url = 'http://127.0.0.1:9/'
  const short = `whsec_${Buffer.from('short').toString('base64')}`
  for (const bad of [short, 'whsec_not*base64', secret.slice(6)])
    expect(() => webhooks.add({ url, secret: bad })).toThrow('24 to 75 bytes')
  expect(() => webhooks.add({ url, events: ['user.renamed'] })).toThrow('events[0] must be one of')
  expect(() => webhooks.add({ url, events: [] })).toThrow('The list of events is empty')
  const { id } = webhooks.add({ url, secret })
  expect(() => webhooks.rotate(id, { graceMs: 8 * day })).toThrow('0 to 7 days')
  for (let n = 0; n < 10; n++) webhooks.rotate(id)
  expect(() => webhooks.rotate(id)).toThrow('wait for them to expire')
})

test('an attempt that comes to nothing says why, also where the client never calls', async () => {
  // Port 1 is one of those that fetch refuses by itself (https://fetch.spec.whatwg.org/#port-blocking).
  const emulator = startEmulator({ webhookUrl: 'http://127.0.0.1:1/' })
  emulator.emit('user.created')
  while (emulator.stats().attempts.failed === 0) await new Promise((resolve) => setImmediate(resolve))
  expect(emulator.webhooks.attempts()[0]?.error).toBe('bad port')
})

test('secrets that have expired make room, and one without grace does not sign any more', () => {
  const endpoint = endpointOf()
  for (let now = 0; now < 30 * day; now += 7 * hour) rotateSecret(endpoint, secret, now)
  expect(endpoint.secrets).toHaveLength(5)
  rotateSecret(endpoint, secret, 30 * day, 0)
  expect(endpoint.secrets.filter(({ until }) => until === 30 * day)).toEqual([])
})

test('an endpoint that moves gets the retries at its new address, and one that is added disabled gets nothing', async () => {
  const clock = manualClock()
  const [old, moved] = [await startReceiver(), await startReceiver()]
  old.reply = () => ({ status: 500 })
  const emulator = startEmulator({ clock, webhooks: [{ url: old.url }, { url: moved.url, disabled: true }] })
  const { messageId } = emulator.emit('user.created')
  await emulator.webhooks.idle({ retries: false })
  const [first] = emulator.webhooks.endpoints()
  await emulator.post(`/_emulator/endpoints/${first?.id}`, { url: `${moved.url}/new` }, 'PATCH')
  await passing(clock, emulator, 5_000)
  expect([idsOf(old.received), idsOf(moved.received)]).toEqual([[messageId], [messageId]])
})

test('whatever fails, is sent twice, late or out of order, every message arrives, and is tried on schedule until it does', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1 }),
      fc.array(fc.constantFrom(200, 204, 302, 404, 500), { minLength: 1, maxLength: 40 }),
      async (seed, statuses) => {
        const clock = manualClock()
        const receiver = await startReceiver()
        receiver.reply = (n) => ({ status: statuses[n - 1] ?? 200 })
        const disorder = { twice: 0.3, delayed: 0.3, maxDelayMs: 10_000, shuffled: 0.3 }
        // Time leaps while answers are under way, which is no reason to give up on them.
        const given = { clock, seed, disorder, retryWaits: 'server', timeoutMs: 10 * day } as const
        const emulator = startEmulator({ webhookUrl: receiver.url, ...given })
        const sent = Array.from({ length: 6 }, () => emulator.emit('user.updated').messageId)
        // Longer than the whole schedule with all that may delay it.
        for (const wait of [11, 7, 400, 2_300, 9_000, 22_000, 44_000, 44_000])
          await passing(clock, emulator, wait * 1_000)
        await emulator.webhooks.idle()
        for (const { id, deliveries } of emulator.webhooks.messages()) {
          const [delivery] = deliveries
          const succeeded = delivery?.attempts.some((attempt) => attempt.succeeded) ?? false
          expect(sent).toContain(id)
          expect(delivery?.status).toBe(succeeded ? 'delivered' : 'failed')
          if (!succeeded) expect(delivery?.tried).toBe(8)
        }
        expect(new Set(idsOf(receiver.received))).toEqual(new Set(sent))
      },
    ),
    { numRuns: 15 },
  )
})

test('nobody waits for an endpoint that is removed: what still waited for it has failed', async () => {
  const receiver = await startReceiver()
  receiver.reply = () => ({ status: 503 })
  const emulator = startEmulator({ clock: manualClock(), webhookUrl: receiver.url })
  const [endpoint] = emulator.webhooks.endpoints()
  emulator.emit('user.created')
  await emulator.webhooks.idle({ retries: false })
  const delivery = () => emulator.webhooks.messages()[0]?.deliveries[0]
  expect(delivery()?.status).toBe('waiting')
  emulator.webhooks.remove(endpoint?.id ?? '')
  await emulator.webhooks.idle()
  expect(delivery()).toMatchObject({ status: 'failed', attempts: [{ status: 503 }] })
})
