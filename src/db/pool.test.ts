import { expect, onTestFinished, test } from 'vitest'
import { freshDatabase, freshPostgres } from '../../test/support/databases.ts'
import { startSilentServer } from '../../test/support/silent-server.ts'
import { type Database, isDatabaseDown } from './database.ts'
import { poolDatabase } from './pool.ts'

/** As `openPostgres` opens it, with a hundredth of the patience. */
const impatient = (url: string, connections = 1): Database => {
  const db = poolDatabase('postgres', {
    connectionString: url,
    max: connections,
    connectionTimeoutMillis: 300,
    query_timeout: 300,
  })
  onTestFinished(() => db.close())
  return db
}

const failureOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  )

test.each([
  ['a statement', (db: Database) => db.query('select 1')],
  ['a transaction', (db: Database) => db.transaction((query) => query('select 1'))],
])('%s on a server that fell silent is given up, and its connection replaced', async (_, work) => {
  const server = await startSilentServer(await freshPostgres())
  const db = impatient(server.url)
  expect(await db.query('select 1 as one')).toEqual([{ one: 1 }])
  server.fallSilent()
  const started = Date.now()
  const failure = await failureOf(work(db))
  expect(isDatabaseDown(failure)).toBe(true)
  expect(Date.now() - started).toBeLessThan(2_000)
  server.recover()
  expect(await db.query('select 1 as one')).toEqual([{ one: 1 }])
})

test('a server that falls silent in the middle of a transaction costs the wait once, not again for the rollback', async () => {
  const server = await startSilentServer(await freshPostgres())
  const db = impatient(server.url)
  const work = db.transaction(async (query) => {
    await query('select 1')
    server.fallSilent()
    await query('select 1')
  })
  const started = Date.now()
  expect(isDatabaseDown(await failureOf(work))).toBe(true)
  expect(Date.now() - started).toBeLessThan(550)
})

test('a server that accepts connections and never answers counts as down', async () => {
  const server = await startSilentServer(await freshPostgres())
  server.fallSilent()
  expect(isDatabaseDown(await failureOf(impatient(server.url).query('select 1')))).toBe(true)
})

test('a patient transaction waits for as long as its statements take', async () => {
  const db = impatient(await freshPostgres())
  const slow = (query: Database['query']) => query('select pg_sleep(0.6)')
  expect(isDatabaseDown(await failureOf(db.transaction(slow)))).toBe(true)
  expect(await db.transaction(slow, { patient: true })).toHaveLength(1)
})

test('the server itself ends what takes too long inside a transaction', async () => {
  const db = await freshDatabase('postgres')
  const limits = `select current_setting('statement_timeout') as statement, current_setting('idle_in_transaction_session_timeout') as idle`
  expect(await db.transaction((query) => query(limits))).toEqual([{ statement: '25s', idle: '1min' }])
  expect(await db.transaction((query) => query(limits), { patient: true })).toEqual([{ statement: '0', idle: '0' }])
  expect(await db.query(limits)).toEqual([{ statement: '0', idle: '0' }])
})
