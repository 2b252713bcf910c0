import { expect, test } from 'vitest'
import { pairsOf } from '../support/pairs.ts'
import { startTwoSides, until } from '../support/two-sides.ts'

const config = {
  organization: {
    fields: {
      Name: { from: 'name', rule: 'newest' },
      Tier__c: { from: 'public_metadata.crm.tier', rule: 'salesforce' },
    },
  },
} as const

test('a field that Salesforce owns comes to Clerk, and nothing else in the metadata is touched', async () => {
  const { callClerk, callSalesforce, org, settled } = await startTwoSides({ config })
  const organization = await callClerk('POST', '/organizations', {
    name: 'Acme',
    public_metadata: { plan: 'gold', crm: { owner: 'Ada' } },
  })
  await settled()
  const [account] = org.state()['Account']?.filter((one) => one['Clerk_Org_Id__c'] === organization['id']) ?? []
  await callSalesforce('PATCH', `/sobjects/Account/${account?.['Id']}`, { Tier__c: 'A' })
  await until(async () => {
    const { public_metadata } = await callClerk('GET', `/organizations/${organization['id']}`)
    return JSON.stringify(public_metadata).includes('tier')
  })
  await settled()
  const after = await callClerk('GET', `/organizations/${organization['id']}`)
  expect(after['public_metadata']).toEqual({ plan: 'gold', crm: { owner: 'Ada', tier: 'A' } })
})

test('the newer of two names wins, in both directions', async () => {
  const { callClerk, callSalesforce, org, record, settled } = await startTwoSides({ config })
  const organization = await callClerk('POST', '/organizations', { name: 'Acme' })
  await settled()
  const [account] = org.state()['Account']?.filter((one) => one['Clerk_Org_Id__c'] === organization['id']) ?? []
  const id = String(account?.['Id'])
  await callSalesforce('PATCH', `/sobjects/Account/${id}`, { Name: 'Acme Corp' })
  await until(async () => (await callClerk('GET', `/organizations/${organization['id']}`))['name'] === 'Acme Corp')
  await callClerk('PATCH', `/organizations/${organization['id']}`, { name: 'Acme Inc' })
  await until(() => record('Account', id)['Name'] === 'Acme Inc')
  await settled()
})

test('a record that takes the place of another by a merge clears nothing in Clerk where it is blank, and its values count', async () => {
  const person = {
    fields: {
      FirstName: { from: 'first_name', rule: 'newest' },
      Job__c: { from: 'public_metadata.job', rule: 'salesforce' },
      Note__c: { from: 'public_metadata.note', rule: 'salesforce' },
    },
  } as const
  const sides = await startTwoSides({ config: { person } })
  const { callClerk, org, record, settled } = sides
  const { userId, contactId } = await pairsOf(sides).person('Merged')
  org.person.edit('Contact', contactId, { Job__c: 'Engineer', Note__c: 'Calls back' })
  await settled()
  const winner = org.person.create('Contact', { LastName: 'Winner', Note__c: 'Prefers e-mail' })
  org.person.merge('Contact', winner, contactId)
  await settled()
  expect(await callClerk('GET', `/users/${userId}`)).toMatchObject({
    first_name: 'Test',
    public_metadata: { job: 'Engineer', note: 'Prefers e-mail' },
  })
  expect(record('Contact', winner)).toMatchObject({ FirstName: 'Test', Clerk_User_Id__c: userId })
  // From now on its values are those that both agreed on: who empties one means it.
  org.person.edit('Contact', winner, { Note__c: null })
  await settled()
  expect((await callClerk('GET', `/users/${userId}`))['public_metadata']).toEqual({ job: 'Engineer' })
})
