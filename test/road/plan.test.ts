import { expect, test } from 'vitest'
import { createPlanOperations, type PlanOperations } from '../../src/server/plans.ts'
import { type PlannedRow, prunePlanned } from '../../src/sync/mirror/planned.ts'
import { type Run, readRun } from '../../src/sync/mirror/runs.ts'
import {
  populate,
  type Running,
  type Sides,
  startBetween,
  startSides,
  untilEnded,
} from '../../src/sync/runs/runs.test-support.ts'

const plansOf = ({ db, engine }: Running, { clock }: Sides): PlanOperations =>
  createPlanOperations({
    db,
    engine,
    clock,
    run: async (id) => {
      const run = await readRun(db.query, id)
      return run && { ...run, scans: [], left: 0, waits: null }
    },
  })

const rowsOf = async (plans: PlanOperations, run: Run): Promise<PlannedRow[]> => {
  const rows: PlannedRow[] = []
  for (let after: string | undefined; ; ) {
    const page = await plans.planned(run.id, { after, limit: 7 })
    rows.push(...page.rows)
    if (page.next === null) return rows
    after = page.next
  }
}

const apply = async (between: Running, sides: Sides, planned: Run, rows: readonly PlannedRow[]): Promise<Run> => {
  const plans = plansOf(between, sides)
  const { id } = await plans.openApply({ mapping: String(planned.result.mapping), file: 'all' })
  const { unknown } = await plans.approve(
    id,
    rows.map(({ entity, clerkId, print }) => ({ entity: entity === 'invitation' ? 'person' : entity, clerkId, print })),
  )
  await plans.startApply(id, unknown.length)
  return untilEnded(between.db, id)
}

const contents = (between: Running) =>
  ['Account', 'Contact', 'AccountContactRelation'].flatMap((object) =>
    between.records(object).map(({ SystemModstamp: _, ...record }) => record),
  )

test('a plan writes nothing, and what is applied is exactly it', async () => {
  const sides = await startSides()
  const { people } = populate(sides, 3, 12)
  sides.org.person.create('Contact', { LastName: 'Typed', Title: 'By hand', Email: 'person2@example.com' })
  for (const name of ['A', 'B']) sides.org.person.create('Contact', { LastName: name, Email: 'person5@example.com' })
  const between = await startBetween(sides)
  const before = contents(between)
  const planned = await between.run('plan')
  expect(planned.state).toBe('done')
  await between.engine.drain()
  expect(contents(between)).toEqual(before)
  const rows = await rowsOf(plansOf(between, sides), planned)
  const kinds = rows.map(({ entity, kind }) => `${entity} ${kind}`)
  const count = (kind: string): number => kinds.filter((one) => one === kind).length
  expect(count('organization create')).toBe(3)
  expect(count('person create')).toBe(10)
  expect(count('person adopt')).toBe(1)
  expect(count('person park')).toBe(1)
  expect(count('membership wait')).toBe(1)
  expect(rows.find(({ clerkId }) => clerkId === people[2])).toMatchObject({ kind: 'adopt', flags: ['overwrites'] })
  expect(rows.find(({ clerkId }) => clerkId === people[5])).toMatchObject({ kind: 'park', flags: ['ambiguous'] })

  const applied = await apply(between, sides, planned, rows)
  expect(applied).toMatchObject({ state: 'done', result: { unknown: 0 } })
  expect(applied.result.applied).toEqual({ done: rows.length - 2, parked: 1, waiting: 1 })
  expect(between.records('Contact').filter((one) => typeof one['Clerk_User_Id__c'] === 'string')).toHaveLength(11)
  for (const row of rows.filter(({ kind }) => kind !== 'park' && kind !== 'wait')) {
    const key = {
      organization: 'Clerk_Org_Id__c',
      person: 'Clerk_User_Id__c',
      membership: 'Clerk_Membership_Id__c',
      invitation: '',
    }[row.entity]
    const record = contents(between).find((one) => one[key] === row.clerkId)
    for (const [field, { after }] of Object.entries(row.fields))
      if (field !== 'AccountId' && field !== 'ContactId')
        expect([field, record?.[field] ?? null]).toEqual([field, after])
  }
  const again = await between.run('plan')
  expect((await rowsOf(plansOf(between, sides), again)).map(({ entity, kind }) => `${entity} ${kind}`)).toEqual([
    'person park',
    'membership wait',
  ])
})

