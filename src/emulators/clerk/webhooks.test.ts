import { verifyWebhook } from '@clerk/backend/webhooks'
import { Webhook } from 'standardwebhooks'
import { expect, test } from 'vitest'
import { manualClock } from '../kit/clock.ts'
import { asRequest, idsOf, passing, startEmulator, startReceiver, typesOf } from './webhooks/receiver.test-support.ts'

// The emulator's webhooks, received by a real server and verified by the libraries that Clerk's users verify with.

const fiveHours = 5 * 3_600_000

test('an event is signed so that @clerk/backend and standardwebhooks accept it', async () => {
  const receiver = await startReceiver()
  const emulator = startEmulator({ webhookUrl: receiver.url })
  const user = await emulator.post('/v1/users', { email_address: ['ada@example.com'], first_name: 'Ádá ✓' })
  await emulator.webhooks.idle()

  const [message] = receiver.received
  if (!message) throw new Error('nothing was received')
  const event = await verifyWebhook(asRequest(message), { signingSecret: emulator.signingSecret })
  expect(event).toMatchObject({ type: 'user.created', object: 'event', data: { id: user.id, first_name: 'Ádá ✓' } })
  const plain = {
    'webhook-id': String(message.headers['svix-id']),
    'webhook-timestamp': String(message.headers['svix-timestamp']),
    'webhook-signature': String(message.headers['svix-signature']),
  }
  expect(() => new Webhook(emulator.signingSecret).verify(message.body, plain)).not.toThrow()
  expect(() => new Webhook(emulator.signingSecret).verify(`${message.body} `, plain)).toThrow('No matching signature')
  expect(message.headers['content-type']).toBe('application/json')
  expect(JSON.parse(message.body)).toMatchObject({
    object: 'event',
    instance_id: emulator.instanceId,
    timestamp: expect.any(Number),
    event_attributes: { http_request: expect.any(Object) },
  })
})

test('every change sends its event', async () => {
  const receiver = await startReceiver()
  const emulator = startEmulator({ webhookUrl: receiver.url, concurrency: 1 })
  const { post } = emulator
  const ada = await post('/v1/users', { email_address: ['ada@example.com'] })
  const bob = await post('/v1/users', { email_address: ['bob@example.com'] })
  await post(`/v1/users/${bob.id}`, { first_name: 'Bob' }, 'PATCH')
  const acme = await post('/v1/organizations', { name: 'Acme', created_by: ada.id })
  await post(`/v1/organizations/${acme.id}`, { name: 'Acme Ltd' }, 'PATCH')
  await post(`/v1/organizations/${acme.id}/memberships`, { user_id: bob.id, role: 'org:member' })
  await post(`/v1/organizations/${acme.id}/memberships/${bob.id}`, { role: 'org:admin' }, 'PATCH')
  const cy = await post(`/v1/organizations/${acme.id}/invitations`, {
    email_address: 'cy@example.com',
    role: 'org:member',
  })
  await post(`/_emulator/invitations/${cy.id}/accept`, {})
  await post(`/v1/organizations/${acme.id}/memberships/${bob.id}`, {}, 'DELETE')
  await post('/_emulator/sign-in', { user_id: ada.id })
  await post(`/v1/users/${bob.id}`, {}, 'DELETE')
  await post(`/v1/organizations/${acme.id}`, {}, 'DELETE')
  await post('/_emulator/emit', { type: 'waitlistEntry.created', data: { id: 'x' } })
  await emulator.webhooks.idle()
  expect(typesOf(receiver.received)).toEqual([
    'user.created',
    'user.created',
    'user.updated',
    'organization.created',
    'organizationMembership.created',
    'organization.updated',
    'organizationMembership.created',
    'organizationMembership.updated',
    'organizationInvitation.created',
    'email.created',
    'user.created',
    'organizationInvitation.accepted',
    'organizationMembership.created',
    'organizationMembership.deleted',
    'session.created',
    'user.deleted',
    'organization.deleted',
    'waitlistEntry.created',
  ])
})

test('a deleted user takes its memberships along, with events only when asked for', async () => {
  for (const cascadeEvents of [false, true]) {
    const emulator = startEmulator({ cascadeEvents })
    const { id } = await emulator.post('/v1/users', { email_address: ['ada@example.com'], external_id: 'crm-1' })
    await emulator.post('/v1/organizations', { name: 'Acme', created_by: id })
    await emulator.post(`/v1/users/${id}`, {}, 'DELETE')
    const last = emulator.webhooks.messages().slice(-2)
    expect(last.map(({ type }) => type)).toEqual(
      cascadeEvents
        ? ['organizationMembership.deleted', 'user.deleted']
        : ['organizationMembership.created', 'user.deleted'],
    )
    expect((JSON.parse(last[1]?.body ?? '') as { data: object }).data).toEqual({
      object: 'user',
      id,
      external_id: 'crm-1',
      deleted: true,
    })
    expect(emulator.state().memberships).toEqual([])
  }
})

