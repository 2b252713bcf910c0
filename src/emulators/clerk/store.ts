import { type RoleTables, startingRoles } from './built-in-roles.ts'
import type {
  AppInvitationRecord,
  CreditEntry,
  DomainRecord,
  Identification,
  IdentificationKind,
  InvitationRecord,
  MembershipRecord,
  OrganizationRecord,
  PermissionRecord,
  Role,
  RoleRecord,
  RoleSetRecord,
  SessionRecord,
  Subscription,
  UserRecord,
  Verification,
  WaitlistEntryRecord,
} from './entities.ts'
import { createTable, type Table } from './table.ts'

/**
 * Everything the instance holds, in memory, with an index for each way in which a request names a record. Only the functions
 * here change an index; a record's other fields may be changed in place, followed by `touch` of its table.
 */
export type Store = {
  users: Table<UserRecord>
  organizations: Table<OrganizationRecord>
  memberships: Table<MembershipRecord>
  invitations: Table<InvitationRecord>
  domains: Table<DomainRecord>
  appInvitations: Table<AppInvitationRecord>
  waitlist: Table<WaitlistEntryRecord>
  permissions: Table<PermissionRecord>
  roles: Table<RoleRecord>
  roleSets: Table<RoleSetRecord>
  /** Codes under way, by id; the newest of each address or number. */
  verifications: Map<string, Verification>
  credits: CreditEntry[]
  /** Sessions that are not over, by user. */
  sessions: Map<string, readonly SessionRecord[]>
  /** Subscriptions by the id of the user or organization who pays. */
  subscriptions: Map<string, Subscription>
  /** Whether the Backend API was asked for a Svix app. */
  svixApp: boolean
  addUser: (user: UserRecord) => void
  removeUser: (user: UserRecord) => void
  setExternalId: (user: UserRecord, externalId: string | null) => void
  setUsername: (user: UserRecord, username: string | null) => void
  addIdentification: (user: UserRecord, identification: Identification) => void
  removeIdentification: (user: UserRecord, identification: Identification) => void
  userByExternalId: (externalId: string) => UserRecord | undefined
  userByUsername: (username: string) => UserRecord | undefined
  /** Every user with this address or number, whether verified or not. */
  holders: (kind: IdentificationKind, value: string) => readonly UserRecord[]
  ownerOf: (identificationId: string) => { user: UserRecord; identification: Identification } | undefined
  addOrganization: (organization: OrganizationRecord) => void
  removeOrganization: (organization: OrganizationRecord) => void
  setSlug: (organization: OrganizationRecord, slug: string) => void
  organizationBySlug: (slug: string) => OrganizationRecord | undefined
  addMembership: (membership: MembershipRecord) => void
  removeMembership: (membership: MembershipRecord) => void
  membership: (organizationId: string, userId: string) => MembershipRecord | undefined
  membershipsOfUser: (userId: string) => readonly MembershipRecord[]
  membershipsOf: (organizationId: string) => ReadonlyMap<string, MembershipRecord>
  addInvitation: (invitation: InvitationRecord) => void
  removeInvitation: (invitation: InvitationRecord) => void
  invitationsOf: (organizationId: string) => ReadonlySet<InvitationRecord>
}

const none: ReadonlyMap<string, never> = new Map<string, never>()
const noInvitations: ReadonlySet<never> = new Set<never>()

const filled = <T extends { id: string; seq: number; created_at: number }>(records: readonly T[]): Table<T> => {
  const table = createTable<T>()
  for (const record of records) table.insert(record)
  return table
}

