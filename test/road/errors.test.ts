import { expect, test } from 'vitest'
import { listParked, retryParked } from '../../src/sync/mirror/counts.ts'
import { day, membershipEvent, userEvent } from '../support/clerk-events.ts'
import { fastClock, startRoad } from '../support/road.ts'
import { until } from '../support/two-sides.ts'

/** Every row of Salesforce's error table that concerns one record, and what has to come of it. */
const table: [code: string, message: string, ends: 'written' | 'parked'][] = [
  ['UNABLE_TO_LOCK_ROW', 'unable to obtain exclusive access to this record', 'written'],
  ['SERVER_UNAVAILABLE', 'server unavailable', 'written'],
  ['UNKNOWN_EXCEPTION', 'An unexpected error occurred', 'written'],
  ['QUERY_TIMEOUT', 'your query request was running for too long', 'written'],
  ['INVALID_FIELD', 'Foreign key external ID: org_x not found for field Clerk_Org_Id__c in entity Account', 'written'],
  ['ENTITY_IS_DELETED', 'entity is deleted', 'written'],
  ['NOT_FOUND', 'The requested resource does not exist', 'written'],
  [
    'DUPLICATE_VALUE',
    'duplicate value found: Clerk_User_Id__c duplicates value on record with id: 003000000000001',
    'written',
  ],
  ['ALL_OR_NONE_OPERATION_ROLLED_BACK', 'Record rolled back', 'written'],
  [
    'CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY',
    'ContactTrigger: UNABLE_TO_LOCK_ROW, unable to obtain exclusive access',
    'written',
  ],
  [
    'CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY',
    'ContactTrigger: execution of BeforeInsert caused by: System.NullPointerException',
    'parked',
  ],
  ['CANNOT_EXECUTE_FLOW_TRIGGER', 'We can’t save this record because a flow failed', 'parked'],
  ['DUPLICATES_DETECTED', 'Use one of these records?', 'parked'],
  ['DUPLICATE_EXTERNAL_ID', 'More than one record found for external id field', 'parked'],
  ['FIELD_CUSTOM_VALIDATION_EXCEPTION', 'A Contact needs a title', 'parked'],
  ['REQUIRED_FIELD_MISSING', 'Required fields are missing: [Title]', 'parked'],
  ['STRING_TOO_LONG', 'Email: data value too large', 'parked'],
  ['INVALID_EMAIL_ADDRESS', 'Email: invalid email address', 'parked'],
  ['INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST', 'bad value for restricted picklist field', 'parked'],
  ['FIELD_INTEGRITY_EXCEPTION', 'There is a problem with this field', 'parked'],
  ['INVALID_TYPE_ON_FIELD_IN_RECORD', 'value not of required type', 'parked'],
  ['MALFORMED_ID', 'Account ID: id value of incorrect type', 'parked'],
  ['INVALID_FIELD_FOR_INSERT_UPDATE', 'Unable to create/update fields: OwnerId', 'parked'],
  ['INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY', 'insufficient access rights on cross-reference id', 'parked'],
  ['INSUFFICIENT_ACCESS_OR_READONLY', 'insufficient access rights on object id', 'parked'],
  ['INACTIVE_OWNER_OR_USER', 'operation performed with inactive user', 'parked'],
  ['STORAGE_LIMIT_EXCEEDED', 'storage limit exceeded', 'parked'],
  ['A_CODE_OF_TOMORROW', 'nobody knows yet', 'parked'],
]

test('each record error of the table ends as it says, and never for the neighbours', async () => {
  const { deliver, engine, org, records, db } = await startRoad()
  for (const [index, [code, message, ends]] of table.entries()) {
    const where = { Email: `guilty${index}@example.com` }
    org.recordFaults.add({ object: 'Contact', where, code, message, ...(ends === 'written' ? { times: 1 } : {}) })
  }
  for (const index of table.keys()) {
    await deliver(userEvent('created', { id: `user_guilty${index}`, email: `guilty${index}@example.com` }))
    await deliver(userEvent('created', { id: `user_innocent${index}` }))
  }
  await engine.drain()
  const keys = new Set(records('Contact').map((record) => record['Clerk_User_Id__c']))
  const parked = new Map((await listParked(db.query, 100)).map((one) => [one.clerkId, one]))
  const ended = table.map(([code, message], index) => {
    const id = `user_guilty${index}`
    return [code, message, keys.has(id) ? 'written' : parked.get(id)?.code === code ? 'parked' : 'lost']
  })
  expect(ended).toEqual(table)
  for (const index of table.keys()) expect(keys).toContain(`user_innocent${index}`)
  // Salesforce's own words, and what to do.
  expect(parked.get('user_guilty14')?.reason).toMatch(/^A Contact needs a title .+\./)
})