test('seeding is silent unless it asks for events', async () => {
  const emulator = startEmulator({})
  emulator.seed({ users: [{ id: 'user_1', email_addresses: ['a@example.com'] }] })
  expect(emulator.webhooks.messages()).toEqual([])
  emulator.seed({
    events: true,
    organizations: [{ id: 'org_1', name: 'Acme' }],
    memberships: [{ user_id: 'user_1', organization_id: 'org_1' }],
  })
  expect(emulator.webhooks.messages().map(({ type }) => type)).toEqual([
    'organization.created',
    'organizationMembership.created',
  ])
})

test('a failing endpoint is tried eight times on the schedule, each time with a fresh timestamp and the same id', async () => {
  const clock = manualClock()
  const receiver = await startReceiver()
  receiver.reply = () => ({ status: 500 })
  const emulator = startEmulator({ clock, webhookUrl: receiver.url })
  const began = clock.now()
  await emulator.post('/_emulator/emit', { type: 'user.created', data: {} })
  await emulator.webhooks.idle({ retries: false })
  for (const wait of [5_000, 300_000, 1_800_000, 7_200_000, fiveHours, 2 * fiveHours, 2 * fiveHours]) {
    const before = receiver.received.length
    await passing(clock, emulator, wait - 1)
    expect(receiver.received).toHaveLength(before)
    await passing(clock, emulator, 1)
    expect(receiver.received).toHaveLength(before + 1)
  }
  await passing(clock, emulator, 100 * fiveHours)
  expect(receiver.received).toHaveLength(8)
  expect(new Set(idsOf(receiver.received)).size).toBe(1)
  const seconds = receiver.received.map(({ headers }) => Number(headers['svix-timestamp']) - began / 1000)
  expect(seconds).toEqual([0, 5, 305, 2105, 9305, 27305, 63305, 99305])
  expect(emulator.webhooks.messages()[0]?.deliveries[0]).toMatchObject({ status: 'failed', nextAttemptAt: null })
})

test('redirects and client errors are failures, and the next success ends the retries', async () => {
  const clock = manualClock()
  const receiver = await startReceiver()
  receiver.reply = (n) =>
    [{ status: 302, headers: { location: '/elsewhere' } }, { status: 404 }, { status: 200 }][n - 1] ?? { status: 500 }
  const emulator = startEmulator({ clock, webhookUrl: receiver.url })
  await emulator.post('/_emulator/emit', { type: 'user.created', data: {} })
  await emulator.webhooks.idle({ retries: false })
  await passing(clock, emulator, 5_000)
  await passing(clock, emulator, 300_000)
  await emulator.webhooks.idle()
  const [delivery] = emulator.webhooks.messages()[0]?.deliveries ?? []
  expect(delivery?.status).toBe('delivered')
  expect(delivery?.attempts.map(({ status }) => status)).toEqual([302, 404, 200])
})

test('an endpoint that does not answer within 15 seconds has failed', async () => {
  const clock = manualClock()
  const receiver = await startReceiver()
  receiver.reply = (n) => (n === 1 ? 'silence' : { status: 200 })
  const emulator = startEmulator({ clock, webhookUrl: receiver.url })
  await emulator.post('/_emulator/emit', { type: 'user.created', data: {} })
  await expect.poll(() => receiver.received.length).toBe(1)
  await passing(clock, emulator, 15_000)
  await passing(clock, emulator, 5_000)
  const [delivery] = emulator.webhooks.messages()[0]?.deliveries ?? []
  expect(delivery?.attempts).toMatchObject([{ status: null, error: 'timeout' }, { status: 200 }])
})

test('Retry-After can double a wait and not shorten it', async () => {
  const clock = manualClock()
  const receiver = await startReceiver()
  receiver.reply = (n) => ({ status: 503, headers: { 'retry-after': n === 1 ? '3600' : '1' } })
  const emulator = startEmulator({ clock, webhookUrl: receiver.url })
  await emulator.post('/_emulator/emit', { type: 'user.created', data: {} })
  await emulator.webhooks.idle({ retries: false })
  const due = () => emulator.webhooks.messages()[0]?.deliveries[0]?.nextAttemptAt
  expect(due()).toBe(clock.now() + 10_000)
  await passing(clock, emulator, 10_000)
  expect(due()).toBe(clock.now() + 300_000)
})

