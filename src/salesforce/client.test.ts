import { gzipSync } from 'node:zlib'
import { afterEach, expect, test } from 'vitest'
import { type LocalOrg, refusal, startLocalOrg } from './local-org.test-support.ts'

let org: LocalOrg
afterEach(() => org?.close())

const field = (name: string, more: object = {}): object => ({
  name,
  label: name,
  type: 'string',
  length: 80,
  createable: true,
  updateable: true,
  nillable: true,
  externalId: false,
  unique: false,
  caseSensitive: false,
  restrictedPicklist: false,
  picklistValues: [],
  somethingNew: 1,
  ...more,
})
const described = { name: 'Contact', createable: true, updateable: true, deletable: false, label: 'Contact' }

test('retrieve asks for ids in the body and keeps their order, null where there is no record', async () => {
  org = await startLocalOrg(() => ({ body: [{ attributes: {}, Id: '003000000000001', Name: 'A' }, null] }))
  expect(await org.client().retrieve('Contact', ['003000000000001', '003000000000002'], ['Name'])).toEqual([
    { Id: '003000000000001AAA', Name: 'A' },
    null,
  ])
  expect(org.seen[0]).toMatchObject({
    method: 'POST',
    path: '/services/data/v66.0/composite/sobjects/Contact',
    body: { ids: ['003000000000001', '003000000000002'], fields: ['Id', 'Name'] },
  })
})

test('retrieving nothing costs no call, retrieving too much is not sent', async () => {
  org = await startLocalOrg(() => ({ body: [] }))
  expect(await org.client().retrieve('Contact', [], ['Name'])).toEqual([])
  await expect(org.client().retrieve('Contact', Array(2_001).fill('003'), ['Name'])).rejects.toThrow(RangeError)
  expect(org.seen).toEqual([])
})

test('describe keeps what decides whether a field can be written, and only the choices that are switched on', async () => {
  const picklist = [
    { value: 'active', active: true },
    { value: 'old', active: false },
  ]
  org = await startLocalOrg(() => ({
    body: { ...described, fields: [field('LastName'), field('Status__c', { picklistValues: picklist })] },
  }))
  const contact = await org.client().describe('Contact')
  expect(contact).toMatchObject({ name: 'Contact', createable: true, updateable: true, deletable: false })
  expect([...(contact?.fields.keys() ?? [])]).toEqual(['LastName', 'Status__c'])
  expect(contact?.fields.get('Status__c')?.picklistValues).toEqual(['active'])
  expect(contact?.fields.get('LastName')).not.toHaveProperty('somethingNew')
  expect(org.seen[0]?.path).toBe('/services/data/v66.0/sobjects/Contact/describe')
})

test('an object that does not exist for our user describes as undefined', async () => {
  org = await startLocalOrg(() => refusal(404, 'NOT_FOUND', 'The requested resource does not exist'))
  expect(await org.client().describe('AccountContactRelation')).toBeUndefined()
})

test('a describe that lacks what we read names the place', async () => {
  org = await startLocalOrg(() => ({ body: { ...described, fields: [field('LastName', { length: 'long' })] } }))
  await expect(org.client().describe('Contact')).rejects.toThrow(/fields\.0\.length/)
})

test('the allowance is read off every answer, refusals included; limits reads the day’s', async () => {
  let used = 17
  org = await startLocalOrg((call) => {
    used += 1
    const headers = { 'Sforce-Limit-Info': `api-usage=${used}/5000; per-app-api-usage=3/250(appName=other)` }
    if (call.path.endsWith('/limits'))
      return { body: { DailyApiRequests: { Max: 5000, Remaining: 4000 }, Other: {} }, headers }
    return { status: 400, body: [{ errorCode: 'MALFORMED_QUERY', message: '' }], headers }
  })
  const client = org.client()
  expect(client.usage()).toBeUndefined()
  expect(await client.limits()).toEqual({ used: 1000, limit: 5000 })
  expect(client.usage()).toEqual({ used: 18, limit: 5000 })
  await expect(client.query(['bad'])).rejects.toThrow()
  expect(client.usage()).toEqual({ used: 19, limit: 5000 })
  expect(client.calls()).toEqual({ limits: 1, query: 1 })
})

test('version and client name go where Salesforce looks for them; compressed answers are read', async () => {
  const raw = gzipSync(JSON.stringify({ DailyApiRequests: { Max: 2, Remaining: 1 } }))
  org = await startLocalOrg(() => ({ raw, headers: { 'content-encoding': 'gzip' } }))
  expect(await org.client({ apiVersion: '68.0', clientName: 'mine' }).limits()).toEqual({ used: 1, limit: 2 })
  expect(org.seen[0]).toMatchObject({
    path: '/services/data/v68.0/limits',
    headers: { 'accept-encoding': 'gzip', 'sforce-call-options': 'client=mine' },
  })
})

test('no more calls are under way at a time than allowed; the rest wait their turn', async () => {
  const body = { DailyApiRequests: { Max: 2, Remaining: 1 } }
  org = await startLocalOrg(() => ({ body }))
  const client = org.client({ maxInFlight: 2 })
  await client.limits()
  await Promise.all(Array.from({ length: 30 }, () => client.limits()))
  expect(new Set(org.seen.map((call) => call.port)).size).toBeLessThanOrEqual(2)
})

test('close lets a running call end, and breaks off one that takes longer than the grace', async () => {
  org = await startLocalOrg((call) =>
    call.path.endsWith('/limits') ? { body: { DailyApiRequests: { Max: 2, Remaining: 1 } } } : 'hang',
  )
  const quick = org.client()
  const running = quick.limits()
  await expect.poll(() => org.seen.length).toBe(1)
  await quick.close()
  await expect(running).resolves.toEqual({ used: 1, limit: 2 })
  await expect(quick.limits()).rejects.toMatchObject({ kind: 'outage' })

  const slow = org.client({ timeoutMs: 60_000 })
  const stuck = slow.write([{ kind: 'delete', object: 'Contact', ids: ['003'] }])
  const outcome = expect(stuck).rejects.toMatchObject({ kind: 'lost-answer' })
  await expect.poll(() => org.seen.length).toBe(2)
  await slow.close(20)
  await outcome
})
