import { randomUUID } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Database } from '../../src/db/database.ts'
import { type Candidate, storeCandidates } from '../../src/sync/mirror/candidates.ts'
import { claimDirty, markDirty } from '../../src/sync/mirror/dirty.ts'
import { beginErasure } from '../../src/sync/mirror/erase.ts'
import { expect as approve } from '../../src/sync/mirror/expected.ts'
import { type Foreseen, storePlanned } from '../../src/sync/mirror/planned.ts'
import { type Receipt, readReceipt } from '../../src/sync/mirror/receipts.ts'
import { searchInbox } from '../../src/sync/mirror/search-inbox.ts'
import { settle } from '../../src/sync/mirror/settle.ts'
import type { MappingConfig } from '../../src/sync/plan/mapping.ts'
import { day, membershipEvent, organizationEvent, userDeleted, userEvent } from '../support/clerk-events.ts'
import { type Road, startRoad } from '../support/road.ts'
import { runs } from '../support/runs.ts'

/*
 * Everything that is personal about the person carries this text: names, addresses, numbers, metadata, and what a mapping makes of them. The
 * other person has none of it, and shares the organization, which the first one has made.
 */
const marker = 'zqx'
const personId = 'user_gone'
const acme = { id: 'org_acme', name: 'Acme', fields: { created_by: personId } }
const other = { id: 'user_other', email: 'other@example.com' }
const otherAtAcme = { id: 'orgmem_other', user: other, organization: acme, createdAt: day(1) }

const person = (n: number) => ({
  id: personId,
  first: `${marker}first${n}`,
  last: `${marker}last${n}`,
  at: day(n),
  fields: {
    email_addresses: [
      { id: 'idn_1', email_address: `${marker}.${n}@example.com` },
      { id: 'idn_2', email_address: `${marker}.old@example.com` },
    ],
    primary_email_address_id: 'idn_1',
    phone_numbers: [{ id: 'idn_3', phone_number: `+1${marker}${n}` }],
    primary_phone_number_id: 'idn_3',
    public_metadata: { job: `${marker} job ${n}` },
    private_metadata: { note: { deep: [`${marker} private`] } },
    unsafe_metadata: { seen: `${marker} unsafe` },
  },
})
const stubOf = (n: number) => ({ ...person(n), email: `${marker}.${n}@example.com` })

const withMetadata = (event: object): object => {
  const { data, ...rest } = event as { data: object }
  return { ...rest, data: { ...data, public_metadata: { badge: `${marker} badge` } } }
}
const membership = (kind: 'created' | 'updated' | 'deleted', n: number): object =>
  withMetadata(
    membershipEvent(
      kind,
      { id: 'orgmem_gone', user: stubOf(n), organization: acme, createdAt: day(1), at: day(n) },
      day(n),
    ),
  )
const invitation = (id: string, address: string): object => ({
  object: 'event',
  type: 'organizationInvitation.created',
  timestamp: day(1),
  instance_id: 'ins_test',
  data: {
    object: 'organization_invitation',
    id,
    email_address: address,
    role: 'org:member',
    organization_id: acme.id,
    status: 'pending',
    public_metadata: {},
    private_metadata: {},
    created_at: day(1),
    updated_at: day(1),
  },
})

const ofOthers: readonly object[] = [
  organizationEvent('created', acme),
  userEvent('created', other),
  membershipEvent('created', otherAtAcme),
  organizationEvent('updated', { ...acme, name: 'Acme Ltd', at: day(3) }),
  userEvent('updated', { ...other, first: 'Grace', at: day(4) }),
  invitation('orginv_other', 'other@example.com'),
]
const ofPerson: readonly object[] = [
  userEvent('created', person(1)),
  userEvent('updated', person(2)),
  userEvent('updated', person(5)),
  membership('created', 1),
  membership('updated', 4),
  membership('deleted', 6),
  // What no schema knows is kept as a problem.
  { ...userEvent('updated', person(2)), data: { id: personId, first_name: `${marker}broken` } },
  userDeleted(personId, day(7)),
]
/** Known to be theirs by the address alone, which the user had once. */
const invited = invitation('orginv_gone', `${marker}.1@example.com`)

