import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import { type ManualClock, manualClock } from '../kit/clock.ts'
import { type ClerkEmulator, createClerkEmulator, startClerkEmulator } from './index.ts'

const verbs = [
  'user',
  'user',
  'organization',
  'join',
  'join',
  'rename',
  'metadata',
  'invite',
  'remove',
  'domain',
] as const
const others = ['waitlist', 'disorder', 'setting', 'fault', 'wait', 'list'] as const
type Step = { do: (typeof verbs)[number] | (typeof others)[number]; n: number; m: number }
const step: fc.Arbitrary<Step> = fc.record({ do: fc.constantFrom(...verbs, ...others), n: fc.nat(20), m: fc.nat(20) })

type Side = ClerkEmulator & { clock: ManualClock }

const open = (start?: number): Side => {
  const clock = manualClock(start)
  return Object.assign(createClerkEmulator({ clock, membershipLimit: 3, slugs: true, seed: 3 }), { clock })
}

/** Does one step over HTTP and gives what was answered; refusals are answers too. */
const perform = async (clerk: Side, { do: what, n, m }: Step): Promise<unknown> => {
  const call = async (method: string, path: string, body?: object): Promise<unknown> => {
    const response = await clerk.app.request(path, {
      method,
      headers: { authorization: `Bearer ${clerk.secretKey}`, 'content-type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    return [response.status, text === '' ? null : (JSON.parse(text) as unknown)]
  }
  const { users, organizations } = clerk.state()
  const idOf = (list: readonly Record<string, unknown>[], at: number) =>
    String(list[at % Math.max(1, list.length)]?.['id'])
  const user = idOf(users, n)
  const organization = idOf(organizations, m)
  switch (what) {
    case 'user':
      return call('POST', '/v1/users', { email_address: [`u${n}.${m}@example.com`], first_name: `U ${n}` })
    case 'organization':
      return call('POST', '/v1/organizations', { name: `Org ${n}`, created_by: user })
    case 'join':
      return call('POST', `/v1/organizations/${organization}/memberships`, { user_id: user, role: 'org:member' })
    case 'rename':
      return call('PATCH', `/v1/users/${user}`, { last_name: `Name ${m}`, external_id: `ext-${n}` })
    case 'metadata':
      return call('PATCH', `/v1/organizations/${organization}/metadata`, { public_metadata: { n, deep: { m } } })
    case 'invite':
      return call('POST', `/v1/organizations/${organization}/invitations`, {
        email_address: `i${n}@example.com`,
        role: 'org:member',
      })
    case 'remove':
      return call('DELETE', n % 3 ? `/v1/users/${user}` : `/v1/organizations/${organization}`)
    case 'domain':
      return call('POST', `/v1/organizations/${organization}/domains`, {
        name: `d${n}.example.com`,
        enrollment_mode: 'manual_invitation',
      })
    case 'waitlist':
      return call('POST', '/v1/waitlist_entries', { email_address: `w${n}@example.com` })
    case 'disorder':
      return call('POST', '/_emulator/disorder', { twice: n / 20 })
    case 'setting':
      return call('POST', '/_emulator/settings', {
        slugs: n % 2 === 0,
        rateLimits: { instance: { requests: 5 + m, windowMs: 10_000 } },
      })
    case 'fault':
      return call('POST', '/_emulator/faults', {
        path: '/v1/users*',
        times: 2,
        after: n % 2,
        respond: { status: 503, body: {} },
      })
    case 'wait':
      return clerk.clock.advance(n * 1_000)
    case 'list':
      return call('GET', `/v1/users?limit=5&offset=${n % 5}`)
  }
}

test('any history, saved and restored, has the same state and goes on in the same way', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), fc.array(step, { maxLength: 12 }), async (before, after) => {
      const first = open()
      for (const each of before) await perform(first, each)
      const saved = JSON.stringify(first.snapshot())
      const second = open(first.clock.now())
      second.restore(JSON.parse(saved))
      expect(JSON.stringify(second.snapshot())).toBe(saved)
      for (const each of after) expect(await perform(second, each)).toEqual(await perform(first, each))
      expect(second.state()).toEqual(first.state())
      expect(second.snapshot()).toEqual(first.snapshot())
    }),
    { numRuns: Number(process.env['RUNS'] ?? 15) },
  )
})

test('a snapshot carries who the instance is and its webhooks, and never the secret key', async () => {
  const first = createClerkEmulator({ seed: 1, webhookUrl: 'http://127.0.0.1:9/hooks' })
  first.seed({ users: [{ id: 'user_1' }], events: true })
  const saved = first.snapshot()
  expect(JSON.stringify(saved)).not.toContain(first.secretKey)
  const second = createClerkEmulator({ seed: 2, secretKey: 'sk_test_other' })
  second.restore(saved)
  expect(second.instanceId).toBe(first.instanceId)
  expect(second.secretKey).toBe('sk_test_other')
  expect(second.webhooks.endpoints()).toEqual(first.webhooks.endpoints())
  expect(second.webhooks.messages().map(({ id }) => id)).toEqual(first.webhooks.messages().map(({ id }) => id))
  first.webhooks.close()
  second.webhooks.close()
})

test('later changes leave a snapshot alone', () => {
  const clerk = createClerkEmulator()
  clerk.seed({ users: [{ id: 'user_1', first_name: 'Before', email_addresses: ['a@example.com'] }] })
  const saved = clerk.snapshot()
  clerk.seed({ users: [{ id: 'user_2' }] })
  clerk.restore(saved)
  clerk.seed({ users: [{ id: 'user_3' }] })
  clerk.restore(saved)
  expect(clerk.state().users.map(({ id }) => id)).toEqual(['user_1'])
})

test('with a file an emulator goes on where it was closed, with each endpoint once', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'clerk-state-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const options = { state: join(folder, 'clerk.json'), webhookUrl: 'http://127.0.0.1:9/hooks' }
  const first = await startClerkEmulator({ ...options, idSeed: 7 })
  first.seed({ users: Array.from({ length: 3_000 }, (_, n) => ({ email_addresses: [`u${n}@example.com`] })) })
  first.setSettings({ slugs: true })
  await first.close()
  const second = await startClerkEmulator({ ...options, idSeed: 7, membershipLimit: 9 })
  onTestFinished(second.close)
  expect(second.instanceId).toBe(first.instanceId)
  expect(second.state().users).toHaveLength(3_000)
  expect(second.webhooks.endpoints()).toHaveLength(1)
  const answer = await fetch(`${second.url}/_emulator/settings`)
  expect(await answer.json()).toMatchObject({ slugs: true, membershipLimit: 9 })
  const before = new Set(first.state().users.map(({ id }) => id))
  const { users } = second.seed({ users: [{}] })
  expect(before.has(users[0])).toBe(false)
})
