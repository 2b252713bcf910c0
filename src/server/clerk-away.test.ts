import { expect, test } from 'vitest'
import { until } from '../../test/support/two-sides.ts'
import { organizationEvent, serveForTest, sign } from './server.test-support.ts'

test('a Clerk that takes nothing is said once in the log, in the status and in the metrics, until it takes something again', async () => {
  const config = { organization: { fields: { Name: { from: 'name', rule: 'salesforce' } } } } as const
  const { app, admin, clerk, salesforce, engine, logged } = await serveForTest({ config })
  const clerkApi = async (method: string, path: string, body?: object): Promise<Record<string, unknown>> => {
    const headers = { authorization: `Bearer ${clerk.secretKey}`, 'content-type': 'application/json' }
    const init = { method, headers, ...(body ? { body: JSON.stringify(body) } : {}) }
    return (await (await fetch(`${clerk.url}/v1${path}`, init)).json()) as Record<string, unknown>
  }
  const id = String((await clerkApi('POST', '/organizations', { name: 'Acme' }))['id'])
  salesforce.person.create('Account', { Name: 'Acme Secret Corp', Clerk_Org_Id__c: id })
  const refused = { errors: [{ code: 'clerk_key_invalid', message: 'The key is invalid.' }] }
  // So long Clerk is left alone; without the header it would be five seconds.
  const headers = { 'retry-after': '1' }
  clerk.faults.add({ method: 'PATCH', path: '/v1/*', times: 1, respond: { status: 401, headers, body: refused } })
  await app.request('/webhooks/clerk', sign(clerk.signingSecret, organizationEvent(id, 'Acme')))

  await until(() => engine.health().clerkAway !== undefined)
  expect(await (await admin('/api/status')).json()).toMatchObject({
    counts: { dirty: 1 },
    clerkAway: { reason: 'auth', detail: expect.stringContaining('clerk_key_invalid') },
  })
  expect(await (await admin('/metrics')).text()).toContain('clerkforce_clerk_paused{reason="auth"} 1')

  await engine.drain()
  expect(await clerkApi('GET', `/organizations/${id}`)).toMatchObject({ name: 'Acme Secret Corp' })
  expect(await (await admin('/api/status')).json()).toMatchObject({ counts: { dirty: 0 }, clerkAway: null })
  expect(await (await admin('/metrics')).text()).toContain('clerkforce_clerk_paused{reason="auth"} 0')
  const said = logged().filter(({ stage }) => stage === 'carry')
  expect(said).toMatchObject([
    { level: 'warn', side: 'clerk', reason: 'auth', msg: 'writing to Clerk is paused' },
    { level: 'info', side: 'clerk', msg: 'Clerk is written to again' },
  ])
  expect(JSON.stringify(logged())).not.toContain('Secret Corp')
})
