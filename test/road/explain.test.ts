import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Value } from '../../src/model/model.ts'
import { explain } from '../../src/sync/explain/explain.ts'
import type { Explained, Explanation } from '../../src/sync/explain/explanation.ts'
import { pruneHintRecords } from '../../src/sync/mirror/hint-records.ts'
import type { MappingConfig } from '../../src/sync/plan/mapping.ts'
import { membershipEvent, organizationEvent, userEvent } from '../support/clerk-events.ts'
import { databaseKinds } from '../support/databases.ts'
import { playHistory, steps } from '../support/history.ts'
import { type Road, startRoad } from '../support/road.ts'
import { runs } from '../support/runs.ts'
import { startTwoSides, until } from '../support/two-sides.ts'

const ask = (db: Pick<Road['db'], 'query'>, id: string, config: MappingConfig = {}): Promise<Explanation> =>
  explain({ query: db.query, now: Date.now(), config }, id)

const one = ({ records }: Explanation): Explained => {
  const [record] = records
  if (!record) throw new Error('nothing is known of it')
  return record
}

const titles = ({ timeline }: Explained): string[] => timeline.map(({ title }) => title)
const field = ({ fields }: Explained, name: string) => fields.find((each) => each.field === name)

const ada = { id: 'user_ada', email: 'ada@acme.test' }
const acme = { id: 'org_acme', name: 'Acme' }

test.each(databaseKinds)(
  'a record is explained by the id of either side or its address: both sides, the pair, each field, and what happened (%s)',
  async (database) => {
    const { db, deliver, engine } = await startRoad({ database })
    await deliver(userEvent('created', ada), 'msg_born')
    await deliver(organizationEvent('created', acme))
    await deliver(membershipEvent('created', { id: 'orgmem_1', user: ada, organization: acme }), 'msg_joined')
    await engine.drain()
    const explained = one(await ask(db, 'user_ada'))
    const contactId = explained.salesforce?.id ?? ''
    expect(explained).toMatchObject({
      entity: 'person',
      clerk: { object: 'user', name: 'Ada Lovelace', deletedAt: null },
      salesforce: { object: 'Contact', name: 'Ada Lovelace' },
      pairing: { by: 'created' },
      standing: { is: 'agreed', next: undefined },
      related: [{ clerkId: 'orgmem_1', text: 'Acme org_acme, active' }],
    })
    expect(field(explained, 'FirstName')).toMatchObject({
      clerk: 'Ada',
      salesforce: 'Ada',
      same: true,
      rule: 'clerk',
      from: 'clerk',
      ifClerk: 'Salesforce gets it',
      ifSalesforce: "Clerk's value is put back (changed in Salesforce; Clerk owns this field)",
    })
    expect(titles(explained)[0]).toBe('webhook user.created')
    expect(titles(explained)).toContain('carried by organizationMembership.created')
    expect(titles(explained)).toContain(`created in Salesforce ${contactId}`)
    for (const id of [contactId, contactId.slice(0, 15), 'ADA@Acme.test', ' user_ada '])
      expect(one(await ask(db, id)).link).toBe(explained.link)
    expect(one(await ask(db, 'orgmem_1')).related.map(({ clerkId }) => clerkId)).toEqual(['user_ada', 'org_acme'])
    for (const id of ['user_nobody', '003000000000001AAA', 'nobody@acme.test', 'what?'])
      expect(await ask(db, id)).toMatchObject({ records: [], matches: [] })
  },
)

test('a parked pair says why, what would be done, and the journal has each park and each new attempt', async () => {
  const { db, deliver, engine, org } = await startRoad()
  for (const LastName of ['One', 'Two']) org.person.create('Contact', { LastName, Email: ada.email })
  await deliver(userEvent('created', ada))
  await engine.drain()
  expect(one(await ask(db, ada.id)).standing).toMatchObject({ is: 'parked', code: 'AMBIGUOUS' })
  await deliver(userEvent('updated', { ...ada, first: 'Augusta', at: Date.UTC(2026, 1, 1) }))
  await engine.drain()
  const explained = one(await ask(db, ada.id))
  expect(explained.pairing.by).toBe('pending')
  expect(titles(explained)).toEqual([
    'webhook user.created',
    'parked AMBIGUOUS',
    'webhook user.updated',
    'taken up again',
    'parked AMBIGUOUS',
  ])
  expect(explained.standing.next).toBe('ask Salesforce: Salesforce was never asked for this user')
})

test('a field that somebody else manages in Clerk is Clerk’s for a day after Clerk said so, as for the writer', async () => {
  const config: MappingConfig = { person: { fields: { Title: { from: 'public_metadata.title', rule: 'salesforce' } } } }
  const { db, deliver, engine } = await startRoad()
  await deliver(userEvent('created', ada))
  await engine.drain()
  const said = 1_800_000_000_000
  await db.query("update clerkforce.link set managed = '{Title}', managed_at = $1", [said])
  const ruleAt = async (now: number) =>
    field(one(await explain({ query: db.query, now, config }, ada.id)), 'Title')?.rule
  expect(await ruleAt(said + 86_399_999)).toBe('clerk')
  expect(await ruleAt(said + 86_400_000)).toBe('salesforce')
})

