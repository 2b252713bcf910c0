import type { Expectation, Expected, ExpectedOrg } from './expected.ts'
import type { SalesforceApi, SalesforceRecord } from './salesforce-api.ts'

/** What Salesforce holds, as a query shows it. */
export type SalesforceSide = {
  Account: SalesforceRecord[]
  Contact: SalesforceRecord[]
  AccountContactRelation: SalesforceRecord[]
}

type ObjectName = keyof SalesforceSide
const objects = ['Account', 'Contact', 'AccountContactRelation'] as const satisfies readonly ObjectName[]

const KEYS: Readonly<Record<ObjectName, string>> = {
  Account: 'Clerk_Org_Id__c',
  Contact: 'Clerk_User_Id__c',
  AccountContactRelation: 'Clerk_Membership_Id__c',
}

const QUERIES: Readonly<Record<ObjectName, string>> = {
  Account: 'SELECT Id, Clerk_Org_Id__c, Name, Clerk_Org_Slug__c, Clerk_Status__c FROM Account ORDER BY Name',
  Contact:
    'SELECT Id, Clerk_User_Id__c, FirstName, LastName, Email, Phone, Clerk_Status__c, Clerk_Last_Sign_In__c, Account.Clerk_Org_Id__c FROM Contact ORDER BY LastName, FirstName',
  AccountContactRelation:
    'SELECT Id, Clerk_Membership_Id__c, AccountId, ContactId, Account.Clerk_Org_Id__c, Contact.Clerk_User_Id__c, Clerk_Role__c, IsActive, IsDirect, StartDate, EndDate FROM AccountContactRelation ORDER BY StartDate',
}

/** Reads Salesforce through its REST API, page by page. */
export const readSalesforce = async (salesforce: SalesforceApi): Promise<SalesforceSide> => ({
  Account: await salesforce.query(QUERIES.Account),
  Contact: await salesforce.query(QUERIES.Contact),
  AccountContactRelation: await salesforce.query(QUERIES.AccountContactRelation),
})

/** Salesforce holds one thing, and Clerk (or the story) says another. */
export type Difference = { object: ObjectName; record: string; field: string; expected: string; found: string }

export type Checked = { records: number; fields: number; differences: Difference[] }

const shown = (value: unknown): string => (value === null || value === undefined ? 'nothing' : String(value))

/** A field in the form of the expectation: parents by their Clerk id, times in whole seconds of UTC. */
const found = (record: SalesforceRecord, field: string): unknown => {
  const value = record[field] ?? null
  if (field === 'Account' || field === 'Contact')
    return (value as Record<string, unknown> | null)?.[KEYS[field]] ?? null
  return field.startsWith('Clerk_Last') && typeof value === 'string' ? value.replace(/\.000\+0000$/, 'Z') : value
}

/** An e-mail address is the same in any letters: an adopted Contact keeps the spelling of whoever typed it in. */
const spelling = (field: string, value: unknown): unknown =>
  field === 'Email' && typeof value === 'string' ? value.toLowerCase() : value

const holds = (field: string, value: unknown, expected: Expectation): boolean =>
  typeof expected === 'object' && expected !== null
    ? expected.some((one) => one === value)
    : spelling(field, value) === spelling(field, expected)

const compareRecord = (
  object: ObjectName,
  record: string,
  actual: SalesforceRecord,
  expected: Expected,
): Difference[] =>
  Object.entries(expected).flatMap(([field, wanted]) => {
    const value = found(actual, field)
    if (holds(field, value, wanted)) return []
    const list = typeof wanted === 'object' && wanted !== null ? wanted.join(' or ') : shown(wanted)
    return [{ object, record, field, expected: list, found: shown(value) }]
  })

const presence = (object: ObjectName, record: string, expected: string, found: string): Difference => ({
  object,
  record,
  field: 'the record',
  expected,
  found,
})

const compareObject = (
  object: ObjectName,
  records: readonly SalesforceRecord[],
  expected: ReadonlyMap<string, Expected>,
): Difference[] => {
  const byKey = new Map<string, SalesforceRecord[]>()
  for (const record of records) {
    const key = record[KEYS[object]]
    if (typeof key === 'string') byKey.set(key, [...(byKey.get(key) ?? []), record])
  }
  const wanted = [...expected].flatMap(([key, fields]) => {
    const [first, ...more] = byKey.get(key) ?? []
    if (!first) return [presence(object, key, 'one', 'none')]
    return [
      ...more.map(({ Id }) => presence(object, key, 'one', `another, ${Id}`)),
      ...compareRecord(object, key, first, fields),
    ]
  })
  const strangers = [...byKey].filter(([key]) => !expected.has(key))
  return [...wanted, ...strangers.map(([key, [record]]) => presence(object, key, 'none', `one, ${record?.Id}`))]
}

/** Records without a Clerk id: those of before, as they were, and no others. Relations that Salesforce made for them are its own. */
const compareOthers = (side: SalesforceSide, before: ReadonlyMap<string, Expected>): Difference[] =>
  (['Account', 'Contact'] as const).flatMap((object) =>
    side[object]
      .filter((record) => !record[KEYS[object]])
      .flatMap((record) => {
        const fields = before.get(record.Id)
        return fields
          ? compareRecord(object, record.Id, record, fields)
          : [presence(object, record.Id, 'none', 'one without a Clerk id')]
      }),
  )

const unkeyedRelations = (side: SalesforceSide): Difference[] =>
  side.AccountContactRelation.filter(
    (record) => !record[KEYS.AccountContactRelation] && found(record, 'Contact') !== null,
  ).map((record) => presence('AccountContactRelation', record.Id, 'none', 'one without a Clerk id'))

/**
 * Compares everything that Salesforce holds with what it should hold, record by record and field by field.
 * @param before records that Clerk knows nothing of, by Salesforce id: they must be as they were.
 */
export const check = (side: SalesforceSide, expected: ExpectedOrg, before: ReadonlyMap<string, Expected>): Checked => {
  const differences = objects.flatMap((object) => compareObject(object, side[object], expected[object]))
  const all = [...objects.flatMap((object) => [...expected[object].values()]), ...before.values()]
  const missing = [...before.keys()].filter(
    (id) => ![...side.Account, ...side.Contact].some((record) => record.Id === id),
  )
  return {
    records: all.length,
    fields: all.reduce((sum, fields) => sum + Object.keys(fields).length, 0),
    differences: [
      ...differences,
      ...compareOthers(side, before),
      ...unkeyedRelations(side),
      ...missing.map((id) => presence(id.startsWith('001') ? 'Account' : 'Contact', id, 'one', 'none')),
    ],
  }
}
