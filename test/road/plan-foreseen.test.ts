import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createLog } from '../../src/log.ts'
import { createPlanOperations } from '../../src/server/plans.ts'
import { readLinks } from '../../src/sync/mirror/every-link.ts'
import type { PlannedField, PlannedRow } from '../../src/sync/mirror/planned.ts'
import { type Run, readRun, runEntities } from '../../src/sync/mirror/runs.ts'
import type { MappingConfig } from '../../src/sync/plan/mapping.ts'
import {
  type Running,
  type Sides,
  startBetween,
  startSides,
  untilEnded,
} from '../../src/sync/runs/runs.test-support.ts'
import { scanSizes } from '../../src/sync/runs/runs.ts'
import { scanCandidates } from '../../src/sync/runs/scan-candidates.ts'
import { look, type Sight } from '../../src/sync/write/look.ts'
import { planBatch } from '../../src/sync/write/plan-batch.ts'
import { sightsFromScan } from '../../src/sync/write/scanned.ts'
import { runs } from '../support/runs.ts'

/** Clerk is given the first name that Salesforce has. */
const config: MappingConfig = { person: { fields: { FirstName: { from: 'first_name', rule: 'salesforce' } } } }

/** Somebody in Clerk, and what Salesforce has of the kind. */
type Somebody = {
  contacts: 'none' | 'one' | 'several' | 'keyed'
  organization: number
  /** Brought over before the plan, and then changed by hand in these ways. */
  linked: boolean
  typed: readonly ('LastName' | 'FirstName' | 'Clerk_Status__c')[]
  renamed: boolean
}

const somebody: fc.Arbitrary<Somebody> = fc.record({
  contacts: fc.constantFrom('none', 'one', 'several', 'keyed'),
  organization: fc.nat({ max: 2 }),
  linked: fc.boolean(),
  typed: fc.subarray(['LastName', 'FirstName', 'Clerk_Status__c'] as const),
  renamed: fc.boolean(),
})

let worlds = 0

/** Makes some of the people on both sides. Returns their users by place. */
const settleDown = (
  sides: Sides,
  world: number,
  people: readonly [at: number, one: Somebody][],
): Map<number, string> => {
  const { clerk, org } = sides
  const { users, organizations } = clerk.seed({
    organizations: [0, 1].map((n) => ({ name: `Company ${world}.${n}` })),
    users: people.map(([at]) => ({
      first_name: `First${at}`,
      last_name: `Last${at}`,
      email_addresses: [`w${world}p${at}@example.com`],
    })),
  })
  clerk.seed({
    memberships: people.flatMap(([, { organization }], n) =>
      organization === 2
        ? []
        : [{ user_id: users[n] ?? '', organization_id: organizations[organization] ?? '', role: 'org:member' }],
    ),
  })
  for (const [n, [at, { contacts }]] of people.entries()) {
    const Email = `w${world}p${at}@example.com`
    const count = { none: 0, one: 1, several: 2, keyed: 1 }[contacts]
    const key = contacts === 'keyed' ? { Clerk_User_Id__c: users[n] ?? '' } : {}
    for (let one = 0; one < count; one++)
      org.person.create('Contact', { LastName: `Typed${one}`, FirstName: 'By hand', Email, ...key })
  }
  return new Map(people.map(([at], n) => [at, users[n] ?? '']))
}

const changeByHand = async (sides: Sides, between: Running, user: string, one: Somebody): Promise<void> => {
  const contact = between.records('Contact').find(({ Clerk_User_Id__c: key }) => key === user)
  const edits = one.typed.map((field) => [field, field === 'Clerk_Status__c' ? 'banned' : `By hand ${field}`])
  if (contact && edits.length > 0) sides.org.person.edit('Contact', String(contact['Id']), Object.fromEntries(edits))
  if (one.renamed) await sides.tell('PATCH', `/users/${user}`, { last_name: 'Renamed' })
}

const plansOf = ({ db, engine }: Running, { clock }: Sides) =>
  createPlanOperations({
    ...{ db, engine, clock },
    run: async (id) => {
      const run = await readRun(db.query, id)
      return run && { ...run, scans: [], left: 0 }
    },
  })

const rowsOf = async (between: Running, sides: Sides, run: Run): Promise<PlannedRow[]> => [
  ...(await plansOf(between, sides).planned(run.id, { limit: 1_000 })).rows,
]

const applyAll = async (between: Running, sides: Sides, run: Run, rows: readonly PlannedRow[]): Promise<Run> => {
  const plans = plansOf(between, sides)
  const { id } = await plans.openApply({ mapping: String(run.result.mapping), file: `of ${run.id}` })
  const approved = rows.flatMap(({ entity, clerkId, print }) =>
    entity === 'invitation' ? [] : [{ entity, clerkId, print }],
  )
  if (approved.length > 0) await plans.approve(id, approved)
  await plans.startApply(id, 0)
  return untilEnded(between.db, id)
}

type Written = { clerkId: string; fields: { [field: string]: Pick<PlannedField, 'before' | 'after'> } }

