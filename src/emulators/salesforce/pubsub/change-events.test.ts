import { afterEach, expect, test } from 'vitest'
import { manualClock } from '../../kit/clock.ts'
import { createSalesforceEmulator, type SalesforceEmulator, type SalesforceEmulatorOptions } from '../index.ts'

const made: SalesforceEmulator[] = []
afterEach(() => {
  made.length = 0
})

const open = (options: SalesforceEmulatorOptions = {}) => {
  const clock = manualClock()
  const selected = ['Account', 'Contact', 'AccountContactRelation']
  const emulator = createSalesforceEmulator({ clock, sfdx: false, changeDataCapture: selected, ...options })
  let seen = 0
  /** Headers and bodies of what is new since the last look. */
  const news = () => {
    const all = emulator.events.list()
    const fresh = all.slice(seen).map(({ payload: { ChangeEventHeader: header, ...body } }) => ({
      header: header as Record<string, unknown>,
      body,
    }))
    seen = all.length
    return fresh
  }
  const later = () => clock.advance(5_000)
  return { emulator, clock, news, later, ...emulator.person }
}

const longText = (lines: number, changed = -1): string =>
  Array.from(
    { length: lines },
    (_, i) => `${i === changed ? 'Changed' : 'Original'} line ${i} of a long description.`,
  ).join('\n')

test('a new record tells all its fields, names no changed ones, and brings its direct relationship in the same transaction', () => {
  const { create, news } = open()
  const account = create('Account', { Name: 'A', BillingCity: 'Bern', NumberOfEmployees: 7, AnnualRevenue: 1.5 })
  const contact = create('Contact', { FirstName: 'X', LastName: 'Y', AccountId: account, Birthdate: '2000-01-02' })
  const [first, second, third] = news()
  expect(first?.body).toMatchObject({
    Name: 'A',
    BillingAddress: { City: 'Bern' },
    NumberOfEmployees: 7,
    AnnualRevenue: 1.5,
  })
  expect(second).toMatchObject({
    header: { entityName: 'Contact', recordIds: [contact], changeType: 'CREATE', sequenceNumber: 1, changedFields: [] },
    body: { Name: { FirstName: 'X', LastName: 'Y' }, Birthdate: Date.UTC(2000, 0, 2), DoNotCall: false },
  })
  expect(third).toMatchObject({
    header: { entityName: 'AccountContactRelation', changeType: 'CREATE', sequenceNumber: 2 },
    body: { AccountId: account, ContactId: contact, IsDirect: true, IsActive: true },
  })
  expect(third?.header['transactionKey']).toBe(second?.header['transactionKey'])
  expect(third?.header['commitNumber']).toBe(second?.header['commitNumber'])
  expect(second?.header['transactionKey']).not.toBe(first?.header['transactionKey'])
})

test('an update tells what changed and nothing else, parts of names and addresses by themselves', async () => {
  const { create, edit, news, later } = open()
  const id = create('Contact', {
    FirstName: 'X',
    LastName: 'Y',
    Email: 'x@example.com',
    Title: 'T',
    MailingCity: 'Bern',
  })
  news()
  await later()
  edit('Contact', id, { FirstName: 'Z', Email: null, MailingCity: 'Basel', MailingStreet: 'Weg 1' })
  const [{ header, body } = { header: {}, body: {} }] = news()
  expect(header).toMatchObject({
    changeType: 'UPDATE',
    recordIds: [id],
    changedFields: ['Email', 'LastModifiedDate', 'Name.FirstName', 'MailingAddress.Street', 'MailingAddress.City'],
    nulledFields: ['Email'],
    diffFields: [],
  })
  expect(body).toEqual({
    Name: { FirstName: 'Z' },
    MailingAddress: { Street: 'Weg 1', City: 'Basel' },
    LastModifiedDate: expect.any(Number),
  })
})

test('the stamp counts as changed even when two saves share a second; a save that changes nothing at all makes no event', () => {
  const { create, edit, news } = open()
  const id = create('Account', { Name: 'A' })
  news()
  edit('Account', id, { Name: 'B' })
  edit('Account', id, { Name: 'B' })
  expect(news().map(({ header }) => header['changedFields'])).toEqual([['Name', 'LastModifiedDate']])
})

