/**
 * Puts clerkforce together from its settings: database, clients, engine, HTTP.
 *
 * `openClerkforce` gives a web-standard `fetch` to mount in an application of yours; `startClerkforce` also listens on a port. Any number of
 * both, in any number of processes, may share one PostgreSQL.
 *
 * Closing lets work under way end for some seconds, then breaks it off: what is cut off is given back and looked at again by the next process.
 * It takes less than ten seconds whatever Clerk, Salesforce or the database do, because that is what process supervisors give.
 */
import { randomUUID } from 'node:crypto'
import { createClerkClient } from './clerk/client.ts'
import { createPace } from './clerk/pace.ts'
import { createRecordPace } from './clerk/record-pace.ts'
import { createVerifier } from './clerk/signature.ts'
import { type Clock, systemClock } from './clock.ts'
import type { Settings } from './config.ts'
import { type Database, openDatabase } from './db/database.ts'
import { migrate } from './db/migrate.ts'
import { checkMappingShape, loadMapping } from './load-mapping.ts'
import { createLog, type Log } from './log.ts'
import { createSalesforceClient } from './salesforce/client.ts'
import { createChangeEvents } from './salesforce/events/change-events.ts'
import { listen } from './server/listen.ts'
import { createMetrics } from './server/metrics.ts'
import { readLatest } from './server/runs.ts'
import { createServer } from './server/server.ts'
import { type Engine, type Events, startEngine } from './sync/engine.ts'
import {
  type CreatedOrganization,
  createOrganization,
  type OrganizationRequest,
} from './sync/grants/create-organization.ts'
import { giveBackAll } from './sync/mirror/dirty.ts'
import type { MappingConfig } from './sync/plan/mapping.ts'

/** The settings that a clerkforce needs, as `readSettings` gives them. */
export type ClerkforceSettings = Pick<
  Settings,
  'clerk' | 'webhook' | 'salesforce' | 'database' | 'server' | 'mapping' | 'retention' | 'reconcile' | 'log'
>

/** The groups of those settings, for `readSettings`. */
export const CLERKFORCE_SETTINGS = [
  'clerk',
  'webhook',
  'salesforce',
  'database',
  'server',
  'mapping',
  'retention',
  'reconcile',
  'log',
] as const

export type ClerkforceOptions = {
  settings: ClerkforceSettings
  /** Nothing is written to either side; only runs are worked on. @default false */
  observeOnly?: boolean
  /** Mapping and policies, in place of the file that the settings name. */
  config?: MappingConfig
  /** An open database, migrated here and left open at the end, in place of the one that the settings name. */
  db?: Database
  /** @default JSON lines on standard output, at the level of the settings */
  log?: Log
  /** Told what happens as it happens. */
  events?: Events
  /** @default the machine's clock */
  clock?: Clock
  /** From 0 to 1, for jitter. @default Math.random */
  random?: () => number
  /** How long what was written to Salesforce may wait to be read back, in ms: longer is fewer API calls. @default 5_000 */
  echoMs?: number
}

export type Clerkforce = {
  /** Answers `/webhooks/clerk`, `/healthz`, `/readyz`, `/metrics` and `/api`. */
  fetch: (request: Request, env?: object) => Response | Promise<Response>
  engine: Engine
  db: Database
  /** Creates an organization in Clerk, and so an Account in Salesforce; asking again with the same key makes no second one. */
  createOrganization: (request: OrganizationRequest) => Promise<CreatedOrganization>
  /** Lets work under way end or gives it back, then closes everything. */
  close: () => Promise<void>
}

export type RunningClerkforce = Clerkforce & { url: string; port: number }

/** Of the ten seconds that a stop may take. */
const requestGraceMs = 1_500
const jobGraceMs = 500
const callGraceMs = 3_000
const engineGraceMs = 5_000
const databaseGraceMs = 1_000

/** Names this process in its leases: two that start at once, on machines of the same name, must differ. */
const processName = (): string => `${process.pid}-${randomUUID().slice(0, 8)}`

/** Resolves when the work has, or after `ms`: true when it was in time. */
const within = async (ms: number, work: Promise<unknown>): Promise<boolean> => {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), ms)
  })
  return Promise.race([work.then(() => true), late]).finally(() => clearTimeout(timer))
}

/** Change events repeat it as their origin. */
const clientName = 'clerkforce'

