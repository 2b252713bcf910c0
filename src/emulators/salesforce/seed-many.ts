/**
 * Many records at once, for tests of size: a million Contacts in seconds.
 *
 * They go past the rules of saving, because they are made to keep them: names are there, keys are unique, each Contact
 * that has an Account has its direct relationship. Nobody is told of them, as of records that were there before. Values
 * that repeat are one and the same string in memory, and all rows of an object have their fields in the same order, so
 * that the engine keeps them in one compact shape.
 */
import { makeId } from './ids.ts'
import type { Org } from './org.ts'
import type { ObjectType, Schema } from './schema.ts'

const firstNames = [
  'Amara',
  'Bjorn',
  'Chiara',
  'Devin',
  'Elif',
  'Farid',
  'Greta',
  'Hugo',
  'Ines',
  'Jonas',
  'Kaya',
  'Lior',
]
const lastNames = [
  'Abara',
  'Brandt',
  'Castell',
  'Duarte',
  'Eriksen',
  'Falk',
  'Garcia',
  'Hoang',
  'Ivanova',
  'Jansen',
  'Koch',
]
const places = ['Aarhus', 'Bergen', 'Cork', 'Dresden', 'Esbjerg', 'Faro', 'Ghent', 'Haarlem']
const trades = ['Bakery', 'Foundry', 'Gardens', 'Instruments', 'Joinery', 'Logistics', 'Optics', 'Printing']

/** The same text in one piece; an engine would keep the pieces it was put together from. */
const flat = (text: string): string => Buffer.from(text, 'latin1').toString('latin1')

/** One of a list, going round. */
const nth = (list: readonly string[], i: number): string => list[i % list.length] ?? ''

const objectNamed = (schema: Schema, name: string): ObjectType => {
  const object = schema.find(name)
  if (!object) throw new Error(`the org has no ${name}`)
  return object
}

/** What is filled with `<object>_<n>`: of an object's unique external ids the last one, or else a field that every object has. */
const keyOf = (object: ObjectType, otherwise: string): string =>
  object.fields.findLast((field) => field.externalId && field.unique && field.type === 'string')?.name ?? otherwise

type Stamps = Readonly<Record<'OwnerId', string> & Record<'at', number>>

const stamped = ({ OwnerId, at }: Stamps) => ({
  CreatedDate: at,
  CreatedById: OwnerId,
  LastModifiedDate: at,
  LastModifiedById: OwnerId,
  SystemModstamp: at,
})

const makeAccounts = ({ store, schema }: Org, stamps: Stamps, count: number): string[] => {
  const account = objectNamed(schema, 'Account')
  const key = keyOf(account, 'AccountNumber')
  return Array.from({ length: count }, () => {
    const number = store.nextSequence('Account')
    const Id = makeId(account.keyPrefix, number)
    store.put('Account', {
      Id,
      IsDeleted: false,
      Name: `${nth(places, number)} ${nth(trades, Math.floor(number / places.length))} ${number}`,
      OwnerId: stamps.OwnerId,
      ...stamped(stamps),
      [key]: `account_${number}`,
    })
    return Id
  })
}

// Without spreads: each would cost every one of a million rows some memory.
const makeContact = (
  { store }: Org,
  { OwnerId, at }: Stamps,
  prefix: string,
  key: string,
  AccountId: string | null,
): string => {
  const number = store.nextSequence('Contact')
  const Id = makeId(prefix, number)
  store.put('Contact', {
    Id,
    IsDeleted: false,
    AccountId,
    LastName: nth(lastNames, number),
    FirstName: nth(firstNames, number),
    Name: nth(fullNames, number),
    Email: flat(`person.${number}@example.com`),
    OwnerId,
    CreatedDate: at,
    CreatedById: OwnerId,
    LastModifiedDate: at,
    LastModifiedById: OwnerId,
    SystemModstamp: at,
    [key]: flat(`contact_${number}`),
  })
  return Id
}

const makeDirect = ({ store }: Org, { OwnerId, at }: Stamps, prefix: string, ContactId: string, AccountId: string) =>
  store.put('AccountContactRelation', {
    Id: makeId(prefix, store.nextSequence('AccountContactRelation')),
    IsDeleted: false,
    AccountId,
    ContactId,
    IsDirect: true,
    IsActive: true,
    CreatedDate: at,
    CreatedById: OwnerId,
    LastModifiedDate: at,
    LastModifiedById: OwnerId,
    SystemModstamp: at,
  })

/** The ids of the first record of each object, from which the others count up; undefined where none was made. */
export type FirstIds = { Account: string | undefined; Contact: string | undefined }

/**
 * Makes Accounts, Contacts and the direct relationships of these; Contacts go round the Accounts, and without Accounts
 * they are private.
 */
export const seedMany = (org: Org, { accounts, contacts }: { accounts: number; contacts: number }): FirstIds => {
  const stamps = { OwnerId: org.personId, at: Math.floor(org.clock.now() / 1000) * 1000 }
  const accountIds = makeAccounts(org, stamps, accounts)
  const contact = objectNamed(org.schema, 'Contact')
  const relation = org.schema.find('AccountContactRelation')
  const key = keyOf(contact, 'Title')
  let first: string | undefined
  for (let i = 0; i < contacts; i++) {
    const accountId = accountIds[i % accounts] ?? null
    const id = makeContact(org, stamps, contact.keyPrefix, key, accountId)
    first ??= id
    if (relation && accountId !== null) makeDirect(org, stamps, relation.keyPrefix, id, accountId)
  }
  return { Account: accountIds[0], Contact: first }
}

// The same pairs as going round both lists gives, made once.
const fullNames = Array.from(
  { length: firstNames.length * lastNames.length },
  (_, i) => `${nth(firstNames, i)} ${nth(lastNames, i)}`,
)
