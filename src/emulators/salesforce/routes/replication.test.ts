import { expect, test } from 'vitest'
import { type ManualClock, manualClock } from '../../kit/clock.ts'
import { openSalesforce, type TestClient } from '../client.test-support.ts'

const start = Date.UTC(2026, 0, 5, 9)
const minutes = (count: number) => count * 60_000
const at = (ms: number) => new Date(ms).toISOString().replace('.000Z', '+00:00')

const open = (): { clock: ManualClock; salesforce: TestClient } => {
  const clock = manualClock(start)
  // A token that outlives the days that pass here.
  return { clock, salesforce: openSalesforce({ clock, tokenLifetimeMs: 100 * 86_400_000 }) }
}
const ask = (salesforce: TestClient, kind: string, from: number, to: number, object = 'Contact') =>
  salesforce.call(
    'GET',
    `/sobjects/${object}/${kind}/?start=${encodeURIComponent(at(from))}&end=${encodeURIComponent(at(to))}`,
  )

test('getUpdated gives what was made or changed in the span, the end not included', async () => {
  const { clock, salesforce } = open()
  const early = salesforce.person.create('Contact', { LastName: 'Early' })
  await clock.advance(minutes(5))
  const late = salesforce.person.create('Contact', { LastName: 'Late' })
  await clock.advance(minutes(5))
  salesforce.person.edit('Contact', early, { LastName: 'Changed' })
  await clock.advance(minutes(1))
  expect((await ask(salesforce, 'updated', start, start + minutes(10))).body).toEqual({
    ids: [late],
    latestDateCovered: '2026-01-05T09:10:00.000+0000',
  })
  expect((await ask(salesforce, 'updated', start + minutes(5), start + minutes(60))).body).toEqual({
    ids: [late, early],
    latestDateCovered: '2026-01-05T09:11:00.000+0000',
  })
})

test('getDeleted gives what went, and a record that came back is gone from it', async () => {
  const { clock, salesforce } = open()
  const id = salesforce.person.create('Contact', { LastName: 'Gone' })
  await clock.advance(minutes(2))
  salesforce.person.remove('Contact', id)
  await clock.advance(minutes(2))
  const { body } = await ask(salesforce, 'deleted', start, start + minutes(10))
  expect(body).toEqual({
    deletedRecords: [{ id, deletedDate: '2026-01-05T09:02:00.000+0000' }],
    earliestDateAvailable: '2025-12-21T09:04:00.000+0000',
    latestDateCovered: '2026-01-05T09:04:00.000+0000',
  })
  expect((await ask(salesforce, 'updated', start, start + minutes(10))).body).toMatchObject({ ids: [] })
  salesforce.person.undelete('Contact', id)
  expect((await ask(salesforce, 'deleted', start, start + minutes(10))).body).toMatchObject({ deletedRecords: [] })
})

test('seconds are cut off, so a span has at least a minute', async () => {
  const { salesforce } = open()
  const invalid = { status: 400, body: [{ errorCode: 'INVALID_REPLICATION_DATE' }] }
  expect(await ask(salesforce, 'updated', start, start + 59_000)).toMatchObject(invalid)
  expect(await ask(salesforce, 'updated', start, start)).toMatchObject(invalid)
  expect(await ask(salesforce, 'updated', start + minutes(1), start)).toMatchObject(invalid)
  expect(await ask(salesforce, 'updated', start, start + 60_000)).toMatchObject({ status: 200 })
  expect(await salesforce.call('GET', '/sobjects/Contact/updated?start=yesterday&end=today')).toMatchObject(invalid)
  expect(await salesforce.call('GET', '/sobjects/Contact/updated')).toMatchObject({ status: 400 })
})

test('changes are told for 30 days, deletions for 15', async () => {
  const { salesforce } = open()
  const day = minutes(24 * 60)
  expect(await ask(salesforce, 'updated', start - 30 * day, start)).toMatchObject({ status: 200 })
  expect(await ask(salesforce, 'updated', start - 31 * day, start)).toMatchObject({ status: 400 })
  expect(await ask(salesforce, 'deleted', start - 15 * day, start)).toMatchObject({ status: 200 })
  expect(await ask(salesforce, 'deleted', start - 16 * day, start)).toMatchObject({ status: 400 })
})

test.each([['/purge-delete-log'], ['/empty-bin']])(
  'after %s the time before cannot be asked about',
  async (control) => {
    const { clock, salesforce } = open()
    const id = salesforce.person.create('Contact', { LastName: 'Gone' })
    salesforce.person.remove('Contact', id)
    await clock.advance(minutes(5))
    await salesforce.control('POST', control)
    expect(await ask(salesforce, 'deleted', start, start + minutes(10))).toMatchObject({
      status: 400,
      body: [{ errorCode: 'INVALID_REPLICATION_DATE' }],
    })
    expect((await ask(salesforce, 'deleted', start + minutes(5), start + minutes(10))).body).toMatchObject({
      deletedRecords: [],
      earliestDateAvailable: '2026-01-05T09:05:00.000+0000',
    })
  },
)

test('an object without stamps or deletions cannot be replicated', async () => {
  const { salesforce } = open()
  expect(await ask(salesforce, 'updated', start, start + minutes(1), 'Organization')).toMatchObject({ status: 400 })
  expect(await ask(salesforce, 'updated', start, start + minutes(1), 'Nonsense')).toMatchObject({ status: 404 })
})
