import { expect, test } from 'vitest'
import { listParked, retryParked } from '../../src/sync/mirror/counts.ts'
import { day, membershipEvent, organizationEvent, userEvent } from '../support/clerk-events.ts'
import { startRoad } from '../support/road.ts'

const ada = { id: 'user_ada', email: 'ada@acme.test' }
const acme = { id: 'org_acme', name: 'Acme' }

test('the only Contact with the same e-mail address and no Clerk id is adopted, and what people typed is kept', async () => {
  const { deliver, engine, org, records } = await startRoad()
  const id = org.person.create('Contact', {
    FirstName: 'Augusta',
    LastName: 'King',
    Email: 'Ada@ACME.test',
    Phone: '+44 20 1',
    Title: 'Countess',
  })
  await deliver(userEvent('created', ada))
  await engine.drain()
  expect(records('Contact')).toHaveLength(1)
  expect(records('Contact')[0]).toMatchObject({
    Id: id,
    Clerk_User_Id__c: 'user_ada',
    FirstName: 'Ada',
    LastName: 'Lovelace',
    Phone: '+44 20 1',
    Title: 'Countess',
  })
})

test('a last name that Clerk does not have never replaces one that Salesforce has', async () => {
  const { deliver, engine, org, records } = await startRoad()
  org.person.create('Contact', { FirstName: 'Augusta', LastName: 'King', Email: 'ada@acme.test' })
  await deliver(userEvent('created', { ...ada, first: null, last: null }))
  await deliver(userEvent('created', { id: 'user_new', email: 'grace@acme.test', first: null, last: null }))
  await engine.drain()
  const names = records('Contact').map((one) => [one['Clerk_User_Id__c'], one['FirstName'], one['LastName']])
  expect(names).toEqual([
    ['user_ada', 'Augusta', 'King'],
    ['user_new', undefined, 'grace'],
  ])
})

test('several Contacts with the same address park the link with their ids, until a person has decided', async () => {
  const { deliver, engine, org, records, db } = await startRoad()
  const first = org.person.create('Contact', { LastName: 'King', Email: 'ada@acme.test' })
  const second = org.person.create('Contact', { LastName: 'Byron', Email: 'ada@acme.test' })
  await deliver(userEvent('created', ada))
  await deliver(userEvent('created', { id: 'user_grace' }))
  await engine.drain()
  const [parked, ...more] = await listParked(db.query, 10)
  expect(more).toEqual([])
  expect(parked).toMatchObject({ code: 'AMBIGUOUS', clerkId: 'user_ada' })
  expect(parked?.reason).toContain(first)
  expect(parked?.reason).toContain(second)
  expect(records('Contact')).toHaveLength(3)
  org.person.edit('Contact', second, { Clerk_User_Id__c: 'user_ada' })
  await retryParked(db.query, 'all', Date.now())
  engine.wake()
  await engine.drain()
  expect(records('Contact').find((one) => one['Id'] === second)).toMatchObject({ LastName: 'Lovelace' })
})

test('a Contact that carries another Clerk id is not adopted', async () => {
  const { deliver, engine, org, records } = await startRoad()
  org.person.create('Contact', { LastName: 'King', Email: 'ada@acme.test', Clerk_User_Id__c: 'user_before' })
  await deliver(userEvent('created', ada))
  await engine.drain()
  expect(records('Contact').map((one) => one['Clerk_User_Id__c'])).toEqual(['user_before', 'user_ada'])
})

test('an adopted Contact stays on the Account where a person put it, and gets a relation to the organization', async () => {
  const { deliver, engine, org, records } = await startRoad()
  const account = org.person.create('Account', { Name: 'Acme Holding' })
  const id = org.person.create('Contact', { LastName: 'King', Email: 'ada@acme.test', AccountId: account })
  await deliver(userEvent('created', ada))
  await deliver(membershipEvent('created', { id: 'orgmem_1', user: ada, organization: acme }))
  await engine.drain()
  expect(records('Contact')).toMatchObject([{ Id: id, AccountId: account }])
  const keyed = records('AccountContactRelation').filter((one) => one['Clerk_Membership_Id__c'])
  expect(keyed).toMatchObject([{ Clerk_Membership_Id__c: 'orgmem_1', IsDirect: false, IsActive: true }])
})

