import { expect, test } from 'vitest'
import { databaseKinds, freshDatabase } from './support/databases.ts'

test.each(databaseKinds)(
  'a failed statement in a transaction leaves nothing behind and the connection usable (%s)',
  async (kind) => {
    const db = await freshDatabase(kind)
    const work = db.transaction(async (query) => {
      await query("insert into clerkforce.gap (person_id, due_at) values ('user_1', 1)")
      await query('select 1 / 0')
    })
    await expect(work).rejects.toThrow(/division by zero/)
    expect(await db.query('select * from clerkforce.gap')).toEqual([])
  },
)

test.each(databaseKinds)('milliseconds come back as numbers and bodies as bytes (%s)', async (kind) => {
  const db = await freshDatabase(kind)
  const body = Buffer.from([0, 255, 10])
  await db.query(
    "insert into clerkforce.hint (delivery_id, type, body, received_at) values ('msg_1', 'user.created', $1, $2)",
    [body, 1_700_000_000_123],
  )
  const [row] = await db.query<{ body: Buffer; received_at: number }>('select body, received_at from clerkforce.hint')
  expect(row).toEqual({ body, received_at: 1_700_000_000_123 })
})

test('two transactions that wait for each other both end done', async () => {
  const db = await freshDatabase('postgres')
  await db.query("insert into clerkforce.gap (person_id, due_at) values ('a', 0), ('b', 0)")
  const pause = () => new Promise((resolve) => setTimeout(resolve, 100))
  const raise = (first: string, second: string) =>
    db.transaction(async (query) => {
      await query('update clerkforce.gap set due_at = due_at + 1 where person_id = $1', [first])
      await pause()
      await query('update clerkforce.gap set due_at = due_at + 1 where person_id = $1', [second])
    })
  await Promise.all([raise('a', 'b'), raise('b', 'a')])
  expect(await db.query('select due_at from clerkforce.gap')).toEqual([{ due_at: 2 }, { due_at: 2 }])
})

test.each(databaseKinds)('closing waits for a statement under way (%s)', async (kind) => {
  const db = await freshDatabase(kind)
  const query = db.query('select pg_sleep(0.3), 1 as one')
  await new Promise((resolve) => setTimeout(resolve, 50))
  await db.close()
  expect(await query).toMatchObject([{ one: 1 }])
})
