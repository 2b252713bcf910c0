import type {
  InvitationRecord,
  InvitationStatus,
  MembershipRecord,
  OrganizationRecord,
  UserRecord,
} from './entities.ts'
import { invalidValue } from './errors.ts'
import type { Instance } from './instance.ts'
import { searchTests, timeTests, userSortKey } from './list-users.ts'
import {
  type ClerkContext,
  compareBy,
  type ListPage,
  listParam,
  pageOf,
  readOrder,
  readPage,
  readSign,
} from './request.ts'

/** Values of a signed parameter, as sets of what to include and what to leave out. */
const signedSets = (c: ClerkContext, name: string): { included: Set<string>; excluded: Set<string> } => {
  const read = (listParam(c, name) ?? []).map(readSign)
  return {
    included: new Set(read.filter(({ excluded }) => !excluded).map(({ value }) => value)),
    excluded: new Set(read.filter(({ excluded }) => excluded).map(({ value }) => value)),
  }
}

const organizationTests = ({ store }: Instance, c: ClerkContext): ((record: OrganizationRecord) => boolean)[] => {
  const tests: ((record: OrganizationRecord) => boolean)[] = []
  const query = c.req.query('query')
  const part = query?.toLowerCase()
  if (part) tests.push(({ id, name, slug }) => id === query || name.toLowerCase().includes(part) || slug.includes(part))
  const ids = signedSets(c, 'organization_id')
  if (ids.included.size > 0) tests.push(({ id }) => ids.included.has(id))
  if (ids.excluded.size > 0) tests.push(({ id }) => !ids.excluded.has(id))
  const members = signedSets(c, 'user_id')
  const has = (id: string, users: Set<string>) => [...users].some((user) => store.membership(id, user))
  if (members.included.size > 0) tests.push(({ id }) => has(id, members.included))
  if (members.excluded.size > 0) tests.push(({ id }) => !has(id, members.excluded))
  return tests
}

/** GET /organizations. */
export const listOrganizations = (instance: Instance, c: ClerkContext): ListPage<OrganizationRecord> => {
  const { organizations, membershipsOf } = instance.store
  const order = readOrder(c, ['created_at', 'name', 'members_count'], { key: 'created_at', descending: true })
  const page = readPage(c)
  const key = (record: OrganizationRecord) =>
    order.key === 'members_count' ? membershipsOf(record.id).size : record[order.key]
  const compare = compareBy(key, order.descending)
  const tests = organizationTests(instance, c)
  if (tests.length > 0) {
    const matching = organizations.byCreation().filter((record) => tests.every((test) => test(record)))
    return pageOf(matching.sort(compare), page)
  }
  // Counts change with memberships, which this table knows nothing of: that order is never kept.
  if (order.key === 'members_count') return pageOf([...organizations.byCreation()].sort(compare), page)
  if (order.key === 'name') return pageOf(organizations.ordered(`name:${order.descending}`, compare), page)
  return { page: organizations.creationPage({ ...page, descending: order.descending }), total: organizations.size() }
}

const membershipKeys = ['phone_number', 'email_address', 'created_at', 'first_name', 'last_name', 'username'] as const

const membershipOrder = ({ store }: Instance, c: ClerkContext) => {
  const order = readOrder(c, membershipKeys, { key: 'created_at', descending: true })
  const key = (membership: MembershipRecord): string | number | null => {
    if (order.key === 'created_at') return membership.created_at
    const user = store.users.get(membership.user_id)
    return user ? userSortKey(user, order.key) : null
  }
  return { order, compare: compareBy(key, order.descending) }
}

/** GET /organization_memberships: those of the whole instance. */
export const listAllMemberships = (instance: Instance, c: ClerkContext): ListPage<MembershipRecord> => {
  const { memberships } = instance.store
  const { order, compare } = membershipOrder(instance, c)
  const page = readPage(c)
  // Orders by what the user is called change with users, which this table knows nothing of: they are never kept.
  if (order.key !== 'created_at') return pageOf([...memberships.byCreation()].sort(compare), page)
  return { page: memberships.creationPage({ ...page, descending: order.descending }), total: memberships.size() }
}

const memberTests = (c: ClerkContext): ((user: UserRecord, membership: MembershipRecord) => boolean)[] => {
  const tests: ((user: UserRecord, membership: MembershipRecord) => boolean)[] = [
    ...searchTests(c),
    ...timeTests(c, ['last_active_at']),
  ]
  for (const kind of ['email_address', 'phone_number', 'web3_wallet'] as const) {
    const values = listParam(c, kind)
    if (values)
      tests.push((user) => user.identifications.some((own) => own.kind === kind && values.includes(own.value)))
  }
  const usernames = listParam(c, 'username')
  if (usernames) tests.push((user) => user.username !== null && usernames.includes(user.username))
  const roles = listParam(c, 'role')
  if (roles) tests.push((_, membership) => roles.includes(membership.role))
  const ids = signedSets(c, 'user_id')
  if (ids.included.size > 0) tests.push((user) => ids.included.has(user.id))
  if (ids.excluded.size > 0) tests.push((user) => !ids.excluded.has(user.id))
  const created = timeTests(c, ['created_at'])
  // Here the times of creation are the user's, as the parameter's description has it ("users who have been created").
  tests.push(...created)
  return tests
}

/** GET /organizations/{id}/memberships. */
export const listMembershipsOf = (
  instance: Instance,
  organizationId: string,
  c: ClerkContext,
): ListPage<MembershipRecord> => {
  const { compare } = membershipOrder(instance, c)
  const page = readPage(c)
  const tests = memberTests(c)
  const matching = [...instance.store.membershipsOf(organizationId).values()].filter((membership) => {
    const user = instance.store.users.get(membership.user_id)
    return user !== undefined && tests.every((test) => test(user, membership))
  })
  return pageOf(matching.sort(compare), page)
}

/** GET /users/{id}/organization_memberships: newest first. */
export const listMembershipsOfUser = (
  instance: Instance,
  userId: string,
  c: ClerkContext,
): ListPage<MembershipRecord> => {
  const newest = compareBy<MembershipRecord>(({ created_at }) => created_at, true)
  return pageOf([...instance.store.membershipsOfUser(userId)].sort(newest), readPage(c))
}

/** The states of an invitation. */
export const statuses: readonly InvitationStatus[] = ['pending', 'accepted', 'revoked', 'expired']

/** Invitations by status and address, newest first unless the request orders them. */
export const listInvitations = (
  from: Iterable<InvitationRecord>,
  c: ClerkContext,
  only?: InvitationStatus,
): ListPage<InvitationRecord> => {
  const order = readOrder(c, ['created_at', 'email_address'], { key: 'created_at', descending: true })
  const wanted = only ? [only] : listParam(c, 'status')
  for (const status of wanted ?? [])
    if (!statuses.some((known) => known === status))
      throw invalidValue('status', `status must be one of ${statuses.join(', ')}.`)
  const email = c.req.query('email_address')
  const part = c.req.query('query')?.toLowerCase()
  const matching = [...from].filter(
    (invitation) =>
      (!wanted || wanted.includes(invitation.status)) &&
      (!email || invitation.email_address === email) &&
      (!part || invitation.email_address.includes(part)),
  )
  const compare = compareBy<InvitationRecord>((invitation) => invitation[order.key], order.descending)
  return pageOf(matching.sort(compare), readPage(c))
}
