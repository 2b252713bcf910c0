import fc from 'fast-check'
import { expect, test } from 'vitest'
import { databaseKinds } from '../../../test/support/databases.ts'
import { runs } from '../../../test/support/runs.ts'
import { decideRequests, listRequests } from '../mirror/approvals.ts'
import { listParked } from '../mirror/counts.ts'
import { type Event, type Granting, startGranting } from './grants.test-support.ts'

const posts = { method: 'POST', path: '/v1/organizations/*/invitations' }
const day = 86_400_000

/** An Account with an organization, and a Contact of it that asks for an invitation. */
const setUp = async (
  options: Parameters<typeof startGranting>[0] = {},
  contact: object = {},
): Promise<Granting & { account: string; contact: string; key: string }> => {
  const setting = await startGranting(options)
  const { org, see, granted } = setting
  const account = org.person.create('Account', { Name: 'Acme', Provision_Clerk_Org__c: true })
  await see('Account', account)
  if (options.started !== false) await granted()
  const id = org.person.create('Contact', {
    LastName: 'Lovelace',
    Email: 'Ada@acme.test',
    AccountId: account,
    Invite_To_Clerk__c: true,
    ...contact,
  })
  await see('Contact', id)
  return { ...setting, account, contact: id, key: `contact/${id}` }
}

const invitationOn = ({ record, contact }: Pick<Granting, 'record'> & { contact: string }): unknown[] => {
  const { Clerk_Invitation_Id__c, Clerk_Invitation_Status__c } = record('Contact', contact)
  return [Clerk_Invitation_Id__c, Clerk_Invitation_Status__c]
}

test.each(databaseKinds)(
  'a Contact that asks for it is invited once to the organization of its Account, and shows how that stands (%s)',
  async (database) => {
    const setting = await setUp({ database, config: { invite: { role: 'org:admin', expiresInDays: 3 } } })
    const { clerk, org, see, granted, webhooks, contact, record, account, lines } = setting
    await granted()
    await webhooks()
    await see('Contact', contact)
    await granted()
    const [invitation, ...more] = clerk.state().invitations
    expect(more).toEqual([])
    expect(invitation).toMatchObject({
      email_address: 'ada@acme.test',
      role: 'org:admin',
      organization_id: record('Account', account)['Clerk_Org_Id__c'],
      private_metadata: { clerkforce_request: `contact/${contact}` },
    })
    expect(invitationOn(setting)).toEqual([invitation?.['id'], 'pending'])
    expect((await lines()).slice(-2)).toMatchObject([
      { side: 'clerk', kind: 'invite', salesforce_id: contact, result: 'done' },
      { side: 'salesforce', kind: 'update', salesforce_id: contact, result: 'done' },
    ])
    expect(org.state()['Contact']).toHaveLength(1)
  },
)

test.each([
  ['the answer is lost', { ...posts, times: 1, drop: 'answer' as const }],
  ['the request is lost', { ...posts, times: 1, drop: 'request' as const }],
  ['a gateway gives up waiting', { ...posts, times: 1, respond: { status: 502, afterWork: true } }],
])('nobody is invited twice when %s', async (_, fault) => {
  const setting = await startGranting()
  const { org, clerk, see, granted, ended } = setting
  clerk.faults.add(fault)
  const account = org.person.create('Account', { Name: 'Acme', Provision_Clerk_Org__c: true })
  await see('Account', account)
  await granted()
  const values = { LastName: 'Lovelace', Email: 'ada@acme.test', AccountId: account, Invite_To_Clerk__c: true }
  const contact = org.person.create('Contact', values)
  await see('Contact', contact)
  await ended(`contact/${contact}`)
  expect(clerk.state().invitations).toHaveLength(1)
  expect(invitationOn({ ...setting, contact })).toEqual([clerk.state().invitations[0]?.['id'], 'pending'])
})

