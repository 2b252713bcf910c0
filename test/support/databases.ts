import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import pg from 'pg'
import { inject, onTestFinished } from 'vitest'
import { type Database, openDatabase } from '../../src/db/database.ts'

export type DatabaseKind = Database['kind']
export const databaseKinds: readonly DatabaseKind[] = ['pglite', 'postgres']

/** A fresh, migrated database on the suite's PostgreSQL server; dropped by the server's end. Returns its address. */
export const freshPostgres = async (): Promise<string> => {
  const template = new URL(inject('postgresTemplate'))
  const name = `t_${randomUUID().replaceAll('-', '')}`
  const admin = new URL(template)
  admin.pathname = '/postgres'
  const client = new pg.Client({ connectionString: admin.href })
  await client.connect()
  await client.query(`create database ${name} template ${template.pathname.slice(1)}`).finally(() => client.end())
  const url = new URL(template)
  url.pathname = `/${name}`
  return url.href
}

/** Emptied ones, as good as new: to copy the template takes a tenth of a second and more, and a suite needs hundreds. */
const emptied: string[] = []

const empty = `
  do $$
  declare
    tables text := (select string_agg(format('clerkforce.%I', tablename), ', ') from pg_tables
      where schemaname = 'clerkforce' and tablename <> 'migration');
  begin
    execute 'truncate ' || tables || ' restart identity';
  end $$`
// What an earlier test told the planner.
const forget =
  "delete from pg_statistic where starelid in (select oid from pg_class where relnamespace = 'clerkforce'::regnamespace)"
const others = 'select 1 from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()'

/** Empties a database for the next test; one that somebody is still connected to is left alone. */
const giveBack = async (url: string): Promise<void> => {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    if ((await client.query(others)).rows.length > 0) return
    await client.query(empty)
    await client.query(forget)
    emptied.push(url)
  } finally {
    await client.end()
  }
}

const openEmptied = async (): Promise<Database> => {
  const url = emptied.pop() ?? (await freshPostgres())
  const db = await openDatabase({ url })
  let closed = false
  return {
    ...db,
    close: async () => {
      if (closed) return
      closed = true
      await db.close()
      await giveBack(url)
    },
  }
}

/** A fresh, migrated database of the kind; closed when the test ends, or by whom `ended` gives it to. */
export const freshDatabase = async (
  kind: DatabaseKind,
  ended: (close: () => Promise<void>) => void = onTestFinished,
): Promise<Database> => {
  const db =
    kind === 'pglite'
      ? await openDatabase({ url: 'memory:', template: readFileSync(inject('pgliteTemplate')) })
      : await openEmptied()
  ended(() => db.close())
  return db
}
