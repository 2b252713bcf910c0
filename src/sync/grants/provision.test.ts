import { expect, test } from 'vitest'
import { databaseKinds } from '../../../test/support/databases.ts'
import { decideRequests, listRequests } from '../mirror/approvals.ts'
import { type Event, startGranting } from './grants.test-support.ts'

const ticked = { Name: 'Acme', Provision_Clerk_Org__c: true }
const posts = { method: 'POST', path: '/v1/organizations' }

test.each(databaseKinds)(
  'an Account that asks for it gets one organization, however often it is seen, and carries its id (%s)',
  async (database) => {
    const { org, clerk, see, granted, webhooks, record } = await startGranting({ database })
    const id = org.person.create('Account', ticked)
    await see('Account', id, id)
    await granted()
    await see('Account', id)
    await granted()
    await webhooks()
    const [organization, ...more] = clerk.state().organizations
    expect(more).toEqual([])
    expect(organization).toMatchObject({ name: 'Acme', private_metadata: { clerkforce_intent: `account/${id}` } })
    expect(record('Account', id)).toMatchObject({ Clerk_Org_Id__c: organization?.['id'], Clerk_Status__c: 'active' })
    expect(org.state()['Account']).toHaveLength(1)
  },
)

test('a lost answer of Clerk makes no second organization', async () => {
  const { org, clerk, see, granted, webhooks, record } = await startGranting()
  clerk.faults.add({ ...posts, times: 1, drop: 'answer' })
  const id = org.person.create('Account', ticked)
  await see('Account', id)
  await webhooks()
  await granted()
  expect(clerk.state().organizations).toHaveLength(1)
  expect(record('Account', id)['Clerk_Org_Id__c']).toBe(clerk.state().organizations[0]?.['id'])
  expect(org.state()['Account']).toHaveLength(1)
})

test.each(['before', 'after'])(
  'a process that dies between the answer of Clerk and the commit leaves one organization, with its webhook %s the next one looks',
  async (moment) => {
    const setting = await startGranting({ started: false })
    const { org, clerk, see, ended, webhooks, record, request, start, startDying, later } = setting
    const id = org.person.create('Account', ticked)
    const { died } = startDying()
    await see('Account', id)
    await died
    expect(await request(`account/${id}`)).toMatchObject({ state: 'open', leased_by: expect.stringContaining('dying') })
    if (moment === 'before') await webhooks()
    later(60_000)
    start('heir')
    await ended(`account/${id}`)
    await webhooks()
    const [organization, ...more] = clerk.state().organizations
    expect(more).toEqual([])
    expect(record('Account', id)['Clerk_Org_Id__c']).toBe(organization?.['id'])
    expect(org.state()['Account']).toHaveLength(1)
  },
)

test('an organization that is renamed in Clerk before its answer was taken in is found again all the same', async () => {
  const { org, clerk, see, ended, webhooks, record, start, startDying, later } = await startGranting({ started: false })
  const id = org.person.create('Account', ticked)
  const { died } = startDying()
  await see('Account', id)
  await died
  const organizationId = clerk.state().organizations[0]?.['id']
  await fetch(`${clerk.url}/v1/organizations/${organizationId}`, {
    method: 'PATCH',
    headers: { authorization: `Bearer ${clerk.secretKey}`, 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'Renamed' }),
  })
  await webhooks()
  later(60_000)
  start('heir')
  await ended(`account/${id}`)
  await webhooks()
  expect(clerk.state().organizations).toMatchObject([{ id: organizationId, name: 'Renamed' }])
  expect(record('Account', id)['Clerk_Org_Id__c']).toBe(organizationId)
})

test('an organization that comes without its mark while one of its name is being made waits, and makes no second Account', async () => {
  const { org, clerk, see, ended, deliver, record, start, startDying, later, db } = await startGranting({
    started: false,
  })
  const id = org.person.create('Account', ticked)
  const { died } = startDying()
  await see('Account', id)
  await died
  const [created] = clerk.webhooks.messages().map(({ body }) => JSON.parse(body) as Event)
  await deliver({ ...created, data: { ...created?.data, private_metadata: undefined } })
  await expect.poll(() => db.query('select 1 from clerkforce.dirty where attempts > 0')).toHaveLength(1)
  later(60_000)
  start('heir')
  await ended(`account/${id}`)
  expect(record('Account', id)['Clerk_Org_Id__c']).toBe(clerk.state().organizations[0]?.['id'])
  expect(org.state()['Account']).toHaveLength(1)
})

