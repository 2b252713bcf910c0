import { fileURLToPath } from 'node:url'
import { Hono } from 'hono'
import { getPath } from 'hono/utils/url'
import { type Clock, endable, systemClock } from '../kit/clock.ts'
import { createExchanges } from '../kit/exchanges.ts'
import { ConnectionCut, faultMiddleware } from '../kit/fault-middleware.ts'
import type { FaultList } from '../kit/faults.ts'
import { createFreezer } from '../kit/freeze.ts'
import { listen } from '../kit/listen.ts'
import { seededRandom } from '../kit/random.ts'
import { createSnapshots, type Snapshot } from '../kit/snapshot.ts'
import { createStateFile } from '../kit/state-file.ts'
import { checkGiven } from '../kit/strict.ts'
import { describeEmulator } from '../page/root.ts'
import { bulkPart } from './bulk/saved-jobs.ts'
import { restRoutes } from './door.ts'
import type { DuplicateRule } from './duplicate-rules.ts'
import {
  allowanceSchema,
  optionSchemas,
  ownRulesSchema,
  type RulesGiven,
  recordFaultsSchema,
  seedManySchema,
  seedSchema,
} from './given.ts'
import { checkRecordFault, checkRequired, checkRules } from './given-names.ts'
import { insideOrg } from './inside.ts'
import type { ObjectOption } from './metadata/objects-option.ts'
import { createOrg, type Org, type OrgOptions, type Settings, type Stats } from './org.ts'
import { createPerson, type Person, type Shown, showState } from './person.ts'
import { createEvents, type Events } from './pubsub/index.ts'
import type { PlatformEventType } from './pubsub/platform-events.ts'
import type { PubSubPorts, RunningPubSub } from './pubsub/serve.ts'
import type { Automation } from './records/automations.ts'
import type { RecordType } from './records/record-types.ts'
import { controlRoutes } from './routes/control.ts'
import { createCredentials, oauthRoutes } from './routes/oauth.ts'
import { createTokens } from './routes/tokens.ts'
import type { RecordFaults, ValidationRule } from './rules.ts'
import { seedSampleData } from './sample-data.ts'
import { type SalesforceSeed, type SeededIds, seedOrg } from './seed.ts'
import { type FirstIds, seedMany } from './seed-many.ts'
import { firstParts, partsOf } from './state-parts.ts'

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
 * Beside the calls that are answered at once there are those that work on: bulk/ (jobs that load and query), deploy/
 * (metadata) and pubsub/ (change events). Each has a file whose header says how.
 *
 * Time comes from the clock, secrets and tokens from the seed. Records are saved one by one in memory and everything that
 * a save brings about happens with it; requests overlap only where a real org's do, at row locks.
 */

