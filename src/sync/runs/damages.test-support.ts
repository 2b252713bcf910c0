/** What may go wrong between two sides when nobody listens, and what a reconcile is to call it. */
import type { DriftClass } from '../mirror/drift.ts'
import type { Populated, Running, Sides } from './runs.test-support.ts'

/** Person, organization and membership of one number, on both sides. */
export type Place = Sides &
  Running & {
    populated: Populated
    /** Who is where, by the number of the membership. */
    members: readonly { user_id: string; organization_id: string }[]
  }

export type Damage = {
  class: DriftClass
  /** It is a person's to mend: the pair is parked. */
  parks?: true
  /** Does the damage to the record of this number; gives the Clerk id that is to be named. */
  to: (place: Place, n: number) => Promise<string> | string
}

type Object_ = 'Contact' | 'Account' | 'AccountContactRelation'
const keys = {
  Contact: 'Clerk_User_Id__c',
  Account: 'Clerk_Org_Id__c',
  AccountContactRelation: 'Clerk_Membership_Id__c',
} as const

/** The id of the record that carries a Clerk id. */
export const keyed = ({ records }: Place, object: Object_, clerkId: string): string =>
  String(records(object).find((one) => one[keys[object]] === clerkId)?.['Id'])

const person = ({ populated }: Place, n: number): string => populated.people[n] ?? ''
const contact = (place: Place, n: number): string => keyed(place, 'Contact', person(place, n))

/** To a person. */
export const toPeople: Readonly<Record<string, Damage>> = {
  'changed in Clerk': {
    class: 'stale',
    to: async (place, n) => (await place.tell('PATCH', `/users/${person(place, n)}`, { first_name: `New${n}` })).id,
  },
  'deleted in Clerk': {
    class: 'stale',
    to: async (place, n) => (await place.tell('DELETE', `/users/${person(place, n)}`)).id,
  },
  'typed over in Salesforce': {
    class: 'human-edit',
    to: (place, n) => {
      place.org.person.edit('Contact', contact(place, n), { LastName: 'Typed by hand' })
      return person(place, n)
    },
  },
  'key taken in Salesforce': {
    class: 'human-edit',
    to: (place, n) => {
      place.org.person.edit('Contact', contact(place, n), { Clerk_User_Id__c: null })
      return person(place, n)
    },
  },
  'changed on both sides': {
    class: 'conflict',
    to: async (place, n) => {
      place.org.person.edit('Contact', contact(place, n), { LastName: 'In Salesforce' })
      return (await place.tell('PATCH', `/users/${person(place, n)}`, { last_name: 'In Clerk' })).id
    },
  },
  'deleted in Salesforce': {
    class: 'broken-link',
    parks: true,
    to: (place, n) => {
      place.org.person.remove('Contact', contact(place, n))
      return person(place, n)
    },
  },
  'merged in Salesforce': {
    class: 'broken-link',
    to: (place, n) => {
      const winner = place.org.person.create('Contact', { LastName: 'Winner' })
      place.org.person.merge('Contact', winner, contact(place, n))
      return person(place, n)
    },
  },
  'key moved to another record': {
    class: 'duplicate',
    to: (place, n) => {
      place.org.person.edit('Contact', contact(place, n), { Clerk_User_Id__c: null })
      place.org.person.create('Contact', { LastName: 'Twin', Clerk_User_Id__c: person(place, n) })
      return person(place, n)
    },
  },
  'another one signs up': {
    class: 'missing',
    to: async ({ tell }, n) =>
      (await tell('POST', '/users', { email_address: [`new${n}@example.com`], last_name: `New${n}` })).id,
  },
  'a key that nobody knows': {
    class: 'orphan',
    parks: true,
    to: ({ org }, n) => {
      org.person.create('Contact', { LastName: `Nobody${n}`, Clerk_User_Id__c: `user_nobody${n}` })
      return `user_nobody${n}`
    },
  },
  'key overwritten with nonsense': {
    class: 'human-edit',
    to: (place, n) => {
      place.org.person.edit('Contact', contact(place, n), { Clerk_User_Id__c: `nonsense ${n}` })
      return person(place, n)
    },
  },
  // Several damages to one record are one naming.
  'changed in Clerk, and another field typed over': {
    class: 'human-edit',
    to: async (place, n) => {
      place.org.person.edit('Contact', contact(place, n), { LastName: 'Typed by hand' })
      return (await place.tell('PATCH', `/users/${person(place, n)}`, { first_name: `New${n}` })).id
    },
  },
  'changed in Clerk and deleted in Salesforce': {
    class: 'broken-link',
    parks: true,
    to: async (place, n) => {
      place.org.person.remove('Contact', contact(place, n))
      return (await place.tell('PATCH', `/users/${person(place, n)}`, { first_name: `New${n}` })).id
    },
  },
  'typed over, and deleted in Clerk': {
    class: 'stale',
    to: async (place, n) => {
      place.org.person.edit('Contact', contact(place, n), { LastName: 'Typed by hand' })
      return (await place.tell('DELETE', `/users/${person(place, n)}`)).id
    },
  },
  'deleted on both sides': {
    class: 'stale',
    to: async (place, n) => {
      place.org.person.remove('Contact', contact(place, n))
      return (await place.tell('DELETE', `/users/${person(place, n)}`)).id
    },
  },
  'changed in Clerk, and the key moved to another record': {
    class: 'duplicate',
    to: async (place, n) => {
      place.org.person.edit('Contact', contact(place, n), { Clerk_User_Id__c: null })
      place.org.person.create('Contact', { LastName: 'Twin', Clerk_User_Id__c: person(place, n) })
      return (await place.tell('PATCH', `/users/${person(place, n)}`, { first_name: `New${n}` })).id
    },
  },
}