const createClients = ({ clerk, salesforce }: ClerkforceSettings, clock: Clock, log: Log) => {
  const sleep = (ms: number): Promise<void> => clock.sleep(ms)
  const { pubsubEndpoint: endpoint, events } = salesforce
  const org = createSalesforceClient({
    loginUrl: salesforce.loginUrl,
    auth: salesforce.auth,
    apiVersion: salesforce.apiVersion,
    clientName,
    now: clock.now,
    sleep: clock.sleep,
    // Besides the writes: reading back, polling and asking for the org's fields.
    maxInFlight: salesforce.concurrency + 3,
    onNotice: (notice) => log.info({ stage: 'write', side: 'salesforce' }, notice),
  })
  return {
    salesforce: org,
    events:
      events === 'auto' || events === 'stream'
        ? createChangeEvents({ endpoint, tokens: org.tokens, clock })
        : undefined,
    clerk: createClerkClient({
      secretKey: clerk.secretKey,
      apiUrl: clerk.apiUrl,
      pace: createPace({ requests: clerk.requestsPer10s, now: clock.now, sleep }),
      recordPace: createRecordPace({ now: clock.now }),
      now: clock.now,
    }),
  }
}

/**
 * Opens the database, brings it up to date and starts the engine.
 * @throws SettingError when the mapping is malformed, or the folder of the database is in use.
 */
export const openClerkforce = async (options: ClerkforceOptions): Promise<Clerkforce> => {
  const { settings, clock = systemClock, random = Math.random, events = {} } = options
  const log = options.log ?? createLog(settings.log.level)
  const config = options.config ? checkMappingShape(options.config, 'config') : await loadMapping(settings.mapping.file)
  const verify = createVerifier({ secrets: settings.webhook.signingSecrets })
  const db = options.db ?? (await openDatabase({ url: settings.database.url }))
  const closeDatabase = async (): Promise<void> => {
    if (!options.db) await db.close()
  }
  try {
    await migrate(db)
    const name = processName()
    const { clerk, salesforce, events: changeEvents } = createClients(settings, clock, log)
    const newKey = randomUUID
    const metrics = createMetrics({ watch: () => ({ engine, salesforce, runs: () => readLatest(db) }) })
    const engine: Engine = await startEngine({
      db,
      verify,
      clerk,
      salesforce,
      follow: {
        mode: settings.salesforce.events,
        events: changeEvents,
        channel: settings.salesforce.eventChannel,
        pollMs: settings.salesforce.pollSeconds * 1_000,
        userId: async () => (await salesforce.tokens.current()).userId,
        clientName,
        ...(options.echoMs === undefined ? {} : { echoMs: options.echoMs }),
      },
      config,
      resync: settings.mapping.resync,
      clock,
      random,
      log,
      name,
      newKey,
      allowanceShare: settings.salesforce.allowanceShare,
      concurrency: settings.salesforce.concurrency,
      observeOnly: options.observeOnly ?? false,
      ...settings.retention,
      runs: {
        at: settings.reconcile.at,
        deletions: { share: settings.reconcile.deletionsShare, number: settings.reconcile.deletionsNumber },
        budget: settings.reconcile.budget,
      },
      events: {
        hintRead: (hint) => {
          metrics.events.hintRead?.(hint)
          events.hintRead?.(hint)
        },
        delivered: (result) => {
          metrics.events.delivered?.(result)
          events.delivered?.(result)
        },
        followed: (taken) => {
          metrics.events.followed?.(taken)
          events.followed?.(taken)
        },
      },
    })
    const { adminToken } = settings.server
    const sides = { api: engine.api, clerk, checked: async () => engine.health().checked }
    const app = createServer({ db, engine, metrics, log, clock, newKey, clerk, salesforce, sides, adminToken, config })
    const close = async (): Promise<void> => {
      const engineStopped = engine.stop()
      // It breaks off bulk jobs by calls of their own. Then the clients stop taking requests, so that nothing new goes out while it winds down.
      const clientClosed = within(jobGraceMs, engineStopped).then(() => salesforce.close(callGraceMs))
      const stopped = Promise.all([engineStopped, clientClosed])
      const clerkClosed = clerk.close()
      if (!(await within(engineGraceMs, stopped))) {
        log.warn({ stage: 'stop' }, 'work under way did not end in time; it is given back')
        await within(
          databaseGraceMs,
          giveBackAll(db.query, `${name}/`, clock.now()).catch(() => undefined),
        )
      }
      await within(databaseGraceMs, Promise.allSettled([clerkClosed, closeDatabase()]))
    }
    let closing: Promise<void> | undefined
    return {
      fetch: (request, env) => app.fetch(request, env),
      engine,
      db,
      createOrganization: (request) => createOrganization({ db, clerk, clock, newKey }, request),
      close: () => {
        closing ??= close()
        return closing
      },
    }
  } catch (error) {
    await closeDatabase()
    throw error
  }
}

/**
 * Opens a clerkforce and listens.
 * @throws Error with code EADDRINUSE when the port is taken.
 */
export const startClerkforce = async (options: ClerkforceOptions): Promise<RunningClerkforce> => {
  const clerkforce = await openClerkforce(options)
  try {
    const { url, port, close } = await listen(clerkforce, options.settings.server)
    return {
      ...clerkforce,
      url,
      port,
      close: async () => {
        await close(requestGraceMs)
        await clerkforce.close()
      },
    }
  } catch (error) {
    await clerkforce.close()
    throw error
  }
}
