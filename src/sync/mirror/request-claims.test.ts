import { expect, test } from 'vitest'
import { databaseKinds, freshDatabase } from '../../../test/support/databases.ts'
import { compileRules } from '../plan/mapping.ts'
import { claimRequests, giveBackRequests, renewRequests } from './request-claims.ts'
import { askRequests } from './requests.ts'

const ids = ['001000000000001AAA', '001000000000002AAA']

test.each(databaseKinds)(
  'a lease is prolonged by its name: that of a claim whose answer was lost runs out, however busy its process (%s)',
  async (kind) => {
    const db = await freshDatabase(kind)
    const fields = { Name: 'Acme', Provision_Clerk_Org__c: true }
    const sights = ids.map((id) => ({ id, fields }))
    await askRequests(db.query, compileRules(), 'organization', sights, 1_000)
    const claim = async (lease: string, now: number): Promise<string[]> => {
      const options = { kind: 'organization', limit: 1, perHour: 50, now, leaseMs: 30_000, lease } as const
      return (await claimRequests(db, options)).map(({ salesforceId }) => salesforceId)
    }
    const lost = await claim('p/grant-1', 1_000)
    const held = await claim('p/grant-2', 1_000)
    expect([...lost, ...held].sort()).toEqual(ids)
    await renewRequests(db.query, 'p/grant-2', 61_000)
    expect(await claim('p/grant-3', 40_000)).toEqual(lost)
    expect(await claim('p/grant-4', 40_000)).toEqual([])
    await giveBackRequests(db.query, 40_000)
    expect([...(await claim('q/grant-1', 40_000)), ...(await claim('q/grant-2', 40_000))].sort()).toEqual(ids)
  },
)
