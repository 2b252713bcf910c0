import { expect, test } from 'vitest'
import { startTwoSides } from '../support/two-sides.ts'

const token = 'token-for-the-tests-of-both-sides'

test('undone in Clerk, Salesforce follows by the rule; undone in Salesforce, Clerk does; against the rule it is refused', async () => {
  const { callClerk, callSalesforce, clerkforce, record, settled, db } = await startTwoSides({
    config: {
      organization: {
        fields: {
          Tier__c: { from: 'public_metadata.tier', rule: 'newest' },
          Region__c: { from: 'public_metadata.region', rule: 'salesforce' },
        },
      },
    },
  })
  const organization = (await callClerk('POST', '/organizations', {
    name: 'Acme',
    public_metadata: { tier: 'basic' },
  })) as { id: string }
  await settled()
  const [link] = await db.query<{ id: string }>(
    "select salesforce_id as id from clerkforce.link where entity = 'organization'",
  )
  const account = link?.id ?? ''
  const metadata = async () => (await callClerk('GET', `/organizations/${organization.id}`))['public_metadata']
  const edit = async (fields: object) => {
    await callSalesforce('PATCH', `/sobjects/Account/${account}`, fields)
    await settled()
  }
  await edit({ Tier__c: 'gold', Region__c: 'north' })
  expect(await metadata()).toMatchObject({ tier: 'gold', region: 'north' })
  const undo = async (change: number) => {
    const response = await fetch(`${clerkforce.url}/api/undo`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ changes: [change], do: true }),
    })
    await settled()
    return (await response.json()) as { undone: { fields: { field: string; outcome: string; undone: boolean }[] }[] }
  }
  const lastTo = async (side: string) => {
    const rows = await db.query<{ id: number }>(
      "select id from clerkforce.change where side = $1 and kind = 'update' order by id desc limit 1",
      [side],
    )
    return rows[0]?.id ?? 0
  }
  const inClerk = await undo(await lastTo('clerk'))
  expect(inClerk.undone[0]?.fields).toMatchObject([
    { field: 'public_metadata.tier', outcome: 'carried', undone: true },
    { field: 'public_metadata.region', outcome: 'overwritten', undone: false },
  ])
  expect(await metadata()).toMatchObject({ tier: 'basic', region: 'north' })
  expect(record('Account', account)).toMatchObject({ Tier__c: 'basic', Region__c: 'north' })

  // The other way round: Clerk changes, Salesforce is written, and that is undone.
  await callClerk('PATCH', `/organizations/${organization.id}/metadata`, { public_metadata: { tier: 'silver' } })
  await settled()
  expect(record('Account', account)).toMatchObject({ Tier__c: 'silver' })
  const inSalesforce = await undo(await lastTo('salesforce'))
  expect(inSalesforce.undone[0]?.fields).toMatchObject([{ field: 'Tier__c', outcome: 'carried', undone: true }])
  expect(record('Account', account)).toMatchObject({ Tier__c: 'basic' })
  expect(await metadata()).toMatchObject({ tier: 'basic' })
})
