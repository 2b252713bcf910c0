import { expect, test } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import { readAdoption } from '../../src/sync/decide/adoption.ts'
import { noticeMapping, resyncMapping } from '../../src/sync/decide/resync.ts'
import { undoChanges } from '../../src/sync/decide/undo.ts'
import { listParked, retryParked } from '../../src/sync/mirror/counts.ts'
import { compileRules, type MappingConfig } from '../../src/sync/plan/mapping.ts'
import { day, organizationEvent, userEvent } from '../support/clerk-events.ts'
import { type Road, startRoad } from '../support/road.ts'

const ada = { id: 'user_ada', email: 'ada@acme.test' }
const textField = (name: string) => ({ object: 'Contact', name, label: name, type: 'string' as const, length: 80 })
const orgOptions = { customFields: ['Job__c', 'Note__c'].map(textField) }

const undoing = ({ db, salesforce }: Road, config: MappingConfig = {}) => ({
  db,
  api: salesforce,
  clerk: undefined,
  rules: compileRules(config),
  clock: systemClock,
  name: 'undo-test',
})

const settled = async ({ engine }: Road): Promise<void> => {
  engine.wake()
  await engine.drain()
}

type Line = { id: number; kind: string; reason: string }
const lines = ({ db }: Road): Promise<Line[]> => db.query('select id, kind, reason from clerkforce.change order by id')
const lastOf = async (road: Road, kind: string): Promise<number> =>
  (await lines(road)).filter((line) => line.kind === kind).at(-1)?.id ?? 0

const newest: MappingConfig = {
  person: { fields: { Job__c: { from: (user) => user.public_metadata['title'], rule: 'newest' } } },
}

test('an undone value stays where the rule lets it, is journaled, and is not undone twice', async () => {
  const road = await startRoad({ engine: { config: newest }, orgOptions })
  const { deliver, engine, records } = road
  const title = (at: number, text: string) =>
    userEvent(at === 1 ? 'created' : 'updated', { ...ada, at: day(at), fields: { public_metadata: { title: text } } })
  await deliver(title(1, 'Analyst'))
  await engine.drain()
  await deliver(title(2, 'Countess'))
  await engine.drain()
  const change = await lastOf(road, 'update')
  const shown = await undoChanges(undoing(road, newest), { changes: [change], do: false, force: false })
  expect(shown).toMatchObject([
    {
      changes: [change],
      done: false,
      fields: [{ field: 'Job__c', now: 'Countess', back: 'Analyst', outcome: 'stays' }],
    },
  ])
  expect(records('Contact')[0]).toMatchObject({ Job__c: 'Countess' })
  await undoChanges(undoing(road, newest), { changes: [change], do: true, force: false })
  await settled(road)
  expect(records('Contact')[0]).toMatchObject({ Job__c: 'Analyst' })
  expect((await lines(road)).at(-1)).toMatchObject({ kind: 'undo', reason: `a person undid change ${change}` })
  const again = await undoChanges(undoing(road, newest), { changes: [change], do: true, force: false })
  expect(again).toMatchObject([{ done: false, fields: [{ outcome: 'same' }] }])
})

test('what was changed since is left, and what Clerk would write again is refused unless it is forced, which holds the link', async () => {
  const road = await startRoad({ orgOptions })
  const { deliver, engine, org, records, db } = road
  await deliver(userEvent('created', ada))
  await engine.drain()
  await deliver(userEvent('updated', { ...ada, first: 'Augusta', at: day(2) }))
  await engine.drain()
  const change = await lastOf(road, 'update')
  const contact = records('Contact')[0]?.['Id'] as string
  const refused = await undoChanges(undoing(road), { changes: [change], do: true, force: false })
  expect(refused).toMatchObject([
    { done: false, fields: [{ field: 'FirstName', outcome: 'overwritten', undone: false }] },
  ])
  expect(refused[0]?.fields[0]?.text).toMatch(/written again at once.*change it in Clerk/)

  const forced = await undoChanges(undoing(road), { changes: [change], do: true, force: true })
  expect(forced).toMatchObject([{ done: true, held: true, fields: [{ undone: true }] }])
  await deliver(userEvent('updated', { ...ada, first: 'Augusta', last: 'King', at: day(3) }))
  await settled(road)
  expect(records('Contact')[0]).toMatchObject({ FirstName: 'Ada', LastName: 'Lovelace' })
  expect(await listParked(db.query, 10)).toMatchObject([{ code: 'UNDONE' }])
  expect((await lines(road)).filter(({ kind }) => kind === 'park' || kind === 'unpark')).toHaveLength(1)
  await retryParked(db.query, 'all', Date.now())
  await settled(road)
  expect(records('Contact')[0]).toMatchObject({ FirstName: 'Augusta', LastName: 'King' })

  const update = await lastOf(road, 'update')
  org.person.edit('Contact', contact, { LastName: 'Byron' })
  const changed = await undoChanges(undoing(road), { changes: [update], do: true, force: true })
  expect(changed[0]?.fields.find(({ field }) => field === 'LastName')).toMatchObject({
    outcome: 'changed',
    undone: false,
  })
  expect(records('Contact')[0]).toMatchObject({ LastName: 'Byron' })
})