test('a deleted record tells its id only; one that comes back tells everything', () => {
  const { create, remove, undelete, news } = open()
  const id = create('Contact', { LastName: 'Y', Email: 'y@example.com' })
  news()
  remove('Contact', id)
  undelete('Contact', id)
  const [gone, back] = news()
  expect(gone).toMatchObject({ header: { changeType: 'DELETE', recordIds: [id], changedFields: [] }, body: {} })
  expect(Object.keys(gone?.body ?? { x: 1 })).toEqual([])
  expect(back).toMatchObject({
    header: { changeType: 'UNDELETE', changedFields: [] },
    body: { Email: 'y@example.com' },
  })
})

test('the same change to several records of a transaction is one event with their ids', () => {
  const { create, remove, news } = open()
  const account = create('Account', { Name: 'A' })
  const [one, two] = [
    create('Contact', { LastName: 'X', AccountId: account }),
    create('Contact', { LastName: 'Y', AccountId: account }),
  ]
  news()
  remove('Account', account)
  const events = news().map(({ header }) => header)
  expect(events.map((header) => [header['entityName'], header['changeType'], header['sequenceNumber']])).toEqual([
    ['Account', 'DELETE', 1],
    ['AccountContactRelation', 'DELETE', 2],
    ['Contact', 'DELETE', 3],
  ])
  expect(events[2]?.['recordIds']).toEqual([one, two])
})

test('a merge deletes the losers, updates the winner, and moves their children', async () => {
  const { create, merge, news, later } = open()
  const [winner, loser] = [create('Account', { Name: 'A' }), create('Account', { Name: 'B' })]
  const child = create('Contact', { LastName: 'X', AccountId: loser })
  news()
  await later()
  merge('Account', winner, loser)
  const events = news()
  const of = (entity: string, type: string) =>
    events.find(({ header }) => header['entityName'] === entity && header['changeType'] === type)
  expect(of('Account', 'DELETE')?.header['recordIds']).toEqual([loser])
  expect(of('Account', 'UPDATE')?.header['recordIds']).toEqual([winner])
  expect(of('Contact', 'UPDATE')).toMatchObject({ header: { recordIds: [child] }, body: { AccountId: winner } })
  expect(new Set(events.map(({ header }) => header['transactionKey'])).size).toBe(1)
})

test('long text is sent as a diff that names the hash of the whole, and short text as it is', async () => {
  const { create, edit, news, later } = open()
  const id = create('Account', { Name: 'A', Description: longText(40) })
  news()
  await later()
  edit('Account', id, { Description: longText(40, 3) })
  const [long] = news()
  expect(long?.header).toMatchObject({
    diffFields: ['Description'],
    changedFields: ['Description', 'LastModifiedDate'],
  })
  expect(long?.body['Description']).toMatch(
    /^--- \n\+\+\+ [0-9a-f]{64}\n@@ -4,1 \+4,1 @@\n-Original line 3.*\n\+Changed line 3.*\.$/,
  )
  edit('Account', id, { Description: longText(10, 3) })
  const [short] = news()
  expect(short).toMatchObject({ header: { diffFields: [] }, body: { Description: longText(10, 3) } })
})

test('who changed it, and through what, stands in the header', async () => {
  const { emulator, news } = open()
  const form = { grant_type: 'client_credentials', client_id: emulator.clientId, client_secret: emulator.clientSecret }
  const reply = await emulator.app.request('/services/oauth2/token', {
    method: 'POST',
    body: new URLSearchParams(form),
  })
  const { access_token } = (await reply.json()) as { access_token: string }
  await emulator.app.request('/services/data/v66.0/sobjects/Account', {
    method: 'POST',
    headers: {
      authorization: `Bearer ${access_token}`,
      'content-type': 'application/json',
      'sforce-call-options': 'client=acme',
    },
    body: '{"Name":"A"}',
  })
  expect(news()[0]?.header).toMatchObject({
    changeOrigin: 'com/salesforce/api/rest/66.0;client=acme',
    commitUser: emulator.userId,
  })
})

test('what is not selected makes no event, and leaves a gap in the numbers of its transaction', () => {
  const { create, news } = open({ changeDataCapture: ['AccountContactRelation'] })
  create('Contact', { LastName: 'X', AccountId: create('Account', { Name: 'A' }) })
  expect(news().map(({ header }) => [header['entityName'], header['sequenceNumber']])).toEqual([
    ['AccountContactRelation', 2],
  ])
})

