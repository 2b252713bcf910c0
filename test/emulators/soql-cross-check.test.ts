/**
 * The emulator's SOQL against an independent judge: the same questions over the same records put to PostgreSQL.
 * `npm run test:long -- soql` asks many times as many; a failure prints the question and its seed.
 */
import fc from 'fast-check'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ManualClock, manualClock } from '../../src/emulators/kit/clock.ts'
import { openSalesforce, type TestClient } from '../../src/emulators/salesforce/client.test-support.ts'
import { freshPostgres } from '../support/databases.ts'
import { asSql } from './soql-as-sql.ts'
import { asText } from './soql-as-text.ts'
import { type Entity, fields, firstDay, type Kind, type Literal, questions, values } from './soql-questions.ts'

const seed = Number(process.env['SEED'] ?? 1)
const runs = 500 * Number(process.env['RUNS'] ?? 1)
const entities: readonly Entity[] = ['Account', 'Contact', 'AccountContactRelation']

let clock: ManualClock
let salesforce: TestClient
let postgres: pg.Client

type Values = Record<string, unknown>

const some = (list: readonly Literal[]): fc.Arbitrary<Literal> => fc.option(fc.constantFrom(...list), { freq: 5 })
const accounts = fc.record({
  Name: fc.constantFrom(...values.text),
  Industry: some(values.pick),
  NumberOfEmployees: some([0, 1, 10, 250]),
  AnnualRevenue: some(values.number),
  parent: fc.option(fc.nat()),
})
const contacts = fc.record({
  LastName: fc.constantFrom(...values.text),
  FirstName: some(values.text),
  LeadSource: some(values.pick),
  Birthdate: some(values.date),
  DoNotCall: fc.boolean(),
  account: fc.option(fc.nat(), { freq: 4 }),
  boss: fc.option(fc.nat()),
})
const relations = fc.record({
  Roles: fc.option(fc.subarray(values.multi as string[], { minLength: 1 }).map((roles) => roles.join(';'))),
  IsActive: fc.boolean(),
  StartDate: some(values.date),
  account: fc.nat(),
  contact: fc.nat(),
})

const at = (ids: readonly string[], position: number | null): string | null =>
  position === null || ids.length === 0 ? null : (ids[position % ids.length] ?? null)

// A third of a day passes between saves, so that stamps spread over the months that date literals speak of.
const pass = () => clock.advance(8 * 3_600_000 + 1_234_000)

const fill = async (): Promise<void> => {
  const { person } = salesforce
  const ids: Record<'Account' | 'Contact', string[]> = { Account: [], Contact: [] }
  for (const { parent, ...account } of fc.sample(accounts, { seed, numRuns: 40 })) {
    ids.Account.push(person.create('Account', { ...account, ParentId: at(ids.Account, parent) }))
    await pass()
  }
  const keys = [...values.exact]
  for (const { account, boss, ...contact } of fc.sample(contacts, { seed, numRuns: 120 })) {
    const Key__c = ids.Contact.length % 9 === 0 ? (keys.pop() ?? null) : null
    const record = { ...contact, Key__c, AccountId: at(ids.Account, account), ReportsToId: at(ids.Contact, boss) }
    ids.Contact.push(person.create('Contact', record))
    await pass()
  }
  for (const { account, contact, ...relation } of fc.sample(relations, { seed, numRuns: 60 })) {
    try {
      person.create('AccountContactRelation', {
        ...relation,
        AccountId: at(ids.Account, account),
        ContactId: at(ids.Contact, contact),
      })
    } catch {
      // A second relationship of a pair, or one of a private contact.
    }
  }
  for (const id of ids.Contact.filter((_, i) => i % 11 === 3)) person.remove('Contact', id)
  for (const id of ids.Account.filter((_, i) => i % 17 === 5)) person.remove('Account', id)
}

const columnTypes: Partial<Record<Kind, string>> = {
  flag: 'boolean',
  number: 'double precision',
  date: 'date',
  time: 'timestamp',
}

const copy = async (): Promise<void> => {
  const state = salesforce.state()
  for (const entity of entities) {
    const own = fields[entity].filter(({ path }) => !path.includes('.'))
    const extra = {
      IsDeleted: 'flag',
      SystemModstamp: 'time',
      ...(entity === 'Contact' ? { ReportsToId: 'id' } : {}),
    } satisfies Record<string, Kind>
    const columns = new Map<string, Kind>([
      ...own.map(({ path, kind }): [string, Kind] => [path, kind]),
      ...Object.entries<Kind>(extra),
    ])
    const definitions = [...columns].map(([name, kind]) => `"${name}" ${columnTypes[kind] ?? 'text'}`)
    await postgres.query(`create table "${entity}" (${definitions.join(', ')})`)
    for (const row of state[entity] ?? []) {
      const given = [...columns].map(([name, kind]) => {
        const value = row[name] ?? null
        if (kind === 'flag') return value === true
        return kind === 'time' && typeof value === 'string' ? value.replace('+0000', '') : value
      })
      const places = given.map((_, i) => `$${i + 1}`).join(', ')
      await postgres.query(`insert into "${entity}" values (${places})`, given)
    }
  }
}

/** A record without what only the API adds; children as a plain list. */
const plain = (value: unknown): unknown => {
  if (typeof value === 'number') return Math.round(value * 1e6) / 1e6
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  const { attributes: _, ...rest } = value as Values
  if ('records' in rest) return plain(rest['records'])
  return Object.fromEntries(Object.entries(rest).map(([name, each]) => [name, plain(each)]))
}

beforeAll(async () => {
  clock = manualClock(firstDay)
  salesforce = openSalesforce({
    clock,
    sfdx: false,
    customFields: [
      {
        object: 'Contact',
        name: 'Key__c',
        type: 'string',
        length: 40,
        unique: true,
        caseSensitive: true,
        externalId: true,
      },
    ],
  })
  postgres = new pg.Client({ connectionString: await freshPostgres() })
  await postgres.connect()
  await fill()
  await copy()
})
afterAll(() => postgres.end())

test('SOQL answers as PostgreSQL answers the same question', async () => {
  const state = salesforce.state()
  const rows = entities.flatMap((entity) => (state[entity] ?? []).slice(0, 60))
  const stamps = rows.map((row) => String(row['SystemModstamp']).replace('.000+0000', 'Z'))
  const known = { ids: rows.map((row) => String(row['Id'])), stamps }
  let answered = 0
  await fc.assert(
    fc.asyncProperty(questions(known), async (question) => {
      const soql = asText(question)
      const sql = asSql(question, clock.now())
      const path = question.asks === 'rows' && question.all ? '/queryAll' : '/query'
      const { status, body } = await salesforce.call('GET', `${path}?q=${encodeURIComponent(soql)}`)
      expect(status, `${soql}\n${JSON.stringify(body)}`).toBe(200)
      const { totalSize, records } = body as { totalSize: number; records: unknown[] }
      const { rows } = await postgres.query<{ r: unknown }>(sql).catch((error: unknown) => {
        throw new Error(`${soql}\n${sql}`, { cause: error })
      })
      const expected = rows.map(({ r }) => plain(r))
      const found = question.asks === 'count' ? [totalSize] : records.map(plain)
      expect(found, `${soql}\n${sql}`).toEqual(expected)
      if (records.length > 0 || totalSize > 0) answered++
    }),
    { seed, numRuns: runs },
  )
  expect(answered).toBeGreaterThan(runs / 3)
})
