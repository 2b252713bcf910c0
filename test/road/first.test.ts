import { expect, test } from 'vitest'
import { day, membershipEvent, organizationEvent, userDeleted, userEvent } from '../support/clerk-events.ts'
import { databaseKinds } from '../support/databases.ts'
import { startRoad } from '../support/road.ts'

const acme = { id: 'org_acme', name: 'Acme' }
const ada = { id: 'user_ada', email: 'ada@acme.test' }

test.each(databaseKinds)('a sign-up becomes a Contact on its Account with a relation (%s)', async (database) => {
  const { deliver, engine, records } = await startRoad({ database })
  expect(await deliver(userEvent('created', ada))).toBe(200)
  expect(await deliver(organizationEvent('created', acme))).toBe(200)
  expect(
    await deliver(membershipEvent('created', { id: 'orgmem_1', user: ada, organization: acme, role: 'org:admin' })),
  ).toBe(200)
  await engine.drain()
  const [account] = records('Account')
  const [contact] = records('Contact')
  expect(account).toMatchObject({ Name: 'Acme', Clerk_Org_Id__c: 'org_acme', Clerk_Status__c: 'active' })
  expect(contact).toMatchObject({
    LastName: 'Lovelace',
    Email: 'ada@acme.test',
    Clerk_User_Id__c: 'user_ada',
    AccountId: account?.['Id'],
  })
  expect(records('AccountContactRelation')).toMatchObject([
    {
      Clerk_Membership_Id__c: 'orgmem_1',
      Clerk_Role__c: 'org:admin',
      IsDirect: true,
      IsActive: true,
      StartDate: '2026-01-05',
    },
  ])
  await deliver(userDeleted('user_ada', day(3)))
  await engine.drain()
  expect(records('Contact')).toMatchObject([{ Clerk_Status__c: 'deleted' }])
  expect(records('AccountContactRelation')).toMatchObject([{ IsActive: false, EndDate: '2026-01-08' }])
})
