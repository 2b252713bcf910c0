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
 * has not fitted the org since the process started: a roll-out of a wrong mapping then stops at its first process. Once it has fitted,
 * a field that somebody renames is named in the answer but takes nobody off the road: it would take all processes at once, and stored
 * webhooks are written when the field is back. For the same reason a Salesforce that is down, paused or has never been reached is no
 * reason.
 */
export const addHealthRoutes = (app: Hono, { db, engine, clock }: HealthRoutesOptions): void => {
  const startedAt = clock.now()
  let fitted = false
  app.get('/healthz', (c) => c.json({ status: 'alive' }))
  app.get('/readyz', async (c) => {
    const { state, problems, paused } = readSalesforceStatus(engine)
    fitted ||= engine.health().checked?.problems.length === 0
    const reasons = fitted ? [] : [...problems]
    const fault = await databaseFault(db, clock)
    if (fault !== undefined) reasons.unshift(fault)
    if (state === 'checking' && clock.now() - startedAt < checkGraceMs)
      reasons.push('Salesforce has not yet been asked for its fields')
    const ready = reasons.length === 0
    const salesforce = paused ? `paused: ${paused.reason}` : state
    const body = { status: ready ? 'ready' : 'not ready', reasons, salesforce }
    return c.json(fitted && problems.length > 0 ? { ...body, problems } : body, ready ? 200 : 503)
  })
}
