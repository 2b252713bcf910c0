/** The whole product between both emulators: webhooks come in by HTTP, change events by gRPC. Nothing is left out. */
import { onTestFinished } from 'vitest'
import type { Clock } from '../../src/clock.ts'
import { readSettings } from '../../src/config.ts'
import type { Database } from '../../src/db/database.ts'
import { type RunningClerkEmulator, startClerkEmulator } from '../../src/emulators/clerk/index.ts'
import type { RunningSalesforceEmulator } from '../../src/emulators/salesforce/index.ts'
import { createLog } from '../../src/log.ts'
import {
  CLERKFORCE_SETTINGS,
  type ClerkforceSettings,
  type RunningClerkforce,
  startClerkforce,
} from '../../src/program.ts'
import type { Events } from '../../src/sync/engine.ts'
import type { MappingConfig } from '../../src/sync/plan/mapping.ts'
import { type DatabaseKind, freshDatabase } from './databases.ts'
import type { JumpingClock } from './jumping-clock.ts'
import { startOrg } from './road.ts'
import { settle } from './settled.ts'

type ClerkOptions = NonNullable<Parameters<typeof startClerkEmulator>[0]>

export type TwoSidesOptions = {
  config?: MappingConfig
  database?: DatabaseKind
  db?: Database
  /** `auto` and `stream` need the Pub/Sub API of the emulator, which is open by default. */
  events?: 'auto' | 'stream' | 'poll' | 'off'
  env?: Readonly<Record<string, string>>
  clerk?: ClerkOptions
  salesforce?: Parameters<typeof startOrg>[0]
  /** Time of clerkforce and of the org alike. @default the machine's */
  clock?: Clock | JumpingClock
  /** How long what clerkforce wrote waits to be read back. @default 0 */
  echoMs?: number
  /** Told what happens as it happens. */
  told?: Events
  /** Whoever ends it. @default the test */
  ended?: (close: () => Promise<void>) => void
}

export type TwoSides = {
  clerk: RunningClerkEmulator
  org: RunningSalesforceEmulator
  db: Database
  clerkforce: RunningClerkforce
  /** Starts another clerkforce on the same database, as after a crash or in a cluster. */
  start: () => Promise<RunningClerkforce>
  /** Calls Clerk's Backend API as the customer's application would. @throws Error for anything but 2xx */
  callClerk: (method: string, path: string, body?: unknown) => Promise<Record<string, unknown>>
  /** Calls Salesforce's REST API as a person or a program of the org would; `path` is below the version. @throws Error for anything but 2xx */
  callSalesforce: (method: string, path: string, body?: unknown) => Promise<Record<string, unknown>>
  /** A record as it is, deleted or not. */
  record: (object: string, id: string) => Record<string, unknown>
  /** Resolves when nothing is left to do on either side: webhooks and change events taken in, links settled or parked. */
  settled: () => Promise<void>
}

const token = 'token-for-the-tests-of-both-sides'

const textField = (object: string, name: string) => ({ object, name, type: 'string', length: 80 }) as const

/** Fields of the customer's, visible and writable for everybody. */
const customFields = [
  textField('Account', 'Tier__c'),
  textField('Account', 'Region__c'),
  textField('Contact', 'Job__c'),
  textField('Contact', 'Note__c'),
]

export const settingsOf = (
  clerk: RunningClerkEmulator,
  org: RunningSalesforceEmulator,
  events: string,
  env: Readonly<Record<string, string>>,
): ClerkforceSettings =>
  readSettings(CLERKFORCE_SETTINGS, {
    env: {
      CLERK_API_URL: clerk.url,
      CLERK_SECRET_KEY: clerk.secretKey,
      CLERK_WEBHOOK_SIGNING_SECRET: clerk.signingSecret,
      SALESFORCE_LOGIN_URL: org.url,
      SALESFORCE_CLIENT_ID: org.clientId,
      SALESFORCE_CLIENT_SECRET: org.clientSecret,
      SALESFORCE_PUBSUB_ENDPOINT: `http://${org.pubsub?.plaintextUrl}`,
      SALESFORCE_EVENTS: events,
      SALESFORCE_POLL_SECONDS: '5',
      DATABASE_URL: 'memory:',
      CLERKFORCE_HOST: '127.0.0.1',
      PORT: '0',
      CLERKFORCE_ADMIN_TOKEN: token,
      ...env,
    },
  })

/** Starts everything; it ends with the test. */
export const startTwoSides = async (options: TwoSidesOptions = {}): Promise<TwoSides> => {
  const { config = {}, events = 'stream', env = {}, clock, told, echoMs = 0, ended = onTestFinished } = options
  const time = clock ? { clock } : {}
  const db = options.db ?? (await freshDatabase(options.database ?? 'postgres', ended))
  const org = await startOrg({ pubsub: {}, customFields, ...time, ...options.salesforce }, ended)
  const clerk = await startClerkEmulator({
    environment: 'production',
    membershipLimit: 100,
    slugs: true,
    ...options.clerk,
  })
  ended(() => clerk.close())
  const settings = settingsOf(clerk, org, events, env)
  const log = createLog(process.env['LOG'] ?? 'silent')
  const start = async (): Promise<RunningClerkforce> => {
    const one = await startClerkforce({ settings, config, echoMs, db, log, ...time, ...(told ? { events: told } : {}) })
    ended(() => one.close())
    return one
  }
  const clerkforce = await start()
  clerk.webhooks.add({ url: `${clerkforce.url}/webhooks/clerk` })
  const salesforceToken = await tokenOf(org)
  const call = async (url: string, bearer: string, method: string, body: unknown): Promise<Record<string, unknown>> => {
    const response = await fetch(url, {
      method,
      headers: { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`${method} ${url}: ${response.status} ${text}`)
    return text === '' ? {} : (JSON.parse(text) as Record<string, unknown>)
  }
  await until(() => events === 'off' || ['stream', 'poll'].includes(clerkforce.engine.health().following.by))
  const found = (object: string, id: string): Record<string, unknown> =>
    (org.state()[object] ?? []).find((one) => one['Id'] === id) ?? {}
  return {
    clerk,
    org,
    db,
    clerkforce,
    start,
    callClerk: (method, path, body) => call(`${clerk.url}/v1${path}`, clerk.secretKey, method, body),
    callSalesforce: (method, path, body) =>
      call(`${org.url}/services/data/v66.0${path}`, salesforceToken, method, body),
    record: found,
    settled: () =>
      settle({ clerk, org, db, engine: clerkforce.engine, jump: clock && 'jump' in clock ? clock.jump : undefined }),
  }
}

const tokenOf = async (org: RunningSalesforceEmulator): Promise<string> => {
  const body = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: org.clientId,
    client_secret: org.clientSecret,
  })
  const response = await fetch(`${org.url}/services/oauth2/token`, { method: 'POST', body })
  const { access_token } = (await response.json()) as { access_token: string }
  return access_token
}

/** Asks again until it holds. @throws Error after ten seconds */
export const until = async (holds: () => boolean | Promise<boolean>, ms = 10_000): Promise<void> => {
  const end = Date.now() + ms
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`it did not come about in ${ms} ms: ${holds}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