test('what was parked is written once its cause is gone and somebody says retry', async () => {
  const { deliver, engine, org, records, db } = await startRoad()
  org.recordFaults.add({ object: 'Contact', code: 'FIELD_CUSTOM_VALIDATION_EXCEPTION', message: 'no' })
  await deliver(userEvent('created', { id: 'user_1' }))
  await engine.drain()
  expect((await engine.counts()).parked).toBe(1)
  org.recordFaults.clear()
  expect(await retryParked(db.query, 'all', Date.now())).toBe(1)
  engine.wake()
  await engine.drain()
  expect(records('Contact')).toHaveLength(1)
  expect((await engine.counts()).parked).toBe(0)
})

test('new data from Clerk is a reason to try a parked record again', async () => {
  const { deliver, engine, records } = await startRoad()
  await deliver(userEvent('created', { id: 'user_1', email: 'not-an-address' }))
  await engine.drain()
  expect((await engine.counts()).parked).toBe(1)
  await deliver(userEvent('updated', { id: 'user_1', email: 'ada@example.com', at: Date.UTC(2026, 1, 1) }))
  await engine.drain()
  expect(records('Contact')).toMatchObject([{ Email: 'ada@example.com' }])
  expect((await engine.counts()).parked).toBe(0)
})

test('an outage pauses the side, costs nobody an attempt, and ends by itself', async () => {
  const { deliver, engine, org, records, db } = await startRoad()
  await deliver(userEvent('created', { id: 'user_0' }))
  await engine.drain()
  org.faults.add({
    path: '/services/data/*',
    respond: { status: 503, body: [{ errorCode: 'SERVER_UNAVAILABLE', message: 'down' }] },
  })
  for (let n = 1; n <= 30; n++) await deliver(userEvent('created', { id: `user_${n}` }))
  await until(() => engine.health().paused?.reason === 'outage')
  expect(await db.query('select max(attempts) as most from clerkforce.dirty')).toEqual([{ most: 0 }])
  org.faults.clear()
  await engine.drain()
  expect(records('Contact')).toHaveLength(31)
})

test('an expired token is renewed once, unnoticed', async () => {
  const { deliver, engine, org, records } = await startRoad()
  await deliver(userEvent('created', { id: 'user_1' }))
  await engine.drain()
  org.expireTokens()
  await deliver(userEvent('created', { id: 'user_2' }))
  await engine.drain()
  expect(records('Contact')).toHaveLength(2)
})

test('an answer that got lost is read back, and nothing is written twice', async () => {
  const { deliver, engine, org, records } = await startRoad()
  await deliver(userEvent('created', { id: 'user_0' }))
  await engine.drain()
  org.faults.add({ method: 'PATCH', path: '*/composite/sobjects/Contact/*', times: 1, drop: 'answer' })
  const before = org.stats().records['Contact.created'] ?? 0
  for (let n = 1; n <= 5; n++) await deliver(userEvent('created', { id: `user_${n}` }))
  await engine.drain()
  expect(records('Contact')).toHaveLength(6)
  expect((org.stats().records['Contact.created'] ?? 0) - before).toBe(5)
  expect(org.stats().records['Contact.updated'] ?? 0).toBe(0)
})

test('a record that spoils its whole request is found and parked alone', async () => {
  const { deliver, engine, org, records, db } = await startRoad()
  org.faults.add({
    method: 'PATCH',
    path: '*/composite/sobjects/Contact/*',
    times: 3,
    respond: { status: 400, body: [{ errorCode: 'JSON_PARSER_ERROR', message: 'spoiled' }] },
  })
  for (let n = 0; n < 8; n++) await deliver(userEvent('created', { id: `user_${n}` }))
  await engine.drain()
  const parked = await listParked(db.query, 10)
  expect(records('Contact').length + parked.length).toBe(8)
  expect(parked.length).toBeLessThanOrEqual(1)
})

