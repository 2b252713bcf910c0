import { Webhook } from 'standardwebhooks'
import { onTestFinished } from 'vitest'
import { type DatabaseKind, freshDatabase } from '../../test/support/databases.ts'
import { createClerkClient } from '../clerk/client.ts'
import { createVerifier } from '../clerk/signature.ts'
import { type Clock, systemClock } from '../clock.ts'
import type { Database } from '../db/database.ts'
import { type RunningClerkEmulator, startClerkEmulator, startSalesforceEmulator } from '../emulators/index.ts'
import { createLog } from '../log.ts'
import { createSalesforceClient } from '../salesforce/client.ts'
import { type Engine, startEngine } from '../sync/engine.ts'
import type { MappingConfig } from '../sync/plan/mapping.ts'
import { createMetrics } from './metrics.ts'
import { readLatest } from './runs.ts'
import { createServer } from './server.ts'

export const ADMIN_TOKEN = 'a-token-for-tests-only'

export type Served = {
  app: ReturnType<typeof createServer>
  db: Database
  engine: Engine
  clerk: RunningClerkEmulator
  salesforce: Awaited<ReturnType<typeof startSalesforceEmulator>>
  /** Lines of the log so far, parsed. */
  logged: () => Record<string, unknown>[]
  /** A request with the admin token. */
  admin: (path: string, init?: RequestInit) => Promise<Response>
}

export type ServeOptions = {
  /** @default 'postgres', which is ready sooner */
  kind?: DatabaseKind
  config?: MappingConfig
  adminToken?: string | undefined
  /** Of the server; the engine's is the machine's. */
  clock?: Clock
  salesforceDown?: boolean
}

/** A whole server on a fresh database and both emulators; everything is closed when the test ends. */
export const serveForTest = async (options: ServeOptions = {}): Promise<Served> => {
  const { config = {}, clock = systemClock } = options
  const adminToken = 'adminToken' in options ? options.adminToken : ADMIN_TOKEN
  const db = await freshDatabase(options.kind ?? 'postgres')
  const clerk = await startClerkEmulator()
  const salesforce = await startSalesforceEmulator()
  if (options.salesforceDown) salesforce.faults.add({ respond: { status: 503 } })
  const clerkClient = createClerkClient({ secretKey: clerk.secretKey, apiUrl: clerk.url, timeoutMs: 2_000 })
  const { clientId, clientSecret } = salesforce
  const salesforceClient = createSalesforceClient({
    loginUrl: salesforce.url,
    auth: { kind: 'client-credentials', clientId, clientSecret },
    now: Date.now,
  })
  const lines: string[] = []
  const log = createLog('debug', { write: (line) => lines.push(line) })
  const metrics = createMetrics({
    watch: () => ({ engine, salesforce: salesforceClient, runs: () => readLatest(db) }),
    processMetrics: false,
  })
  const engine: Engine = await startEngine({
    db,
    verify: createVerifier({ secrets: [clerk.signingSecret] }),
    clerk: clerkClient,
    salesforce: salesforceClient,
    config,
    clock: systemClock,
    random: Math.random,
    log,
    name: 'test',
    events: metrics.events,
  })
  onTestFinished(async () => {
    await Promise.all([engine.stop(), salesforceClient.close(500)])
    await clerkClient.close()
    await Promise.all([clerk.close(), salesforce.close()])
  })
  const newKey = (): string => crypto.randomUUID()
  const app = createServer({
    db,
    engine,
    metrics,
    log,
    clock,
    newKey,
    clerk: clerkClient,
    salesforce: salesforceClient,
    adminToken,
  })
  return {
    app,
    db,
    engine,
    clerk,
    salesforce,
    logged: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>),
    admin: async (path, init = {}) =>
      app.request(path, { ...init, headers: { authorization: `Bearer ${ADMIN_TOKEN}`, ...init.headers } }),
  }
}

/** Headers and body of a webhook as Clerk would send it now. */
export const sign = (
  secret: string,
  body: string,
  { id = `msg_${crypto.randomUUID()}`, at = new Date() }: { id?: string; at?: Date } = {},
): { method: 'POST'; headers: Record<string, string>; body: string } => ({
  method: 'POST',
  headers: {
    'content-type': 'application/json',
    'svix-id': id,
    'svix-timestamp': String(Math.floor(at.getTime() / 1_000)),
    'svix-signature': new Webhook(secret).sign(id, at, body),
  },
  body,
})

/** The body of an organization's event. */
export const organizationEvent = (id: string, name: string, type = 'organization.created'): string => {
  const at = Date.now()
  const data = {
    object: 'organization',
    id,
    name,
    public_metadata: {},
    private_metadata: {},
    created_at: at,
    updated_at: at,
  }
  return JSON.stringify({ object: 'event', type, data, timestamp: at, instance_id: 'ins_1' })
}