/** Everything that a new instance holds: its roles. */
export const createStore = (settings: { roles: readonly Role[]; creatorRole: string }, now: number): Store => {
  const starting: RoleTables = startingRoles(settings.roles, settings.creatorRole, now)
  const users = createTable<UserRecord>()
  const organizations = createTable<OrganizationRecord>()
  const memberships = createTable<MembershipRecord>()
  const invitations = createTable<InvitationRecord>()
  const externalIds = new Map<string, UserRecord>()
  const usernames = new Map<string, UserRecord>()
  const holders = new Map<string, UserRecord[]>()
  const owners = new Map<string, UserRecord>()
  const slugs = new Map<string, OrganizationRecord>()
  const byUser = new Map<string, MembershipRecord[]>()
  const byOrganization = new Map<string, Map<string, MembershipRecord>>()
  const invited = new Map<string, Set<InvitationRecord>>()

  const index = (user: UserRecord, { id, kind, value }: Identification): void => {
    owners.set(id, user)
    const key = `${kind}:${value}`
    holders.set(key, [...(holders.get(key) ?? []), user])
  }
  const unindex = (user: UserRecord, { id, kind, value }: Identification): void => {
    owners.delete(id)
    const key = `${kind}:${value}`
    const left = (holders.get(key) ?? []).filter((holder) => holder !== user)
    if (left.length > 0) holders.set(key, left)
    else holders.delete(key)
  }

  const people: Pick<
    Store,
    'addUser' | 'removeUser' | 'setExternalId' | 'setUsername' | 'addIdentification' | 'removeIdentification'
  > = {
    addUser: (user) => {
      users.insert(user)
      if (user.external_id !== null) externalIds.set(user.external_id, user)
      if (user.username !== null) usernames.set(user.username, user)
      for (const identification of user.identifications) index(user, identification)
    },
    removeUser: (user) => {
      users.remove(user)
      if (user.external_id !== null) externalIds.delete(user.external_id)
      if (user.username !== null) usernames.delete(user.username)
      for (const identification of user.identifications) unindex(user, identification)
    },
    setExternalId: (user, externalId) => {
      if (user.external_id !== null) externalIds.delete(user.external_id)
      user.external_id = externalId
      if (externalId !== null) externalIds.set(externalId, user)
    },
    setUsername: (user, username) => {
      if (user.username !== null) usernames.delete(user.username)
      user.username = username
      if (username !== null) usernames.set(username, user)
    },
    addIdentification: (user, identification) => {
      user.identifications.push(identification)
      index(user, identification)
    },
    removeIdentification: (user, identification) => {
      user.identifications = user.identifications.filter((other) => other !== identification)
      unindex(user, identification)
    },
  }

  return {
    users,
    organizations,
    memberships,
    invitations,
    domains: createTable(),
    appInvitations: createTable(),
    waitlist: createTable(),
    permissions: filled(starting.permissions),
    roles: filled(starting.roles),
    roleSets: filled(starting.roleSets),
    verifications: new Map(),
    credits: [],
    sessions: new Map(),
    subscriptions: new Map(),
    svixApp: false,
    ...people,
    userByExternalId: (externalId) => externalIds.get(externalId),
    userByUsername: (username) => usernames.get(username),
    holders: (kind, value) => holders.get(`${kind}:${value}`) ?? [],
    ownerOf: (id) => {
      const user = owners.get(id)
      const identification = user?.identifications.find((candidate) => candidate.id === id)
      return user && identification ? { user, identification } : undefined
    },
    addOrganization: (organization) => {
      organizations.insert(organization)
      if (organization.slug !== '') slugs.set(organization.slug, organization)
    },
    removeOrganization: (organization) => {
      organizations.remove(organization)
      slugs.delete(organization.slug)
      byOrganization.delete(organization.id)
      invited.delete(organization.id)
    },
    setSlug: (organization, slug) => {
      slugs.delete(organization.slug)
      organization.slug = slug
      if (slug !== '') slugs.set(slug, organization)
    },
    organizationBySlug: (slug) => slugs.get(slug),
    addMembership: (membership) => {
      memberships.insert(membership)
      const ofUser = byUser.get(membership.user_id)
      if (ofUser) ofUser.push(membership)
      else byUser.set(membership.user_id, [membership])
      const ofOrganization = byOrganization.get(membership.organization_id)
      if (ofOrganization) ofOrganization.set(membership.user_id, membership)
      else byOrganization.set(membership.organization_id, new Map([[membership.user_id, membership]]))
    },
    removeMembership: (membership) => {
      memberships.remove(membership)
      const left = (byUser.get(membership.user_id) ?? []).filter((other) => other !== membership)
      if (left.length > 0) byUser.set(membership.user_id, left)
      else byUser.delete(membership.user_id)
      byOrganization.get(membership.organization_id)?.delete(membership.user_id)
    },
    membership: (organizationId, userId) => byOrganization.get(organizationId)?.get(userId),
    membershipsOfUser: (userId) => byUser.get(userId) ?? [],
    membershipsOf: (organizationId) => byOrganization.get(organizationId) ?? none,
    addInvitation: (invitation) => {
      invitations.insert(invitation)
      const others = invited.get(invitation.organization_id)
      if (others) others.add(invitation)
      else invited.set(invitation.organization_id, new Set([invitation]))
    },
    removeInvitation: (invitation) => {
      invitations.remove(invitation)
      invited.get(invitation.organization_id)?.delete(invitation)
    },
    invitationsOf: (organizationId) => invited.get(organizationId) ?? noInvitations,
  }
}