test('a process that dies with the invitation made leaves one, even if it was accepted before anybody else looked', async () => {
  const setting = await startGranting({ started: false })
  const { org, clerk, start, startDying, later, ended, webhooks, accept, see, record } = setting
  const account = org.person.create('Account', { Name: 'Acme', Provision_Clerk_Org__c: true })
  const first = start('first')
  await see('Account', account)
  await ended(`account/${account}`)
  await first.stop()
  const values = { LastName: 'Lovelace', Email: 'ada@acme.test', AccountId: account, Invite_To_Clerk__c: true }
  const contact = org.person.create('Contact', values)
  const { died } = startDying()
  await see('Contact', contact)
  await died
  await accept(clerk.state().invitations[0]?.['id'])
  await webhooks()
  later(60_000)
  start('heir')
  await ended(`contact/${contact}`)
  expect(clerk.state().invitations).toHaveLength(1)
  expect(invitationOn({ ...setting, contact })).toEqual([clerk.state().invitations[0]?.['id'], 'accepted'])
  expect(record('Contact', contact)['Clerk_User_Id__c']).toBe(clerk.state().users[0]?.['id'])
})

test('an invitation waits for the organization of its Account, and goes out as soon as there is one', async () => {
  const { org, clerk, see, granted, ended, request } = await startGranting()
  const account = org.person.create('Account', { Name: 'Acme' })
  const values = { LastName: 'Lovelace', Email: 'ada@acme.test', AccountId: account, Invite_To_Clerk__c: true }
  const contact = org.person.create('Contact', values)
  await see('Contact', contact)
  await granted()
  expect(await request(`contact/${contact}`)).toMatchObject({ state: 'open', code: 'WAITS_FOR_ORGANIZATION' })
  org.person.edit('Account', account, { Provision_Clerk_Org__c: true })
  await see('Account', account)
  await ended(`contact/${contact}`)
  expect(clerk.state().invitations).toHaveLength(1)
})

test.each([
  ['an e-mail address', { Email: null }, 'NO_EMAIL', { Email: 'ada@acme.test' }],
  ['an Account', { AccountId: null }, 'NO_ACCOUNT', 'account'],
] as const)(
  'a Contact without %s waits, says what is missing, and is invited when it is there',
  async (_, without, code, mend) => {
    const { org, clerk, see, ended, contact, key, db, account } = await setUp({}, without)
    expect(await listRequests(db.query, 10)).toMatchObject([
      { key, state: 'open', code, reason: expect.stringMatching(/fill in/) },
    ])
    org.person.edit('Contact', contact, mend === 'account' ? { AccountId: account } : mend)
    await see('Contact', contact)
    await ended(key)
    expect(clerk.state().invitations).toHaveLength(1)
  },
)

const kindOf = ({ type }: Event): string => type

test('who accepts becomes that very Contact, in whatever order Clerk tells of it, and though another Contact has the address', async () => {
  const setting = await startGranting()
  const { org, clerk, db, see, granted, webhooks, accept, record } = setting
  const account = org.person.create('Account', { Name: 'Acme', Provision_Clerk_Org__c: true })
  await see('Account', account)
  await granted()
  await webhooks()
  let run = 0
  const orders = fc.shuffledSubarray(
    [
      'user.created',
      'organizationInvitation.created',
      'organizationInvitation.accepted',
      'organizationMembership.created',
    ],
    { minLength: 4 },
  )
  await fc.assert(
    fc.asyncProperty(orders, fc.boolean(), async (order, apart) => {
      const address = `ada${++run}@acme.test`
      const values = { LastName: `Lovelace ${run}`, Email: address, AccountId: account }
      const other = org.person.create('Contact', { ...values, LastName: 'King' })
      const contact = org.person.create('Contact', { ...values, Invite_To_Clerk__c: true })
      await see('Contact', contact, other)
      await granted()
      const [id] = invitationOn({ record, contact })
      await accept(id)
      const rank = (event: Event): number => order.indexOf(kindOf(event))
      const arranged = (events: readonly Event[]): Event[] => events.toSorted((a, b) => rank(a) - rank(b))
      await webhooks(apart ? arranged : (events) => arranged(events).reverse())
      await granted()
      const user = clerk.state().users.at(-1)
      expect(record('Contact', contact)).toMatchObject({
        Clerk_User_Id__c: user?.['id'],
        Clerk_Invitation_Status__c: 'accepted',
        AccountId: account,
      })
      expect(record('Contact', other)['Clerk_User_Id__c']).toBeUndefined()
    }),
    { numRuns: runs(3) },
  )
  expect(org.state()['Contact']).toHaveLength(2 * run)
  expect(await listParked(db.query, 10)).toEqual([])
})

