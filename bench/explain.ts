/**
 * The plans of the hot statements, on big tables: none may read a big table from end to end, with statistics or, as on the first day of a
 * backfill and always on PGlite, without.
 *
 * The statements are not copied here: the program's own functions run, on a `query` that asks PostgreSQL to explain each statement as it
 * executes it.
 */
import { type Database, openDatabase, type Query } from '../src/db/database.ts'
import { migrate } from '../src/db/migrate.ts'
import type { Observation } from '../src/model/model.ts'
import { explain } from '../src/sync/explain/explain.ts'
import { findCandidates } from '../src/sync/mirror/candidates.ts'
import { readClerk, readMemberships, readParents, readSalesforce } from '../src/sync/mirror/context.ts'
import { readCounts } from '../src/sync/mirror/counts.ts'
import { holdCursor } from '../src/sync/mirror/cursor.ts'
import { type Claim, claimDirty, countDue, dueLinks, markDirty, releaseDirty, tiers } from '../src/sync/mirror/dirty.ts'
import { readCompared, readUnsighted, readWritten } from '../src/sync/mirror/drift.ts'
import { noteHintRecords } from '../src/sync/mirror/hint-records.ts'
import { claimHints, finishHints, storeChangeHints } from '../src/sync/mirror/inbox.ts'
import { observeClerk, withoutKnown } from '../src/sync/mirror/observe.ts'
import { observeSalesforce, type SalesforceSight } from '../src/sync/mirror/observe-salesforce.ts'
import { isLeft } from '../src/sync/mirror/runs.ts'
import { type Outcome, settle } from '../src/sync/mirror/settle.ts'
import { noteSighted, readVanished } from '../src/sync/mirror/sighted.ts'
import { claimStale, finishStale, markStale } from '../src/sync/mirror/stale.ts'
import { startPostgres } from '../test/support/postgres.ts'
import type { Figure } from './figures.ts'
import type { Options } from './options.ts'

const now = 1_800_000_000_000
const batch = 1_000

/** One statement: the kinds of its plan's nodes, the tables it reads from end to end, the pages it touches. */
type Plan = { step: string; nodes: string[]; scanned: string[]; pages: number; ms: number }
type Node = {
  'Node Type': string
  'Relation Name'?: string
  'Shared Hit Blocks'?: number
  'Shared Read Blocks'?: number
  Plans?: Node[]
}
type Explained = { 'QUERY PLAN': [{ Plan: Node; 'Execution Time': number }] }

const flat = (node: Node): Node[] => [node, ...(node.Plans ?? []).flatMap(flat)]

/** Tables that grow with everything that ever was. */
const big: ReadonlySet<string> = new Set(['record', 'link', 'hint', 'hint_record', 'change', 'sighted', 'candidate'])

/** A query that explains every statement, undone, before it runs it. */
const explaining =
  (query: Query, step: string, plans: Plan[]): Query =>
  async <R>(text: string, values?: readonly unknown[]) => {
    await query('savepoint explained')
    const [row] = await query<Explained>(`explain (analyze, buffers, format json) ${text}`, values)
    await query('rollback to savepoint explained')
    const explained = row?.['QUERY PLAN'][0]
    if (explained) {
      const nodes = flat(explained.Plan)
      const { 'Shared Hit Blocks': hit = 0, 'Shared Read Blocks': read = 0 } = explained.Plan
      plans.push({
        step,
        nodes: [...new Set(nodes.map((node) => node['Node Type']))],
        scanned: nodes.flatMap((node) =>
          node['Node Type'] === 'Seq Scan' && node['Relation Name'] ? [node['Relation Name']] : [],
        ),
        pages: hit + read,
        ms: explained['Execution Time'],
      })
    }
    return query<R>(text, values)
  }

