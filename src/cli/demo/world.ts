import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Clock, systemClock } from '../../clock.ts'
import { readSettings } from '../../config.ts'
import { type RunningClerkEmulator, startClerkEmulator } from '../../emulators/clerk/index.ts'
import { seededRandom } from '../../emulators/kit/random.ts'
import { type RunningSalesforceEmulator, startSalesforceEmulator } from '../../emulators/salesforce/index.ts'
import type { Log } from '../../log.ts'
import { CLERKFORCE_SETTINGS, type RunningClerkforce, startClerkforce } from '../../program.ts'
import type { Delivered } from '../../sync/write/deliver.ts'
import { SEEDED } from './cast.ts'
import type { Expected } from './expected.ts'
import { freePort } from './free-port.ts'

/** Ports that one may wish for; a taken one is replaced by any that is free. */
export type Ports = { clerkforce: number; clerk: number; salesforce: number }

export const PORTS: Ports = { clerkforce: 4800, clerk: 4801, salesforce: 4802 }

/** Both emulators and clerkforce, running and connected. */
export type World = {
  clerk: RunningClerkEmulator
  salesforce: RunningSalesforceEmulator
  clerkforce: RunningClerkforce
  clock: Clock
  webhookUrl: string
  /** Ports that were wished for and taken by somebody else. */
  takenPorts: readonly number[]
  adminToken: string
  /** Records of before the story that nobody may touch, by id. */
  before: ReadonlyMap<string, Expected>
  /** Contacts of before the story that are to be adopted: ids by e-mail address. */
  toAdopt: ReadonlyMap<string, string>
  /** What clerkforce told about each record it wrote. */
  delivered: readonly (Delivered & { at: number })[]
  /** Errors in clerkforce's log. */
  errors: readonly string[]
  /** From now on Salesforce answers 503 to everything, for that long. */
  startOutage: (ms: number) => void
  /** The last outage, if there was one. */
  outage: () => { from: number; until: number } | undefined
  /** Stops everything and leaves nothing behind. */
  close: () => Promise<void>
}

const seedSalesforce = (org: RunningSalesforceEmulator): Pick<World, 'before' | 'toAdopt'> => {
  const { account, contact, adopted } = SEEDED
  const ids = org.seed({ Account: [account], Contact: [{ ...contact, AccountId: '#0' }, adopted] })
  const [accountId = ''] = ids.Account
  const [contactId = '', adoptedId = ''] = ids.Contact
  return {
    before: new Map<string, Expected>([
      [accountId, account],
      [contactId, contact],
    ]),
    toAdopt: new Map([[adopted.Email.toLowerCase(), adoptedId]]),
  }
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

const outages = (salesforce: RunningSalesforceEmulator): Pick<World, 'startOutage' | 'outage'> => {
  let last: { from: number; until: number } | undefined
  const respond = { status: 503, body: [{ errorCode: 'SERVER_UNAVAILABLE', message: 'We are down for maintenance.' }] }
  return {
    startOutage: (ms) => {
      const from = systemClock.now()
      last = { from, until: from + ms }
      salesforce.faults.add({ until: last.until, respond })
    },
    outage: () => last,
  }
}

export type WorldOptions = {
  ports: Ports
  /** Told of each part that runs. */
  told: (part: string) => void
  seed: number
  /** How unreliable webhooks are. */
  disorder: { twice: number; delayed: number; maxDelayMs: number; shuffled: number }
}

const startEmulators = async ({ ports, seed, disorder, told }: WorldOptions) => {
  const [clerk, salesforce] = await Promise.all([
    startClerkEmulator({
      port: await freePort(ports.clerk),
      seed,
      // A story takes seconds, not a day: a development instance would refuse most of it.
      environment: 'production',
      membershipLimit: 100,
      slugs: true,
      // Undocumented in Clerk; without it no webhook would tell of a sign-in.
      signInUpdatesUser: true,
      disorder,
      // Minutes instead of a day until a message that was not taken is given up.
      retryScale: 60,
    }),
    startSalesforceEmulator({ port: await freePort(ports.salesforce), seed, latencyMs: 40 }),
  ])
  told(`Clerk emulator at ${clerk.url}`)
  told(`Salesforce emulator at ${salesforce.url}`)
  return { clerk, salesforce }
}

/** Starts the two emulators and a clerkforce between them, on a PGlite in a folder of its own. Needs no keys and no network. */
export const startWorld = async (options: WorldOptions): Promise<World> => {
  const folder = await mkdtemp(join(tmpdir(), 'clerkforce-demo-'))
  const removeFolder = () => rm(folder, { recursive: true, force: true })
  const random = seededRandom(options.seed)
  const adminToken = `demo-${seededRandom(options.seed ^ 0xad).text(24)}`
  const { clerk, salesforce } = await startEmulators(options)
  const closeEmulators = () => Promise.all([clerk.close(), salesforce.close()])
  const delivered: (Delivered & { at: number })[] = []
  const errors: string[] = []
  try {
    options.told('PGlite, in a folder that is gone at the end')
    const seeded = seedSalesforce(salesforce)
    const settings = readSettings(CLERKFORCE_SETTINGS, {
      cwd: folder,
      env: {
        CLERK_API_URL: clerk.url,
        CLERK_SECRET_KEY: clerk.secretKey,
        CLERK_WEBHOOK_SIGNING_SECRET: clerk.signingSecret,
        SALESFORCE_LOGIN_URL: salesforce.url,
        SALESFORCE_CLIENT_ID: salesforce.clientId,
        SALESFORCE_CLIENT_SECRET: salesforce.clientSecret,
        DATABASE_URL: folder,
        CLERKFORCE_HOST: '127.0.0.1',
        PORT: String(await freePort(options.ports.clerkforce)),
        CLERKFORCE_ADMIN_TOKEN: adminToken,
      },
    })
    const clerkforce = await startClerkforce({
      settings,
      log: errorLog(errors),
      random: random.next,
      events: { delivered: (result) => delivered.push({ ...result, at: systemClock.now() }) },
    })
    options.told(`clerkforce at ${clerkforce.url}`)
    const webhookUrl = `${clerkforce.url}/webhooks/clerk`
    clerk.webhooks.add({ url: webhookUrl })
    const wished = [
      [options.ports.clerkforce, clerkforce.port],
      [options.ports.clerk, clerk.port],
      [options.ports.salesforce, salesforce.port],
    ] as const
    const takenPorts = wished.filter(([port, got]) => port !== 0 && port !== got).map(([port]) => port)
    const close = async () => {
      // Clerk first: it would only fail to deliver to what is closing.
      await clerk.close()
      await clerkforce.close()
      await salesforce.close()
      await removeFolder()
    }
    return {
      clerk,
      salesforce,
      clerkforce,
      clock: systemClock,
      webhookUrl,
      takenPorts,
      adminToken,
      ...seeded,
      delivered,
      errors,
      ...outages(salesforce),
      close,
    }
  } catch (error) {
    await closeEmulators()
    await removeFolder()
    throw error
  }
}