export type SalesforceEmulatorOptions = Partial<Settings> & {
  /** @default the machine's clock */
  clock?: Clock
  /** Where secrets and tokens come from. @default 1 */
  seed?: number
  /** A file that keeps the state: restored when it exists, saved by `close` and `save`. Settings among the options win over it. */
  state?: string
  /** Folder of a Salesforce DX project; false: no custom fields, and the user sees everything. @default this package's own */
  sfdx?: string | false
  /** Off: AccountContactRelation does not exist. @default true */
  contactsToMultipleAccounts?: boolean
  /** Fields that the org's admin added, visible to the user. */
  customFields?: NonNullable<OrgOptions['customFields']>
  /** Objects that the org's admin added, open to the user. */
  objects?: readonly ObjectOption[]
  /** User permissions beyond those of permission sets. @default what a developer needs: ModifyMetadata, AssignPermissionSets, ViewSetup */
  userPermissions?: readonly string[]
  /** Permission sets that are deployed are assigned to the integration user at once, as nobody does in Salesforce. @default false */
  assignDeployed?: boolean
  /** How many objects can be selected for change events. @default 5 */
  maxCaptured?: number
  /** Fields that the org's admin made required, such as `Contact.Email`. */
  requiredFields?: readonly string[]
  /** @default none */
  duplicateRules?: readonly DuplicateRule[]
  /** @default none */
  validationRules?: readonly ValidationRule[]
  /** Flows and triggers of the customer. */
  automations?: readonly Automation[]
  /** Record types of Accounts, Contacts and other objects. */
  recordTypes?: readonly RecordType[]
  /** Accounts may be people, each with a Contact of its own. @default false */
  personAccounts?: boolean
  /** A dozen companies and twenty people to begin with. @default false */
  sampleData?: boolean
  /** Objects selected for change events on the page Change Data Capture in Setup. @default none: channels come from metadata */
  changeDataCapture?: readonly string[]
  /** Platform events that clients may publish and subscribe to. */
  platformEvents?: readonly PlatformEventType[]
  /** Events delivered in 24 hours, counted for each subscriber. @default 10000, as in a Developer Edition */
  eventLimit?: number
  /** API calls in 24 hours. @default 15000 */
  apiLimit?: number
  /** Of the app that the integration uses. @default made from the seed */
  clientId?: string
  /** @default made from the seed */
  clientSecret?: string
  /** The integration user. @default 'integration@example.com' */
  username?: string
  /** For the username-password flow, where the setting `passwordFlow` allows it. @default 'emulated' */
  password?: string
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
  setRules: (rules: RulesGiven) => void
  /** What people do in the user interface. */
  person: Person
  /** Change events, and what can go wrong with them. */
  events: Events
  seed: (seed: SalesforceSeed) => SeededIds
  /** Many made-up records, fast: a million Contacts are a matter of seconds. Change events do not tell of them. */
  seedMany: (counts: { accounts: number; contacts: number }) => FirstIds
  /** All records by object, deleted ones included. */
  state: () => Record<string, Shown[]>
  stats: () => Stats
  usage: () => { used: number; limit: number }
  setAllowance: (allowance: { used?: number; limit?: number }) => void
  /** Every token given so far is invalid from now on. */
  expireTokens: () => void
  /** A refresh token, as a person's consent in the web server flow would give one. */
  refreshToken: () => string
  /** Back to the start: no records, faults or counts. Settings, rules and tokens stay. */
  reset: () => void
  /** Everything it holds, as plain JSON. */
  snapshot: () => Snapshot
  /**
   * Puts a snapshot in place of everything; tokens and credentials stay.
   * @throws SnapshotError, and then nothing has changed
   */
  restore: (snapshot: Snapshot) => void
  /** Requests wait unanswered until `thaw`. */
  freeze: () => void
  thaw: () => void
  /** Saves to the file of the option `state`; does nothing without one. */
  save: () => Promise<void>
}

const ownProject = fileURLToPath(new URL('../../../sfdx', import.meta.url))

/** The settings among the options. */
const givenSettings = (options: Partial<Settings>, known: Settings): Partial<Settings> =>
  Object.fromEntries(Object.entries(options).filter(([name, value]) => name in known && value !== undefined))

/** What the emulator can be told in the process: checked like what its controls are told over HTTP. */
const toldInProcess = (
  org: Org,
): Pick<SalesforceEmulator, 'recordFaults' | 'setRules' | 'seed' | 'seedMany' | 'setAllowance'> => ({
  recordFaults: {
    ...org.recordFaults,
    add: (...faults) => {
      checkGiven('recordFaults.add', recordFaultsSchema, faults)
      for (const fault of faults) checkRecordFault(org, fault)
      org.recordFaults.add(...faults)
    },
  },
  setRules: (rules) => {
    checkGiven('setRules', ownRulesSchema, rules)
    checkRules(org, rules)
    if (rules.duplicateRules) org.duplicateRules = [...rules.duplicateRules]
    if (rules.validationRules) org.validationRules = [...rules.validationRules]
    if (rules.automations) org.automations = [...rules.automations]
  },
  seed: (records) => {
    checkGiven('seed', seedSchema, records)
    return seedOrg(org, records)
  },
  seedMany: (counts) => {
    checkGiven('seedMany', seedManySchema, counts)
    return seedMany(org, counts)
  },
  setAllowance: (allowance) => {
    checkGiven('setAllowance', allowanceSchema, allowance)
    org.usage.set(allowance)
  },
})

