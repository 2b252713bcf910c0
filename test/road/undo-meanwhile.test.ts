import { expect, test } from 'vitest'
import { unlinkPair } from '../../src/sync/decide/decide.ts'
import { undoChanges } from '../../src/sync/decide/undo.ts'
import { linesOfRun } from '../../src/sync/decide/undo-lines.ts'
import { beginErasure } from '../../src/sync/mirror/erase.ts'
import { compileRules } from '../../src/sync/plan/mapping.ts'
import { populate, startBetween, startSides } from '../../src/sync/runs/runs.test-support.ts'

test('an undo of many takes each pair as it is by then: who was erased or unlinked meanwhile is left alone', async () => {
  const sides = await startSides()
  const { people } = populate(sides, 1, 3)
  const made = people.map((_, n) =>
    sides.org.person.create('Contact', { LastName: `Typed ${n}`, Email: `person${n}@example.com` }),
  )
  const between = await startBetween(sides)
  const { db, engine } = between
  const { id } = await between.run('backfill')
  const changes = await linesOfRun(db.query, id)
  expect(await linesOfRun(db.query, id, 1)).toHaveLength(2)
  const lastName = (n: number) => between.records('Contact').find((one) => one['Id'] === made[n])?.['LastName']
  let asked = 0
  let begun = false
  const api: typeof engine.api = {
    ...engine.api,
    query: async (...args) => {
      asked += 1
      // All of a kind are asked for at once; a single one that is being undone, once more.
      if (!begun && args[0].some((soql) => /WHERE Id IN \('\w+'\)$/.test(soql))) {
        begun = true
        await beginErasure(db, 'erasure-1', people[0] ?? '', sides.clock.now())
        await unlinkPair({ db, now: sides.clock.now }, people[1] ?? '')
      }
      return engine.api.query(...args)
    },
  }
  const rules = compileRules({})
  const options = { db, api, clerk: undefined, rules, clock: sides.clock, name: 'undo' }
  expect(await undoChanges(options, { changes, do: false, force: true })).toHaveLength(changes.length)
  // People, memberships and organizations: what it would do costs a call for each kind, however many records there are.
  expect(asked).toBeLessThanOrEqual(3)
  const undone = await undoChanges(
    { db, api, clerk: undefined, rules, clock: sides.clock, name: 'undo' },
    { changes, do: true, force: true },
  )
  engine.wake()
  await engine.drain()
  const of = (n: number) => undone.filter(({ clerkId }) => clerkId === people[n])
  // The first in line was being undone; the others are read again when their turn comes.
  expect(of(2).some(({ done }) => done)).toBe(true)
  expect(lastName(2)).toBe('Typed 2')
  expect([lastName(0), lastName(1)]).not.toContain('Typed 0')
  expect(lastName(1)).not.toBe('Typed 1')
  const kept = await db.query(
    "select c.fields from clerkforce.change c join clerkforce.link l on l.id = c.link_id where l.erased and c.fields::text like '%Typed%'",
  )
  expect(kept).toEqual([])
})

test('an erasure in the middle of an undo leaves no value of the person behind, on neither side', async () => {
  const sides = await startSides()
  const [person = ''] = populate(sides, 1, 1).people
  const contact = sides.org.person.create('Contact', { LastName: 'Typed', Email: 'person0@example.com' })
  const between = await startBetween(sides)
  const { db, engine } = between
  const { id } = await between.run('backfill')
  const api: typeof engine.api = {
    ...engine.api,
    write: async (...args) => {
      await beginErasure(db, 'erasure-2', person, sides.clock.now())
      engine.wake()
      await engine.drain()
      return engine.api.write(...args)
    },
  }
  await undoChanges(
    { db, api, clerk: undefined, rules: compileRules({}), clock: sides.clock, name: 'undo' },
    { changes: await linesOfRun(db.query, id), do: true, force: true },
  )
  engine.wake()
  await engine.drain()
  expect(between.records('Contact').find((one) => one['Id'] === contact)?.['LastName']).not.toBe('Typed')
  for (const table of ['change', 'record', 'link', 'hold'])
    expect(await db.query(`select 1 from clerkforce.${table} t where t::text like '%Typed%'`)).toEqual([])
})
