import { beforeEach, expect, test } from 'vitest'
import { openSalesforce, type TestClient } from '../client.test-support.ts'

let salesforce: TestClient

beforeEach(() => {
  salesforce = openSalesforce()
})

const seed = async (records: unknown) =>
  (await salesforce.control('POST', '/seed', records)).body as unknown as Record<string, string[]>

test('a seed makes Accounts, Contacts at them and relationships, and says their ids', async () => {
  const ids = await seed({
    Contact: [{ LastName: 'X', AccountId: '#1' }],
    Account: [{ Name: 'A' }, { Name: 'B' }],
    AccountContactRelation: [{ ContactId: '#0', AccountId: '#0', StartDate: '2026-01-05' }],
  })
  const state = (await salesforce.control('GET', '/state')).body as unknown as Record<string, Record<string, unknown>[]>
  expect(state['Contact']).toMatchObject([{ Id: ids['Contact']?.[0], Name: 'X', AccountId: ids['Account']?.[1] }])
  expect(state['AccountContactRelation']).toMatchObject([
    { IsDirect: true, AccountId: ids['Account']?.[1] },
    { IsDirect: false, AccountId: ids['Account']?.[0], StartDate: '2026-01-05' },
  ])
})

test('a person edits, deletes, brings back and merges, fields without API permission included', async () => {
  const ids = await seed({ Contact: [{ LastName: 'X' }, { LastName: 'Y' }] })
  const [master, loser] = ids['Contact'] ?? []
  const at = `/records/Contact/${master}`
  expect(await salesforce.control('PATCH', at, { Birthdate: '2000-01-01' })).toMatchObject({ status: 204 })
  expect(await salesforce.control('DELETE', at)).toMatchObject({ status: 204 })
  expect((await salesforce.control('GET', at)).body).toMatchObject({ IsDeleted: true, Birthdate: '2000-01-01' })
  expect(await salesforce.control('POST', `${at}/undelete`)).toMatchObject({ status: 204 })
  expect(await salesforce.control('POST', `${at}/merge`, { losers: [loser] })).toMatchObject({ status: 204 })
  expect((await salesforce.control('GET', `/records/Contact/${loser}`)).body).toMatchObject({
    IsDeleted: true,
    MasterRecordId: master,
  })
  expect((await salesforce.control('GET', at)).body).not.toMatchObject({ LastModifiedById: salesforce.userId })
})

test('what the rules of saving forbid, a person cannot do either', async () => {
  const answer = await salesforce.control('POST', '/records/Contact', { FirstName: 'X' })
  expect(answer).toMatchObject({ status: 400, body: { errors: [{ statusCode: 'REQUIRED_FIELD_MISSING' }] } })
})

test('faults of requests and of records are set, listed and removed together', async () => {
  const faults = [
    {
      method: 'GET',
      path: '/services/data/*',
      times: 1,
      respond: { status: 500, body: [{ errorCode: 'UNKNOWN_EXCEPTION', message: 'x' }] },
    },
    { object: 'Contact', every: 2, code: 'UNABLE_TO_LOCK_ROW' },
  ]
  expect((await salesforce.control('POST', '/faults', faults)).body).toHaveLength(2)
  expect((await salesforce.call('GET', '/limits')).status).toBe(500)
  const create = () => salesforce.call('POST', '/sobjects/Contact', { LastName: 'X' })
  expect([(await create()).status, (await create()).status, (await create()).status]).toEqual([201, 400, 201])
  expect((await salesforce.control('DELETE', '/faults')).body).toEqual([])
})

test('allowance, rules, settings and tokens are set over HTTP', async () => {
  await salesforce.control('POST', '/allowance', { used: 10, limit: 10 })
  expect((await salesforce.call('GET', '/limits')).status).toBe(403)
  await salesforce.control('POST', '/allowance', { used: 0 })
  await salesforce.control('POST', '/rules', {
    validationRules: [{ object: 'Contact', message: 'No', when: { LastName: 'X' } }],
  })
  expect((await salesforce.call('POST', '/sobjects/Contact', { LastName: 'X' })).status).toBe(400)
  expect((await salesforce.control('POST', '/settings', { latencyMs: 1, unknown: 5 })).body).toMatchObject({
    latencyMs: 1,
  })
  await salesforce.control('POST', '/expire-tokens')
  expect((await salesforce.call('GET', '/limits')).status).toBe(401)
})

test('a reset leaves settings and rules, and no records, faults or counts', async () => {
  await seed({ Contact: [{ LastName: 'X' }] })
  salesforce.settings.latencyMs = 1
  await salesforce.call('GET', '/limits')
  expect(await salesforce.control('POST', '/reset')).toMatchObject({ status: 204 })
  expect((await salesforce.control('GET', '/stats')).body).toEqual({
    calls: {},
    subrequests: {},
    records: {},
    usage: { used: 0, limit: 15_000 },
  })
  expect(await salesforce.query('SELECT Id FROM Contact')).toEqual([])
  expect(salesforce.settings.latencyMs).toBe(1)
})
