import type { ClerkInvitation, ClerkMembership, ClerkOrganization, ClerkUser } from './clerk-api.ts'
import type { Expected } from './compare.ts'
import type { Ended, History } from './playing.ts'
import type { ClerkSide } from './read-clerk.ts'

/** What Salesforce should hold: records by Clerk id, fields by their Salesforce name, parents by their Clerk id. */
export type ExpectedOrg = {
  Account: ReadonlyMap<string, Expected>
  Contact: ReadonlyMap<string, Expected>
  AccountContactRelation: ReadonlyMap<string, Expected>
}

const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10)
const orNull = (text: string | null | undefined): string | null => text || null

const account = (organization: ClerkOrganization, status: 'active' | 'deleted'): Expected => ({
  Name: organization.name,
  Clerk_Org_Slug__c: orNull(organization.slug),
  Clerk_Status__c: status,
  Plan__c: null,
  Provision_Clerk_Org__c: false,
})

/** Without a last name, the first one stands in for it. */
const nameOf = (user: ClerkUser): { FirstName: string | null; LastName: string } =>
  user.last_name
    ? { FirstName: orNull(user.first_name), LastName: user.last_name }
    : { FirstName: null, LastName: user.first_name ?? user.username ?? 'Unknown' }

const statusOf = (user: ClerkUser): string =>
  user.deprovisioned ? 'deprovisioned' : user.banned ? 'banned' : user.locked ? 'locked' : 'active'

const emailOf = (user: ClerkUser): string | null =>
  orNull(user.email_addresses.find((one) => one.id === user.primary_email_address_id)?.email_address)

const contact = (
  user: ClerkUser,
  status: string,
  primary: string | null,
  invitation: ClerkInvitation | undefined,
): Expected => ({
  ...nameOf(user),
  Email: emailOf(user),
  Phone: orNull(user.phone_numbers.find((one) => one.id === user.primary_phone_number_id)?.phone_number),
  Clerk_Status__c: status,
  Clerk_Last_Sign_In__c:
    user.last_sign_in_at === null ? null : `${new Date(user.last_sign_in_at).toISOString().slice(0, 19)}Z`,
  Account: primary,
  Job__c: null,
  Invite_To_Clerk__c: false,
  Clerk_Invitation_Id__c: invitation?.id ?? null,
  Clerk_Invitation_Status__c: invitation?.status ?? null,
})

/** The Account of the oldest membership that runs; where none does, of the one that ended last. */
const primaryOf = (running: readonly ClerkMembership[], ended: readonly Ended[]): string | null => {
  const [oldest] = [...running].sort((a, b) => a.created_at - b.created_at || (a.id < b.id ? -1 : 1))
  const [latest] = [...ended].sort((a, b) => b.to - a.to || a.membership.created_at - b.membership.created_at)
  return oldest?.organization.id ?? latest?.membership.organization.id ?? null
}

const relation = ({ role, created_at, organization, public_user_data }: ClerkMembership, ended?: Ended): Expected => ({
  Account: organization.id,
  Contact: public_user_data.user_id,
  Clerk_Role__c: role,
  IsActive: ended === undefined,
  StartDate: dayOf(created_at),
  // A call that was under way at midnight may have ended it on either day.
  EndDate: ended === undefined ? null : [dayOf(ended.from), dayOf(ended.to)],
})

const pairOf = ({ organization, public_user_data }: ClerkMembership): string =>
  `${organization.id} ${public_user_data.user_id}`

/** Salesforce has one relation for each Contact and Account: it belongs to the newest of several memberships. */
const newestOfEachPair = (ended: readonly Ended[], running: readonly ClerkMembership[]): Ended[] => {
  const taken = new Set(running.map(pairOf))
  return [...ended]
    .sort((a, b) => b.membership.created_at - a.membership.created_at)
    .filter(({ membership }) => !taken.has(pairOf(membership)) && taken.add(pairOf(membership)))
}

/**
 * What Salesforce should hold for what Clerk holds and for what is over. The rules are the documented defaults, written down
 * a second time on purpose: a mistake in clerkforce's own must not be repeated here. What a salesperson decided comes from the story.
 * @param toAdopt Contacts that were there before, by the address of the person who is to get them.
 */
export const expectedOrg = (
  { users, organizations, memberships, invitations }: ClerkSide,
  history: History,
  toAdopt: ReadonlyMap<string, string>,
): ExpectedOrg => {
  const of = <T>(list: readonly T[], user: ClerkUser, key: (item: T) => ClerkMembership): T[] =>
    list.filter((item) => key(item).public_user_data.user_id === user.id)
  const primary = (user: ClerkUser) =>
    primaryOf(
      of(memberships, user, (one) => one),
      of(history.ended, user, ({ membership }) => membership),
    )
  const person = (user: ClerkUser, status: string): [string, Expected] => {
    const Id = toAdopt.get(emailOf(user) ?? '')
    const invitation = invitations.find(({ email_address }) => email_address === emailOf(user))
    const fields = { ...contact(user, status, primary(user), invitation), ...history.typed.get(user.id) }
    return [user.id, { ...(Id !== undefined && { Id }), ...fields }]
  }
  return {
    Account: new Map([
      ...organizations.map((one) => [one.id, { ...account(one, 'active'), ...history.typed.get(one.id) }] as const),
      ...history.deletedOrganizations.map((one) => [one.id, account(one, 'deleted')] as const),
    ]),
    Contact: new Map([
      ...users.map((user) => person(user, statusOf(user))),
      ...history.deletedUsers.map((user) => person(user, 'deleted')),
    ]),
    AccountContactRelation: new Map([
      ...memberships.map((one) => [one.id, relation(one)] as const),
      ...newestOfEachPair(history.ended, memberships).map(
        (one) => [one.membership.id, relation(one.membership, one)] as const,
      ),
    ]),
  }
}