test('of two invited Contacts with one address, the acceptance decides, and a user who has a Contact keeps it', async () => {
  const setting = await setUp()
  const { org, clerk, see, granted, webhooks, accept, record, contact, lines } = setting
  const beta = org.person.create('Account', { Name: 'Beta', Provision_Clerk_Org__c: true })
  const values = { LastName: 'Lovelace', Email: 'ada@acme.test', AccountId: beta, Invite_To_Clerk__c: true }
  const second = org.person.create('Contact', values)
  await see('Account', beta)
  await see('Contact', second)
  await granted()
  const [first] = invitationOn(setting)
  await accept(first)
  await webhooks((events) => events.toSorted((a, b) => (kindOf(a) < kindOf(b) ? 1 : -1)))
  expect(record('Contact', contact)['Clerk_User_Id__c']).toBe(clerk.state().users[0]?.['id'])
  await accept(invitationOn({ record, contact: second })[0])
  await webhooks()
  expect(record('Contact', second)).toMatchObject({ Clerk_Invitation_Status__c: 'accepted' })
  expect(record('Contact', second)['Clerk_User_Id__c']).toBeUndefined()
  const told = (await lines()).filter(({ result }) => result === 'PAIRED_ALREADY')
  expect(told).toMatchObject([{ salesforce_id: second, detail: expect.stringContaining(contact) }])
})

test('a revoked invitation shows, and a checkbox that is cleared and set again makes another', async () => {
  const setting = await setUp()
  const { org, clerk, clerkClient, see, granted, webhooks, contact } = setting
  await granted()
  const [first] = clerk.state().invitations
  const tick = async (ticked: boolean): Promise<void> => {
    org.person.edit('Contact', contact, { Invite_To_Clerk__c: ticked })
    await see('Contact', contact)
    await granted()
  }
  // While it stands, there is no other, and nothing is taken away.
  await tick(false)
  await tick(true)
  expect(clerk.state().invitations).toMatchObject([{ status: 'pending' }])
  await clerkClient.revokeInvitation(String(first?.['organization_id']), String(first?.['id']))
  await webhooks()
  expect(invitationOn(setting)).toEqual([first?.['id'], 'revoked'])
  await tick(false)
  await tick(true)
  await webhooks((events) => events.toReversed())
  const [, second, ...more] = clerk.state().invitations
  expect(more).toEqual([])
  expect(second).toMatchObject({ private_metadata: { clerkforce_request: `contact/${contact}/2` } })
  expect(invitationOn(setting)).toEqual([second?.['id'], 'pending'])
})

test('an invitation that expires shows, although Clerk sends no event for it', async () => {
  const setting = await setUp({ config: { invite: { expiresInDays: 2 } } })
  const { granted, webhooks, later, engine } = setting
  await granted()
  await webhooks()
  const [id] = invitationOn(setting)
  later(2 * day + 120_000)
  await expect
    .poll(
      () => {
        engine.wake()
        return invitationOn(setting)
      },
      { timeout: 5_000 },
    )
    .toEqual([id, 'expired'])
})

test('an organization that is deleted takes its invitations with it, and the Contact says so', async () => {
  const setting = await setUp()
  const { clerk, granted, webhooks, engine, account, record } = setting
  await granted()
  await webhooks()
  const [id] = invitationOn(setting)
  const organization = record('Account', account)['Clerk_Org_Id__c']
  const headers = { authorization: `Bearer ${clerk.secretKey}` }
  await fetch(`${clerk.url}/v1/organizations/${organization}`, { method: 'DELETE', headers })
  await webhooks()
  await expect
    .poll(
      () => {
        engine.wake()
        return invitationOn(setting)
      },
      { timeout: 5_000 },
    )
    .toEqual([id, 'revoked'])
})