const columns = `
  select table_name as "table", column_name as "column", data_type as type from information_schema.columns
  where table_schema = 'clerkforce' order by table_name, ordinal_position`

/** Where in the database a text stands: every column of every table. */
const placesOf = async (db: Database, text: string): Promise<string[]> => {
  const places: string[] = []
  for (const { table, column, type } of await db.query<{ table: string; column: string; type: string }>(columns)) {
    const value = type === 'bytea' ? `encode("${column}", 'escape')` : `"${column}"::text`
    const rows = await db.query<{ value: string }>(
      `select left(${value}, 300) as value from clerkforce."${table}" where ${value} ilike '%' || $1 || '%'`,
      [text],
    )
    places.push(...rows.map((row) => `${table}.${column}: ${row.value}`))
  }
  return places
}

const config: MappingConfig = {
  person: { fields: { Job__c: 'public_metadata.job' } },
}

const job = { object: 'Contact', name: 'Job__c', type: 'string', length: 80 } as const

const start = (policies: MappingConfig['policies'] = {}): Promise<Road> =>
  startRoad({ orgOptions: { customFields: [job] }, engine: { config: { ...config, policies } } })

/** Erases as an operator does, and waits for what comes of it. */
const erase = async ({ db, engine }: Road, whom = personId): Promise<Receipt> => {
  const id = randomUUID()
  await beginErasure(db, id, whom, day(8))
  engine.wake()
  await engine.drain()
  for (;;) {
    const receipt = await readReceipt(db.query, id)
    if (!receipt) throw new Error('no receipt')
    if (receipt.inbox.endedAt !== null) return receipt
    await setTimeout(5)
  }
}

/** The same events of somebody else. */
const renamed = (events: readonly object[], n: number): object[] =>
  JSON.parse(JSON.stringify(events).replaceAll(/(user|orgmem|orginv)_gone/g, `$&${n}`)) as object[]

test('whatever happened before, and whatever is still told afterwards, nothing of an erased person is left in any column of any table', async () => {
  const road = await start()
  let people = 0
  await fc.assert(
    fc.asyncProperty(
      fc.shuffledSubarray([...ofPerson, invited]),
      fc.shuffledSubarray([...ofOthers]),
      fc.shuffledSubarray([...ofPerson]),
      fc.boolean(),
      async (before, others, late, quiet) => {
        const n = ++people
        const [told, later] = [renamed([...before, ...ofPerson.slice(0, 1)], n), renamed(late, n)]
        for (const event of [...others, ...told]) await road.deliver(event)
        if (quiet) await road.engine.drain()
        // Deliveries and erasing at once: nobody may be half-way through storing what is being erased.
        const [receipt] = await Promise.all([
          erase(road, `${personId}${n}`),
          ...later.map((event) => road.deliver(event)),
        ])
        for (const event of later) await road.deliver(event)
        await road.engine.drain()
        expect(await placesOf(road.db, marker)).toEqual([])
        expect(JSON.stringify(receipt)).not.toContain(marker)
      },
    ),
    { numRuns: runs(3) },
  )
})

/** All rows that do not name the person. */
const rowsOfOthers = async (db: Database): Promise<Record<string, string[]>> => {
  const found: Record<string, string[]> = {}
  for (const table of ['hint', 'record', 'link', 'dirty', 'change', 'gap', 'request', 'stale']) {
    const bytes = table === 'hint' ? `, encode(t.body, 'escape') as text` : ''
    const rows = await db.query<{ row: object; text?: string | null }>(
      `select to_jsonb(t) as row${bytes} from clerkforce.${table} t order by to_jsonb(t)::text`,
    )
    found[table] = rows
      .map(({ row, text }) => JSON.stringify({ ...row, text }))
      .filter((text) => !new RegExp(`${marker}|orgmem_gone|user_gone"[^]*"entity": ?"person"`).test(text))
  }
  return found
}

