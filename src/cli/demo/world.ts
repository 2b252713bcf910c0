import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Clock, systemClock } from '../../clock.ts'
import { readSettings } from '../../config.ts'
import type { Database } from '../../db/database.ts'
import { seededRandom } from '../../emulators/kit/random.ts'
import type { Log } from '../../log.ts'
import { CLERKFORCE_SETTINGS, type ClerkforceSettings, type RunningClerkforce, startClerkforce } from '../../program.ts'
import type { MappingConfig } from '../../sync/plan/mapping.ts'
import type { Delivered } from '../../sync/write/deliver.ts'
import { onFreePort } from './free-port.ts'
import { type Sides, startSides } from './start-sides.ts'

/** Ports that one may wish for; 0 is any that is free. */
export type Ports = { clerkforce: number; clerk: number; salesforce: number }

export const PORTS: Ports = { clerkforce: 4800, clerk: 4801, salesforce: 4802 }

/** Both emulators and clerkforce, running and connected. */
export type World = Sides & {
  clerkforce: RunningClerkforce
  clock: Clock
  webhookUrl: string
  adminToken: string
  /** Ports that were wished for and are taken by somebody else. */
  takenPorts: readonly number[]
  /** What clerkforce told of each record it wrote, and when. */
  delivered: readonly (Delivered & { at: number })[]
  /** How many change events of Salesforce clerkforce took in. */
  followed: () => number
  /** Errors in clerkforce's log. */
  errors: readonly string[]
  /** From now on Salesforce answers 503 to everything, for that long. */
  startOutage: (ms: number) => void
  /** The last outage, if there was one. */
  outage: () => { from: number; until: number } | undefined
  /** Stops everything and leaves nothing behind. */
  close: () => Promise<void>
}

export type WorldOptions = {
  ports: Ports
  seed: number
  /** Told of each part that runs. */
  told: (part: string) => void
  /** A migrated database, for tests, in place of a new PGlite in a folder of its own. */
  db?: Database
}

/** Beside the defaults: what somebody would write into `clerkforce.config.ts` so that Salesforce has a say too. */
const mapping: MappingConfig = {
  organization: {
    fields: {
      Name: { from: 'name', rule: 'newest' },
      Plan__c: { from: 'public_metadata.plan', rule: 'salesforce' },
    },
  },
  person: { fields: { Job__c: { from: 'public_metadata.job', rule: 'salesforce' } } },
}

/** A log that keeps what a demo has to answer for; the rest is said by the view. */
const errorLog = (errors: string[]): Log => ({
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: (fields, message) => {
    const { err } = fields as { err?: unknown }
    errors.push(err instanceof Error ? `${message}: ${err.message}` : message)
  },
})

/** The settings that somebody would put into `.env` by hand. */
const settingsFor = (
  { clerk, salesforce }: Sides,
  folder: string,
  port: number,
  adminToken: string,
): ClerkforceSettings =>
  readSettings(CLERKFORCE_SETTINGS, {
    cwd: folder,
    env: {
      CLERK_API_URL: clerk.url,
      CLERK_SECRET_KEY: clerk.secretKey,
      CLERK_WEBHOOK_SIGNING_SECRET: clerk.signingSecret,
      SALESFORCE_LOGIN_URL: salesforce.url,
      SALESFORCE_CLIENT_ID: salesforce.clientId,
      SALESFORCE_CLIENT_SECRET: salesforce.clientSecret,
      SALESFORCE_PUBSUB_ENDPOINT: `http://${salesforce.pubsub?.plaintextUrl}`,
      DATABASE_URL: folder,
      CLERKFORCE_HOST: '127.0.0.1',
      PORT: String(port),
      CLERKFORCE_ADMIN_TOKEN: adminToken,
    },
  })

const outagesOf = ({ salesforce }: Sides, now: () => number): Pick<World, 'startOutage' | 'outage'> => {
  let last: { from: number; until: number } | undefined
  const respond = { status: 503, body: [{ errorCode: 'SERVER_UNAVAILABLE', message: 'We are down for maintenance.' }] }
  return {
    startOutage: (ms) => {
      last = { from: now(), until: now() + ms }
      salesforce.faults.add({ until: last.until, respond })
    },
    outage: () => last,
  }
}

const takenOf = (wished: Ports, got: Readonly<Record<keyof Ports, { port: number }>>): number[] =>
  (['clerkforce', 'clerk', 'salesforce'] as const)
    .filter((name) => wished[name] !== 0 && wished[name] !== got[name].port)
    .map((name) => wished[name])

/** Starts the two emulators and a clerkforce between them. Needs no keys and no network. */
export const startWorld = async ({ ports, seed, told, db }: WorldOptions): Promise<World> => {
  // The first in is the last out.
  const closing: (() => Promise<unknown>)[] = []
  const close = async (): Promise<void> => {
    for (let end = closing.pop(); end; end = closing.pop()) await end()
  }
  try {
    const folder = await mkdtemp(join(tmpdir(), 'clerkforce-demo-'))
    closing.push(() => rm(folder, { recursive: true, force: true }))
    const sides = await startSides(ports, seed)
    const { clerk, salesforce } = sides
    closing.push(salesforce.close, clerk.close)
    told(`Clerk emulator at ${clerk.url}`)
    told(`Salesforce emulator at ${salesforce.url}`)
    told('PGlite in a folder that is gone at the end')
    const adminToken = `demo-${seededRandom(seed ^ 0xad).text(24)}`
    const delivered: (Delivered & { at: number })[] = []
    const errors: string[] = []
    let followed = 0
    const clock = systemClock
    const clerkforce = await onFreePort(ports.clerkforce, (port) =>
      startClerkforce({
        // The story does not wait five seconds at its end.
        echoMs: 500,
        settings: settingsFor(sides, folder, port, adminToken),
        config: mapping,
        log: errorLog(errors),
        clock,
        random: seededRandom(seed).next,
        events: {
          delivered: (result) => delivered.push({ ...result, at: clock.now() }),
          followed: ({ events }) => {
            followed += events
          },
        },
        ...(db && { db }),
      }),
    )
    closing.push(clerkforce.close)
    told(`clerkforce at ${clerkforce.url}`)
    const webhookUrl = `${clerkforce.url}/webhooks/clerk`
    clerk.webhooks.add({ url: webhookUrl })
    const takenPorts = takenOf(ports, { clerkforce, clerk, salesforce })
    return {
      ...sides,
      clerkforce,
      clock,
      webhookUrl,
      adminToken,
      takenPorts,
      delivered,
      followed: () => followed,
      errors,
      ...outagesOf(sides, clock.now),
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}
