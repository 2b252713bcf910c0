/** clerkforce in a process of its own: what is measured. */
import { randomUUID } from 'node:crypto'
import { createVerifier } from '../src/clerk/signature.ts'
import { systemClock } from '../src/clock.ts'
import { type Database, openDatabase } from '../src/db/database.ts'
import { migrate } from '../src/db/migrate.ts'
import { createLog } from '../src/log.ts'
import { createSalesforceClient, type SalesforceClient } from '../src/salesforce/client.ts'
import { listen } from '../src/server/listen.ts'
import { createMetrics } from '../src/server/metrics.ts'
import { createServer } from '../src/server/server.ts'
import { type Engine, startEngine } from '../src/sync/engine.ts'
import { createReceive, type Receive } from '../src/sync/intake/receive.ts'
import type { Counts } from '../src/sync/mirror/counts.ts'
import { answerQuestions } from './child.ts'
import type { OrgAddress } from './org-process.ts'
import { signatureHeaders, signingSecret } from './signing.ts'

export type Written = {
  /** Links settled by a write, and those whose write failed. */
  done: number
  failed: number
  /** When the last of them was settled, in ms with fractions since 1970. */
  lastAt: number
  counts: Counts
}

const verify = createVerifier({ secrets: [signingSecret] })
const metrics = createMetrics({ watch: () => running && { ...running, runs: async () => [] } })
const log = createLog('silent')
const clock = (): number => performance.timeOrigin + performance.now()

type Running = { db: Database; salesforce: SalesforceClient; engine: Engine }
let running: Running | undefined
let done = 0
let failed = 0
let lastAt = 0

const start = async ({ databaseUrl, org }: { databaseUrl: string; org: OrgAddress }): Promise<Running> => {
  const db = await openDatabase({ url: databaseUrl })
  await migrate(db)
  const { clientId, clientSecret, url } = org
  const salesforce = createSalesforceClient({
    loginUrl: url,
    auth: { kind: 'client-credentials', clientId, clientSecret },
    now: Date.now,
  })
  const engine = await startEngine({
    db,
    salesforce,
    verify,
    clock: systemClock,
    random: Math.random,
    log,
    name: `bench-${process.pid}`,
    events: {
      ...metrics.events,
      delivered: (result) => {
        metrics.events.delivered?.(result)
        if (result.result === 'done') done++
        else failed++
        lastAt = clock()
      },
    },
  })
  running = { db, salesforce, engine }
  return running
}

const unreadInbox = async (url: string): Promise<Receive> => {
  const db = await openDatabase({ url })
  await migrate(db)
  return createReceive({ db, verify, now: Date.now, stored: () => undefined })
}

/** Looks seldom: counting the backlog is work for the database too. */
const drain = async (everyMs: number, timeoutMs: number): Promise<Written> => {
  const end = clock() + timeoutMs
  for (;;) {
    const counts = await running?.engine.counts()
    if (!counts) throw new Error('not started')
    if (counts.hints + counts.dirty === 0) return { done, failed, lastAt, counts }
    if (clock() > end)
      throw new Error(`not drained: ${JSON.stringify({ counts, paused: running?.engine.health().paused })}`)
    await systemClock.sleep(everyMs)
  }
}

const commands = {
  /** The engine without a server. */
  start: async (given: { databaseUrl: string; org: OrgAddress }): Promise<void> => {
    await start(given)
  },
  /**
   * The server as `serve` runs it; resolves with its port. With `inboxUrl` webhooks are stored there, where nobody reads them: what the
   * server could take if nothing else were to do.
   */
  serve: async ({
    inboxUrl,
    ...given
  }: {
    databaseUrl: string
    org: OrgAddress
    inboxUrl?: string
  }): Promise<number> => {
    const { db, engine } = await start(given)
    const options = { db, metrics, log, clock: systemClock, newKey: randomUUID }
    const receive = inboxUrl ? await unreadInbox(inboxUrl) : engine.receive
    const app = createServer({ ...options, engine: { ...engine, receive } })
    return (await listen(app, { host: '127.0.0.1', port: 0 })).port
  },
  /** Waits until nothing is left to do. */
  drain: ({ everyMs, timeoutMs }: { everyMs: number; timeoutMs: number }): Promise<Written> =>
    drain(everyMs, timeoutMs),
  /** Receives one webhook; resolves with the moment when it was stored, in ms with fractions since 1970. */
  receive: async ({ id, event }: { id: string; event: object }): Promise<number> => {
    const body = JSON.stringify(event)
    const received = await running?.engine.receive({
      headers: new Headers(signatureHeaders(id, body)),
      body: Buffer.from(body),
    })
    if (received?.status !== 200) throw new Error(`not received: ${received?.status}`)
    return clock()
  },
  /** The time of one durable commit of one row on the same database, in ms. */
  commit: async (_: undefined): Promise<number> => {
    const started = clock()
    await running?.db.query(`insert into clerkforce.gap (person_id, due_at) values ('bench_${started}', 0)`)
    const took = clock() - started
    await running?.db.query(`delete from clerkforce.gap where person_id = 'bench_${started}'`)
    return took
  },
  counts: async (_: undefined): Promise<Counts | undefined> => running?.engine.counts(),
  stop: async (_: undefined): Promise<void> => {
    await running?.engine.stop()
    await running?.salesforce.close()
    await running?.db.close()
    running = undefined
  },
  /** The most memory this process ever had, in bytes. */
  peakMemory: (_: undefined): number => process.resourceUsage().maxRSS * 1024,
}
export type ServiceCommands = typeof commands
answerQuestions(commands)
