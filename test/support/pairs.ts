/** Pairs of records to play with, in a pair of sides that the tests of a file share. */
import type { TwoSides } from './two-sides.ts'

type Shown = Record<string, unknown>

/** How a link stands. */
export type LinkState = { salesforceId: string | null; code: string | null; reason: string | null; dirty: boolean }

export type Pairs = {
  /** A new user in Clerk and its Contact. */
  person: (lastName: string) => Promise<{ userId: string; contactId: string; email: string }>
  /** A new organization in Clerk and its Account. */
  organization: (name: string) => Promise<{ organizationId: string; accountId: string }>
  /** Makes the user a member; returns the id of the membership. */
  join: (organizationId: string, userId: string) => Promise<string>
  /** The record of the object that carries this Clerk id and is not deleted. */
  carrying: (object: 'Contact' | 'Account' | 'AccountContactRelation', clerkId: string) => Shown | undefined
  /** How the link of a Clerk record stands. */
  link: (clerkId: string) => Promise<LinkState>
  /** Lines of the journal about this Clerk record, oldest first. */
  journal: (clerkId: string) => Promise<{ side: string; kind: string; salesforceId: string | null; result: string }[]>
  /** Calls of Clerk's API so far, and what the tests themselves asked is not among them. */
  clerkCalls: () => number
  /** Reads and writes of records in Salesforce so far. */
  salesforceCalls: () => number
}

const keys = {
  Contact: 'Clerk_User_Id__c',
  Account: 'Clerk_Org_Id__c',
  AccountContactRelation: 'Clerk_Membership_Id__c',
} as const

export const pairsOf = (sides: TwoSides): Pairs => {
  const { callClerk, org, clerk, db, settled } = sides
  const carrying: Pairs['carrying'] = (object, clerkId) =>
    org.state()[object]?.find((one) => one[keys[object]] === clerkId && one['IsDeleted'] !== true)
  let people = 0
  return {
    carrying,
    person: async (lastName) => {
      const email = `${lastName.toLowerCase().replace(/\W/g, '')}-${++people}@example.com`
      const user = await callClerk('POST', '/users', {
        email_address: [email],
        first_name: 'Test',
        last_name: lastName,
        password: 'a Long pass-phrase 4 tests',
      })
      const userId = String(user['id'])
      await settled()
      return { userId, email, contactId: String(carrying('Contact', userId)?.['Id']) }
    },
    organization: async (name) => {
      const organizationId = String((await callClerk('POST', '/organizations', { name }))['id'])
      await settled()
      return { organizationId, accountId: String(carrying('Account', organizationId)?.['Id']) }
    },
    join: async (organizationId, userId) => {
      const membership = await callClerk('POST', `/organizations/${organizationId}/memberships`, {
        user_id: userId,
        role: 'org:member',
      })
      await settled()
      return String(membership['id'])
    },
    link: async (clerkId) => {
      const [row] = await db.query<LinkState>(
        `select l.salesforce_id as "salesforceId", l.parked_code as code, l.parked_reason as reason, d.link_id is not null as dirty
         from clerkforce.link l left join clerkforce.dirty d on d.link_id = l.id where l.clerk_id = $1`,
        [clerkId],
      )
      return row ?? { salesforceId: null, code: null, reason: null, dirty: false }
    },
    journal: (clerkId) =>
      db.query(
        `select c.side, c.kind, c.salesforce_id as "salesforceId", c.result
         from clerkforce.change c join clerkforce.link l on l.id = c.link_id where l.clerk_id = $1 order by c.id`,
        [clerkId],
      ),
    clerkCalls: () => clerk.stats().requests.total,
    salesforceCalls: () => Object.values(org.stats().calls).reduce((sum, count) => sum + count, 0),
  }
}
