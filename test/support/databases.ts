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

/** A fresh, migrated database of the kind; closed when the test ends, or by whom `ended` gives it to. */
export const freshDatabase = async (
  kind: DatabaseKind,
  ended: (close: () => Promise<void>) => void = onTestFinished,
): Promise<Database> => {
  const db =
    kind === 'pglite'
      ? await openDatabase({ url: 'memory:', template: readFileSync(inject('pgliteTemplate')) })
      : await openDatabase({ url: await freshPostgres() })
  ended(() => db.close())
  return db
}