test('a checkbox that is cleared before anything was done takes the request back, and set again asks again', async () => {
  const { org, clerk, see, granted, request, start } = await startGranting({ started: false })
  const [first, second] = [org.person.create('Account', ticked), org.person.create('Account', ticked)] as const
  await see('Account', first, second)
  // One is seen to be cleared, the other is only found so by whoever carries it out.
  org.person.edit('Account', first, { Provision_Clerk_Org__c: false })
  org.person.edit('Account', second, { Provision_Clerk_Org__c: false })
  await see('Account', first)
  start()
  await granted()
  expect(clerk.state().organizations).toEqual([])
  expect(await request(`account/${first}`)).toMatchObject({ state: 'withdrawn', tried_at: null })
  expect(await request(`account/${second}`)).toMatchObject({ state: 'withdrawn', code: 'NO_LONGER_WANTED' })
  org.person.edit('Account', first, { Provision_Clerk_Org__c: true })
  await see('Account', first)
  await granted()
  expect(clerk.state().organizations).toHaveLength(1)
})

test('a checkbox that is cleared once Clerk was asked takes nothing back: what came of it is found', async () => {
  const { org, clerk, see, ended, record, request, start } = await startGranting({ started: false })
  clerk.faults.add({ ...posts, times: 1, drop: 'answer' }, { method: 'GET', path: '/v1/*', respond: { status: 503 } })
  const id = org.person.create('Account', ticked)
  const first = start('first')
  await see('Account', id)
  await expect.poll(() => clerk.state().organizations).toHaveLength(1)
  await first.stop()
  expect(await request(`account/${id}`)).toMatchObject({ state: 'open', tried_at: expect.any(Number), leased_by: null })
  org.person.edit('Account', id, { Provision_Clerk_Org__c: false })
  await see('Account', id)
  clerk.faults.clear()
  start('second')
  await ended(`account/${id}`)
  expect(await request(`account/${id}`)).toMatchObject({ state: 'done' })
  expect(clerk.state().organizations).toHaveLength(1)
  expect(record('Account', id)['Clerk_Org_Id__c']).toBe(clerk.state().organizations[0]?.['id'])
})

test('an Account that has got a Clerk id by hand gets no organization', async () => {
  const { org, clerk, see, granted, request, start } = await startGranting({ started: false })
  const id = org.person.create('Account', ticked)
  await see('Account', id)
  org.person.edit('Account', id, { Clerk_Org_Id__c: 'org_by_hand' })
  start()
  await granted()
  expect(clerk.state().organizations).toEqual([])
  expect(await request(`account/${id}`)).toMatchObject({ state: 'withdrawn', code: 'LINKED_ALREADY' })
})

test('nothing is made before an operator approves, nor ever after one denies', async () => {
  const { org, clerk, db, clock, see, granted, request } = await startGranting({
    config: { provision: { approval: true } },
  })
  const [yes, no] = [org.person.create('Account', ticked), org.person.create('Account', ticked)] as const
  await see('Account', yes, no)
  await granted()
  expect(clerk.state().organizations).toEqual([])
  expect(await listRequests(db.query, 10)).toMatchObject([{ state: 'asked' }, { state: 'asked' }])
  expect(await decideRequests(db.query, 'deny', [`account/${no}`, 'account/none'], clock.now())).toEqual([
    `account/${no}`,
  ])
  expect(await decideRequests(db.query, 'approve', 'all', clock.now())).toEqual([`account/${yes}`])
  org.person.edit('Account', no, { Provision_Clerk_Org__c: false })
  await see('Account', no)
  org.person.edit('Account', no, { Provision_Clerk_Org__c: true })
  await see('Account', no)
  await granted()
  expect(clerk.state().organizations).toMatchObject([{ private_metadata: { clerkforce_intent: `account/${yes}` } }])
  expect(await request(`account/${no}`)).toMatchObject({ state: 'denied' })
})

