import { expect, onTestFinished, test } from 'vitest'
import { freshDatabase } from '../../../test/support/databases.ts'
import { createClerkClient } from '../../clerk/client.ts'
import { startClerkEmulator } from '../../emulators/clerk/index.ts'
import { createLog } from '../../log.ts'
import type { ClerkRow } from '../mirror/context.ts'
import type { Claim } from '../mirror/dirty.ts'
import { createCarrier } from './carrier.ts'
import type { CarryJob } from './carry.ts'

const claimOf = (linkId: number): Claim => ({
  linkId,
  entity: 'organization',
  clerkId: `org_${linkId}`,
  salesforceId: `001_${linkId}`,
  base: null,
  version: 1,
  attempts: 0,
  look: false,
  tier: 0,
  managed: [],
  erased: false,
  runId: null,
})

/** A value on its way to the organization `id`. */
const jobOf = (linkId: number, id: string): CarryJob => {
  const claim = claimOf(linkId)
  const record: ClerkRow = { id, body: {}, version: 1, deletedAt: null, personId: null, organizationId: null }
  return {
    entity: 'organization',
    lease: 'p/1',
    outcome: { end: 'settled', claim, agreed: { salesforceId: claim.salesforceId, base: {} } },
    carry: {
      fields: { Tier__c: { to: 'public_metadata.tier', value: 'gold', before: null, why: 'test' } },
      weighs: false,
    },
    record,
    changedAt: undefined,
  }
}

const begin = async () => {
  const db = await freshDatabase('postgres')
  const emulator = await startClerkEmulator({ rateLimits: false })
  const clerk = createClerkClient({ secretKey: emulator.secretKey, apiUrl: emulator.url })
  onTestFinished(async () => {
    await clerk.close()
    await emulator.close()
  })
  const organization = await clerk.createOrganization({ name: 'Acme' })
  const time = { now: 1_000 }
  const codes: string[] = []
  const carrier = createCarrier({
    db,
    clerk,
    now: () => time.now,
    random: () => 0.5,
    log: createLog('silent'),
    delivered: (results) => codes.push(...results.map(({ result }) => result)),
  })
  const carry = async (jobs: number): Promise<Record<string, number>> => {
    codes.length = 0
    await carrier.carry(Array.from({ length: jobs }, (_, n) => jobOf(n, organization.id)))
    return Object.fromEntries(
      Object.entries(Object.groupBy(codes, (code) => code)).map(([k, v]) => [k, v?.length ?? 0]),
    )
  }
  const silence = (times?: number) =>
    emulator.faults.add({ method: 'PATCH', path: '/v1/*', drop: 'answer', ...(times === undefined ? {} : { times }) })
  return { emulator, time, carry, silence }
}

test('a Clerk that answers nobody is left alone, then tried by one record at a time until it answers again', async () => {
  const { emulator, time, carry, silence } = await begin()
  silence()
  const { CLERK_PAUSED: spared = 0, ...lost } = await carry(100)
  expect(Object.keys(lost)).toHaveLength(1)
  expect(spared).toBeGreaterThan(80)
  expect(await carry(20)).toEqual({ CLERK_PAUSED: 20 })
  time.now += 5_001
  expect(await carry(20)).toMatchObject({ CLERK_PAUSED: 19 })
  emulator.faults.clear()
  time.now += 5_001
  // One tries; from then on all go.
  expect(await carry(1)).toEqual({ done: 1 })
  expect(await carry(20)).toEqual({ done: 20 })
})

test('single answers that are lost hold up nobody else', async () => {
  const { carry, silence } = await begin()
  silence(3)
  const { done } = await carry(40)
  expect(done).toBe(37)
})