// One organization in fifty; every tenth person and membership is dirty; the last 10,000 hints are not read yet.
const fill = async (query: Query, records: number): Promise<void> => {
  const people = Math.floor(records * 0.49)
  const organizations = Math.floor(records * 0.02)
  const body = `jsonb_build_object('id', n, 'name', md5(n::text), 'text', repeat(md5(n::text), 12))`
  const statements = [
    `insert into clerkforce.record (side, entity, id, body, version, seen)
     select 'clerk', 'organization', 'org_' || n, ${body}, 1, 1 from generate_series(1, ${organizations}) n`,
    `insert into clerkforce.record (side, entity, id, body, version, seen)
     select 'clerk', 'person', 'user_' || n, ${body}, 1, 1 from generate_series(1, ${people}) n`,
    `insert into clerkforce.record (side, entity, id, body, version, seen, person_id, organization_id)
     select 'clerk', 'membership', 'orgmem_' || n, ${body}, 1, 1, 'user_' || n, 'org_' || (1 + n % ${organizations}) from generate_series(1, ${people}) n`,
    `insert into clerkforce.link (entity, clerk_id, salesforce_id, base)
     select entity, id, 'sf_' || id, '{"a": 1}' from clerkforce.record order by id`,
    `insert into clerkforce.record (side, entity, id, body, version, seen)
     select 'salesforce', entity, salesforce_id, '{"AccountId": "sf_org_1"}', 1, 0 from clerkforce.link where id % 2 = 0`,
    `insert into clerkforce.dirty (link_id, rank, group_key, version, due_at)
     select l.id, case l.entity when 'organization' then 0 when 'person' then 1 else 2 end, 'org_' || (l.id % ${organizations}), 1, ${now} - l.id % 100000
     from clerkforce.link l where l.id % 10 = 0`,
    `insert into clerkforce.hint (delivery_id, type, body, received_at, observed_at)
     select 'msg_' || n, 'user.updated', '\\x7b7d', ${now} - n, case when n <= 10000 then null else ${now} end from generate_series(1, ${records / 2}) n`,
  ]
  statements.push(`insert into clerkforce.stale (entity, id, committed_at, noticed_at, due_at)
     select 'organization', 'sf_org_' || n, ${now}, ${now}, ${now} - n from generate_series(1, ${organizations}) n`)
  for (const statement of statements) await query(statement)
  await fillRun(query)
  await fillJournal(query, records, people, organizations)
}

const field = `'{"LastName": {"before": "a", "after": "b", "why": "changed in Clerk", "rule": "clerk"}}'`

const runId = 1

/** A reconcile whose scans have shown all but few records, and a candidate for each person. */
const fillRun = async (query: Query): Promise<void> => {
  const statements = [
    `insert into clerkforce.sighted (run_id, side, entity, id, key)
     select ${runId}, 'clerk', entity, clerk_id, null from clerkforce.link where id % 1000 <> 1`,
    `insert into clerkforce.sighted (run_id, side, entity, id, key)
     select ${runId}, 'salesforce', entity, salesforce_id, clerk_id from clerkforce.link where id % 1000 <> 1`,
    `insert into clerkforce.candidate (entity, id, key, match, body, version)
     select 'person', 'free_' || id, clerk_id, 'address' || id, '{}', 1 from clerkforce.link where entity = 'person'`,
  ]
  for (const statement of statements) await query(statement)
}

/** A line of journal for each record and ten thousand for one of them, what half of the hints told of, and two people with one address. */
const fillJournal = async (query: Query, records: number, people: number, organizations: number): Promise<void> => {
  const statements = [
    `insert into clerkforce.hint_record (record_id, carried, at, delivery_id)
     select case when n % 2 = 0 then 'user_' || (1 + n % ${people}) else 'org_' || (1 + n % ${organizations}) end, n % 2 = 1, ${now} - n, 'msg_' || n
     from generate_series(1, ${records / 2}) n`,
    `insert into clerkforce.change (at, link_id, side, kind, salesforce_id, reason, fields, result)
     select ${now} - ${records} + n, 1 + n % ${people}, 'salesforce', 'update', 'sf_' || n, 'bench', ${field}, 'done'
     from generate_series(1, ${records}) n`,
    `insert into clerkforce.change (at, link_id, side, kind, salesforce_id, reason, fields, result)
     select ${now} - 10000 + n, l.id, 'salesforce', 'update', 'sf_user_7', 'bench', ${field}, 'done'
     from generate_series(1, 10000) n, clerkforce.link l where l.clerk_id = 'user_7'`,
    `update clerkforce.record set body = body || '{"email_addresses": [{"id": "e", "email_address": "seven@example.com"}]}'
     where side = 'clerk' and entity = 'person' and id in ('user_7', 'user_8')`,
  ]
  for (const statement of statements) await query(statement)
}

const observations = (people: number): Observation[] =>
  Array.from({ length: batch }, (_, n) => {
    const i = ((n * 379) % people) + 1
    const membership = n % 2 === 0
    return {
      side: 'clerk',
      entity: membership ? 'membership' : 'person',
      id: `${membership ? 'orgmem' : 'user'}_${i}`,
      body: { id: i },
      version: 2,
      seen: 2,
      ...(membership ? { personId: `user_${i}`, organizationId: 'org_7' } : {}),
    }
  })

