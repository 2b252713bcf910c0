import { readdirSync, readFileSync } from 'node:fs'
import type { Database, Query } from './database.ts'

const folder = new URL('./migrations/', import.meta.url)

// Any number that only we use: two processes that start together take turns.
const advisoryLock = 4_800_480_048

type Migration = { number: number; name: string; sql: string }

const readMigrations = (): Migration[] =>
  readdirSync(folder)
    .filter((file) => file.endsWith('.sql'))
    .sort()
    .map((file) => ({
      number: Number(file.slice(0, 4)),
      name: file,
      sql: readFileSync(new URL(file, folder), 'utf8'),
    }))

/**
 * Brings the schema `clerkforce` to what this version of the program needs; one transaction a migration.
 * @throws Error when the database was migrated by a newer version, which this one could not write to safely.
 */
export const migrate = async (db: Database): Promise<void> => {
  const migrations = readMigrations()
  const bring = async (query: Query): Promise<void> => {
    await query('select pg_advisory_xact_lock($1)', [advisoryLock])
    await query('create schema if not exists clerkforce')
    await query(
      'create table if not exists clerkforce.migration (number integer primary key, name text not null, at timestamptz not null default now())',
    )
    const done = await query<{ number: number }>('select number from clerkforce.migration order by number')
    const newest = done.at(-1)?.number ?? 0
    const known = migrations.at(-1)?.number ?? 0
    if (newest > known)
      throw new Error(
        `the database is at migration ${newest}, this version of clerkforce knows up to ${known}: run the newer version, or restore the database`,
      )
    for (const { number, name, sql } of migrations) {
      if (done.some((row) => row.number === number)) continue
      await query(sql)
      await query('insert into clerkforce.migration (number, name) values ($1, $2)', [number, name])
    }
  }
  // Rebuilding a large table takes its time, and so does waiting for the process that does it.
  await db.transaction(bring, { patient: true })
}
