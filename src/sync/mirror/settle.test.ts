import { expect, test } from 'vitest'
import { databaseKinds, freshDatabase } from '../../../test/support/databases.ts'
import type { Database } from '../../db/database.ts'
import { type Claim, claimDirty, markDirty } from './dirty.ts'
import { observeSalesforce } from './observe-salesforce.ts'
import { settle } from './settle.ts'
import { claimStale } from './stale.ts'

const lease = 'p/1'
const id = '001000000000001AAA'

/** A link that is paired and remembered, and was claimed at 1,000 to write a name. */
const claimed = async (db: Database): Promise<Claim> => {
  await markDirty(db.query, [{ entity: 'organization', clerkId: 'org_1' }], 1_000)
  await db.query("update clerkforce.link set salesforce_id = $1, base = '{}'", [id])
  await db.query(
    "insert into clerkforce.record (side, entity, id, body, version, seen) values ('salesforce', 'organization', $1, $2, 0, 900)",
    [id, '{"Name":"acme"}'],
  )
  const [claim] = await claimDirty(db.query, 'organization', { limit: 1, now: 1_000, leaseMs: 30_000, lease })
  if (!claim) throw new Error('nothing was claimed')
  return claim
}

/** Settles a write of the name that went out at 1,100 and was answered at 1,200. */
const settleWrite = (db: Database, claim: Claim): Promise<void> =>
  settle(
    db,
    'organization',
    [
      {
        end: 'settled',
        claim,
        agreed: { salesforceId: id, base: { Name: 'Acme' } },
        held: {
          id,
          fields: { Name: 'Acme' },
          version: 0,
          asOf: 0,
          sent: { Name: 'Acme' },
          sentFrom: 1_100,
          sentAt: 1_200,
        },
      },
    ],
    lease,
    1_300,
    4_300,
  )

const readBackAt = (db: Database, asOf: number): Promise<unknown> =>
  db.transaction((query) =>
    observeSalesforce(
      query,
      'organization',
      [{ id, fields: { Name: 'acme' }, version: 1_150, asOf, clerkId: null }],
      asOf,
    ),
  )

const remembered = async (db: Database): Promise<unknown> => {
  const [row] = await db.query<{ name: string }>(
    "select body ->> 'Name' as name from clerkforce.record where id = $1",
    [id],
  )
  return row?.name
}
const dirty = async (db: Database): Promise<number> => (await db.query('select 1 from clerkforce.dirty')).length

test.each(databaseKinds)(
  'what was seen after our write was answered is not overwritten by it, and is planned again (%s)',
  async (kind) => {
    const db = await freshDatabase(kind)
    const claim = await claimed(db)
    await readBackAt(db, 1_250)
    await settleWrite(db, claim)
    expect(await remembered(db)).toBe('acme')
    expect(await dirty(db)).toBe(1)
    expect(await claimStale(db.query, 10, 10_000, 20_000)).toEqual([])
  },
)

test('what was asked for while our write was out is taken for older, and read again at once', async () => {
  const db = await freshDatabase('postgres')
  const claim = await claimed(db)
  await readBackAt(db, 1_150)
  await settleWrite(db, claim)
  expect(await remembered(db)).toBe('Acme')
  expect(await claimStale(db.query, 10, 1_300, 20_000)).toHaveLength(1)
})

test('what nobody has seen since is read back later, unless its event comes first', async () => {
  const db = await freshDatabase('postgres')
  await settleWrite(db, await claimed(db))
  expect(await remembered(db)).toBe('Acme')
  expect(await dirty(db)).toBe(0)
  expect(await claimStale(db.query, 10, 4_299, 20_000)).toEqual([])
  expect(await claimStale(db.query, 10, 4_300, 20_000)).toHaveLength(1)
})
