import { expect, test } from 'vitest'
import { manualClock } from '../../kit/clock.ts'
import { openSalesforce, type TestClient } from '../client.test-support.ts'
import type { Automation } from './automations.ts'

const open = (...automations: Automation[]): TestClient => openSalesforce({ sfdx: false, automations })
const create = (salesforce: TestClient, body: object, headers?: Record<string, string>) =>
  salesforce.call('POST', '/sobjects/Contact', body, headers)
const stored = (salesforce: TestClient, at = 0) => salesforce.state()['Contact']?.[at]

test('a before-save flow changes the record that is saved, and the caller is not told', async () => {
  const salesforce = open({ object: 'Contact', upperCase: ['LastName'], set: { Department: 'Sales' } })
  expect(await create(salesforce, { LastName: 'Smith', Department: 'Law' })).toMatchObject({ status: 201 })
  expect(stored(salesforce)).toMatchObject({ LastName: 'SMITH', Name: 'SMITH', Department: 'Sales' })
})

test('a flow that puts a value back undoes every change of it', async () => {
  const salesforce = open({ object: 'Contact', on: ['update'], changed: ['Title'], restore: ['Title'] })
  const id = salesforce.person.create('Contact', { LastName: 'X', Title: 'Boss' })
  expect(await salesforce.call('PATCH', `/sobjects/Contact/${id}`, { Title: 'Clerk' })).toMatchObject({ status: 204 })
  expect(stored(salesforce)).toMatchObject({ Title: 'Boss' })
})

test('a before-save hook sees the record and what it was, and meets the same checks as a caller', async () => {
  const seen: unknown[] = []
  const salesforce = open({
    object: 'Contact',
    before: (record, previous) => {
      seen.push([record['Title'], previous?.['Title']])
      return record['Title'] === 'long' ? { Title: 'x'.repeat(129) } : undefined
    },
  })
  const id = salesforce.person.create('Contact', { LastName: 'X', Title: 'a' })
  salesforce.person.edit('Contact', id, { Title: 'b' })
  expect(seen).toEqual([
    ['a', undefined],
    ['b', 'a'],
  ])
  expect(() => salesforce.person.edit('Contact', id, { Title: 'long' })).toThrow('CANNOT_EXECUTE_FLOW_TRIGGER')
})

test.each([
  ['flow', 'fault', 'CANNOT_EXECUTE_FLOW_TRIGGER', /“Guard” process failed.* no$/],
  ['trigger', 'fault', 'CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY', /^Guard: execution of BeforeInsert\n\ncaused by: no$/],
  ['trigger', 'error', 'FIELD_CUSTOM_VALIDATION_EXCEPTION', /^no$/],
] as const)('a %s that refuses a record as %s answers %s', async (kind, refuseAs, errorCode, message) => {
  const salesforce = open({ object: 'Contact', name: 'Guard', kind, refuse: 'no', refuseAs, when: { Title: 'bad' } })
  const answer = await create(salesforce, { LastName: 'X', Title: 'bad' })
  expect(answer).toMatchObject({ status: 400, body: [{ errorCode, message: expect.stringMatching(message) }] })
  expect(await create(salesforce, { LastName: 'X' })).toMatchObject({ status: 201 })
})

test('an after-save flow saves again in the same transaction, by the same user, and may still take it all back', async () => {
  const salesforce = open(
    { object: 'Contact', at: 'after', set: { Department: 'Sales' } },
    { object: 'Contact', at: 'after', when: { LastName: 'Bad' }, refuse: 'too late' },
  )
  expect(await create(salesforce, { LastName: 'X' })).toMatchObject({ status: 201 })
  expect(stored(salesforce)).toMatchObject({ Department: 'Sales', LastModifiedById: salesforce.userId })
  expect(await create(salesforce, { LastName: 'Bad' })).toMatchObject({ status: 400 })
  expect(salesforce.state()['Contact']).toHaveLength(1)
})

test('an asynchronous path changes the record after the commit, as another user, and its failure reaches nobody', async () => {
  const salesforce = open(
    { object: 'Contact', at: 'async', set: { Department: 'Sales' } },
    { object: 'Contact', at: 'async', refuse: 'nobody hears this' },
  )
  expect(await create(salesforce, { LastName: 'X' })).toMatchObject({ status: 201 })
  expect(stored(salesforce)).toMatchObject({ Department: 'Sales' })
  expect(stored(salesforce)?.['LastModifiedById']).not.toBe(salesforce.userId)
})

test('of a transaction that is taken back no asynchronous path runs', async () => {
  const runs: string[] = []
  const salesforce = open({
    object: 'Contact',
    async: (record) => {
      runs.push(String(record['LastName']))
      return undefined
    },
  })
  const record = (LastName: string | null) => ({ attributes: { type: 'Contact' }, LastName })
  const write = (allOrNone: boolean, ...names: (string | null)[]) =>
    salesforce.call('POST', '/composite/sobjects', { allOrNone, records: names.map(record) })
  await write(true, 'A', null)
  expect(runs).toEqual([])
  await write(false, 'B', null, 'C')
  expect(runs).toEqual(['B', 'C'])
})

test('an automation that sets itself off without end is ended', async () => {
  const salesforce = open({
    object: 'Contact',
    after: (record) => ({ Title: `${record['Title'] ?? ''}x` }),
  })
  expect(await create(salesforce, { LastName: 'X' })).toMatchObject({
    status: 400,
    body: [{ errorCode: 'CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY' }],
  })
})

test('duplicate rules compare several fields, by the method of each', async () => {
  const salesforce = openSalesforce({
    sfdx: false,
    clock: manualClock(),
    duplicateRules: [
      {
        object: 'Account',
        fields: [
          { field: 'Name', by: 'name' },
          { field: 'Phone', by: 'phone' },
        ],
        action: 'alert',
        name: 'Same_Company',
      },
    ],
  })
  const account = (Name: string, Phone: string | null, headers = {}) =>
    salesforce.call('POST', '/sobjects/Account', { Name, Phone }, headers)
  const first = await account('Brook & Sons, Ltd.', '(030) 123-45')
  expect(first.status).toBe(201)
  expect(await account('brook sons', null)).toMatchObject({ status: 201 })
  expect(await account('Brook & Daughters', '030 12345')).toMatchObject({ status: 201 })
  const refused = await account('BROOK SONS Limited', '03012345', {
    'Sforce-Duplicate-Rule-Header': 'includeRecordDetails=true; runAsCurrentUser=true',
  })
  expect(refused).toMatchObject({
    status: 400,
    body: [
      {
        errorCode: 'DUPLICATES_DETECTED',
        duplicateResut: {
          duplicateRule: 'Same_Company',
          matchResults: [
            { size: 1, matchRecords: [{ record: { Name: 'Brook & Sons, Ltd.', Phone: '(030) 123-45' } }] },
          ],
        },
      },
    ],
  })
  expect(await account('Brook Sons', '03012345', { 'Sforce-Duplicate-Rule-Header': 'allowSave=true' })).toMatchObject({
    status: 201,
  })
})