test('what cannot be undone says why, and what to do instead', async () => {
  const road = await startRoad()
  const { deliver, engine } = road
  await deliver(userEvent('created', ada))
  await engine.drain()
  const created = await lastOf(road, 'create')
  const answers = await undoChanges(undoing(road), { changes: [created, 999_999], do: true, force: true })
  expect(answers.map(({ refused }) => refused)).toEqual([
    expect.stringMatching(/there is no change 999999/),
    expect.stringMatching(/it made Contact 003\w+, which had no values before.*clerkforce unlink user_ada/),
  ])
})

test('the adoption report says who would be paired with whom, and writes nothing', async () => {
  // An engine that may not write yet, as before the first apply: it has no rules while the org has a problem.
  const config = { person: { fields: { Missing__c: 'username' } } }
  const road = await startRoad({ engine: { config } })
  const { deliver, engine, org, db, salesforce, records } = road
  const one = org.person.create('Contact', { FirstName: 'Augusta', LastName: 'King', Email: 'Ada@acme.test' })
  const twice = ['Grace', 'Hopper'].map((LastName) =>
    org.person.create('Contact', { LastName, Email: 'grace@acme.test' }),
  )
  await deliver(userEvent('created', ada))
  await deliver(userEvent('created', { id: 'user_grace', email: 'grace@acme.test' }))
  await deliver(userEvent('created', { id: 'user_new', email: 'new@acme.test' }))
  await deliver(organizationEvent('created', { id: 'org_acme', name: 'Acme' }))
  await expect.poll(async () => (await engine.counts()).hints).toBe(0)
  const options = { query: db.query, api: salesforce, rules: compileRules(), now: Date.now }
  const { rows, next } = await readAdoption(options, 'person', '')
  expect(next).toBe(null)
  expect(rows.map(({ clerkId, outcome, rule, salesforceId }) => [clerkId, outcome, rule, salesforceId])).toEqual([
    ['user_ada', 'match', 'e-mail address', one],
    ['user_grace', 'ambiguous', 'e-mail address', null],
    ['user_new', 'none', null, null],
  ])
  expect(rows[1]?.candidates.map(({ id }) => id).toSorted()).toEqual(twice.toSorted())
  expect(rows[0]?.candidates).toMatchObject([{ name: 'Augusta King, ada@acme.test' }])
  const first = await readAdoption(options, 'person', '', 2)
  expect([first.rows.length, first.next]).toEqual([2, 'user_grace'])
  expect((await readAdoption(options, 'person', 'user_grace', 2)).rows).toMatchObject([{ clerkId: 'user_new' }])
  expect((await readAdoption(options, 'organization', '')).rows).toMatchObject([
    { clerkId: 'org_acme', outcome: 'none' },
  ])
  expect(records('Contact').every((contact) => !contact['Clerk_User_Id__c'])).toBe(true)
})

test('a changed mapping is noticed, and only the links that it concerns are written anew', async () => {
  const before = await startRoad({ orgOptions })
  const { deliver, engine, db, org } = before
  await deliver(userEvent('created', { ...ada, fields: { public_metadata: { title: 'Countess' } } }))
  await deliver(userEvent('created', { id: 'user_grace', email: 'grace@acme.test', fields: { public_metadata: {} } }))
  await engine.drain()
  await engine.stop()
  const config: MappingConfig = { person: { fields: { Job__c: 'public_metadata.title', Phone: false } } }
  expect(await noticeMapping(db.query, config)).toEqual([
    { what: 'Contact.Job__c', before: null, after: 'clerk, from public_metadata.title' },
    { what: 'Contact.Phone', before: 'clerk, from its default', after: null },
  ])
  const after = await startRoad({ db, org, engine: { config } })
  expect(after.engine.mapping.changes()).toHaveLength(2)
  expect(after.records('Contact').every((contact) => !contact['Job__c'])).toBe(true)
  const done = await resyncMapping({ db, rules: compileRules(config), config, now: Date.now })
  expect(done.entities).toEqual([{ entity: 'person', concerned: 1, links: 2 }])
  await settled(after)
  expect(after.records('Contact').map((contact) => contact['Job__c'] ?? null)).toEqual(['Countess', null])
  expect(await noticeMapping(db.query, config)).toEqual([])

  // Changed again, and nobody is asked.
  await after.engine.stop()
  const again: MappingConfig = { person: { fields: { Job__c: 'public_metadata.title', Note__c: 'last_name' } } }
  const auto = await startRoad({ db, org, engine: { config: again, resync: 'auto' } })
  await expect
    .poll(() => auto.records('Contact').map((contact) => contact['Note__c']), { timeout: 5_000 })
    .toEqual(['Lovelace', 'Lovelace'])
  expect(auto.engine.mapping.changes()).toEqual([])
})