test('rows of others are as they were, in an organization that the person has made and in one inbox with the person', async () => {
  const road = await start()
  for (const event of [...ofOthers, ...ofPerson.slice(0, 7)]) await road.deliver(event)
  await road.engine.drain()
  await road.engine.stop()
  const ids = await road.db.query<{ id: number }>(
    `select id from clerkforce.link where clerk_id in ('${personId}', 'orgmem_gone')`,
  )
  const ofLinks = (text: string): boolean =>
    !ids.some(({ id }) => text.includes(`"link_id":${id},`) || text.startsWith(`{"id":${id},`))
  const kept = (rows: Record<string, string[]>) =>
    Object.fromEntries(
      Object.entries(rows).map(([table, all]) => [
        table,
        all.filter((text) => ofLinks(text) && !text.includes('"body":null') && !text.includes(personId)),
      ]),
    )
  const before = kept(await rowsOfOthers(road.db))
  await beginErasure(road.db, 'one', personId, day(8))
  // Three at a time, as in an inbox that is larger than one look.
  while (await searchInbox(road.db, day(8), 3));
  expect(kept(await rowsOfOthers(road.db))).toEqual(before)
  expect((await readReceipt(road.db.query, 'one'))?.inbox.searched).toBe(ofOthers.length + 7)
  expect(before['hint']?.length).toBeGreaterThan(0)
  expect(await placesOf(road.db, marker)).toEqual([])
  // The organization names its maker, by id alone.
  const [organization] = await road.db.query<{ text: string }>(
    `select encode(body, 'escape') as text from clerkforce.hint where type = 'organization.created'`,
  )
  expect(organization?.text).toContain('"created_by":"user_gone"')
})

test.each([
  ['anonymise', { LastName: 'Deleted user', Clerk_Status__c: 'deleted' }, 'anonymise'],
  ['keep', { LastName: `${marker}last2`, Clerk_Status__c: 'active' }, 'nothing'],
] as const)('policy %s: the Contact is as it says, once, and the receipt tells', async (userErased, expected, did) => {
  const road = await start({ userErased })
  for (const event of [organizationEvent('created', acme), ...ofPerson.slice(0, 2), membership('created', 1)])
    await road.deliver(event)
  await road.engine.drain()
  const [contact] = road.records('Contact')
  const receipt = await erase(road)
  expect(receipt.salesforce[0]).toMatchObject({ object: 'Contact', id: contact?.['Id'], did, result: 'done' })
  expect(receipt).toMatchObject({ person: personId, pending: 0, inbox: { searched: 4, endedAt: expect.any(Number) } })
  expect(receipt.removed['hint']).toBe(3)
  expect(road.records('Contact')).toMatchObject([expected])
  if (userErased === 'anonymise') expect(JSON.stringify(road.records('Contact'))).not.toContain(marker)
  expect(road.records('AccountContactRelation')).toMatchObject([{ IsActive: false }])
  // What somebody types there later is theirs.
  const id = String(contact?.['Id'])
  await road.salesforce.write([{ kind: 'update', object: 'Contact', rows: [{ Id: id, LastName: 'Typed' }] }])
  await road.deliver(userEvent('updated', { ...person(9), at: day(9) }))
  await road.engine.drain()
  expect(road.records('Contact')).toMatchObject([{ LastName: 'Typed' }])
})

test('policy delete: the Contact is gone, and a late event brings nobody back', async () => {
  const road = await start({ userErased: 'delete' })
  for (const event of ofPerson.slice(0, 2)) await road.deliver(event)
  await road.engine.drain()
  const receipt = await erase(road)
  expect(receipt.salesforce).toMatchObject([{ object: 'Contact', did: 'delete', result: 'done' }])
  await road.deliver(userEvent('updated', person(9)))
  await road.deliver(membership('created', 9))
  await road.engine.drain()
  expect(road.records('Contact')).toEqual([])
  expect(await placesOf(road.db, marker)).toEqual([])
})