test('more than the limit of an hour waits, says so, and goes on when the hour is over', async () => {
  const { org, clerk, see, granted, later, request } = await startGranting({ config: { provision: { perHour: 2 } } })
  const ids = [1, 2, 3].map((n) => org.person.create('Account', { ...ticked, Name: `Acme ${n}` }))
  await see('Account', ...ids)
  await granted()
  expect(clerk.state().organizations).toHaveLength(2)
  const states = await Promise.all(ids.map(async (id) => (await request(`account/${id}`))['code']))
  expect(states.filter((code) => code === 'HOURLY_LIMIT')).toHaveLength(1)
  later(30 * 60_000)
  await granted()
  expect(clerk.state().organizations).toHaveLength(2)
  later(31 * 60_000)
  await granted()
  expect(clerk.state().organizations).toHaveLength(3)
})

test('Accounts of the same name get organizations of their own at the same time, and so does an organization that came by itself', async () => {
  const { org, clerk, see, granted, webhooks, record } = await startGranting()
  const ids = [org.person.create('Account', ticked), org.person.create('Account', ticked)]
  clerk.faults.add({ ...posts, times: 2, latencyMs: 50 })
  await see('Account', ...ids)
  const own = await fetch(`${clerk.url}/v1/organizations`, {
    method: 'POST',
    headers: { authorization: `Bearer ${clerk.secretKey}`, 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'Acme' }),
  })
  const { id: foreign } = (await own.json()) as { id: string }
  await webhooks()
  await granted()
  await webhooks()
  const marked = new Map(clerk.state().organizations.map((one) => [one['id'], one['private_metadata']]))
  expect(marked.size).toBe(3)
  for (const id of ids)
    expect(marked.get(record('Account', id)['Clerk_Org_Id__c'])).toEqual({ clerkforce_intent: `account/${id}` })
  const accounts = org.state()['Account'] ?? []
  expect(accounts.map((one) => one['Clerk_Org_Id__c']).filter((id) => id === foreign)).toHaveLength(1)
  expect(accounts).toHaveLength(3)
})

test("what Clerk refuses fails in Clerk's words, stands in the journal, and is tried again when an operator approves", async () => {
  const { org, clerk, db, clock, see, granted, lines, request } = await startGranting({
    config: { provision: { slug: 'Website' } },
  })
  const id = org.person.create('Account', { ...ticked, Website: 'acme' })
  await see('Account', id)
  await granted()
  expect(await listRequests(db.query, 10)).toMatchObject([
    {
      key: `account/${id}`,
      state: 'failed',
      code: 'organization_slugs_disabled',
      reason: expect.stringMatching(/Clerk refuses/),
    },
  ])
  expect(await lines()).toMatchObject([
    { side: 'clerk', kind: 'create', salesforce_id: id, result: 'organization_slugs_disabled' },
  ])
  org.person.edit('Account', id, { Website: null, Name: 'Acme Ltd' })
  await decideRequests(db.query, 'approve', [`account/${id}`], clock.now())
  await granted()
  expect(clerk.state().organizations).toMatchObject([{ name: 'Acme Ltd' }])
  expect(await request(`account/${id}`)).toMatchObject({ state: 'done', code: null })
})

test('an outage of either side costs no attempt, and nothing is lost', async () => {
  const { org, clerk, see, ended, request } = await startGranting()
  clerk.faults.add({ ...posts, times: 2, respond: { status: 503 } })
  const id = org.person.create('Account', ticked)
  await see('Account', id)
  org.faults.add({ method: 'POST', path: '*/composite/sobjects/Account', times: 1, respond: { status: 503 } })
  await ended(`account/${id}`)
  expect(await request(`account/${id}`)).toMatchObject({ state: 'done', attempts: 0 })
  expect(clerk.state().organizations).toHaveLength(1)
})
