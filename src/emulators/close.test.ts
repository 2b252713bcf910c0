import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { manualClock, startClerkEmulator, startSalesforceEmulator } from './index.ts'

const until = async (met: () => boolean): Promise<void> => {
  while (!met()) await new Promise((resolve) => setImmediate(resolve))
}

test.each([
  { vendor: 'Clerk', start: startClerkEmulator },
  { vendor: 'Salesforce', start: startSalesforceEmulator },
])(
  '$vendor: an emulator that is closed while a request waits holds no timer, and may be closed again',
  async (each) => {
    const clock = manualClock()
    const emulator = await each.start({ clock })
    emulator.faults.add({ latencyMs: 3_600_000 })
    const refused = expect(fetch(`${emulator.url}/`)).rejects.toThrow()
    await until(() => clock.sleepers() === 1)
    await emulator.close()
    await refused
    expect(clock.sleepers()).toBe(0)
    await emulator.close()
  },
)

test('Salesforce: a slow call under way ends with the emulator', async () => {
  const clock = manualClock()
  const { close, url, clientId, clientSecret } = await startSalesforceEmulator({ clock, latencyMs: 60_000 })
  const form = { grant_type: 'client_credentials', client_id: clientId, client_secret: clientSecret }
  const answer = await fetch(`${url}/services/oauth2/token`, { method: 'POST', body: new URLSearchParams(form) })
  const { access_token } = (await answer.json()) as { access_token: string }
  const headers = { authorization: `Bearer ${access_token}` }
  const refused = expect(fetch(`${url}/services/data/v66.0/limits`, { headers })).rejects.toThrow()
  await until(() => clock.sleepers() === 1)
  await close()
  await refused
  expect(clock.sleepers()).toBe(0)
})

test('Clerk: one that finds its port taken sends nothing of what its state had still to send', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'emulator-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const clock = manualClock()
  const options = { clock, state: join(folder, 'clerk.json') }
  // Nobody listens there, so the message waits to be tried again.
  const first = await startClerkEmulator({ ...options, webhookUrl: 'http://127.0.0.1:1/hooks' })
  first.seed({ users: [{}], events: true })
  await until(() => first.stats().attempts.failed === 1)
  await first.close()

  const other = await startClerkEmulator()
  await expect(startClerkEmulator({ ...options, port: other.port })).rejects.toMatchObject({ code: 'EADDRINUSE' })
  expect(clock.sleepers()).toBe(0)
  await other.close()
})
