import fc from 'fast-check'
import { expect, test } from 'vitest'
import { callClerkEmulator } from '../../../test/support/clerk-emulator.ts'
import { manualClock } from '../kit/clock.ts'

// Invitations to organizations, from the invitation to its end: accepted, revoked, expired, or overtaken by a membership.

const day = 86_400_000
const role = 'org:member'
const already = { status: 400, code: 'already_a_member_in_organization' }
const notPending = { status: 400, code: 'organization_invitation_not_pending' }

test('who became a member in another way does not become one twice by an invitation', async () => {
  const { made, refusal, ok, events } = callClerkEmulator()
  const ada = await made('/v1/users', { email_address: ['ada@example.com'] })
  const acme = `/v1/organizations/${await made('/v1/organizations', { name: 'Acme' })}`
  const invitation = await made(`${acme}/invitations`, { email_address: 'ada@example.com', role })
  await made(`${acme}/memberships`, { user_id: ada, role })
  const before = events().length
  expect(await refusal('POST', `/_emulator/invitations/${invitation}/accept`)).toEqual(already)
  expect(events()).toHaveLength(before)
  expect(await ok('GET', `/v1/users/${ada}/organization_memberships`)).toMatchObject({ total_count: 1 })
  expect(await ok('GET', `${acme}/invitations/${invitation}`)).toMatchObject({ status: 'pending' })
})

test('an invitation whose time is over takes no room, and nothing shows it as pending', async () => {
  const clock = manualClock()
  const { made, refusal, ok, state, webhooks } = callClerkEmulator({ clock, membershipLimit: 1 })
  const ada = await made('/v1/users', { email_address: ['ada@example.com'] })
  const id = await made('/v1/organizations', { name: 'Acme' })
  const acme = `/v1/organizations/${id}`
  const bob = await made(`${acme}/invitations`, { email_address: 'bob@example.com', role, expires_in_days: 1 })
  const full = { status: 403, code: 'organization_membership_quota_exceeded' }
  expect(await refusal('POST', `${acme}/memberships`, { user_id: ada, role })).toEqual(full)
  await clock.advance(day)
  await ok('PATCH', acme, { name: 'Acme Ltd' })
  const changed = JSON.parse(webhooks.messages().at(-1)?.body ?? '') as object
  expect(changed).toMatchObject({ type: 'organization.updated', data: { pending_invitations_count: 0 } })
  expect(state().invitations).toMatchObject([{ id: bob, status: 'expired' }])
  expect(await refusal('POST', `/_emulator/invitations/${bob}/accept`)).toEqual(notPending)
  await made(`${acme}/memberships`, { user_id: ada, role })
})

test('an unverified address does not make its holder the invited person', async () => {
  const { made, ok } = callClerkEmulator()
  const ada = await made('/v1/users', { email_address: ['ada@example.com'] })
  await made('/v1/email_addresses', { user_id: ada, email_address: 'team@example.com' })
  const acme = await made('/v1/organizations', { name: 'Acme' })
  const path = `/v1/organizations/${acme}/invitations`
  const invitation = await made(path, { email_address: 'Team@example.com', role })
  const { user } = await ok('POST', `/_emulator/invitations/${invitation}/accept`)
  expect(user).not.toMatchObject({ id: ada })
  expect(user).toMatchObject({ email_addresses: [{ email_address: 'team@example.com' }] })
})

const names = ['ann', 'ben', 'cid', 'dan'] as const
const steps = fc.array(
  fc.record({
    what: fc.constantFrom('invite', 'accept', 'revoke', 'add', 'remove', 'wait'),
    name: fc.constantFrom(...names),
  }),
  { maxLength: 20 },
)

test('whatever is asked, a person is a member once, is invited once at a time, and nobody is there beyond the limit', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (asked) => {
      const clock = manualClock()
      const { made, call, ok, seed } = callClerkEmulator({ clock, membershipLimit: 3 })
      // Half of the people have an account before they are invited.
      seed({
        users: names.slice(0, 2).map((name) => ({ id: `user_${name}`, email_addresses: [`${name}@example.com`] })),
      })
      const acme = `/v1/organizations/${await made('/v1/organizations', { name: 'Acme' })}`
      const newest = new Map<string, string>()
      for (const { what, name } of asked) {
        const email_address = `${name}@example.com`
        if (what === 'invite') {
          const { status, body } = await call('POST', `${acme}/invitations`, {
            email_address,
            role,
            expires_in_days: 2,
          })
          if (status === 200) newest.set(name, (body as { id: string }).id)
        }
        if (what === 'accept') await call('POST', `/_emulator/invitations/${newest.get(name)}/accept`)
        if (what === 'revoke') await call('POST', `${acme}/invitations/${newest.get(name)}/revoke`)
        if (what === 'add') await call('POST', `${acme}/memberships`, { user_id: `user_${name}`, role })
        if (what === 'remove') await call('DELETE', `${acme}/memberships/user_${name}`)
        if (what === 'wait') await clock.advance(day)
      }
      const members = (await ok('GET', `${acme}/memberships`)) as unknown as {
        data: { public_user_data: { user_id: string } }[]
      }
      const people = members.data.map(({ public_user_data }) => public_user_data.user_id)
      const open = (await ok('GET', `${acme}/invitations?status=pending`)) as unknown as {
        data: { email_address: string }[]
      }
      const invited = open.data.map(({ email_address }) => email_address)
      expect(new Set(people).size).toBe(people.length)
      expect(new Set(invited).size).toBe(invited.length)
      expect(people.length + invited.length).toBeLessThanOrEqual(3)
    }),
    { numRuns: 40 },
  )
})
