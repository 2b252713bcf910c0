import { expect, test } from 'vitest'
import { userEvent } from '../../../test/support/clerk-events.ts'
import { salesforceCalls } from '../../../test/support/road.ts'
import { undoChanges } from '../decide/undo.ts'
import { linesOfRun } from '../decide/undo-lines.ts'
import { explain } from '../explain/explain.ts'
import { compileRules } from '../plan/mapping.ts'
import { populate, startBetween, startSides } from './runs.test-support.ts'

test('a backfill brings over everything that was there before, each record once and in as few calls as batches', async () => {
  const sides = await startSides()
  const { people } = populate(sides, 4, 40)
  const between = await startBetween(sides)
  const calls = salesforceCalls(between)
  const run = await between.run('backfill')
  expect(run).toMatchObject({ state: 'done', result: { marked: 83, parked: 0 } })
  expect(run.progress).toMatchObject({
    'clerk/organization': { read: 4, done: true },
    'clerk/person': { read: 40, counted: 40, done: true },
    'clerk/membership': { read: 39, done: true },
  })
  expect(between.records('Account')).toHaveLength(4)
  const contacts = between.records('Contact')
  expect(contacts.map((one) => one['Clerk_User_Id__c']).sort()).toEqual([...people].sort())
  expect(contacts.filter((one) => typeof one['AccountId'] === 'string')).toHaveLength(39)
  // Three looks, three writes, and what the relations need beside: nobody is written twice.
  expect(salesforceCalls(between) - calls).toBeLessThan(12)
  expect(
    await between.db.query("select 1 from clerkforce.change where kind = 'update' and side = 'salesforce'"),
  ).toHaveLength(39)
  expect(await between.db.query('select 1 from clerkforce.gap')).toEqual([])
})

test('each line of the journal says which run brought it about, and undo takes those alone', async () => {
  const sides = await startSides()
  const { people } = populate(sides, 1, 3)
  const between = await startBetween(sides)
  const { db, deliver, org } = between
  const [first = '', second = '', third = ''] = people
  const contact = (id: string) => between.records('Contact').find((one) => one['Clerk_User_Id__c'] === id)
  const backfill = await between.run('backfill')
  sides.later(3_600_000)

  org.person.edit('Contact', String(contact(first)?.['Id']), { LastName: 'Typed by hand' })
  org.person.edit('Contact', String(contact(second)?.['Id']), { LastName: 'Typed by hand' })
  const live = { id: third, email: 'person2@example.com', last: 'Live', at: sides.clock.now() }
  const [reconcile] = await Promise.all([between.run('reconcile'), deliver(userEvent('updated', live))])
  await between.engine.drain()
  const lines = await db.query<{ id: number; who: string; run: number | null }>(
    'select c.id, l.clerk_id as who, c.run_id as run from clerkforce.change c join clerkforce.link l on l.id = c.link_id order by c.id',
  )
  const runsOf = (who: string): (number | null)[] => [
    ...new Set(lines.filter((line) => line.who === who).map(({ run }) => run)),
  ]
  expect(runsOf(first)).toEqual([backfill.id, reconcile.id])
  expect(runsOf(third)).toEqual([backfill.id, null])

  const explained = await explain({ query: db.query, config: {}, now: sides.clock.now() }, first)
  expect(explained.records[0]?.timeline.at(-1)).toMatchObject({ title: 'updated in Salesforce', run: reconcile.id })
  const changes = await linesOfRun(db.query, reconcile.id)
  const undone = await undoChanges(
    { db, api: between.salesforce, clerk: undefined, rules: compileRules({}), clock: sides.clock, name: 'undo' },
    { changes, do: false, force: false },
  )
  expect(undone.map(({ clerkId }) => clerkId).sort()).toEqual([first, second].sort())
})
