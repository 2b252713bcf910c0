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
  expect((await salesforce.control('POST', '/settings', { latencyMs: 1 })).body).toMatchObject({
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
    requests: { total: 0, byMethod: {}, byStatus: {} },
  })
  expect(await salesforce.query('SELECT Id FROM Contact')).toEqual([])
  expect(salesforce.settings.latencyMs).toBe(1)
})

test('what a control does not know is refused, with what it does know', async () => {
  const cases: [string, unknown, RegExp][] = [
    ['/settings', { latencyMS: 5 }, /^POST \/_emulator\/settings: latencyMS is not known; known are latencyMs, /],
    ['/settings', { latencyMs: '5' }, /latencyMs must be a number, not "5"/],
    ['/settings', { accountDelete: 'ask' }, /accountDelete must be one of "cascade", "block", not "ask"/],
    ['/settings', 5, /what is given must be an object, not 5/],
    ['/settings', '{', /the body is not JSON/],
    ['/faults', { respond: { status: 500 }, time: 1 }, /time is not known; known are method, path, times, /],
    ['/faults', [{ object: 'Contact', code: 'X', evry: 2 }], /\[0\]\.evry is not known; known are object, /],
    ['/faults', { object: 'Contakt', code: 'X' }, /there is no object Contakt; there are .*Contact/],
    ['/faults', { object: 'Contact', code: 'X', where: { Clerk: 'a' } }, /Contact has no field Clerk/],
    [
      '/rules',
      { duplicateRules: [{ object: 'Contact', action: 'stop' }] },
      /duplicateRules\[0\]\.action must be one of/,
    ],
    ['/rules', { validationRules: [{ object: 'Contact', message: 'No', when: { Nope: 1 } }] }, /no field Nope/],
    ['/seed', { Kontakt: [] }, /Kontakt is not known; known are Account, Contact/],
    ['/allowance', { used: -1 }, /used must be at least 0, not -1/],
    ['/reset', { all: true }, /all is not known; nothing may stand here/],
    ['/clock', { advanceMs: 5 }, /the clock is the machine's; start the emulator with/],
    ['/snapshot', {}, /started without the option `state`/],
  ]
  for (const [path, body, words] of cases) {
    const answer = await salesforce.control('POST', path, body)
    expect([path, answer.status, answer.body]).toEqual([path, 400, { error: expect.stringMatching(words) }])
  }
  expect(await salesforce.control('PUT', '/snapshot', { format: 'x' })).toMatchObject({
    status: 400,
    body: { error: expect.stringContaining('not a snapshot') },
  })
})

test('the controls list themselves, and a wrong address or method is told what there is', async () => {
  const list = (await salesforce.control('GET', '')).body as {
    controls: { method: string; path: string; does?: string }[]
  }
  const seed = list.controls.find(({ path }) => path === '/_emulator/seed')
  expect(seed).toMatchObject({ method: 'POST', does: expect.stringContaining('lists of records') })
  expect(await salesforce.control('POST', '/resets')).toMatchObject({
    status: 404,
    body: {
      error: expect.stringContaining('There is no control'),
      controls: expect.arrayContaining(['POST /_emulator/reset']),
    },
  })
  expect(await salesforce.control('GET', '/reset')).toMatchObject({
    status: 405,
    body: { error: '/_emulator/reset does not take GET; it takes POST' },
  })
})

test('an option that does not exist, or has the wrong type, is named when the emulator starts', () => {
  const open = (options: object) => () => openSalesforce(options)
  expect(open({ apiLimits: 5 })).toThrow(/^createSalesforceEmulator: apiLimits is not known; known are .*apiLimit/)
  expect(open({ apiLimit: '5', sfdx: true })).toThrow(
    /sfdx must be .*, not true; and apiLimit must be a number, not "5"/,
  )
  expect(open({ clock: Date })).toThrow(/clock must be a clock, such as manualClock\(\)/)
  expect(open({ latencyMs: undefined })).not.toThrow()
})

test('in the process, too, what is misspelt or names what the org does not have is refused', () => {
  const on = salesforce as unknown as Record<string, (given: unknown) => void>
  const { recordFaults } = salesforce
  for (const [call, words] of [
    [() => on['seed']?.({ Contcat: [] }), /^seed: Contcat is not known; known are Account, Contact/],
    [() => on['seedMany']?.({ accounts: -1, contacts: 2 }), 'seedMany: accounts must be at least 0'],
    [() => on['setAllowance']?.({ usd: 4 }), 'setAllowance: usd is not known; known are used, limit'],
    [() => on['setRules']?.({ dupRules: [] }), 'setRules: dupRules is not known'],
    [
      () => salesforce.setRules({ validationRules: [{ object: 'Contact', message: 'x', when: { Emil: 'x' } }] }),
      'Emil',
    ],
    [() => recordFaults.add({ object: 'contact', code: 'UNABLE_TO_LOCK_ROW' }), 'contact is written Contact'],
    [
      () => recordFaults.add({ object: 'Contact', where: { lastname: 'x' }, code: 'X' }),
      'lastname of Contact is written',
    ],
    [() => Object.assign(salesforce.settings, { latencyMilliseconds: 4 }), /latencyMilliseconds/],
  ] as const)
    expect(call).toThrow(words)
  expect(recordFaults.list()).toEqual([])
})

test('options that name what the org does not have are refused when it starts', () => {
  const field = { object: 'Contact', name: 'Region__c', type: 'string' as const }
  for (const [options, words] of [
    [{ duplicateRules: [{ object: 'Contct', field: 'Email', action: 'block' }] }, 'there is no object Contct'],
    [{ duplicateRules: [{ object: 'Contact', action: 'block' }] }, 'must be a rule with either field or fields'],
    [{ validationRules: [{ object: 'Contact', message: 'x' }] }, 'must be a rule that says when it refuses'],
    [{ automations: [{ object: 'Contact', set: { Emil: 'x' } }] }, 'Contact has no field Emil'],
    [{ requiredFields: ['Email'] }, 'requiredFields: Email is not of the form Contact.Email'],
    [{ requiredFields: ['Contact.Emil'] }, 'requiredFields: Contact has no field Emil'],
    [{ customFields: [{ ...field, name: 'Region' }] }, 'customFields[0].name: must be the name of a custom field'],
    [{ customFields: [{ ...field, type: 'text' }] }, 'customFields[0].type must be one of "id", "string"'],
    [{ customFields: [{ ...field, externalID: true }] }, 'customFields[0].externalID is not known'],
    [{ sfdx: '/nowhere' }, 'sfdx: /nowhere is no Salesforce DX project'],
    [{ port: 5802 }, 'createSalesforceEmulator: port is not known'],
  ] as const)
    expect(() => openSalesforce(options as object)).toThrow(words)
})

test('frozen, requests wait; thawed, they go on', async () => {
  await salesforce.token()
  expect(await salesforce.control('POST', '/freeze')).toMatchObject({ body: { frozen: true } })
  let answered = false
  const waiting = salesforce.call('GET', '/limits').then(({ status }) => {
    answered = true
    return status
  })
  const overview = async () =>
    (await salesforce.control('GET', '/overview')).body as { frozen: boolean; waiting: number }
  while ((await overview()).waiting === 0) await new Promise((resolve) => setImmediate(resolve))
  expect(answered).toBe(false)
  await salesforce.control('DELETE', '/freeze')
  // The token was waited for first, then the call.
  expect(await waiting).toBe(200)
  expect(await overview()).toMatchObject({ frozen: false, waiting: 0 })
})

test('the page is for browsers, what it shows is JSON for everybody, and neither shows a token', async () => {
  await seed({ Contact: [{ LastName: 'Xu', Email: 'xu@example.com' }, { LastName: 'Ypsilon' }] })
  const token = await salesforce.token()
  await salesforce.app.request(`/id/x/y?oauth_token=${encodeURIComponent(token)}`)
  await salesforce.call('GET', '/limits')
  for (const path of ['/_emulator', '/_emulator/']) {
    const page = await salesforce.app.request(path, { headers: { accept: 'text/html,*/*' } })
    expect(page.headers.get('content-type')).toContain('text/html')
    expect(await page.text()).toContain('<title>Salesforce emulator</title>')
  }
  const { body } = await salesforce.control('GET', '/overview')
  expect(body).toMatchObject({
    objects: expect.arrayContaining([{ name: 'Contact', count: 2 }]),
    requests: {
      recent: expect.arrayContaining([expect.objectContaining({ path: '/services/data/v66.0/limits', status: 200 })]),
    },
    events: expect.arrayContaining([expect.objectContaining({ type: 'Contact CREATE' })]),
  })
  expect(JSON.stringify([body, (await salesforce.control('GET', '/requests')).body])).not.toContain(token.slice(16))
  expect((await salesforce.control('GET', '/browse/Contact?search=XU@')).body).toMatchObject({
    rows: [{ cells: expect.arrayContaining(['xu@example.com']) }],
    complete: true,
  })
  salesforce.person.remove('Contact', String(salesforce.state()['Contact']?.at(-1)?.['Id']))
  expect((await salesforce.control('GET', '/browse/Contact')).body).toMatchObject({ rows: [{ deleted: true }, {}] })
  expect(await salesforce.control('GET', '/browse/Kontakt')).toMatchObject({ status: 404 })
  expect(await salesforce.control('GET', '/browse/Contact?limt=1')).toMatchObject({ status: 400 })
})
