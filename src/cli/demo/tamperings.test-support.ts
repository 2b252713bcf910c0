import type { ClerkApi } from './clerk-api.ts'
import type { Difference } from './compare.ts'
import type { World } from './world.ts'

/* What somebody may do on either side behind clerkforce's back, and what the check has to say of it. */

export type Ids = (object: string, lastName: string) => string

export type Said = Omit<Difference, 'record'>

/** Something that somebody does in Salesforce, how to undo it, and what the check must say of it. */
export type Tampering = {
  what: string
  /** Returns what undoes it. */
  tamper: (person: World['salesforce']['person'], id: Ids) => () => void
  difference: Said
  /** What it says of Clerk besides, which no longer has what Salesforce shows. */
  inClerk?: Said
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

const organization = (field: string, expected: string, found: string) =>
  ({ object: 'Organization', field, expected, found }) as const
const user = (field: string, expected: string, found: string) => ({ object: 'User', field, expected, found }) as const

export const tamperings: Tampering[] = [
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
    what: 'another plan is sold than Clerk shows',
    tamper: edit('Account', 'Larkspur Robotics', { Plan__c: 'Enterprise' }, { Plan__c: 'Basic' }),
    difference: account('Plan__c', 'Enterprise', 'Basic'),
    inClerk: organization('public_metadata', '{"plan":"Basic"}', '{"plan":"Enterprise"}'),
  },
  {
    what: 'a new customer is no longer linked',
    tamper: edit(
      'Contact',
      'Falk',
      { Clerk_Invitation_Status__c: 'accepted' },
      { Clerk_Invitation_Status__c: 'pending' },
    ),
    difference: contact('Clerk_Invitation_Status__c', 'accepted', 'pending'),
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

/** Something that somebody does in Clerk, and all that the check must say of it. */
export type ClerkTampering = {
  what: string
  tamper: (clerk: ClerkApi, id: (name: string) => string) => Promise<unknown>
  differences: readonly Said[]
}

export const clerkTamperings: ClerkTampering[] = [
  {
    what: 'the plan is gone',
    tamper: (clerk, id) =>
      clerk.patch(`/organizations/${id('Larkspur Robotics')}/metadata`, { public_metadata: { plan: null } }),
    differences: [organization('public_metadata', '{"plan":"Enterprise"}', '{}')],
  },
  {
    what: 'a user has metadata that nobody wrote',
    tamper: (clerk, id) => clerk.patch(`/users/${id('Odile')}/metadata`, { public_metadata: { job: 'Pilot' } }),
    differences: [user('public_metadata', '{}', '{"job":"Pilot"}')],
  },
  {
    what: 'an organization has another name',
    tamper: (clerk, id) => clerk.patch(`/organizations/${id('Ferncastle Glass')}`, { name: 'Ferncastle' }),
    differences: [
      account('Name', 'Ferncastle', 'Ferncastle Glass'),
      organization('name', 'Ferncastle Glass', 'Ferncastle'),
    ],
  },
  {
    what: 'a user has got a name',
    tamper: (clerk, id) => clerk.patch(`/users/${id('ingrid@ferncastle.example')}`, { first_name: 'Inga' }),
    differences: [user('first_name', 'nothing', 'Inga')],
  },
  {
    what: 'an organization was made twice',
    tamper: (clerk) => clerk.post('/organizations', { name: 'Ferncastle Glass' }),
    differences: [account('the record', 'one', 'none'), organization('the record', 'none', 'one, org_')],
  },
  {
    what: 'somebody else was invited',
    tamper: (clerk, id) =>
      clerk.post(`/organizations/${id('Ferncastle Glass')}/invitations`, {
        email_address: 'nobody@ferncastle.example',
        role: 'org:member',
      }),
    differences: [{ object: 'Invitation', field: 'the record', expected: 'none', found: 'one, orginv_' }],
  },
  {
    what: 'a user is gone',
    tamper: (clerk, id) => clerk.delete(`/users/${id('Odile')}`),
    differences: [contact('the record', 'none', 'one, 003'), user('the record', 'one', 'none')],
  },
]
