import { failure } from './errors.ts'
import type { Org } from './org.ts'
import { createPerson, type Values } from './person.ts'

/**
 * Records that were in the org before, by object: Accounts first, then Contacts, then relationships, whatever the order of
 * the keys. A Contact may name its Account, and a relationship both its ends, by position in the same seed, as `#0`.
 */
export type SalesforceSeed = {
  Account?: readonly Values[]
  Contact?: readonly Values[]
  AccountContactRelation?: readonly Values[]
}

/** Ids of seeded records, in the order of the seed. */
export type SeededIds = { Account: string[]; Contact: string[]; AccountContactRelation: string[] }

const order = ['Account', 'Contact', 'AccountContactRelation'] as const

/** Puts records into the org, as its people would have. @throws RecordFailure for one that could not exist */
export const seedOrg = (org: Org, seed: SalesforceSeed): SeededIds => {
  const person = createPerson(org)
  const ids: SeededIds = { Account: [], Contact: [], AccountContactRelation: [] }
  const resolve = (name: string, value: unknown): unknown => {
    const position = typeof value === 'string' && name.endsWith('Id') ? /^#(\d+)$/.exec(value)?.[1] : undefined
    if (position === undefined) return value
    const id = ids[name === 'AccountId' ? 'Account' : 'Contact'][Number(position)]
    if (id === undefined) throw failure('INVALID_CROSS_REFERENCE_KEY', `the seed has no ${name} ${String(value)}`)
    return id
  }
  for (const object of order) {
    for (const values of seed[object] ?? []) {
      const resolved = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, resolve(name, value)]))
      ids[object].push(person.create(object, resolved))
    }
  }
  return ids
}