test('an Account is adopted by the configured rule only, here the domain of its website', async () => {
  const config = {
    organization: { match: { field: 'Website', from: 'public_metadata.domain', as: 'domain' as const } },
  }
  const { deliver, engine, org, records } = await startRoad({ engine: { config } })
  const acmeAccount = org.person.create('Account', { Name: 'ACME Incorporated', Website: 'https://www.acme.test/home' })
  org.person.create('Account', { Name: 'Not Acme', Website: 'https://www.notacme.test' })
  await deliver(organizationEvent('created', { ...acme, fields: { public_metadata: { domain: 'acme.test' } } }))
  await deliver(organizationEvent('created', { id: 'org_other', name: 'Acme', fields: { public_metadata: {} } }))
  await engine.drain()
  expect(records('Account').map((one) => [one['Id'] === acmeAccount, one['Name'], one['Clerk_Org_Id__c']])).toEqual([
    [true, 'Acme', 'org_acme'],
    [false, 'Not Acme', undefined],
    [false, 'Acme', 'org_other'],
  ])
})

test('a Contact that was merged into another is followed to the one that remains', async () => {
  const { deliver, engine, org, records } = await startRoad()
  await deliver(userEvent('created', ada))
  await engine.drain()
  const loser = records('Contact')[0]?.['Id'] as string
  const winner = org.person.create('Contact', { LastName: 'Lovelace', Email: 'ada@home.test' })
  org.person.merge('Contact', winner, loser)
  await deliver(userEvent('updated', { ...ada, first: 'Augusta', at: day(3) }))
  await engine.drain()
  expect(records('Contact')).toMatchObject([{ Id: winner, FirstName: 'Augusta', Clerk_User_Id__c: 'user_ada' }])
})

test('a Contact that somebody deleted in Salesforce is not made again unless a person says so', async () => {
  const { deliver, engine, org, records, db } = await startRoad()
  await deliver(userEvent('created', ada))
  await deliver(membershipEvent('created', { id: 'orgmem_1', user: ada, organization: acme }))
  await engine.drain()
  org.person.remove('Contact', records('Contact')[0]?.['Id'] as string)
  await deliver(userEvent('updated', { ...ada, first: 'Augusta', at: day(3) }))
  await engine.drain()
  expect(records('Contact')).toEqual([])
  expect(await listParked(db.query, 10)).toMatchObject([{ code: 'DELETED_IN_SALESFORCE', clerkId: 'user_ada' }])
  await retryParked(db.query, 'all', Date.now(), { deleted: true })
  engine.wake()
  await engine.drain()
  expect(records('Contact')).toMatchObject([{ FirstName: 'Augusta' }])
  expect(records('AccountContactRelation')).toMatchObject([{ Clerk_Membership_Id__c: 'orgmem_1', IsActive: true }])
})

test('mapped fields follow their rules: metadata by path, by function, filled once, owned by Salesforce, left to a person', async () => {
  const config = {
    person: {
      fields: {
        Job__c: 'public_metadata.title',
        Unit__c: {
          from: (user: { username: string | null }) => user.username?.toUpperCase(),
          rule: 'fill-blank' as const,
        },
        Note__c: { from: 'private_metadata.note', rule: 'salesforce' as const },
        Mobile__c: { from: 'public_metadata.mobile', rule: 'park' as const },
        Phone: false as const,
      },
    },
  }
  const { deliver, engine, org, records, db } = await startRoad({
    engine: { config },
    orgOptions: { customFields: customFields() },
  })
  const fields = (title: string, mobile: string) => ({
    username: 'ada',
    public_metadata: { title, mobile },
    private_metadata: { note: 'from Clerk' },
  })
  await deliver(userEvent('created', { ...ada, fields: fields('Analyst', '1') }))
  await engine.drain()
  const [contact] = records('Contact')
  const id = contact?.['Id'] as string
  expect(contact).toMatchObject({ Job__c: 'Analyst', Unit__c: 'ADA', Mobile__c: '1' })
  expect(contact?.['Note__c']).toBe(undefined)
  org.person.edit('Contact', id, { Unit__c: 'Engines', Note__c: 'by a person', Mobile__c: '2' })
  await deliver(userEvent('updated', { ...ada, at: day(2), fields: fields('Countess', '1') }))
  await engine.drain()
  expect(records('Contact')[0]).toMatchObject({
    Job__c: 'Countess',
    Unit__c: 'Engines',
    Note__c: 'by a person',
    Mobile__c: '2',
  })
  await deliver(userEvent('updated', { ...ada, at: day(3), fields: fields('Countess', '3') }))
  await engine.drain()
  expect(await listParked(db.query, 10)).toMatchObject([{ code: 'CONFLICT' }])
})

const textField = (name: string) => ({ object: 'Contact', name, label: name, type: 'string' as const, length: 80 })
const customFields = () => ['Job__c', 'Unit__c', 'Note__c', 'Mobile__c'].map(textField)