test('a result that a writer has in hand while the person is erased brings nothing back', async () => {
  const road = await start()
  for (const event of ofPerson.slice(0, 2)) await road.deliver(event)
  await road.engine.drain()
  await road.engine.stop()
  const { query } = road.db
  await markDirty(query, [{ entity: 'person', clerkId: personId }], day(8))
  const [claim] = await claimDirty(query, 'person', { limit: 1, now: day(8), leaseMs: 30_000, lease: 'p/1' })
  if (!claim?.salesforceId) throw new Error('the person was not claimed')
  await beginErasure(road.db, 'one', personId, day(8))
  const fields = { LastName: `${marker}late` }
  const held = { id: claim.salesforceId, fields, version: day(8), asOf: day(8) }
  const agreed = { salesforceId: claim.salesforceId, base: fields }
  await settle(road.db, 'person', [{ end: 'settled', claim, agreed, held }], 'p/1', day(8))
  while (await searchInbox(road.db, day(8)));
  expect(await placesOf(road.db, marker)).toEqual([])
})

test('what scans have shown of the person beside the pair, what is planned for it and what was said yes to go with it, and do not come back', async () => {
  const road = await start()
  for (const event of [...ofPerson.slice(0, 4), userEvent('created', other)]) await road.deliver(event)
  await road.engine.drain()
  await road.engine.stop()
  const { query } = road.db
  const links = await query<{ id: number; clerkId: string }>(
    `select id, clerk_id as "clerkId" from clerkforce.link where entity = 'person' order by clerk_id`,
  )
  const candidate = (id: string, key: string | null, match: string) => ({
    ...{ id, key, match, version: 1 },
    fields: { LastName: match.startsWith(marker) ? `${marker}scanned` : 'Other' },
  })
  const scanned = [
    candidate('003A', personId, `${marker}.elsewhere@example.com`),
    candidate('003B', null, `${marker}.old@example.com`),
    candidate('003C', null, 'other@example.com'),
  ]
  const plan = (linkId: number, value: string): Foreseen => ({
    ...{ linkId, kind: 'update', salesforceId: '003A', accountId: null, flags: [], reason: value, print: 'p' },
    fields: { LastName: { side: 'salesforce', before: value, after: value, why: '' } },
  })
  const plans = links.map(({ id, clerkId }) => plan(id, clerkId === personId ? `${marker}planned` : 'Other'))
  const store = async (candidates: readonly Candidate[]): Promise<void> => {
    await storeCandidates(query, 'person', candidates)
    await storePlanned(query, 1, 'person', plans)
  }
  await store(scanned)
  await approve(
    query,
    2,
    links.map(({ clerkId }) => ({ entity: 'person', clerkId, print: 'p' })),
  )
  await beginErasure(road.db, 'one', personId, day(8))
  while (await searchInbox(road.db, day(8)));
  expect((await readReceipt(query, 'one'))?.removed).toMatchObject({ candidate: 2, planned: 1, expected: 1 })
  expect(await placesOf(road.db, marker)).toEqual([])
  // A page of a scan, or of a plan, that was on its way.
  await store(scanned.filter(({ key }) => key !== null))
  expect(await placesOf(road.db, marker)).toEqual([])
  expect(await query('select id from clerkforce.candidate')).toEqual([{ id: '003C' }])
  expect(await query('select 1 from clerkforce.planned')).toHaveLength(1)
})

test('somebody whom clerkforce never saw can be erased as well, before the first webhook comes', async () => {
  const road = await start()
  const receipt = await erase(road)
  expect(receipt.salesforce).toMatchObject([{ object: 'Contact', id: null, did: 'nothing', result: 'done' }])
  await road.deliver(userEvent('created', person(1)))
  await road.engine.drain()
  expect(road.records('Contact')).toEqual([])
  expect(await placesOf(road.db, marker)).toEqual([])
})

test('invitations are known by any address that the user ever had here, and how they are known is forgotten with the search', async () => {
  const road = await start()
  for (const event of [invited, invitation('orginv_other', 'other@example.com'), ...ofPerson]) await road.deliver(event)
  await road.engine.drain()
  await road.engine.stop()
  await beginErasure(road.db, 'one', personId, day(8))
  expect((await placesOf(road.db, marker)).length).toBeGreaterThan(0)
  while (await searchInbox(road.db, day(8), 3));
  expect(await placesOf(road.db, 'other@example.com')).toHaveLength(1)
  expect(await placesOf(road.db, marker)).toEqual([])
  const [row] = await road.db.query<{ marks: string[] }>('select marks from clerkforce.erasure')
  expect(row?.marks).toEqual([])
})
