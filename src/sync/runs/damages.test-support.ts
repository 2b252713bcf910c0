/** What may go wrong between two sides when nobody listens, and what a reconcile is to call it. */
import type { DriftClass } from '../mirror/drift.ts'
import type { Populated, Running, Sides } from './runs.test-support.ts'

/** Person, organization and membership of one number, on both sides. */
export type Place = Sides & Running & { populated: Populated }

export type Damage = {
  class: DriftClass
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
    to: ({ org }, n) => {
      org.person.create('Contact', { LastName: `Nobody${n}`, Clerk_User_Id__c: `user_nobody${n}` })
      return `user_nobody${n}`
    },
  },
}

const organization = ({ populated }: Place, n: number): string => populated.organizations[n] ?? ''

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
      const id = keyed(place, 'Account', organization(place, n))
      place.org.person.edit('Account', id, { Name: `By hand ${n}` })
      return organization(place, n)
    },
  },
  'renamed on both sides': {
    class: 'conflict',
    to: async (place, n) => {
      const id = keyed(place, 'Account', organization(place, n))
      place.org.person.edit('Account', id, { Name: `By hand ${n}` })
      return (await place.tell('PATCH', `/organizations/${organization(place, n)}`, { name: `New name ${n}` })).id
    },
  },
}

const membership = ({ populated }: Place, n: number): string => populated.memberships[n] ?? ''

/** To a membership. */
export const toMemberships: Readonly<Record<string, Damage>> = {
  'another role in Clerk': {
    class: 'stale',
    to: async (place, n) => {
      const path = `/organizations/${organization(place, n % place.populated.organizations.length)}/memberships/${person(place, n)}`
      return (await place.tell('PATCH', path, { role: 'org:admin' })).id
    },
  },
  'role typed over in Salesforce': {
    class: 'human-edit',
    to: (place, n) => {
      const id = keyed(place, 'AccountContactRelation', membership(place, n))
      place.org.person.edit('AccountContactRelation', id, { Clerk_Role__c: 'by hand' })
      return membership(place, n)
    },
  },
  'removed in Clerk': {
    class: 'stale',
    to: async (place, n) => {
      const path = `/organizations/${organization(place, n % place.populated.organizations.length)}/memberships/${person(place, n)}`
      return (await place.tell('DELETE', path)).id
    },
  },
}
