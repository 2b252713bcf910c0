/**
 * Once for the whole suite: a real PostgreSQL from npm, with one migrated template database that every test clones (20-40 ms), and a
 * dumped PGlite folder that every test loads (0.5 s instead of 3), or copies for a program that it starts. All are removed when the suite ends.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { migrate } from '../../src/db/migrate.ts'
import { openPglite } from '../../src/db/pglite.ts'
import { openPostgres } from '../../src/db/postgres.ts'
import { startPostgres } from './postgres.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    /** Address of the server, ending in the name of the template database. */
    postgresTemplate: string
    pgliteTemplate: string
    /** A folder that holds a migrated database, to be copied. */
    pgliteFolder: string
  }
}

const makePgliteTemplate = async (file: string, folder: string): Promise<void> => {
  const db = await openPglite({ url: folder })
  await migrate(db)
  writeFileSync(file, await db.dump())
  await db.close()
}

const makePostgresTemplate = async (url: string): Promise<void> => {
  const db = await openPostgres({ url })
  await migrate(db)
  await db.close()
}

export const setup = async (project: TestProject): Promise<() => Promise<void>> => {
  const folder = mkdtempSync(join(tmpdir(), 'clerkforce-test-'))
  // Programs that tests start read the same files over and over: compiled once, each starts a quarter sooner.
  process.env['NODE_COMPILE_CACHE'] ??= join(folder, 'compiled')
  const pgliteTemplate = join(folder, 'pglite.tar')
  const pgliteFolder = join(folder, 'pglite')
  const [postgres] = await Promise.all([startPostgres(), makePgliteTemplate(pgliteTemplate, pgliteFolder)])
  const template = await postgres.createDatabase('clerkforce_template')
  await makePostgresTemplate(template)
  project.provide('postgresTemplate', template)
  project.provide('pgliteTemplate', pgliteTemplate)
  project.provide('pgliteFolder', pgliteFolder)
  return async () => {
    await postgres.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}