/** `end` stops what an emulator still has to do by itself. */
const buildEmulator = (options: SalesforceEmulatorOptions): { emulator: SalesforceEmulator; end: () => void } => {
  const { seed, clock = systemClock(), sfdx = ownProject, ...rest } = options
  const ending = endable(clock)
  const org = createOrg({ ...rest, clock: ending.clock, sfdx, random: seededRandom(seed ?? 1) })
  // A misspelt setting would be set and do nothing.
  Object.seal(org.settings)
  checkRules(org, options)
  checkRequired(org, options.requiredFields ?? [])
  org.parts.set('bulk', bulkPart(org))
  const credentials = createCredentials(options, org)
  const tokens = createTokens(org)
  const events = createEvents(org, tokens.isLive, {
    seed: seed ?? 1,
    selected: options.changeDataCapture ?? [],
    platformEvents: options.platformEvents ?? [],
    deliveryLimit: options.eventLimit ?? 10_000,
  })
  // The sf CLI puts two slashes between an instance URL and the path, and Salesforce takes that.
  const app = new Hono({ getPath: (request) => getPath(request).replace(/^\/{2,}/, '/') })
  app.onError((error) => {
    if (error instanceof ConnectionCut) throw error
    const body = [{ errorCode: 'UNKNOWN_EXCEPTION', message: `emulator: ${error.stack ?? error.message}` }]
    return new Response(JSON.stringify(body), {
      status: 500,
      headers: { 'content-type': 'application/json;charset=UTF-8' },
    })
  })
  const exchanges = createExchanges(clock, (response) => response.headers.get('sforce-limit-info') ?? undefined)
  const freezer = createFreezer()
  const snapshots = createSnapshots('salesforce', partsOf(org), clock.now, firstParts)
  if (options.sampleData) seedSampleData(org)
  const stateFile = createStateFile(options.state, snapshots)
  const inside = insideOrg(org)
  const reset = () => {
    org.reset()
    exchanges.clear()
    inside.forget()
    freezer.thaw()
  }
  app.use(exchanges.middleware)
  app.use(freezer.middleware)
  app.use(faultMiddleware(org.faults, ending.clock))
  describeEmulator(app, inside)
  oauthRoutes(app, org, credentials, tokens)
  restRoutes(app, org, tokens)
  app.route(
    '/_emulator',
    controlRoutes({ org, tokens, events, inside, clock, exchanges, freezer, snapshots, stateFile, reset }),
  )
  // Last, when everything that holds state is there.
  stateFile.load()
  Object.assign(org.settings, givenSettings(options, org.settings))
  const emulator: SalesforceEmulator = {
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
    ...toldInProcess(org),
    person: createPerson(org),
    events,
    state: () => showState(org),
    stats: () => structuredClone(org.stats),
    usage: () => ({ used: org.usage.used(), limit: org.usage.limit }),
    expireTokens: tokens.expireAll,
    refreshToken: tokens.issueRefresh,
    reset,
    snapshot: snapshots.take,
    restore: snapshots.restore,
    freeze: freezer.freeze,
    thaw: freezer.thaw,
    save: async () => {
      await stateFile.save()
    },
  }
  return { emulator, end: ending.end }
}

/**
 * An emulator without a port: call `app.fetch` or `app.request`.
 * @throws TypeError for options that do not exist
 */
export const createSalesforceEmulator = (options: SalesforceEmulatorOptions = {}): SalesforceEmulator => {
  checkGiven('createSalesforceEmulator', optionSchemas.createSalesforceEmulator, options)
  return buildEmulator(options).emulator
}

export type RunningSalesforceEmulator = SalesforceEmulator & {
  /** What to give a client as login and instance address. */
  url: string
  port: number
  /** The Pub/Sub API, where the option `pubsub` asked for it. */
  pubsub: RunningPubSub | undefined
  /** Closes the port and every open connection, and saves the state where there is a file for it. */
  close: () => Promise<void>
}

/** Ports, of which 0 is a free one. */
export type StartOptions = {
  port?: number
  /** Opens the Pub/Sub API as well. @default closed */
  pubsub?: PubSubPorts
}

/**
 * An emulator on a port of the loopback interface.
 * @throws Error with code EADDRINUSE when the port is taken.
 */
export const startSalesforceEmulator = async (
  options: SalesforceEmulatorOptions & StartOptions = {},
): Promise<RunningSalesforceEmulator> => {
  checkGiven('startSalesforceEmulator', optionSchemas.startSalesforceEmulator, options)
  const { port, pubsub: ports, ...rest } = options
  const { emulator, end } = buildEmulator(rest)
  const listening = await listen(emulator.app, port).catch((error: unknown) => {
    end()
    throw error
  })
  const pubsub = await (ports && emulator.events.serve(ports))?.catch(async (error: unknown) => {
    end()
    await listening.close()
    throw error
  })
  return {
    ...emulator,
    ...listening,
    pubsub,
    close: async () => {
      await Promise.all([listening.close(), pubsub?.close()])
      end()
      await emulator.save()
    },
  }
}
