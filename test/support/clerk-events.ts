/** Clerk's nine events, built in few words. Times are ms; a record's version is its `updated_at`. */

const start = Date.UTC(2026, 0, 5, 9)

export type User = {
  id: string
  email?: string | null
  first?: string | null
  last?: string | null
  at?: number
  fields?: object
}
export type Organization = { id: string; name: string; at?: number; fields?: object }
export type Membership = {
  id: string
  user: User
  organization: Organization
  role?: string
  createdAt?: number
  at?: number
}

export const userBody = ({
  id,
  email = `${id}@example.com`,
  first = 'Ada',
  last = 'Lovelace',
  at = start,
  fields = {},
}: User): object => ({
  object: 'user',
  id,
  external_id: null,
  username: null,
  first_name: first,
  last_name: last,
  primary_email_address_id: email === null ? null : `idn_${id}`,
  primary_phone_number_id: null,
  email_addresses: email === null ? [] : [{ id: `idn_${id}`, object: 'email_address', email_address: email }],
  phone_numbers: [],
  public_metadata: {},
  private_metadata: null,
  unsafe_metadata: {},
  banned: false,
  locked: false,
  last_sign_in_at: null,
  created_at: start,
  updated_at: at,
  ...fields,
})

export const organizationBody = ({ id, name, at = start, fields = {} }: Organization): object => ({
  object: 'organization',
  id,
  name,
  slug: null,
  has_image: false,
  max_allowed_memberships: 5,
  admin_delete_enabled: true,
  public_metadata: {},
  private_metadata: {},
  created_at: start,
  updated_at: at,
  ...fields,
})

export const membershipBody = ({
  id,
  user,
  organization,
  role = 'org:member',
  createdAt = start,
  at = createdAt,
}: Membership): object => ({
  object: 'organization_membership',
  id,
  role,
  role_name: role.replace('org:', ''),
  permissions: [],
  public_metadata: {},
  private_metadata: {},
  organization: organizationBody(organization),
  public_user_data: {
    user_id: user.id,
    first_name: user.first === undefined ? 'Ada' : user.first,
    last_name: user.last === undefined ? 'Lovelace' : user.last,
    identifier: user.email === undefined ? `${user.id}@example.com` : user.email,
    has_image: false,
    image_url: '',
  },
  created_at: createdAt,
  updated_at: at,
})

const event = (type: string, data: object, timestamp: number): object => ({
  object: 'event',
  type,
  data,
  timestamp,
  instance_id: 'ins_test',
})

const timeOf = (body: object): number => (body as { updated_at: number }).updated_at

export const userEvent = (kind: 'created' | 'updated', user: User): object => {
  const body = userBody(user)
  return event(`user.${kind}`, body, timeOf(body))
}
export const userDeleted = (id: string, at: number): object =>
  event('user.deleted', { object: 'user', id, deleted: true }, at)
export const organizationEvent = (kind: 'created' | 'updated', organization: Organization): object => {
  const body = organizationBody(organization)
  return event(`organization.${kind}`, body, timeOf(body))
}
export const organizationDeleted = (id: string, at: number): object =>
  event('organization.deleted', { object: 'organization', id, deleted: true }, at)
export const membershipEvent = (
  kind: 'created' | 'updated' | 'deleted',
  membership: Membership,
  endedAt?: number,
): object => {
  const body = membershipBody(membership)
  return event(`organizationMembership.${kind}`, body, endedAt ?? timeOf(body))
}
export const day = (n: number): number => start + n * 86_400_000
