import type { SalesforceSide } from './check-salesforce.ts'
import { KEYS } from './check-salesforce.ts'
import { type Checked, type Compared, compareKeyed, countOf, type Expected } from './compare.ts'
import type { History } from './playing.ts'
import type { ClerkSide } from './read-clerk.ts'
import type { SalesforceRecord } from './salesforce-api.ts'

type Identified = { readonly id: string }

/** Metadata as text, keys in order: whatever does not belong there shows too. */
const metadata = (values: object): string => JSON.stringify(values, Object.keys(values).sort())

const read = (record: Identified, field: string): unknown => {
  const value = (record as unknown as Record<string, unknown>)[field] ?? null
  return typeof value === 'object' && value !== null ? metadata(value) : value
}

const compared = (object: string): Compared<Identified> => ({ object, read, name: ({ id }) => id })
const keyed = (records: readonly Identified[]) => records.map((record) => ({ key: record.id, record }))

/** The metadata that a record of Salesforce asks for: a key for each field that has a value. */
const wanted = (
  records: readonly SalesforceRecord[],
  key: string,
  id: string,
  fields: Readonly<Record<string, string>>,
): string => {
  const record = records.find((one) => one[key] === id)
  const values = Object.entries(fields).flatMap(([field, name]) => {
    const value = record?.[field] ?? null
    return value === null ? [] : [[name, value] as const]
  })
  return metadata(Object.fromEntries(values))
}

/**
 * Compares everything that Clerk holds with what it should hold: who is there and what they are called by the story, the metadata by what
 * Salesforce shows. Roles, statuses and addresses are Clerk's alone; they are checked in Salesforce.
 */
export const checkClerk = (side: ClerkSide, salesforce: SalesforceSide, history: History): Checked => {
  const organizations = new Map<string, Expected>(
    [...history.organizations].map(([id, { names }]) => [
      id,
      { name: names, public_metadata: wanted(salesforce.Account, KEYS.Account, id, { Plan__c: 'plan' }) },
    ]),
  )
  const users = new Map<string, Expected>(
    [...history.people].map(([id, names]) => [
      id,
      { ...names, public_metadata: wanted(salesforce.Contact, KEYS.Contact, id, { Job__c: 'job' }) },
    ]),
  )
  const invitations = new Map<string, Expected>([...history.invitations].map((id) => [id, { status: 'accepted' }]))
  return {
    ...countOf([organizations, users, invitations].flatMap((expected) => [...expected.values()])),
    differences: [
      ...compareKeyed(compared('Organization'), keyed(side.organizations), organizations),
      ...compareKeyed(compared('User'), keyed(side.users), users),
      ...compareKeyed(compared('Invitation'), keyed(side.invitations), invitations),
    ],
  }
}
