import type { Road, Shown } from './road.ts'

const without = (text: unknown, prefix: string): unknown =>
  typeof text === 'string' ? text.replaceAll(prefix, '') : text

const pick = (record: Shown, fields: readonly string[], prefix: string): Shown =>
  Object.fromEntries(fields.map((field) => [field, without(record[field], prefix)]))

/** What Salesforce holds of the records whose Clerk ids start with `prefix`, in comparable form: references by Clerk id. */
export const stateOf = ({ records }: Pick<Road, 'records'>, prefix: string): Shown => {
  const accounts = records('Account')
  const contacts = records('Contact')
  const key = (list: readonly Shown[], id: unknown, field: string): unknown =>
    without(list.find((record) => record['Id'] === id)?.[field] ?? null, prefix)
  const own = (list: readonly Shown[], field: string) =>
    list.filter((record) => String(record[field] ?? '').startsWith(prefix))
  const sorted = (list: Shown[], field: string) => list.sort((a, b) => (String(a[field]) < String(b[field]) ? -1 : 1))
  return {
    accounts: sorted(
      own(accounts, 'Clerk_Org_Id__c').map((one) =>
        pick(one, ['Clerk_Org_Id__c', 'Name', 'Clerk_Status__c', 'Clerk_Org_Slug__c'], prefix),
      ),
      'Clerk_Org_Id__c',
    ),
    contacts: sorted(
      own(contacts, 'Clerk_User_Id__c').map((one) => ({
        ...pick(
          one,
          ['Clerk_User_Id__c', 'FirstName', 'LastName', 'Email', 'Phone', 'Clerk_Status__c', 'Clerk_Last_Sign_In__c'],
          prefix,
        ),
        account: key(accounts, one['AccountId'], 'Clerk_Org_Id__c'),
      })),
      'Clerk_User_Id__c',
    ),
    relations: sorted(
      own(records('AccountContactRelation'), 'Clerk_Membership_Id__c').map((one) => ({
        ...pick(
          one,
          ['Clerk_Membership_Id__c', 'Clerk_Role__c', 'IsActive', 'IsDirect', 'StartDate', 'EndDate'],
          prefix,
        ),
        contact: key(contacts, one['ContactId'], 'Clerk_User_Id__c'),
        account: key(accounts, one['AccountId'], 'Clerk_Org_Id__c'),
      })),
      'Clerk_Membership_Id__c',
    ),
  }
}
