import { expect, test } from 'vitest'
import { planInvitation } from './invitation.ts'

const clerk = { id: 'orginv_1', body: { status: 'pending' }, version: 1, deletedAt: null }
const contact = (fields: Record<string, string | null>) =>
  ({
    state: 'present',
    id: '003',
    fields: { Clerk_Invitation_Id__c: null, Clerk_Invitation_Status__c: null, ...fields },
    version: 1,
  }) as const
const input = { clerk, contactId: '003', base: null, salesforce: contact({}), wanted: true }

test('an invitation writes its id and its state to the Contact that was invited, and then agrees', () => {
  const plan = planInvitation(input)
  const fields = { Clerk_Invitation_Id__c: 'orginv_1', Clerk_Invitation_Status__c: 'pending' }
  expect(plan).toMatchObject({ do: 'change', change: { kind: 'update', id: '003', fields }, base: fields })
  expect(planInvitation({ ...input, base: fields, salesforce: contact(fields) })).toMatchObject({
    do: 'none',
    id: '003',
  })
})

test('an invitation that went with its organization is revoked', () => {
  expect(planInvitation({ ...input, clerk: { ...clerk, deletedAt: 5 } })).toMatchObject({
    change: { fields: { Clerk_Invitation_Status__c: 'revoked' } },
  })
})

test('a state that Clerk has invented since is not written, for the picklist would refuse it', () => {
  const plan = planInvitation({ ...input, clerk: { ...clerk, body: { status: 'forwarded' } } })
  expect(plan).toMatchObject({ do: 'change', change: { fields: { Clerk_Invitation_Id__c: 'orginv_1' } } })
  expect(JSON.stringify(plan)).not.toContain('forwarded')
})

test.each([
  ['nobody here asked for it', { contactId: null }],
  ['inviting is switched off', { wanted: false }],
  ['the Contact is gone', { salesforce: { state: 'absent' as const } }],
])('nothing is written, and no Contact made, when %s', (_, given) => {
  expect(planInvitation({ ...input, ...given })).toMatchObject({ do: 'none' })
})