test('what has changed on either side since the plan is left alone and named, and all else is written', async () => {
  const sides = await startSides()
  const { people } = populate(sides, 2, 6)
  const contact = sides.org.person.create('Contact', { LastName: 'Typed', Email: 'person1@example.com' })
  const between = await startBetween(sides)
  const planned = await between.run('plan')
  const rows = await rowsOf(plansOf(between, sides), planned)
  sides.later(60_000)
  await sides.tell('PATCH', `/users/${people[0]}`, { first_name: 'Renamed' })
  sides.org.person.edit('Contact', contact, { LastName: 'Typed again' })
  await sides.tell('DELETE', `/users/${people[3]}`)
  const applied = await apply(between, sides, planned, rows)
  expect(applied.result.applied?.changed).toBeGreaterThanOrEqual(3)
  const plans = plansOf(between, sides)
  const left = await plans.unapplied(applied.id, { after: 0, limit: 100 })
  const named = new Set(left.map(({ clerkId }) => clerkId))
  for (const at of [0, 1, 3]) expect(named).toContain(people[at])
  expect(
    between
      .records('Contact')
      .map((one) => one['Clerk_User_Id__c'])
      .filter((one) => typeof one === 'string')
      .sort(),
  ).toEqual([people[2], people[4], people[5]].sort())
  // The next plan says how they are now, and its apply takes them up.
  const again = await between.run('plan')
  const now = await rowsOf(plans, again)
  expect(now.find(({ clerkId }) => clerkId === people[0])).toMatchObject({ kind: 'create' })
  await apply(between, sides, again, now)
  expect(between.records('Contact').map((one) => one['Clerk_User_Id__c'])).toEqual(
    expect.arrayContaining([people[0], people[1]]),
  )
})

test('what a person has struck off the plan is not written', async () => {
  const sides = await startSides()
  const { people } = populate(sides, 1, 3)
  const between = await startBetween(sides)
  const planned = await between.run('plan')
  const rows = await rowsOf(plansOf(between, sides), planned)
  const applied = await apply(
    between,
    sides,
    planned,
    rows.filter(({ clerkId }) => clerkId !== people[1]),
  )
  expect(applied.state).toBe('done')
  await between.engine.drain()
  expect(
    between
      .records('Contact')
      .map((one) => one['Clerk_User_Id__c'])
      .sort(),
  ).toEqual([people[0], people[2]].sort())
})

test('a plan that was made with another mapping is not applied, and writes nothing', async () => {
  const sides = await startSides()
  populate(sides, 1, 2)
  const between = await startBetween(sides)
  const planned = await between.run('plan')
  const rows = await rowsOf(plansOf(between, sides), planned)
  const before = contents(between)
  const other = { ...planned, result: { ...planned.result, mapping: 'another' } }
  expect(await apply(between, sides, other, rows)).toMatchObject({ state: 'failed', result: { code: 'OTHER_MAPPING' } })
  expect(contents(between)).toEqual(before)
  // What was said yes to is forgotten with it: the next apply is of its own file.
  expect(await apply(between, sides, planned, rows.slice(0, 1))).toMatchObject({ result: { applied: { done: 1 } } })
})

test('a plan is kept for 30 days', async () => {
  const sides = await startSides()
  populate(sides, 1, 2)
  const between = await startBetween(sides)
  const planned = await between.run('plan')
  const plans = plansOf(between, sides)
  await between.engine.stop()
  expect((await plans.lastPlan())?.id).toBe(planned.id)
  expect(await prunePlanned(between.db.query, sides.clock.now())).toBe(0)
  sides.later(30 * 86_400_000)
  expect(await plans.lastPlan()).toBeUndefined()
  expect(await prunePlanned(between.db.query, sides.clock.now())).toBe(4)
})

test('where an organization is struck off, what depends on it waits, the rest is written, and the apply ends', async () => {
  const sides = await startSides()
  const { organizations } = populate(sides, 2, 6)
  const between = await startBetween(sides)
  const planned = await between.run('plan')
  const rows = await rowsOf(plansOf(between, sides), planned)
  const kept = rows.filter(({ clerkId }) => clerkId !== organizations[1])
  const applied = await apply(between, sides, planned, kept)
  expect(applied).toMatchObject({ state: 'done', result: { applied: { waiting: 4, done: kept.length - 4 } } })
  expect(between.records('Account')).toMatchObject([{ Clerk_Org_Id__c: organizations[0] }])
  const again = await between.run('plan')
  expect(await rowsOf(plansOf(between, sides), again)).toHaveLength(5)
})

test('while a file is applied another one is refused, and the same one is joined', async () => {
  const sides = await startSides()
  populate(sides, 1, 2)
  const between = await startBetween(sides)
  const planned = await between.run('plan')
  const plans = plansOf(between, sides)
  const mapping = String(planned.result.mapping)
  await between.engine.stop()
  const { id } = await plans.openApply({ mapping, file: 'one' })
  await expect(plans.startApply(id + 1, 0)).rejects.toThrow(/is no apply that is open/)
  await plans.startApply(id, 0)
  expect(await plans.openApply({ mapping, file: 'one' })).toMatchObject({ id, state: 'scanning' })
  await expect(plans.openApply({ mapping, file: 'two' })).rejects.toThrow(/another plan is being applied/)
})