test('a membership that waits for a parked Account names it', async () => {
  const { db, deliver, engine } = await startRoad({ orgOptions: { requiredFields: ['Account.Website'] } })
  await deliver(organizationEvent('created', acme))
  await engine.drain()
  await deliver(membershipEvent('created', { id: 'orgmem_1', user: ada, organization: acme }))
  await until(async () => (await ask(db, 'orgmem_1')).records[0]?.standing.is === 'waiting')
  const { standing } = one(await ask(db, 'orgmem_1'))
  expect(standing).toMatchObject({ is: 'waiting', code: 'REQUIRED_FIELD_MISSING' })
  expect(standing.text).toMatch(/^it waits for the Account of org_acme \(link \d+\), which is parked/)
})

test('a webhook that could not be read is found by the record that it names', async () => {
  const { db, deliver, engine } = await startRoad()
  await deliver({
    type: 'user.updated',
    data: { id: 'user_odd', email_addresses: 'none' },
    timestamp: 1,
    instance_id: 'i',
  })
  await until(async () => (await ask(db, 'user_odd')).records.length > 0)
  expect(one(await ask(db, 'user_odd'))).toMatchObject({ link: null, timeline: [{ what: 'hint', trouble: true }] })
  await engine.drain()
})

test('several people with one address are listed, to choose from', async () => {
  const { db, deliver, engine } = await startRoad()
  for (const id of ['user_a', 'user_b']) await deliver(userEvent('created', { id, email: 'shared@acme.test' }))
  await engine.drain()
  const { matches, records } = await ask(db, 'shared@acme.test')
  expect(records).toEqual([])
  expect(matches.map(({ id }) => id)).toEqual(['user_a', 'user_b'])
})

test('what Salesforce changed is told with its events, and the value with the side that it came from', async () => {
  const config = {
    organization: {
      fields: {
        Name: { from: 'name', rule: 'newest' },
        Tier__c: { from: 'public_metadata.crm.tier', rule: 'salesforce' },
      },
    },
  } as const
  const { callClerk, callSalesforce, db, org, settled } = await startTwoSides({ config })
  const id = String((await callClerk('POST', '/organizations', { name: 'Acme' }))['id'])
  await settled()
  const account = String(org.state()['Account']?.find((each) => each['Clerk_Org_Id__c'] === id)?.['Id'])
  await callSalesforce('PATCH', `/sobjects/Account/${account}`, { Tier__c: 'A' })
  await until(async () => JSON.stringify(await callClerk('GET', `/organizations/${id}`)).includes('tier'))
  await settled()
  const explained = one(await ask(db, account, config))
  expect(field(explained, 'Tier__c')).toMatchObject({
    clerk: 'A',
    salesforce: 'A',
    place: 'public_metadata.crm.tier',
    from: 'salesforce',
    why: 'changed in Salesforce',
    ifSalesforce: 'Clerk gets it',
  })
  expect(explained.timeline.flatMap(({ detail }) => detail).join('\n')).toMatch(/changed Tier__c, by user 005/)
  const carried = explained.timeline.find(({ title }) => title === 'updated in Clerk')
  expect(carried?.fields).toEqual([
    { field: 'public_metadata.crm.tier', before: null, after: 'A', why: 'changed in Salesforce', rule: 'salesforce' },
  ])
})

test('what a hint told of is forgotten with the hint, and not before', async () => {
  const { db, deliver, engine } = await startRoad()
  await deliver(userEvent('created', ada))
  await engine.drain()
  const later = Date.now() + 1_000
  expect(await pruneHintRecords(db.query, later)).toBe(0)
  await db.query('delete from clerkforce.hint')
  expect(titles(one(await ask(db, ada.id)))[0]).toBe('a hint, pruned since')
  expect(await pruneHintRecords(db.query, later)).toBe(1)
})

/** Of each field of Salesforce's side what was written to it last, by the timeline. */
const lastWritten = ({ timeline }: Explained): Map<string, Value> =>
  new Map(
    timeline
      .filter(({ what, side, trouble }) => what === 'write' && side === 'salesforce' && !trouble)
      .flatMap(({ fields }) => fields.map(({ field: name, after }) => [name, after] as const)),
  )

test('for any history, what the timeline says was written last is what Salesforce holds', async () => {
  const road = await startRoad()
  let run = 0
  let compared = 0
  const property = fc.asyncProperty(steps, async (history) => {
    const prefix = `r${++run}`
    for (const event of playHistory(history, prefix)) await road.deliver(event)
    await road.engine.drain()
    const links = await road.db.query<{ clerkId: string; body: Record<string, Value> }>(
      `select l.clerk_id as "clerkId", r.body from clerkforce.link l
       join clerkforce.record r on r.side = 'salesforce' and r.entity = l.entity and r.id = l.salesforce_id and r.deleted_at is null
       where l.clerk_id like $1 || '%'`,
      [prefix],
    )
    for (const { clerkId, body } of links) {
      const explained = one(await ask(road.db, clerkId))
      for (const [name, after] of lastWritten(explained)) {
        expect([clerkId, name, after]).toEqual([clerkId, name, body[name] ?? null])
        compared++
      }
    }
  })
  await fc.assert(property, { numRuns: runs(5), seed: Number(process.env['SEED'] ?? 7), endOnFailure: true })
  expect(compared).toBeGreaterThan(100)
})
