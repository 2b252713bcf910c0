/** The whole road without the front door: signed deliveries into a real engine, on a real database, against the Salesforce emulator. */

import { Webhook } from 'standardwebhooks'
import { onTestFinished } from 'vitest'
import { createClerkClient } from '../../src/clerk/client.ts'
import { createVerifier } from '../../src/clerk/signature.ts'
import { type Clock, systemClock } from '../../src/clock.ts'
import type { Database } from '../../src/db/database.ts'
import {
  type RunningSalesforceEmulator,
  type SalesforceEmulatorOptions,
  type StartOptions,
  startSalesforceEmulator,
} from '../../src/emulators/salesforce/index.ts'
import { createLog } from '../../src/log.ts'
import { createSalesforceClient, type SalesforceClient } from '../../src/salesforce/client.ts'
import { type Engine, type EngineOptions, startEngine } from '../../src/sync/engine.ts'
import { type DatabaseKind, freshDatabase } from './databases.ts'

export const signingSecret: string = `whsec_${Buffer.from('a secret of twenty-four b').toString('base64')}`
const signer = new Webhook(signingSecret)

/** Headers and body of a delivery as Svix makes them. */
export const signed = (
  event: object,
  deliveryId: string,
  at: Date = new Date(),
): { headers: Headers; body: Buffer } => {
  const text = JSON.stringify(event)
  const headers = new Headers({
    'svix-id': deliveryId,
    'svix-timestamp': String(Math.floor(at.getTime() / 1000)),
    'svix-signature': signer.sign(deliveryId, at, text),
  })
  return { headers, body: Buffer.from(text) }
}

export type Road = {
  db: Database
  engine: Engine
  org: RunningSalesforceEmulator
  salesforce: SalesforceClient
  /** Signs and delivers an event; returns the status. */
  deliver: (event: object, deliveryId?: string) => Promise<number>
  /** Records of an object that are not deleted. */
  records: (object: string) => Shown[]
}
export type Shown = Record<string, unknown>

export type RoadOptions = {
  database?: DatabaseKind
  db?: Database
  org?: RunningSalesforceEmulator
  orgOptions?: OrgOptions
  engine?: Partial<EngineOptions>
  clock?: Clock
  clerkApi?: { url: string; secretKey: string }
}

type OrgOptions = SalesforceEmulatorOptions & Pick<StartOptions, 'pubsub'>

/** A Salesforce emulator that closes when the test ends; `pubsub: {}` opens its change events, of the channel Clerk_Sync__chn too. */
export const startOrg = async (
  options: OrgOptions = {},
  ended: (close: () => Promise<void>) => void = onTestFinished,
): Promise<RunningSalesforceEmulator> => {
  const org = await startSalesforceEmulator({ apiLimit: 10_000_000, ...options })
  ended(() => org.close())
  return org
}

export const salesforceClientOf = (
  org: RunningSalesforceEmulator,
  { sleep }: Pick<Clock, 'sleep'> = systemClock,
): SalesforceClient =>
  createSalesforceClient({
    loginUrl: org.url,
    auth: { kind: 'client-credentials', clientId: org.clientId, clientSecret: org.clientSecret },
    now: Date.now,
    sleep,
    timeoutMs: 5_000,
  })

/** A clock that runs `times` as fast, so that what waits by design does not make a test wait. */
export const fastClock = (times: number): Clock => {
  const start = Date.now()
  return {
    now: () => Math.round(start + (Date.now() - start) * times),
    sleep: (ms, signal) => systemClock.sleep(ms / times, signal),
  }
}

let roads = 0
let deliveries = 0

/** Starts a road; everything closes when the test ends. */
export const startRoad = async (options: RoadOptions = {}): Promise<Road> => {
  const clock = options.clock ?? systemClock
  const db = options.db ?? (await freshDatabase(options.database ?? 'postgres'))
  const org = options.org ?? (await startOrg(options.orgOptions))
  const salesforce = salesforceClientOf(org, clock)
  const clerk = options.clerkApi
    ? createClerkClient({ secretKey: options.clerkApi.secretKey, apiUrl: options.clerkApi.url, now: clock.now })
    : undefined
  const engine = await startEngine({
    db,
    salesforce,
    ...(clerk ? { clerk } : {}),
    verify: createVerifier({ secrets: [signingSecret] }),
    clock,
    random: Math.random,
    log: createLog(process.env['LOG'] ?? 'silent'),
    name: `road-${++roads}`,
    ...options.engine,
  })
  onTestFinished(async () => {
    await engine.stop()
    await salesforce.close(0)
    await clerk?.close()
  })
  return {
    db,
    engine,
    org,
    salesforce,
    deliver: async (event, deliveryId = `msg_${++deliveries}`) =>
      (await engine.receive(signed(event, deliveryId, new Date(clock.now())))).status,
    records: (object) => (org.state()[object] ?? []).filter((record) => record['IsDeleted'] !== true),
  }
}

/** API calls to Salesforce so far. */
export const salesforceCalls = ({ salesforce }: Pick<Road, 'salesforce'>): number =>
  Object.values(salesforce.calls()).reduce((sum, one) => sum + one, 0)
