import { expect, test } from 'vitest'
import { pairsOf } from '../support/pairs.ts'
import { startTwoSides } from '../support/two-sides.ts'

test('a ticked Account becomes an organization, its ticked Contact is invited, and who accepts is that very Contact', async () => {
  const sides = await startTwoSides()
  const { org, clerk, settled, record } = sides
  const account = org.person.create('Account', { Name: 'Acme', Provision_Clerk_Org__c: true })
  const namesake = org.person.create('Contact', { LastName: 'King', Email: 'ada@acme.test' })
  const asking = { LastName: 'Lovelace', Email: 'Ada@acme.test', AccountId: account, Invite_To_Clerk__c: true }
  const contact = org.person.create('Contact', asking)
  await settled()
  const [organization, ...others] = clerk.state().organizations
  const [invitation, ...more] = clerk.state().invitations
  expect([others, more]).toEqual([[], []])
  expect(record('Account', account)).toMatchObject({ Clerk_Org_Id__c: organization?.['id'], Clerk_Status__c: 'active' })
  expect(record('Contact', contact)).toMatchObject({
    Clerk_Invitation_Id__c: invitation?.['id'],
    Clerk_Invitation_Status__c: 'pending',
  })

  const accepted = await fetch(`${clerk.url}/_emulator/invitations/${invitation?.['id']}/accept`, { method: 'POST' })
  expect(accepted.status).toBe(200)
  await settled()
  const [user] = clerk.state().users
  expect(record('Contact', contact)).toMatchObject({
    Clerk_User_Id__c: user?.['id'],
    Clerk_Invitation_Status__c: 'accepted',
    AccountId: account,
  })
  expect(record('Contact', namesake)['Clerk_User_Id__c']).toBeUndefined()
  expect([org.state()['Account']?.length, org.state()['Contact']?.length]).toEqual([1, 2])
  expect(await pairsOf(sides).journal(String(organization?.['id']))).toMatchObject([
    { side: 'clerk', kind: 'create', salesforceId: account, result: 'done' },
    { side: 'salesforce', kind: 'update', salesforceId: account, result: 'done' },
  ])
})