const linesOf = (between: Running, run: Run): Promise<Written[]> =>
  between.db.query<Written>(
    `select l.clerk_id as "clerkId", c.fields from clerkforce.change c join clerkforce.link l on l.id = c.link_id
     where c.run_id = $1 and c.result = 'done' and c.fields <> '{}' order by c.id`,
    [run.id],
  )

/** Before and after of each field; what refers to a record goes by whom it is of, since a planned one had no id. */
const valuesOf = (written: readonly Written[], owners: ReadonlyMap<unknown, string>): string[] =>
  written
    .flatMap(({ clerkId, fields }) =>
      Object.entries(fields).map(([field, { before, after }]) => {
        const named = (value: unknown): string => owners.get(value) ?? String(value ?? null).replace(/^new:/, '')
        return `${clerkId} ${field}: ${named(before)} -> ${named(after)}`
      }),
    )
    .sort()

const ownersIn = async ({ db }: Running): Promise<Map<unknown, string>> =>
  new Map(
    (
      await db.query<{ id: string; clerkId: string }>(
        `select salesforce_id as id, clerk_id as "clerkId" from clerkforce.link where entity in ('organization', 'person') and salesforce_id is not null`,
      )
    ).map(({ id, clerkId }) => [id, clerkId]),
  )

test('whatever both sides hold, what is applied is field by field what was planned, and a second plan has nothing but what waits for a person', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(somebody, { minLength: 1, maxLength: 9 }), async (people) => {
      const sides = await startSides()
      const world = ++worlds
      const before = settleDown(
        sides,
        world,
        [...people.entries()].filter(([, { linked }]) => linked),
      )
      const between = await startBetween(sides, { config })
      await between.run('backfill')
      settleDown(
        sides,
        world,
        [...people.entries()].filter(([, { linked }]) => !linked),
      )
      for (const [at, user] of before) if (people[at]) await changeByHand(sides, between, user, people[at])
      sides.later(600_000)
      const planned = await between.run('plan')
      const rows = await rowsOf(between, sides, planned)
      const applied = await applyAll(between, sides, planned, rows)
      const open = rows.filter(({ kind }) => kind === 'park' || kind === 'wait').length
      expect(applied.result.applied).toEqual({
        ...(rows.length > open ? { done: rows.length - open } : {}),
        ...(rows.some(({ kind }) => kind === 'park')
          ? { parked: rows.filter(({ kind }) => kind === 'park').length }
          : {}),
        ...(rows.some(({ kind }) => kind === 'wait')
          ? { waiting: rows.filter(({ kind }) => kind === 'wait').length }
          : {}),
      })
      const owners = await ownersIn(between)
      const made = rows.filter(({ kind }) => kind !== 'park' && kind !== 'wait')
      expect(valuesOf(await linesOf(between, applied), owners)).toEqual(valuesOf(made, owners))
      sides.later(600_000)
      const again = await rowsOf(between, sides, await between.run('plan'))
      expect(again.filter(({ kind }) => kind !== 'park' && kind !== 'wait')).toEqual([])
    }),
    { numRuns: runs(1), endOnFailure: true },
  )
})

const told = ({ salesforce, candidates }: Sight): unknown => ({
  salesforce: salesforce.state === 'present' ? { ...salesforce, version: 0 } : salesforce,
  candidates: candidates.map(({ id, fields }) => ({ id, fields })),
})

test('a scan says of every link what a look would say, or nothing', async () => {
  let said = 0
  await fc.assert(
    fc.asyncProperty(fc.array(somebody, { minLength: 1, maxLength: 9 }), async (people) => {
      const sides = await startSides()
      settleDown(sides, ++worlds, [...people.entries()])
      const between = await startBetween(sides, { config })
      const run = await between.run('plan')
      const rules = between.engine.health().checked?.rules
      if (!rules) throw new Error('the org was not asked')
      const { db, salesforce } = between
      const tools = {
        ...{ db, clock: sides.clock, random: () => 0.5, log: createLog('silent'), name: 'scan', sizes: scanSizes },
        signal: new AbortController().signal,
        moved: () => undefined,
        waits: async () => undefined,
      }
      for (const entity of runEntities) {
        // Relations are looked for when their Contacts and Accounts are there.
        if (entity === 'membership') await between.run('backfill', { entities: ['organization', 'person'] })
        await scanCandidates({ tools, salesforce, rules, run }, entity, { records: 0, written: true })
        const now = sides.clock.now()
        const links = await readLinks(db.query, entity, { after: 0, now, limit: 100 })
        const planned = await planBatch(db.query, entity, links, rules)
        const wanted = planned.map((one) => one.wanted).filter((one) => entity !== 'membership' || one.contactId)
        if (wanted.length === 0) continue
        const scanned = await sightsFromScan(db.query, entity, wanted, rules, now)
        const looked = await look(salesforce, entity, wanted, rules, sides.clock.now)
        for (const [link, sight] of scanned) expect(told(sight)).toEqual(told(looked.get(link) ?? sight))
        said += scanned.size
      }
    }),
    { numRuns: runs(1), endOnFailure: true },
  )
  expect(said).toBeGreaterThan(0)
})
