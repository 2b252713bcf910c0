import { expect, onTestFinished, test } from 'vitest'
import { freshDatabase } from '../../../test/support/databases.ts'
import type { Difference } from './check.ts'
import { createClerkApi } from './clerk-api.ts'
import { compareSides } from './compare-sides.ts'
import { play } from './play.ts'
import { settle } from './play-story.ts'
import type { Step } from './story.ts'
import { startWorld, type World } from './world.ts'

const steps: Step[] = [
  { do: 'sign-up', who: 'Grace' },
  { do: 'found', who: 'Grace', company: 'larkspur' },
  { do: 'sign-up', who: 'Leila' },
  { do: 'join', who: 'Leila', company: 'larkspur', role: 'member' },
  { do: 'sign-up', who: 'Rohan' },
  { do: 'join', who: 'Rohan', company: 'larkspur', role: 'member' },
  { do: 'delete', who: 'Rohan' },
  { do: 'sign-up', who: 'Odile' },
]

/** A world in which a short story has come to its end and both sides agree. */
const settledWorld = async () => {
  const ports = { clerkforce: 0, clerk: 0, salesforce: 0 }
  const world = await startWorld({ ports, seed: 1, told: () => undefined, db: await freshDatabase('pglite') })
  onTestFinished(world.close)
  const history = await play({
    acts: [{ title: 'all of it', everyMs: 0, steps }],
    stage: {
      clerk: createClerkApi(world.clerk),
      openOrganization: () => Promise.reject(new Error('not in this story')),
      startOutage: world.startOutage,
    },
    clock: world.clock,
    signal: new AbortController().signal,
    told: { act: () => undefined, step: () => undefined, done: () => undefined },
    salesforceAnswers: () => Promise.resolve(),
  })
  expect(await settle(world, new AbortController().signal)).toBe(true)
  // From here on nobody has to be imitated.
  world.salesforce.settings.latencyMs = 0
  return { world, history }
}

type Ids = (object: string, lastName: string) => string

/** Something that somebody does in Salesforce, how to undo it, and the one thing that the check must say of it. */
type Tampering = {
  what: string
  /** Returns what undoes it. */
  tamper: (person: World['salesforce']['person'], id: Ids) => () => void
  difference: Omit<Difference, 'record'>
}

const edit =
  (object: string, name: string, from: object, to: object): Tampering['tamper'] =>
  (person, id) => {
    const edited = id(object, name)
    person.edit(object, edited, { ...to })
    return () => person.edit(object, edited, { ...from })
  }

const remove =
  (object: string, name: string): Tampering['tamper'] =>
  (person, id) => {
    const removed = id(object, name)
    person.remove(object, removed)
    return () => person.undelete(object, removed)
  }

const create =
  (object: string, values: object): Tampering['tamper'] =>
  (person) => {
    const created = person.create(object, { ...values })
    return () => person.remove(object, created)
  }

const stranger = { LastName: 'Stranger', Clerk_User_Id__c: 'user_unheard_of' }
const contact = (field: string, expected: string, found: string) =>
  ({ object: 'Contact', field, expected, found }) as const
const account = (field: string, expected: string, found: string) =>
  ({ object: 'Account', field, expected, found }) as const
const relation = (field: string, expected: string, found: string) =>
  ({ object: 'AccountContactRelation', field, expected, found }) as const

const tamperings: Tampering[] = [
  {
    what: 'a last name is changed',
    tamper: edit('Contact', 'Okafor', { LastName: 'Okafor' }, { LastName: 'Okafo' }),
    difference: contact('LastName', 'Okafor', 'Okafo'),
  },
  {
    what: 'an e-mail address is emptied',
    tamper: edit('Contact', 'Okafor', { Email: 'grace@larkspur.example' }, { Email: null }),
    difference: contact('Email', 'grace@larkspur.example', 'nothing'),
  },
  {
    what: 'a phone number is added',
    tamper: edit('Contact', 'Okafor', { Phone: null }, { Phone: '+33199001235' }),
    difference: contact('Phone', 'nothing', '+33199001235'),
  },
  {
    what: 'a status is changed',
    tamper: edit('Contact', 'Fontaine', { Clerk_Status__c: 'active' }, { Clerk_Status__c: 'banned' }),
    difference: contact('Clerk_Status__c', 'active', 'banned'),
  },
  {
    what: 'a deleted user looks active',
    tamper: edit('Contact', 'Deshmukh', { Clerk_Status__c: 'deleted' }, { Clerk_Status__c: 'active' }),
    difference: contact('Clerk_Status__c', 'deleted', 'active'),
  },
  {
    what: 'a Contact is deleted',
    tamper: remove('Contact', 'Fontaine'),
    difference: contact('the record', 'one', 'none'),
  },
  {
    what: 'a Contact carries the id of nobody',
    tamper: create('Contact', stranger),
    difference: contact('the record', 'none', 'one, 003'),
  },
  {
    what: 'a Contact appears that nobody made in Clerk',
    tamper: create('Contact', { LastName: 'Fontaine', Email: 'odile@mailbox.example' }),
    difference: contact('the record', 'none', 'one without a Clerk id'),
  },
  {
    what: 'an Account is renamed',
    tamper: edit('Account', 'Larkspur Robotics', { Name: 'Larkspur Robotics' }, { Name: 'Larkspur' }),
    difference: account('Name', 'Larkspur Robotics', 'Larkspur'),
  },
  {
    what: 'a record that is none of our business is changed',
    tamper: edit('Contact', 'Pemberton', { FirstName: 'Agnes' }, { FirstName: 'Agatha' }),
    difference: contact('FirstName', 'Agnes', 'Agatha'),
  },
  {
    what: 'a role is changed',
    tamper: edit('AccountContactRelation', 'Okafor', { Clerk_Role__c: 'org:admin' }, { Clerk_Role__c: 'org:member' }),
    difference: relation('Clerk_Role__c', 'org:admin', 'org:member'),
  },
  {
    what: 'a relation is switched off',
    tamper: edit('AccountContactRelation', 'Okafor', { IsActive: true }, { IsActive: false }),
    difference: relation('IsActive', 'true', 'false'),
  },
  {
    what: 'a relation ends on another day',
    tamper: edit('AccountContactRelation', 'Okafor', { EndDate: null }, { EndDate: '2099-12-31' }),
    difference: relation('EndDate', 'nothing', '2099-12-31'),
  },
]

test('whatever is changed in Salesforce behind its back, the check reports exactly that', async () => {
  const { world, history } = await settledWorld()
  const { salesforce } = world
  const id: Ids = (object, name) => {
    const state = salesforce.state()
    const named = [...(state['Contact'] ?? []), ...(state['Account'] ?? [])].find(
      (record) => record['LastName'] === name || record['Name'] === name,
    )
    const found =
      object === 'AccountContactRelation' ? state[object]?.find((one) => one['ContactId'] === named?.['Id']) : named
    return String(found?.['Id'])
  }
  const differences = async () => (await compareSides(world, history)).checked.differences

  expect(await differences()).toEqual([])
  for (const { what, tamper, difference } of tamperings) {
    const undo = tamper(salesforce.person, id)
    expect(await differences(), what).toEqual([
      { ...difference, record: expect.any(String), found: expect.stringContaining(difference.found) },
    ])
    undo()
    expect(await differences(), `${what}, undone`).toEqual([])
  }
})