const organization = ({ populated }: Place, n: number): string => populated.organizations[n] ?? ''
const account = (place: Place, n: number): string => keyed(place, 'Account', organization(place, n))

/** To an organization. */
export const toOrganizations: Readonly<Record<string, Damage>> = {
  'renamed in Clerk': {
    class: 'stale',
    to: async (place, n) =>
      (await place.tell('PATCH', `/organizations/${organization(place, n)}`, { name: `New name ${n}` })).id,
  },
  'renamed in Salesforce': {
    class: 'human-edit',
    to: (place, n) => {
      place.org.person.edit('Account', account(place, n), { Name: `By hand ${n}` })
      return organization(place, n)
    },
  },
  'renamed on both sides': {
    class: 'conflict',
    to: async (place, n) => {
      place.org.person.edit('Account', account(place, n), { Name: `By hand ${n}` })
      return (await place.tell('PATCH', `/organizations/${organization(place, n)}`, { name: `New name ${n}` })).id
    },
  },
  'key of an Account taken': {
    class: 'human-edit',
    to: (place, n) => {
      place.org.person.edit('Account', account(place, n), { Clerk_Org_Id__c: null })
      return organization(place, n)
    },
  },
}

/** To an organization that nobody is in: what becomes of its people is told apart. */
export const toEmptyOrganizations: Readonly<Record<string, Damage>> = {
  'organization deleted in Clerk': {
    class: 'stale',
    to: async (place, n) => (await place.tell('DELETE', `/organizations/${organization(place, n)}`)).id,
  },
  'Account deleted': {
    class: 'broken-link',
    parks: true,
    to: (place, n) => {
      place.org.person.remove('Account', account(place, n))
      return organization(place, n)
    },
  },
  'Account merged': {
    class: 'broken-link',
    to: (place, n) => {
      const winner = place.org.person.create('Account', { Name: 'Winner' })
      place.org.person.merge('Account', winner, account(place, n))
      return organization(place, n)
    },
  },
  'key of an Account moved to another': {
    class: 'duplicate',
    to: (place, n) => {
      place.org.person.edit('Account', account(place, n), { Clerk_Org_Id__c: null })
      place.org.person.create('Account', { Name: 'Twin', Clerk_Org_Id__c: organization(place, n) })
      return organization(place, n)
    },
  },
  'another organization is made': {
    class: 'missing',
    to: async ({ tell }, n) => (await tell('POST', '/organizations', { name: `Founded ${n}` })).id,
  },
  'an Account with a key that nobody knows': {
    class: 'orphan',
    parks: true,
    to: ({ org }, n) => {
      org.person.create('Account', { Name: `Nobody${n}`, Clerk_Org_Id__c: `org_nobody${n}` })
      return `org_nobody${n}`
    },
  },
}

