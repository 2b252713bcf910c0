import {
  type Checked,
  type Compared,
  compareKeyed,
  compareRecord,
  countOf,
  type Difference,
  type Expected,
  presence,
} from './compare.ts'
import type { ExpectedOrg } from './expected.ts'
import type { SalesforceApi, SalesforceRecord } from './salesforce-api.ts'

/** What Salesforce holds, as a query shows it. */
export type SalesforceSide = {
  Account: SalesforceRecord[]
  Contact: SalesforceRecord[]
  AccountContactRelation: SalesforceRecord[]
}

type ObjectName = keyof SalesforceSide
const objects = ['Account', 'Contact', 'AccountContactRelation'] as const satisfies readonly ObjectName[]

/** Our key on each object. */
export const KEYS: Readonly<Record<ObjectName, string>> = {
  Account: 'Clerk_Org_Id__c',
  Contact: 'Clerk_User_Id__c',
  AccountContactRelation: 'Clerk_Membership_Id__c',
}

const QUERIES: Readonly<Record<ObjectName, string>> = {
  Account:
    'SELECT Id, Clerk_Org_Id__c, Name, Clerk_Org_Slug__c, Clerk_Status__c, Plan__c, Provision_Clerk_Org__c FROM Account ORDER BY Name',
  Contact:
    'SELECT Id, Clerk_User_Id__c, FirstName, LastName, Email, Phone, Job__c, Clerk_Status__c, Clerk_Last_Sign_In__c, Invite_To_Clerk__c, Clerk_Invitation_Id__c, Clerk_Invitation_Status__c, Account.Clerk_Org_Id__c FROM Contact ORDER BY LastName, FirstName',
  AccountContactRelation:
    'SELECT Id, Clerk_Membership_Id__c, AccountId, ContactId, Account.Clerk_Org_Id__c, Contact.Clerk_User_Id__c, Clerk_Role__c, IsActive, IsDirect, StartDate, EndDate FROM AccountContactRelation ORDER BY StartDate',
}

/** Reads Salesforce through its REST API, page by page. */
export const readSalesforce = async (salesforce: SalesforceApi): Promise<SalesforceSide> => ({
  Account: await salesforce.query(QUERIES.Account),
  Contact: await salesforce.query(QUERIES.Contact),
  AccountContactRelation: await salesforce.query(QUERIES.AccountContactRelation),
})

/** A field in the form of the expectation: parents by their Clerk id, times in whole seconds of UTC. */
const read = (record: SalesforceRecord, field: string): unknown => {
  const value = record[field] ?? null
  if (field === 'Account' || field === 'Contact')
    return (value as Record<string, unknown> | null)?.[KEYS[field]] ?? null
  return field.startsWith('Clerk_Last') && typeof value === 'string' ? value.replace(/\.000\+0000$/, 'Z') : value
}

const compared = (object: ObjectName): Compared<SalesforceRecord> => ({ object, read, name: ({ Id }) => Id })

const keyed = (object: ObjectName, records: readonly SalesforceRecord[]) =>
  records.flatMap((record) => {
    const key = record[KEYS[object]]
    return typeof key === 'string' ? [{ key, record }] : []
  })

/** Records without a Clerk id: those of before, as they were, and no others. Relations that Salesforce made for them are its own. */
const compareOthers = (side: SalesforceSide, before: ReadonlyMap<string, Expected>): Difference[] =>
  (['Account', 'Contact'] as const).flatMap((object) =>
    side[object]
      .filter((record) => !record[KEYS[object]])
      .flatMap((record) => {
        const fields = before.get(record.Id)
        return fields
          ? compareRecord(compared(object), record.Id, record, fields)
          : [presence(object, record.Id, 'none', 'one without a Clerk id')]
      }),
  )

const unkeyedRelations = (side: SalesforceSide): Difference[] =>
  side.AccountContactRelation.filter(
    (record) => !record[KEYS.AccountContactRelation] && read(record, 'Contact') !== null,
  ).map((record) => presence('AccountContactRelation', record.Id, 'none', 'one without a Clerk id'))

/**
 * Compares everything that Salesforce holds with what it should hold, record by record and field by field.
 * @param before records that Clerk knows nothing of, by Salesforce id: they must be as they were.
 */
export const checkSalesforce = (
  side: SalesforceSide,
  expected: ExpectedOrg,
  before: ReadonlyMap<string, Expected>,
): Checked => {
  const missing = [...before.keys()].filter(
    (id) => ![...side.Account, ...side.Contact].some((record) => record.Id === id),
  )
  return {
    ...countOf([...objects.flatMap((object) => [...expected[object].values()]), ...before.values()]),
    differences: [
      ...objects.flatMap((object) => compareKeyed(compared(object), keyed(object, side[object]), expected[object])),
      ...compareOthers(side, before),
      ...unkeyedRelations(side),
      ...missing.map((id) => presence(id.startsWith('001') ? 'Account' : 'Contact', id, 'one', 'none')),
    ],
  }
}