/** People whose Contacts an event named: every other one is in the mirror, every tenth carries a key that is paired with another Contact. */
const sights = (people: number): SalesforceSight[] =>
  Array.from({ length: batch }, (_, n) => {
    const i = ((n * 379) % people) + 1
    const clerkId = n % 10 === 0 ? `user_${(i % people) + 1}` : `user_${i}`
    return { id: `sf_user_${i}`, fields: { AccountId: 'sf_org_1', a: n }, version: 3, asOf: 3, clerkId }
  })

/** What follows Salesforce. */
const walkFollowing = async (as: (step: string) => Query, people: number): Promise<void> => {
  const seen = sights(people)
  await holdCursor(as('hold the cursor'), 'salesforce', 'bench', now, now + 1)
  const events = seen.map(({ id }) => ({ deliveryId: `event/${id}`, type: 'Contact UPDATE', body: '{}' }))
  await storeChangeHints(as('store change events'), events, now)
  const named = seen.map(({ id }) => ({ entity: 'person' as const, id, committedAt: now, gone: false }))
  await markStale(as('mark stale'), named, now)
  const claimed = await claimStale(as('claim stale'), batch, now, now + 1)
  await observeSalesforce(as('observe Salesforce'), 'person', seen, now)
  const missing = seen.slice(0, 100).map(({ id }) => id)
  await observeSalesforce(as('observe missing'), 'person', [], now, { missing })
  await finishStale(as('finish stale'), claimed, now)
}

/** What runs ask for each page, and while they wait. */
const walkRuns = async (as: (step: string) => Query, people: number): Promise<void> => {
  const some = Array.from({ length: batch }, (_, n) => ((n * 379) % people) + 1)
  const users = some.map((n) => `user_${n}`)
  const records = some.map((n) => ({ id: `sf_user_${n}`, key: `user_${n}` }))
  const tier = tiers.backfill
  await withoutKnown(as('run: carried along'), observations(people), 'membership')
  await noteSighted(as('run: note sighted'), runId, 'salesforce', 'person', records)
  const targets = users.map((clerkId) => ({ entity: 'person' as const, clerkId }))
  await markDirty(as('run: mark'), targets, now, tier)
  await isLeft(as('run: is any left'), 'backfill', 3)
  await countDue(as('run: enough for a job'), 'person', { tier, now, most: 10_000 })
  await claimDirty(as('run: claim'), 'person', { tier, limit: batch, now, leaseMs: 30_000, lease: 'bench/run/job' })
  await findCandidates(
    as('run: candidates'),
    'person',
    users,
    some.map((n) => `address${n}`),
  )
  await readWritten(
    as('run: written lately'),
    'person',
    records.map(({ id }) => id),
    now,
  )
  const page = { runId, entity: 'person', limit: batch } as const
  await readUnsighted(as('run: linked, not sighted'), { ...page, after: '' })
  await readCompared(as('run: compare'), { ...page, after: 0, now })
  await readVanished(as('once: vanished'), { ...page, began: now, after: '' })
}

const outcomeOf = (claim: Claim, n: number): Outcome =>
  n % 10 === 0
    ? { end: 'parked', claim, code: 'BENCH', reason: 'bench' }
    : {
        end: 'settled',
        claim,
        // An organization that moves takes all its people along: that is none of the hot statements.
        agreed: {
          salesforceId: n % 2 === 0 || claim.entity === 'organization' ? claim.salesforceId : `new_${claim.linkId}`,
          base: { a: 2 },
        },
        held: { id: `sf_${claim.clerkId}`, fields: { a: 2 }, version: 2, asOf: 2, sent: { a: 2 } },
        entries: [
          {
            side: 'salesforce',
            kind: 'update',
            salesforceId: claim.salesforceId,
            reason: 'bench',
            fields: {},
            result: 'done',
          },
        ],
      }