test('by default an org captures nothing', () => {
  const { create, news } = open({ changeDataCapture: [] })
  create('Account', { Name: 'A' })
  expect(news()).toEqual([])
})

test('while capture is off changes are lost for good', () => {
  const { emulator, create, news } = open()
  emulator.events.set({ capture: false })
  create('Account', { Name: 'A' })
  emulator.events.set({ capture: true })
  const id = create('Account', { Name: 'B' })
  expect(news().map(({ header }) => header['recordIds'])).toEqual([[id]])
})

test('beyond the most changes of a transaction each object gets one overflow event without ids', () => {
  const { emulator, create, remove, news } = open()
  const account = create('Account', { Name: 'A' })
  for (let i = 0; i < 3; i++) create('Contact', { LastName: `${i}`, AccountId: account })
  news()
  emulator.events.set({ overflowAfter: 2 })
  remove('Account', account)
  expect(news().map(({ header }) => [header['entityName'], header['changeType'], header['recordIds']])).toEqual([
    ['Account', 'DELETE', [account]],
    ['AccountContactRelation', 'DELETE', [expect.any(String)]],
    ['AccountContactRelation', 'GAP_OVERFLOW', ['000000000000000AAA']],
    ['Contact', 'GAP_OVERFLOW', ['000000000000000AAA']],
  ])
})

test('an event that is too large is a gap event instead', () => {
  const { emulator, create, news } = open()
  emulator.events.set({ maxEventBytes: 500 })
  const id = create('Account', { Name: 'A', Description: 'x'.repeat(500) })
  const [gap] = news()
  expect(gap).toMatchObject({ header: { changeType: 'GAP_CREATE', recordIds: [id] } })
  expect(Object.keys(gap?.body ?? { x: 1 })).toEqual([])
})

test('a commit number may be larger than a double can hold', () => {
  const { emulator, create, news } = open()
  emulator.events.setCommitNumber(9_007_199_254_740_993n)
  create('Account', { Name: 'A' })
  expect(BigInt(String(news()[0]?.header['commitNumber']))).toBeGreaterThan(9_007_199_254_740_993n)
})

test('gaps and types that nobody knows can be announced for any selected object', () => {
  const { emulator, create } = open()
  const id = create('Contact', { LastName: 'X' })
  const { announce } = emulator.events
  expect(announce({ object: 'Contact', changeType: 'GAP_UPDATE', recordIds: [id] }).payload).toMatchObject({
    ChangeEventHeader: { changeType: 'GAP_UPDATE', recordIds: [id] },
  })
  expect(announce({ object: 'Contact', changeType: 'SNAPSHOT', recordIds: [id] }).payload).toMatchObject({
    ChangeEventHeader: { changeType: 'SNAPSHOT' },
  })
  expect(() => announce({ object: 'Contact', changeType: 'GAP_DELETE' })).toThrow('recordIds is missing')
  expect(() => announce({ object: 'User', changeType: 'GAP_OVERFLOW' })).toThrow('User makes no change events')
})

test('the same seed and clock make the same events, ids and all', () => {
  const history = () => {
    const { emulator, create, edit } = open({ seed: 7 })
    edit('Account', create('Account', { Name: 'A' }), { Name: 'B' })
    return emulator.events.list()
  }
  expect(history()).toEqual(history())
})

test('a Person Account tells its name in parts, and its Contact tells it as well', () => {
  const { create, news } = open({ personAccounts: true })
  const id = create('Account', { FirstName: 'X', LastName: 'Y' })
  const business = create('Account', { Name: 'Acme' })
  const [first, second, third] = news().sort((a, b) =>
    String(a.header['entityName']).localeCompare(String(b.header['entityName'])),
  )
  expect([first?.body['Name'], first?.header['recordIds']]).toEqual([{ FirstName: 'X', LastName: 'Y' }, [id]])
  expect([second?.body['Name'], second?.header['recordIds']]).toEqual(['Acme', [business]])
  expect(third).toMatchObject({
    header: { entityName: 'Contact' },
    body: { IsPersonAccount: true, Name: { LastName: 'Y' } },
  })
})