test('an endpoint can abort a message or switch itself off', async () => {
  const receiver = await startReceiver()
  receiver.reply = (n) => ({ status: 400, headers: { 'webhook-delivery': n === 1 ? 'abort-message' : 'disable' } })
  const emulator = startEmulator({ webhookUrl: receiver.url })
  for (const _ of [1, 2, 3]) {
    await emulator.post('/_emulator/emit', { type: 'user.created', data: {} })
    await emulator.webhooks.idle()
  }
  expect(receiver.received).toHaveLength(2)
  expect(emulator.webhooks.endpoints()[0]?.disabled).toBe(true)
})

test('five days of nothing but failures switch an endpoint off; replay brings what failed and what is missing', async () => {
  const clock = manualClock()
  const receiver = await startReceiver()
  receiver.reply = () => ({ status: 500 })
  const emulator = startEmulator({ clock, webhookUrl: receiver.url })
  const [endpoint] = emulator.webhooks.endpoints()
  const endpointId = endpoint?.id ?? ''
  for (let hours = 0; hours <= 6 * 24; hours += 6) {
    await emulator.post('/_emulator/emit', { type: 'user.updated', data: { hours } })
    await emulator.webhooks.idle({ retries: false })
    await passing(clock, emulator, 6 * 3_600_000)
  }
  expect(emulator.webhooks.endpoints()[0]?.disabled).toBe(true)
  receiver.received.length = 0
  await emulator.post('/_emulator/emit', { type: 'user.updated', data: {} })
  await passing(clock, emulator, 3_600_000)
  await passing(clock, emulator, 20 * fiveHours)
  expect(receiver.received).toEqual([])

  receiver.reply = () => ({ status: 200 })
  emulator.webhooks.setDisabled(endpointId, false)
  const failed = emulator.webhooks.replay({ endpointId, which: 'failed' })
  await emulator.webhooks.idle()
  expect(receiver.received).toHaveLength(failed)
  const missing = emulator.webhooks.replay({ endpointId, which: 'missing' })
  await emulator.webhooks.idle()
  expect(missing).toBeGreaterThan(0)
  expect(new Set(idsOf(receiver.received))).toEqual(new Set(emulator.webhooks.messages().map(({ id }) => id)))
})

test('a rotated secret signs alone after a day and beside the old one until then', async () => {
  const clock = manualClock(Date.now())
  const receiver = await startReceiver()
  const emulator = startEmulator({ clock, webhookUrl: receiver.url })
  const before = emulator.signingSecret
  const after = emulator.webhooks.rotate(emulator.webhooks.endpoints()[0]?.id ?? '')
  await emulator.post('/_emulator/emit', { type: 'user.created', data: {} })
  await emulator.webhooks.idle()
  const [message] = receiver.received
  if (!message) throw new Error('nothing was received')
  for (const signingSecret of [before, after]) await verifyWebhook(asRequest(message), { signingSecret })

  await clock.advance(86_400_000)
  await emulator.post('/_emulator/emit', { type: 'user.created', data: {} })
  await emulator.webhooks.idle()
  expect(String(message.headers['svix-signature']).split(' ')).toHaveLength(2)
  expect(String(receiver.received[1]?.headers['svix-signature']).split(' ')).toHaveLength(1)
})

test('a second endpoint gets the same message id with a signature of its own, and only the types it asked for', async () => {
  const [first, second] = [await startReceiver(), await startReceiver()]
  const emulator = startEmulator({ webhookUrl: first.url })
  const added = emulator.webhooks.add({ url: second.url, events: ['user.deleted'] })
  expect(added.secret).not.toBe(emulator.signingSecret)
  await emulator.post('/_emulator/emit', { type: 'user.created', data: {} })
  await emulator.post('/_emulator/emit', { type: 'user.deleted', data: {} })
  await emulator.webhooks.idle()
  expect(typesOf(second.received)).toEqual(['user.deleted'])
  const [message] = second.received
  if (!message) throw new Error('nothing was received')
  expect(idsOf(first.received)).toContain(message.headers['svix-id'])
  await verifyWebhook(asRequest(message), { signingSecret: added.secret })
  await expect(verifyWebhook(asRequest(message), { signingSecret: emulator.signingSecret })).rejects.toThrow()
})