/** Every hot statement once, in the order of the road. */
const walk = (db: Database, people: number): Promise<Plan[]> =>
  db.transaction(async (query) => {
    const plans: Plan[] = []
    const as = (step: string): Query => explaining(query, step, plans)
    const hints = await claimHints(as('claim hints'), batch)
    await observeClerk(as('observe'), observations(people), now)
    await finishHints(as('finish hints'), hints, now)
    const told = hints.map(({ deliveryId }, n) => ({ recordId: `user_${n}`, carried: false, at: now, deliveryId }))
    await noteHintRecords(as('note hint records'), told)
    await readCounts(as('counts'), now)
    for (const asked of ['user_7', 'org_7', 'orgmem_7', 'sf_user_8', '003000000000001AAA', 'Seven@example.com'])
      await explain({ query: as(`explain ${asked}`), now, config: {} }, asked)
    await walkFollowing(as, people)
    await walkRuns(as, people)
    for (const entity of ['organization', 'person', 'membership'] as const) {
      await dueLinks(as('due links'), now, 200)
      const lease = `bench/${entity}`
      const claims = await claimDirty(as(`claim ${entity}`), entity, { limit: batch, now, leaseMs: 30_000, lease })
      const ids = claims.map(({ clerkId }) => clerkId)
      await readClerk(as(`plan ${entity}: Clerk`), claims)
      await readSalesforce(as(`plan ${entity}: Salesforce`), claims)
      if (entity !== 'organization') await readMemberships(as(`plan ${entity}: memberships`), ids)
      if (entity !== 'membership') await readParents(as(`plan: ${entity} as parent`), entity, ids)
      const released = claims
        .slice(0, 100)
        .map((claim) => ({ claim, dueAt: now, attempts: 0, look: false, waitsFor: 1 }))
      await releaseDirty(as(`release ${entity}`), released, lease, now)
      const settling: Database = { ...db, transaction: (work) => work(as(`settle ${entity}`)) }
      await settle(settling, entity, claims.slice(100).map(outcomeOf), lease, now)
    }
    return plans
  })

const figuresOf = (statistics: boolean, plans: readonly Plan[], report: Options['report']): Figure[] => {
  const name = statistics ? 'with statistics' : 'without statistics'
  // `dirty` is narrow, and as long as what is to be done: PostgreSQL may read it all where it cannot know better.
  const judged = new Set(statistics ? [...big, 'dirty'] : big)
  // For people, or once in a run.
  const isCount = ({ step }: Plan): boolean => step === 'counts' || step.startsWith('once:')
  for (const { step, nodes, scanned, pages, ms } of plans) {
    const note = scanned.length > 0 ? `  READS ALL OF ${scanned.join(', ')}` : ''
    report(`  ${step}: ${ms.toFixed(1)} ms, ${pages} pages, ${nodes.join(', ')}${note}`)
  }
  const explained = plans.filter(({ step }) => step.startsWith('explain '))
  const byRecord = Map.groupBy(explained, ({ step }) => step)
  const durations = [...byRecord.values()].map((steps) => steps.reduce((sum, { ms }) => sum + ms, 0))
  const perRow = plans.filter((plan) => !isCount(plan) && !explained.includes(plan)).map(({ pages }) => pages / batch)
  const scans = plans.flatMap((plan) => (isCount(plan) ? [] : plan.scanned.filter((table) => judged.has(table))))
  return [
    {
      name: `plans ${name}: hot statements that read a big table from end to end`,
      definition: `of ${plans.length} statements of intake, plan and settle, on ${[...judged].join(', ')}; those that count for people are not among them`,
      value: scans.length,
      unit: '',
      target: { most: 0 },
    },
    {
      name: `plans ${name}: pages for each row of a batch, worst statement`,
      definition: `pages of tables and indexes that the most expensive statement touches, divided by the ${batch} rows of its batch; a look by key and a new version of a row with its index entries take some ten to thirty`,
      value: Math.max(...perRow),
      unit: '',
      target: { most: 60 },
    },
    {
      name: `plans ${name}: one record explained, the slowest of ${byRecord.size}`,
      definition:
        'what all statements of one explanation take in PostgreSQL; a line of journal for each record, and ten thousand for one that is asked for',
      value: Math.max(...durations),
      unit: 'ms',
      target: { most: 1_000 },
    },
  ]
}

export const measurePlans = async ({ quick, report }: Options): Promise<Figure[]> => {
  const records = quick ? 100_000 : 1_000_000
  const postgres = await startPostgres()
  const db = await openDatabase({ url: await postgres.createDatabase('plans') })
  try {
    await migrate(db)
    for (const table of [...big, 'dirty'])
      await db.query(`alter table clerkforce.${table} set (autovacuum_enabled = off)`)
    await fill(db.query, records)
    const people = Math.floor(records * 0.49)
    report(`  without statistics, ${records} records and links`)
    const without = await walk(db, people)
    const figures = figuresOf(false, without, report)
    await db.query('vacuum analyze')
    report('  with statistics')
    return [...figures, ...figuresOf(true, await walk(db, people), report)]
  } finally {
    await db.close()
    await postgres.stop()
  }
}