test("what Clerk refuses shows on the Contact, stands in the journal in Clerk's words, and is tried again when an operator approves", async () => {
  const setting = await setUp({ config: { invite: { role: 'org:none' } } })
  const { clerk, db, clock, granted, contact, key, lines, org, see } = setting
  await granted()
  expect(invitationOn(setting)).toEqual([undefined, 'failed'])
  const [failed] = await listRequests(db.query, 10)
  expect(failed).toMatchObject({ key, state: 'failed', reason: expect.stringMatching(/Clerk refuses/) })
  expect(JSON.stringify([failed, await lines()])).not.toContain('ada@')
  expect((await lines()).at(-1)).toMatchObject({ side: 'clerk', kind: 'invite', salesforce_id: contact })
  // Seen again it stays as it is: it is for a person to say that the cause is gone.
  org.person.edit('Contact', contact, { Title: 'Countess' })
  await see('Contact', contact)
  expect(await listRequests(db.query, 10)).toMatchObject([{ state: 'failed' }])
  await decideRequests(db.query, 'approve', [key], clock.now())
  await granted()
  expect(await listRequests(db.query, 10)).toMatchObject([{ state: 'failed' }])
  expect(clerk.state().invitations).toEqual([])
})

test('the quota of an organization refuses an invitation like anything else', async () => {
  const setting = await startGranting({ config: { provision: { maxAllowedMemberships: 1 } } })
  const { org, see, granted, db } = setting
  const account = org.person.create('Account', { Name: 'Acme', Provision_Clerk_Org__c: true })
  await see('Account', account)
  await granted()
  const contacts = ['ada', 'grace'].map((name) =>
    org.person.create('Contact', {
      LastName: name,
      Email: `${name}@acme.test`,
      AccountId: account,
      Invite_To_Clerk__c: true,
    }),
  )
  await see('Contact', ...contacts)
  await granted()
  const states = contacts.map((contact) => invitationOn({ ...setting, contact })[1])
  expect(states.toSorted()).toEqual(['failed', 'pending'])
  expect(await listRequests(db.query, 10)).toMatchObject([{ code: 'organization_membership_quota_exceeded' }])
})

test("a limit of Clerk's holds up invitations alone, for as long as Clerk says, and costs no attempt", async () => {
  const { org, clerk, see, granted, ended, key, request, contact } = await setUp({ started: false }).then(
    async (setting) => {
      setting.clerk.faults.add({ ...posts, times: 1, respond: { status: 429, headers: { 'retry-after': '2' } } })
      setting.start()
      return setting
    },
  )
  await expect.poll(async () => (await request(key))['due_at']).toBeGreaterThan(0)
  const other = org.person.create('Account', { Name: 'Beta', Provision_Clerk_Org__c: true })
  await see('Account', other)
  await granted()
  expect(clerk.state().organizations).toHaveLength(2)
  await ended(key)
  expect(await request(key)).toMatchObject({ state: 'done', attempts: 0, salesforce_id: contact })
  expect(clerk.state().invitations).toHaveLength(1)
})

test('invitations that others made are nobody of ours: no link, no record, no call', async () => {
  const { clerk, clerkClient, db, webhooks, granted, record, account, salesforce } = await setUp(
    {},
    { Invite_To_Clerk__c: false },
  )
  await webhooks()
  await granted()
  const calls = JSON.stringify(salesforce.calls())
  const organizationId = String(record('Account', account)['Clerk_Org_Id__c'])
  await clerkClient.createInvitation(organizationId, { emailAddress: 'grace@acme.test', role: 'org:member' })
  await webhooks()
  expect(clerk.state().invitations).toHaveLength(1)
  expect(await db.query("select 1 from clerkforce.record where entity = 'invitation'")).toEqual([])
  expect(await db.query("select 1 from clerkforce.link where entity = 'invitation'")).toEqual([])
  expect(JSON.stringify(salesforce.calls())).toBe(calls)
})

test('a Contact that was merged into another hands its invitation on', async () => {
  const setting = await setUp()
  const { org, granted, webhooks, accept, see, contact, record, clerk } = setting
  await granted()
  await webhooks()
  const [id] = invitationOn(setting)
  const winner = org.person.create('Contact', { LastName: 'Byron', Email: 'ada@acme.test' })
  org.person.merge('Contact', winner, contact)
  await see('Contact', contact, winner)
  await granted()
  expect(invitationOn({ ...setting, contact: winner })).toEqual([id, 'pending'])
  await accept(id)
  await webhooks()
  expect(record('Contact', winner)).toMatchObject({
    Clerk_Invitation_Status__c: 'accepted',
    Clerk_User_Id__c: clerk.state().users[0]?.['id'],
  })
})