test('disorder sends twice, late and out of order, the same way for the same seed', async () => {
  const story = async (seed: number) => {
    const receiver = await startReceiver()
    const emulator = startEmulator({
      seed,
      webhookUrl: receiver.url,
      concurrency: 1,
      disorder: { twice: 0.3, shuffled: 0.5 },
    })
    for (let n = 0; n < 40; n++) await emulator.post('/_emulator/emit', { type: 'user.updated', data: { n } })
    await emulator.webhooks.idle()
    return receiver.received.map(({ body }) => (JSON.parse(body) as { data: { n: number } }).data.n)
  }
  const [first, again, other] = [await story(7), await story(7), await story(8)]
  expect(again).toEqual(first)
  expect(other).not.toEqual(first)
  expect(new Set(first).size).toBe(40)
  expect(first.length).toBeGreaterThan(40)
  expect(first).not.toEqual([...first].sort((a, b) => a - b))
})

test('a delay of up to N milliseconds holds a message back for no longer', async () => {
  const clock = manualClock()
  const receiver = await startReceiver()
  const emulator = startEmulator({ clock, webhookUrl: receiver.url, disorder: { delayed: 1, maxDelayMs: 1_000 } })
  for (let n = 0; n < 10; n++) await emulator.post('/_emulator/emit', { type: 'user.updated', data: { n } })
  expect(receiver.received.length).toBeLessThan(5)
  await passing(clock, emulator, 1_000)
  expect(receiver.received).toHaveLength(10)
})

test('the control API lists messages with their attempts, adds endpoints and sets disorder', async () => {
  const receiver = await startReceiver()
  const emulator = startEmulator({})
  const endpoint = await emulator.post('/_emulator/endpoints', { url: receiver.url })
  expect(await emulator.post('/_emulator/disorder', { twice: 1 })).toMatchObject({ twice: 1, shuffled: 0 })
  await emulator.post('/_emulator/emit', { type: 'user.created', data: { id: 'user_1' } })
  await emulator.webhooks.idle()
  expect(receiver.received).toHaveLength(2)
  const response = await emulator.app.request('/_emulator/messages?type=user.created')
  expect(await response.json()).toMatchObject({
    total_count: 1,
    data: [
      {
        type: 'user.created',
        payload: { data: { id: 'user_1' } },
        deliveries: [{ endpointId: endpoint.id, status: 'delivered' }],
      },
    ],
  })
  await emulator.post(`/_emulator/endpoints/${endpoint.id}/replay`, {
    which: 'one',
    messageId: idsOf(receiver.received)[0],
  })
  await emulator.webhooks.idle()
  expect(receiver.received).toHaveLength(3)
})

test('with a scale, the schedule of a day passes in seconds', async () => {
  const receiver = await startReceiver()
  receiver.reply = (n) => ({ status: n < 8 ? 500 : 200 })
  const emulator = startEmulator({ webhookUrl: receiver.url, retryScale: 100_000 })
  await emulator.post('/_emulator/emit', { type: 'user.created', data: {} })
  await emulator.webhooks.idle()
  expect(receiver.received).toHaveLength(8)
})

test('a reset in the middle of everything leaves nothing behind, and what comes after arrives', async () => {
  const receiver = await startReceiver()
  receiver.reply = (n) => (n <= 5 ? 'silence' : { status: 200 })
  const emulator = startEmulator({
    webhookUrl: receiver.url,
    disorder: { shuffled: 0.5, delayed: 0.5, maxDelayMs: 60_000 },
  })
  for (let n = 0; n < 20; n++) await emulator.post('/_emulator/emit', { type: 'user.created', data: { n } })
  emulator.reset()
  await emulator.webhooks.idle()
  expect(emulator.webhooks.messages()).toEqual([])
  receiver.reply = () => ({ status: 200 })
  receiver.received.length = 0
  emulator.webhooks.setDisorder({ shuffled: 0, delayed: 0 })
  await emulator.post('/_emulator/emit', { type: 'user.deleted', data: {} })
  await emulator.webhooks.idle()
  expect(typesOf(receiver.received)).toContain('user.deleted')
  expect(emulator.webhooks.messages()[0]?.deliveries[0]?.status).toBe('delivered')
})

test('the log keeps the newest messages and none that is still on its way is dropped', async () => {
  const clock = manualClock()
  const receiver = await startReceiver()
  receiver.reply = (n) => ({ status: n === 1 ? 500 : 200 })
  const emulator = startEmulator({ clock, webhookUrl: receiver.url, keepMessages: 3 })
  for (let n = 0; n < 10; n++) {
    await emulator.post('/_emulator/emit', { type: 'user.created', data: { n } })
    await emulator.webhooks.idle({ retries: false })
  }
  const numbers = emulator.webhooks.messages().map(({ body }) => (JSON.parse(body) as { data: { n: number } }).data.n)
  expect(numbers).toEqual([0, 8, 9])
})
