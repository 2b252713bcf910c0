import { beforeEach, expect, test } from 'vitest'
import { openSalesforce, type TestClient } from '../client.test-support.ts'

let salesforce: TestClient

beforeEach(() => {
  salesforce = openSalesforce({ sfdx: false })
})

const post = (path: string, body?: unknown) => salesforce.control('POST', `/events${path}`, body)
const list = async () => (await salesforce.control('GET', '/events')).body as { replayId: string; id: string }[]

test('objects are selected over HTTP, and their events listed', async () => {
  expect(await post('/selected', { objects: ['Account'] })).toMatchObject({
    status: 200,
    body: { objects: ['Account'] },
  })
  salesforce.person.create('Account', { Name: 'A' })
  expect(await list()).toMatchObject([
    { on: ['ChangeEvents'], payload: { Name: 'A', ChangeEventHeader: { changeType: 'CREATE' } } },
  ])
  expect(await post('/selected', { objects: ['Lead'] })).toMatchObject({
    status: 400,
    body: { error: 'Lead makes no change events; those that do are Account, Contact, AccountContactRelation' },
  })
})

test('no more objects are selected than the org may select over all its channels', async () => {
  salesforce = openSalesforce({ sfdx: false, maxCaptured: 2, changeDataCapture: ['Account'] })
  expect(await post('/selected', { objects: ['Account', 'Contact', 'AccountContactRelation'] })).toMatchObject({
    status: 400,
    body: { error: expect.stringContaining('3 objects would be selected for change events over all channels') },
  })
  expect((await salesforce.control('GET', '/events/selected')).body).toMatchObject({ objects: ['Account'] })
  expect(() => openSalesforce({ sfdx: false, maxCaptured: 1, changeDataCapture: ['Account', 'Contact'] })).toThrow(
    'the org may select 1',
  )
})

test('gaps, duplicates, new fields and resets are a call each', async () => {
  await post('/selected', { objects: ['Account'] })
  const id = salesforce.person.create('Account', { Name: 'A' })
  expect(await post('', { object: 'Account', changeType: 'GAP_UPDATE', recordIds: [id] })).toMatchObject({
    status: 201,
  })
  const [first] = await list()
  expect(await post('/repeat', { replayId: first?.replayId })).toMatchObject({ status: 201, body: { id: first?.id } })
  expect(await post('/field', { object: 'Account', name: 'New__c' })).toMatchObject({ status: 204 })
  expect(await list()).toHaveLength(3)
  expect(await post('/reset-stream')).toMatchObject({ status: 204 })
  expect(await list()).toEqual([])
})

test.each([
  ['', { object: 'Account', changeType: 'RENAMED' }, 'changeType must be one of'],
  ['', { object: 'Contact', changeType: 'GAP_OVERFLOW' }, 'Contact is not selected for change events'],
  ['/settings', { holdd: true }, 'holdd is not known'],
  ['/settings', { batchSize: 500 }, 'batchSize must be at most 100'],
  ['/repeat', { replayId: '00' }, 'there is no event with the replay id 00'],
  ['/disconnect', { how: 'gently' }, 'how must be one of'],
  ['/field', { object: 'Account', name: 'New' }, 'ends in __c'],
  ['/field', { object: 'Account', name: 'Name__c__c' }, 'ends in __c'],
  ['/commit-number', { next: '1.5' }, 'must be a whole number'],
])('POST /events%s with %j is refused: %s', async (path, body, reason) => {
  await post('/selected', { objects: ['Account'] })
  expect(await post(path, body)).toMatchObject({ status: 400, body: { error: expect.stringContaining(reason) } })
})

test('the allowance and the settings are shown and changed', async () => {
  expect(await post('/allowance', { limit: 7 })).toMatchObject({ body: { used: 0, limit: 7 } })
  expect(await post('/settings', { latencyMs: 5 })).toMatchObject({ body: { latencyMs: 5, hold: false } })
  expect(await post('/disconnect', { how: 'drop' })).toMatchObject({ status: 204 })
  expect(await post('/commit-number', { next: '9007199254740993' })).toMatchObject({ status: 204 })
})