const membership = ({ populated }: Place, n: number): string => populated.memberships[n] ?? ''
const relation = (place: Place, n: number): string => keyed(place, 'AccountContactRelation', membership(place, n))
/** The membership of this number, in Clerk's API. */
const pathOf = (place: Place, n: number): string => {
  const { organization_id, user_id } = place.members[n] ?? { organization_id: '', user_id: '' }
  return `/organizations/${organization_id}/memberships/${user_id}`
}

/** To a membership. */
export const toMemberships: Readonly<Record<string, Damage>> = {
  'another role in Clerk': {
    class: 'stale',
    to: async (place, n) => (await place.tell('PATCH', pathOf(place, n), { role: 'org:admin' })).id,
  },
  'role typed over in Salesforce': {
    class: 'human-edit',
    to: (place, n) => {
      place.org.person.edit('AccountContactRelation', relation(place, n), { Clerk_Role__c: 'by hand' })
      return membership(place, n)
    },
  },
  'role changed on both sides': {
    class: 'conflict',
    to: async (place, n) => {
      place.org.person.edit('AccountContactRelation', relation(place, n), { Clerk_Role__c: 'by hand' })
      return (await place.tell('PATCH', pathOf(place, n), { role: 'org:admin' })).id
    },
  },
  'removed in Clerk': {
    class: 'stale',
    to: async (place, n) => (await place.tell('DELETE', pathOf(place, n))).id,
  },
  'key of a relation taken': {
    class: 'human-edit',
    to: (place, n) => {
      place.org.person.edit('AccountContactRelation', relation(place, n), { Clerk_Membership_Id__c: null })
      return membership(place, n)
    },
  },
  'ended in Salesforce by hand': {
    class: 'human-edit',
    to: (place, n) => {
      place.org.person.edit('AccountContactRelation', relation(place, n), { IsActive: false })
      return membership(place, n)
    },
  },
}

/** To a second membership, whose relation is an indirect one. */
export const toSecondMemberships: Readonly<Record<string, Damage>> = {
  'relation deleted in Salesforce': {
    class: 'broken-link',
    to: (place, n) => {
      place.org.person.remove('AccountContactRelation', relation(place, n))
      return membership(place, n)
    },
  },
  'relation deleted in Salesforce, and removed in Clerk': {
    class: 'stale',
    to: async (place, n) => {
      place.org.person.remove('AccountContactRelation', relation(place, n))
      return (await place.tell('DELETE', pathOf(place, n))).id
    },
  },
  'a member joins': {
    class: 'missing',
    to: async (place, n) => {
      const { user_id } = place.members[n] ?? { user_id: '' }
      const path = `/organizations/${place.populated.organizations[empty]}/memberships`
      return (await place.tell('POST', path, { user_id, role: 'org:member' })).id
    },
  },
  'a relation with a key that nobody knows': {
    class: 'orphan',
    parks: true,
    to: (place, n) => {
      const ContactId = contact(place, place.populated.people.indexOf(place.members[n]?.user_id ?? ''))
      const AccountId = account(place, empty)
      const fields = { ContactId, AccountId, Clerk_Membership_Id__c: `orgmem_nobody${n}` }
      place.org.person.create('AccountContactRelation', fields)
      return `orgmem_nobody${n}`
    },
  },
}

/** An organization that nobody is in, and to which nothing is done. */
export const empty = 5
