import { expect, test } from 'vitest'
import { freshDatabase } from '../support/databases.ts'
import { startTwoSides } from '../support/two-sides.ts'

test('on an embedded database, what a killed process held is followed on at once', async () => {
  const db = await freshDatabase('pglite')
  await db.query(
    "insert into clerkforce.cursor (name, reached, leased_by, leased_until) values ('salesforce', $1, 'gone', $2)",
    [Date.now(), Date.now() + 3_600_000],
  )
  const { clerkforce } = await startTwoSides({ db })
  expect(clerkforce.engine.health().following.by).toBe('stream')
})
