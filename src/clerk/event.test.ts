import fc from 'fast-check'
import { expect, test } from 'vitest'
import { SyncError } from '../errors.ts'
import { invitationBody, membershipBody, organizationBody, userBody } from './bodies.test-support.ts'
import { parseEvent, USED_EVENT_TYPES } from './event.ts'

const AT = Date.UTC(2026, 4, 1)
const webhook = (type: string, data: unknown, timestamp: number = AT) => ({
  object: 'event',
  type,
  data,
  timestamp,
  instance_id: 'ins_1',
})

test.each(['user.created', 'user.updated'])('%s carries the user', (type) => {
  expect(parseEvent(webhook(type, userBody()))).toMatchObject({ kind: 'user', type, at: AT, user: { id: 'user_1' } })
})

test.each(['organization.created', 'organization.updated'])('%s carries the organization', (type) => {
  expect(parseEvent(webhook(type, organizationBody()))).toMatchObject({
    kind: 'organization',
    organization: { id: 'org_1' },
  })
})

test.each(['organizationMembership.created', 'organizationMembership.updated'])('%s carries the membership', (type) => {
  expect(parseEvent(webhook(type, membershipBody()))).toMatchObject({
    kind: 'membership',
    membership: { id: 'orgmem_1' },
  })
})

test('a deleted membership carries all of it, and ends when its envelope says', () => {
  expect(parseEvent(webhook('organizationMembership.deleted', membershipBody()))).toMatchObject({
    kind: 'membership-deleted',
    at: AT,
    membership: { organization: { id: 'org_1' }, public_user_data: { user_id: 'user_1' } },
  })
})

test.each([
  ['organizationInvitation.created', invitationBody()],
  ['organizationInvitation.accepted', invitationBody({ status: 'accepted', user_id: 'user_1' })],
  ['organizationInvitation.revoked', invitationBody({ status: 'revoked' })],
])('%s carries the invitation as it is then', (type, data) => {
  expect(parseEvent(webhook(type, data))).toMatchObject({ kind: 'invitation', type, at: AT, invitation: data })
})

test('an invitation without its organization or its status is parked', () => {
  for (const field of ['organization_id', 'status'])
    expect(() => parseEvent(webhook('organizationInvitation.created', invitationBody({ [field]: undefined })))).toThrow(
      `Clerk's organizationInvitation.created event is not as documented. ${field}: `,
    )
})

test('a deleted user or organization leaves its id', () => {
  const user = webhook('user.deleted', { object: 'user', id: 'user_1', deleted: true })
  const organization = webhook('organization.deleted', {
    object: 'organization',
    id: 'org_1',
    slug: 'acme',
    deleted: true,
  })
  expect(parseEvent(user)).toEqual({ kind: 'user-deleted', type: 'user.deleted', at: AT, id: 'user_1' })
  expect(parseEvent(organization)).toMatchObject({ kind: 'organization-deleted', id: 'org_1' })
})

test('a deletion that does not say of what is of no use, and no error', () => {
  expect(parseEvent(webhook('user.deleted', { object: 'user', deleted: true }))).toMatchObject({ kind: 'unused' })
})

test('types that are not used, whatever they carry, are told by name alone', () => {
  fc.assert(
    fc.property(
      fc.string({ minLength: 1 }).filter((type) => !USED_EVENT_TYPES.has(type)),
      fc.anything(),
      (type, data) => {
        expect(parseEvent(webhook(type, data))).toEqual({ kind: 'unused', type, at: AT })
      },
    ),
  )
  expect(USED_EVENT_TYPES.size).toBe(12)
})

test('times in seconds become milliseconds, and times in milliseconds stay', () => {
  const user = userBody({ created_at: 1_716_883_200, updated_at: 1_716_883_200_000, last_sign_in_at: null })
  expect(parseEvent(webhook('user.created', user, 1_716_883_200))).toMatchObject({
    at: 1_716_883_200_000,
    user: { created_at: 1_716_883_200_000, updated_at: 1_716_883_200_000, last_sign_in_at: null },
  })
})

test('an invitation that expires in seconds expires in milliseconds, and one may never expire', () => {
  const expiring = (at: number | null) =>
    parseEvent(webhook('organizationInvitation.created', invitationBody({ expires_at: at })))
  expect(expiring(1_717_487_999)).toMatchObject({ invitation: { expires_at: 1_717_487_999_000 } })
  expect(expiring(null)).toMatchObject({ invitation: { expires_at: null } })
})

test('fields that we do not name pass through untouched, at every level', () => {
  const metadata = { plan: { tier: 'gold', seats: [1, 2] } }
  const user = userBody({ locale: 'pl', public_metadata: metadata, passkeys: [{ id: 'pk_1' }] })
  expect(parseEvent(webhook('user.updated', user))).toMatchObject({ user })
})

test('users without a name, an address or a metadata of their own are users', () => {
  const user = userBody({ first_name: null, last_name: null, email_addresses: [], private_metadata: null })
  expect(parseEvent(webhook('user.created', user))).toMatchObject({ kind: 'user' })
})

test.each([
  ['no id', userBody({ id: undefined }), 'id'],
  ['an empty id', userBody({ id: '' }), 'id'],
  ['no version', userBody({ updated_at: undefined }), 'updated_at'],
  [
    'an address that is not text',
    userBody({ email_addresses: [{ email_address: 5 }] }),
    'email_addresses.0.email_address',
  ],
  ['metadata that is a list', userBody({ public_metadata: ['Jane'] }), 'public_metadata'],
  ['nothing at all', null, 'the whole'],
])('a user event with %s is parked, by the field and without the value', (_, data, field) => {
  const attempt = () => parseEvent(webhook('user.created', data))
  expect(attempt).toThrow(SyncError)
  expect(attempt).toThrow(`Clerk's user.created event is not as documented. ${field}: `)
  expect(attempt).not.toThrow(/Jane|jane@/)
})

test('a body that is not a webhook of Clerk is not as documented', () => {
  for (const body of [null, [], 'text', {}, { type: 'user.created' }]) {
    expect(() => parseEvent(body)).toThrow("Clerk's webhook is not as documented")
  }
})