test('our share of the allowance is never exceeded', async () => {
  const { deliver, engine, org } = await startRoad({ engine: { allowanceShare: 0.5 } })
  await deliver(userEvent('created', { id: 'user_0' }))
  await engine.drain()
  org.setAllowance({ limit: 1_000, used: 380 })
  for (let n = 1; n <= 60; n++) {
    await deliver(userEvent('updated', { id: 'user_0', first: `Ada ${n}`, at: Date.UTC(2026, 1, 1) + n }))
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
  await new Promise((resolve) => setTimeout(resolve, 500))
  expect(org.usage().used).toBeLessThanOrEqual(500)
  expect(engine.health().paused?.reason ?? 'spread').toMatch(/allowance|spread/)
})

test('a field that has vanished from the org blocks the side until the mapping is checked, and parks nobody', async () => {
  const { deliver, engine, org, records } = await startRoad({ clock: fastClock(20) })
  const body = [{ errorCode: 'INVALID_FIELD', message: "No such column 'Clerk_Status__c' on sobject of type Contact" }]
  org.faults.add({ method: 'PATCH', path: '*/composite/sobjects/Contact/*', times: 2, respond: { status: 400, body } })
  for (let n = 0; n < 20; n++) await deliver(userEvent('created', { id: `user_${n}` }))
  await engine.drain(600_000)
  expect(records('Contact')).toHaveLength(20)
  expect((await engine.counts()).parked).toBe(0)
})

test('a look-up that Salesforce refuses for one record parks that record only', async () => {
  const { deliver, engine, org, records, db } = await startRoad()
  const body = [{ errorCode: 'MALFORMED_QUERY', message: 'unexpected token' }]
  // Eight records are halved three times on the way to the guilty one.
  org.faults.add({ path: '*/query', times: 4, respond: { status: 400, body } })
  for (let n = 0; n < 8; n++) await deliver(userEvent('created', { id: `user_${n}` }))
  await engine.drain()
  const parked = await listParked(db.query, 10)
  expect(parked.length + records('Contact').length).toBe(8)
  expect(parked.length).toBeGreaterThan(0)
  for (const one of parked) expect(one).toMatchObject({ code: 'MALFORMED_QUERY' })
})

test('queries that lag behind writes make nothing twice and nothing wrong', async () => {
  const { deliver, engine, records } = await startRoad({ orgOptions: { lateVisibilityMs: 600 } })
  const ada = { id: 'user_1' }
  const acme = { id: 'org_1', name: 'Acme' }
  await deliver(userEvent('created', ada))
  await deliver(membershipEvent('created', { id: 'orgmem_1', user: ada, organization: acme }))
  await deliver(
    membershipEvent('created', {
      id: 'orgmem_2',
      user: ada,
      organization: { id: 'org_2', name: 'Initech' },
      createdAt: day(1),
    }),
  )
  await engine.drain()
  expect(records('Contact')).toHaveLength(1)
  const relations = records('AccountContactRelation').map((one) => [one['Clerk_Membership_Id__c'], one['IsDirect']])
  expect(relations.sort()).toEqual([
    ['orgmem_1', true],
    ['orgmem_2', false],
  ])
})

test('when the allowance has grown again, writing goes on by itself', async () => {
  const { deliver, engine, org, records } = await startRoad({ clock: fastClock(400), engine: { leaseMs: 6_000_000 } })
  await deliver(userEvent('created', { id: 'user_0' }))
  await engine.drain(1_000_000)
  org.setAllowance({ limit: 1_000, used: 900 })
  await deliver(userEvent('created', { id: 'user_1' }))
  await deliver(userEvent('created', { id: 'user_2' }))
  await new Promise((resolve) => setTimeout(resolve, 300))
  expect(engine.health().paused?.reason).toBe('allowance')
  const used = org.usage().used
  org.setAllowance({ limit: 100_000 })
  await engine.drain(10_000_000)
  expect(records('Contact')).toHaveLength(3)
  expect(org.usage().used - used).toBeLessThan(12)
})

test('a mapping function that throws parks the record that it threw for, and no other', async () => {
  const mapping = {
    from: (user: { public_metadata: Record<string, unknown> }) => (user.public_metadata['phone'] as string).trim(),
  }
  const { deliver, engine, records, db } = await startRoad({
    engine: { config: { person: { fields: { Phone: mapping } } } },
  })
  await deliver(userEvent('created', { id: 'user_1' }))
  await deliver(userEvent('created', { id: 'user_2', fields: { public_metadata: { phone: ' 1 ' } } }))
  await engine.drain()
  expect(records('Contact')).toMatchObject([{ Clerk_User_Id__c: 'user_2', Phone: '1' }])
  const [parked] = await listParked(db.query, 10)
  expect(parked).toMatchObject({ code: 'MAPPING_FAILED', clerkId: 'user_1' })
  expect(parked?.reason).toMatch(/the mapping function of Phone threw \(TypeError/)
})
