import { expect, test } from 'vitest'
import { freshPostgres } from '../../../test/support/databases.ts'
import { type Database, openDatabase } from '../../db/database.ts'
import { claimDirty, giveBack, leaveGroup, markDirty, renewLeases, type Target } from './dirty.ts'
import { observeSalesforce } from './observe-salesforce.ts'
import { type Outcome, settle } from './settle.ts'

const people = 40
const now = 1_800_000_000_000

const targets: readonly Target[] = Array.from({ length: people }, (_, n) => ({
  entity: n % 4 === 0 ? 'organization' : 'person',
  clerkId: `clerk_${n}`,
}))
const contactOf = (clerkId: string): string => `003_${clerkId}`

/** The same sequence for the same seed. */
const sequence = (seed: number): ((below: number) => number) => {
  let state = seed
  return (below) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    return Math.floor((state / 2_147_483_648) * below)
  }
}

/** One process of several: it marks, sees, claims, carries and settles whatever comes, in whatever order it comes. */
const live = async (db: Database, seed: number): Promise<void> => {
  const random = sequence(seed)
  const some = (): Target[] => targets.filter(() => random(2) === 0).sort(() => random(3) - 1)
  const sightOf = ({ clerkId }: Target) => ({ id: contactOf(clerkId), fields: { a: random(9) }, version: 1, clerkId })
  for (let turn = 1; turn <= 25; turn++) {
    const at = now + turn
    await markDirty(db.query, some(), at)
    const seen = some().filter(({ entity }) => entity === 'person')
    await db.transaction(async (query) => {
      await observeSalesforce(
        query,
        'person',
        seen.map((one) => ({ ...sightOf(one), asOf: at })),
        at,
      )
    })
    const entity = random(2) === 0 ? 'organization' : 'person'
    const lease = `process-${seed}/${turn}`
    const claims = await claimDirty(db.query, entity, { limit: 30, now: at, leaseMs: 5, lease })
    await leaveGroup(db.query, claims.slice(5), lease)
    await renewLeases(db.query, [lease], at + 5)
    const outcomes = claims.map((claim, n): Outcome => {
      const held = { ...sightOf(claim), asOf: at }
      if (n % 5 === 1) return { end: 'parked', claim, code: 'TEST', reason: 'test', held }
      const agreed = { salesforceId: held.id, base: held.fields }
      return { end: 'settled', claim, agreed, held: n % 2 === 0 ? { ...held, sent: { a: 1 }, sentAt: at } : held }
    })
    if (turn % 7 === 0) await giveBack(db.query, lease, at)
    else await settle(db, entity, outcomes.toReversed(), lease, at)
  }
}

test('processes that mark, see, claim and settle the same records at the same time never wait for each other in a circle', async () => {
  const url = await freshPostgres()
  const processes = await Promise.all([1, 2, 3, 4].map(() => openDatabase({ url, connections: 1 })))
  const [first] = processes
  await first?.transaction(async (query) => markDirty(query, targets, now))
  await Promise.all(processes.map((db, index) => live(db, index + 1)))
  // Counted when a connection ends.
  await Promise.all(processes.map((db) => db.close()))
  const db = await openDatabase({ url })
  const [row] = await db.query<{ deadlocks: number }>(
    'select deadlocks from pg_stat_database where datname = current_database()',
  )
  await db.close()
  expect(row).toEqual({ deadlocks: 0 })
})
