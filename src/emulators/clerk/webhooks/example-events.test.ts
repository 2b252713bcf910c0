import { expect, test } from 'vitest'
import { manualClock } from '../../kit/clock.ts'
import { eventTypes } from './event-types.ts'
import { startEmulator } from './receiver.test-support.ts'

type Event = { type: string; data: Record<string, unknown> }

const eventsOf = ({ webhooks }: ReturnType<typeof startEmulator>): Event[] =>
  webhooks.messages().map(({ body }) => JSON.parse(body) as Event)

test('every type of event can be sent, and leaves the instance as it was', () => {
  const emulator = startEmulator({ clock: manualClock() })
  const before = emulator.state()
  for (const type of eventTypes) emulator.emit(type)
  expect(eventsOf(emulator).map(({ type }) => type)).toEqual(eventTypes)
  expect(emulator.state()).toEqual(before)
})

test('an example tells of the newest record, with changes laid over it at any depth', async () => {
  const emulator = startEmulator({ clock: manualClock() })
  const { id } = await emulator.post('/v1/users', {
    email_address: ['ada@example.com'],
    public_metadata: { plan: 'gold', seats: { used: 1, free: 2 } },
  })
  const { data } = emulator.emit('user.updated', { first_name: 'Ada', public_metadata: { seats: { free: 0 } } })
  expect(data).toMatchObject({ id, first_name: 'Ada', public_metadata: { plan: 'gold', seats: { used: 1, free: 0 } } })
  expect(emulator.state().users[0]).toMatchObject({ first_name: null })
  expect(emulator.emit('user.deleted').data).toEqual({ object: 'user', id, deleted: true })
})

test('the control sends examples too, and names the types when it is asked for one that does not exist', async () => {
  const emulator = startEmulator({})
  const sent = await emulator.post('/_emulator/events', {
    type: 'subscription.pastDue',
    data: { payer: { email: 'x@y.example' } },
  })
  expect(sent).toMatchObject({
    type: 'subscription.pastDue',
    data: { status: 'past_due', payer: { email: 'x@y.example' } },
  })
  expect(eventsOf(emulator)).toMatchObject([
    { type: 'subscription.pastDue', data: { payer: { email: 'x@y.example' } } },
  ])
  expect(JSON.stringify(await emulator.post('/_emulator/events', { type: 'user.renamed' }))).toMatch(/user\.deleted/)
  expect(() => emulator.emit('user.renamed')).toThrow(/user\.renamed is not .* user\.deleted/)
})

test('a session is opened by a sign-in and ended by a sign-out, a ban, or a new password', async () => {
  const emulator = startEmulator({ clock: manualClock() })
  const { post } = emulator
  const { id: user_id } = await post('/v1/users', { email_address: ['ada@example.com'], password: 'analytical engine' })
  const from = emulator.webhooks.messages().length
  await post('/_emulator/sign-in', { user_id, pending: true })
  await post('/_emulator/sign-in', { user_id })
  await post('/_emulator/sign-in', { user_id })
  await post('/_emulator/sign-out', { user_id, how: 'removed' })
  await post('/_emulator/sign-in', { user_id })
  await post(`/v1/users/${user_id}`, { password: 'difference engine', sign_out_of_other_sessions: true }, 'PATCH')
  await post('/_emulator/sign-in', { user_id })
  await post(`/v1/users/${user_id}/ban`, {})
  await post('/_emulator/sign-out', { user_id })
  const events = eventsOf(emulator).slice(from)
  expect(events.map(({ type }) => type)).toEqual([
    'session.pending',
    'session.created',
    'session.created',
    'session.removed',
    'session.removed',
    'session.created',
    'user.updated',
    'session.revoked',
    'session.created',
    'user.updated',
    'session.revoked',
  ])
  const [pending, created] = events
  expect(created?.data['id']).toBe(pending?.data['id'])
  expect([pending?.data['status'], created?.data['status'], events.at(-1)?.data['status']]).toEqual([
    'pending',
    'active',
    'revoked',
  ])
})
