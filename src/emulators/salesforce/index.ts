import { fileURLToPath } from 'node:url'
import { Hono } from 'hono'
import { type Clock, systemClock } from '../kit/clock.ts'
import { ConnectionCut, faultMiddleware } from '../kit/fault-middleware.ts'
import type { FaultList } from '../kit/faults.ts'
import { listen } from '../kit/listen.ts'
import { seededRandom } from '../kit/random.ts'
import { restRoutes } from './door.ts'
import { createOrg, type OrgOptions, type Settings, type Stats } from './org.ts'
import { createPerson, type Person, type Shown, showState } from './person.ts'
import { controlRoutes } from './routes/control.ts'
import { createCredentials, createTokens, oauthRoutes } from './routes/oauth.ts'
import type { DuplicateRule, RecordFaults, ValidationRule } from './rules.ts'
import { type SalesforceSeed, type SeededIds, seedOrg } from './seed.ts'

/*
 * A Salesforce org in memory: OAuth and the REST API under /services, and controls of its own under /_emulator.
 *
 *   request ── faults ── door.ts (token, version, allowance) ── api.ts (route, row locks, latency) ── routes/
 *                                                                                                       │
 *                       soql/ (parse, select, where, query) ──────────── store.ts ──────────── records/ (read, save,
 *                                                                                              relationships)
 *
 * It promises to be at least as strict as Salesforce: what Salesforce refuses is refused here in Salesforce's words, and
 * where its behaviour is not documented the reading that is harder for a caller is taken. FIDELITY.md lists every
 * behaviour with its source, and what is missing. It shares no code with the rest of the project, so that it cannot share
 * its mistakes. What the org has beyond the standard, fields and permissions, comes from a Salesforce DX project: a field
 * or a permission that the project forgets to ship is missing here too.
 *
 * Time comes from the clock, secrets and tokens from the seed. Records are saved one by one in memory and everything that
 * a save brings about happens with it; requests overlap only where a real org's do, at row locks.
 */

export type SalesforceEmulatorOptions = Partial<Settings> & {
  /** @default the machine's clock */
  clock?: Clock
  /** Where secrets and tokens come from. @default 1 */
  seed?: number
  /** Folder of a Salesforce DX project; false: no custom fields, and the user sees everything. @default this package's own */
  sfdx?: string | false
  /** Off: AccountContactRelation does not exist. @default true */
  contactsToMultipleAccounts?: boolean
  /** Fields that the org's admin added, visible to the user. */
  customFields?: NonNullable<OrgOptions['customFields']>
  /** Fields that the org's admin made required, such as `Contact.Email`. */
  requiredFields?: readonly string[]
  duplicateRules?: readonly DuplicateRule[]
  validationRules?: readonly ValidationRule[]
  /** API calls in 24 hours. @default 15000 */
  apiLimit?: number
  clientId?: string
  clientSecret?: string
  username?: string
  /** PEM to check JWT assertions with; without it the emulator makes a pair and gives the private key. */
  publicKey?: string
}

export type SalesforceEmulator = {
  app: Hono
  clientId: string
  clientSecret: string
  username: string
  /** PEM for JWT assertions; undefined when a public key was given. Made when first asked for. */
  privateKey: () => string | undefined
  orgId: string
  /** The integration user: `LastModifiedById` of what came through the API. */
  userId: string
  clock: Clock
  /** May be changed while it runs. */
  settings: Settings
  /** Faults of requests. */
  faults: FaultList
  /** Faults of single records. */
  recordFaults: RecordFaults
  /** Replaces rules; those not named stay. */
  setRules: (rules: { duplicateRules?: DuplicateRule[]; validationRules?: ValidationRule[] }) => void
  /** What people do in the user interface. */
  person: Person
  seed: (seed: SalesforceSeed) => SeededIds
  /** All records by object, deleted ones included. */
  state: () => Record<string, Shown[]>
  stats: () => Stats
  usage: () => { used: number; limit: number }
  setAllowance: (allowance: { used?: number; limit?: number }) => void
  /** Every token given so far is invalid from now on. */
  expireTokens: () => void
  /** Back to the start: no records, faults or counts. Settings, rules and tokens stay. */
  reset: () => void
}

const ownProject = fileURLToPath(new URL('../../../sfdx', import.meta.url))

/** An emulator without a port: call `app.fetch` or `app.request`. */
export const createSalesforceEmulator = (options: SalesforceEmulatorOptions = {}): SalesforceEmulator => {
  const { seed, clock = systemClock(), sfdx = ownProject, ...rest } = options
  const org = createOrg({ ...rest, clock, sfdx, random: seededRandom(seed ?? 1) })
  const credentials = createCredentials(options, org)
  const tokens = createTokens(org)
  const app = new Hono()
  app.onError((error) => {
    if (error instanceof ConnectionCut) throw error
    const body = [{ errorCode: 'UNKNOWN_EXCEPTION', message: `emulator: ${error.stack ?? error.message}` }]
    return new Response(JSON.stringify(body), {
      status: 500,
      headers: { 'content-type': 'application/json;charset=UTF-8' },
    })
  })
  app.use(faultMiddleware(org.faults, clock))
  oauthRoutes(app, org, credentials, tokens)
  restRoutes(app, org, tokens)
  app.route('/_emulator', controlRoutes(org, tokens))
  return {
    app,
    clientId: credentials.clientId,
    clientSecret: credentials.clientSecret,
    username: credentials.username,
    privateKey: credentials.privateKey,
    orgId: org.orgId,
    userId: org.userId,
    clock,
    settings: org.settings,
    faults: org.faults,
    recordFaults: org.recordFaults,
    setRules: (rules) => {
      if (rules.duplicateRules) org.duplicateRules = rules.duplicateRules
      if (rules.validationRules) org.validationRules = rules.validationRules
    },
    person: createPerson(org),
    seed: (records) => seedOrg(org, records),
    state: () => showState(org),
    stats: () => structuredClone(org.stats),
    usage: () => ({ used: org.usage.used(), limit: org.usage.limit }),
    setAllowance: (allowance) => org.usage.set(allowance),
    expireTokens: tokens.expireAll,
    reset: org.reset,
  }
}

export type RunningSalesforceEmulator = SalesforceEmulator & {
  /** What to give a client as login and instance address. */
  url: string
  port: number
  /** Closes the port and every open connection. */
  close: () => Promise<void>
}

/**
 * An emulator on a port of the loopback interface.
 * @throws Error with code EADDRINUSE when the port is taken.
 */
export const startSalesforceEmulator = async (
  options: SalesforceEmulatorOptions & { port?: number } = {},
): Promise<RunningSalesforceEmulator> => {
  const { port, ...rest } = options
  const emulator = createSalesforceEmulator(rest)
  const listening = await listen(emulator.app, port)
  return { ...emulator, ...listening }
}
