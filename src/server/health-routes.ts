import type { Hono } from 'hono'
import type { Clock } from '../clock.ts'
import type { Database } from '../db/database.ts'
import type { Engine } from '../sync/engine.ts'
import { readSalesforceStatus } from './operations.ts'

export type HealthRoutesOptions = { db: Database; engine: Pick<Engine, 'health'>; clock: Clock }

/** A new process gets this long to ask the org for its fields before it counts as ready all the same. */
const checkGraceMs = 10_000
const databaseTimeoutMs = 2_000

/** What is wrong with the database, in words without an address; undefined when nothing is. */
const databaseFault = async (db: Database, clock: Clock): Promise<string | undefined> => {
  const end = new AbortController()
  const ask = db.query('select 1 from clerkforce.migration limit 1').then(
    () => undefined,
    (error: unknown) =>
      error instanceof Error && 'code' in error && error.code === '42P01'
        ? 'the database is not migrated'
        : 'the database cannot be reached',
  )
  const timeout = clock.sleep(databaseTimeoutMs, end.signal).then(() => 'the database does not answer')
  return Promise.race([ask, timeout]).finally(() => end.abort())
}

/**
 * `/healthz`: the process is alive. `/readyz`: webhooks should come here. That is not so while the database is away, or when the mapping
 * does not fit the org: a roll-out of a wrong mapping then stops at its first process. A Salesforce that is down, paused or has never been
 * reached is no reason: webhooks are stored, and it is they that must not be lost.
 */
export const addHealthRoutes = (app: Hono, { db, engine, clock }: HealthRoutesOptions): void => {
  const startedAt = clock.now()
  app.get('/healthz', (c) => c.json({ status: 'alive' }))
  app.get('/readyz', async (c) => {
    const { state, problems, paused } = readSalesforceStatus(engine)
    const reasons = [...problems]
    const fault = await databaseFault(db, clock)
    if (fault !== undefined) reasons.unshift(fault)
    if (state === 'checking' && clock.now() - startedAt < checkGraceMs)
      reasons.push('Salesforce has not yet been asked for its fields')
    const salesforce = paused ? `paused: ${paused.reason}` : state
    return c.json(
      { status: reasons.length === 0 ? 'ready' : 'not ready', reasons, salesforce },
      reasons.length === 0 ? 200 : 503,
    )
  })
}
