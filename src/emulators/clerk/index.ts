import type { Hono } from 'hono'
import { type Clock, endable, systemClock } from '../kit/clock.ts'
import { createExchanges } from '../kit/exchanges.ts'
import { createFaults, type Fault, type FaultList } from '../kit/faults.ts'
import { createFreezer } from '../kit/freeze.ts'
import { listen } from '../kit/listen.ts'
import { seededRandom } from '../kit/random.ts'
import { createSnapshots, type Snapshot } from '../kit/snapshot.ts'
import { createStateFile } from '../kit/state-file.ts'
import { checkGiven } from '../kit/strict.ts'
import { createApp } from './app.ts'
import {
  type ChangeableSettings,
  changeableSettings,
  disorderSchema,
  endpointSchema,
  optionSchemas,
  seedSchema,
  settingsSchema,
} from './given.ts'
import { insideInstance } from './inside.ts'
import { createInstance } from './instance.ts'
import { createRateLimiter } from './rate-limits.ts'
import { type ClerkState, type ClerkStats, readState, readStats } from './routes/control.ts'
import { type ClerkSeed, type Seeded, seedRecords } from './seed.ts'
import { type ClerkOptions, changeSettings, readDeliverySettings, readSettings } from './settings.ts'
import { firstParts, partsOf } from './state-parts.ts'
import { createStore } from './store.ts'
import { type Emitted, emitExample } from './webhooks/example-events.ts'
import { createWebhooks, firstSecretOf, type Webhooks } from './webhooks/index.ts'

/*
 * A Clerk instance in memory: its Backend API under /v1, its webhooks, and controls of its own under /_emulator.
 *
 *   request ── faults ── secret key ── rate limits ── API version ── routes/ ── users.ts, organizations.ts, … ── store.ts
 *                                                                                        │
 *                                                                                   instance.emit
 *                                                                                        │
 *                                                       signed POST to every endpoint ── webhooks/
 *
 * It promises to be at least as strict as Clerk: what Clerk refuses is refused here with Clerk's status, code and shape, and
 * where Clerk's behaviour is not documented the reading that is harder for a caller is taken. FIDELITY.md lists every
 * behaviour with its source, and what is missing. It shares no code with the rest of the project, so that it cannot share
 * its mistakes.
 *
 * Every change sends the events that it causes, whether it came through the API or through the controls; only seeding is
 * silent, because a seed is what was there before. Time comes from the clock, ids and disorder from the seed: the same calls
 * give the same ids, events and mishaps.
 */

export type ClerkEmulatorOptions = ClerkOptions & {
  /** @default the machine's clock */
  clock?: Clock
  /** Where ids, secrets and disorder come from. @default 1 */
  seed?: number
  /**
   * Where ids of records and messages come from, apart from secrets: an instance that is started anew for a service that lives on must not
   * use ids twice. @default `seed`
   */
  idSeed?: number
  /** What goes wrong from the start; `faults.add` adds more. @default none */
  faults?: readonly Fault[]
  /** A file that keeps the state: restored when it exists, saved by `close` and `save`. Settings among the options win over it. */
  state?: string
}

export type ClerkEmulator = {
  app: Hono
  secretKey: string
  /** Secret of the first endpoint that brings none of its own, whether it exists yet or not. */
  signingSecret: string
  /** Secrets of all endpoints. */
  signingSecrets: () => string[]
  /** Who the instance is: `instance_id` of its events. A snapshot brings its own. */
  readonly instanceId: string
  clock: Clock
  faults: FaultList
  webhooks: Webhooks
  /** Adds records, silently unless told otherwise. */
  seed: (seed: ClerkSeed) => Seeded
  state: () => ClerkState
  /** Back to the start: no records, messages, faults or counted requests, disorder as in the options. Endpoints stay. */
  reset: () => void
  /** What was counted: requests, and messages by what became of them. */
  stats: () => ClerkStats
  /**
   * Sends an event of any type: about the newest record of its kind, or a made up one, with `changes` laid over its data. Nothing else
   * changes.
   * @throws Error for a type that Clerk does not send
   */
  emit: (type: string, changes?: Readonly<Record<string, unknown>>) => Emitted
  /** Changes settings while it runs; those not named stay. */
  setSettings: (change: ChangeableSettings) => void
  /** Everything it holds, as plain JSON. */
  snapshot: () => Snapshot
  /**
   * Puts a snapshot in place of everything; keys and secrets of the options stay.
   * @throws SnapshotError, and then nothing has changed
   */
  restore: (snapshot: Snapshot) => void
  /** Requests wait unanswered until `thaw`. */
  freeze: () => void
  thaw: () => void
  /** Saves to the file of the option `state`; does nothing without one. */
  save: () => Promise<void>
}

/** The changeable settings among the options. */
const givenSettings = (options: ClerkEmulatorOptions): ChangeableSettings =>
  Object.fromEntries(
    changeableSettings.flatMap((name) => (options[name] === undefined ? [] : [[name, options[name]] as const])),
  )

/** The endpoints of the options, save those whose address a restored state has already. */
const addEndpoints = (webhooks: Webhooks, { webhookUrl, webhooks: others = [] }: ClerkEmulatorOptions): void => {
  const restored = new Set(webhooks.endpoints().map(({ url }) => url))
  for (const endpoint of [...(webhookUrl === undefined ? [] : [{ url: webhookUrl }]), ...others])
    if (!restored.has(new URL(endpoint.url).href)) webhooks.add(endpoint)
}

/** Webhooks as a caller in the process has them: what they are given is checked like what comes over HTTP. */
const strictWebhooks = (webhooks: Webhooks): Webhooks => ({
  ...webhooks,
  add: (endpoint) => {
    checkGiven('webhooks.add', endpointSchema, endpoint)
    return webhooks.add(endpoint)
  },
  setDisorder: (disorder) => {
    checkGiven('webhooks.setDisorder', disorderSchema, disorder)
    webhooks.setDisorder(disorder)
  },
})

/** `end` stops what an emulator still has to do by itself. */
const buildEmulator = (options: ClerkEmulatorOptions): { emulator: ClerkEmulator; end: () => void } => {
  const clock = options.clock ?? systemClock()
  const ending = endable(clock)
  const seed = options.seed ?? 1
  const idSeed = options.idSeed ?? seed
  const secrets = seededRandom(seed)
  const keyPrefix = options.environment === 'production' ? 'sk_live_' : 'sk_test_'
  const settings = readSettings(options, `${keyPrefix}${secrets.text(42)}`)
  const { roles, creatorRole } = settings
  if (!roles.some(({ key }) => key === creatorRole))
    throw new TypeError(`creatorRole: there is no role ${creatorRole} among ${roles.map(({ key }) => key).join(', ')}`)
  // Ids go on from where the key left off, or start from a seed of their own.
  const random = idSeed === seed ? secrets : seededRandom(idSeed)
  const signingSecret = options.signingSecret ?? firstSecretOf(seed)
  const faults = createFaults(clock.now)
  faults.add(...(options.faults ?? []))
  const webhooks = createWebhooks({
    clock: ending.clock,
    seed: idSeed,
    settings: readDeliverySettings(options),
    firstSecret: signingSecret,
    ...(options.disorder && { disorder: options.disorder }),
  })
  const instance = createInstance(settings, clock.now, random, webhooks.publish)
  const limiter = createRateLimiter(settings.rateLimits, clock)
  const exchanges = createExchanges(clock)
  const freezer = createFreezer()
  const traces = seededRandom(seed ^ 0x7ace)
  const parts = partsOf(instance, {
    webhooks: webhooks.part,
    faults: faults.part,
    rateLimits: limiter.part,
    traces: traces.part,
  })
  const snapshots = createSnapshots('clerk', parts, clock.now, firstParts)
  const stateFile = createStateFile(options.state, snapshots)
  const inside = insideInstance(instance, webhooks)
  const seedNow = (records: ClerkSeed): Seeded => seedRecords(instance, records)
  const reset = (): void => {
    instance.store = createStore(settings, clock.now())
    webhooks.reset()
    faults.clear()
    limiter.reset()
    exchanges.clear()
    inside.forget()
    freezer.thaw()
  }
  const control = {
    instance,
    webhooks,
    faults,
    inside,
    clock,
    exchanges,
    freezer,
    snapshots,
    stateFile,
    seed: seedNow,
    reset,
  }
  const app = createApp(control, ending.clock, limiter, traces)
  stateFile.load()
  changeSettings(settings, givenSettings(options))
  addEndpoints(webhooks, options)
  const emulator: ClerkEmulator = {
    app,
    secretKey: settings.secretKey,
    signingSecret,
    signingSecrets: () => webhooks.endpoints().map(({ secret }) => secret),
    get instanceId() {
      return instance.instanceId
    },
    clock,
    faults,
    webhooks: strictWebhooks(webhooks),
    seed: (records) => {
      checkGiven('seed', seedSchema, records)
      return seedNow(records)
    },
    state: () => readState(instance),
    reset,
    stats: () => readStats(exchanges.counts(), webhooks),
    emit: (type, changes) => emitExample(instance, webhooks, type, changes),
    setSettings: (change) => {
      checkGiven('setSettings', settingsSchema, change)
      changeSettings(settings, change)
    },
    snapshot: snapshots.take,
    restore: snapshots.restore,
    freeze: freezer.freeze,
    thaw: freezer.thaw,
    save: async () => {
      await stateFile.save()
    },
  }
  const end = (): void => {
    webhooks.close()
    ending.end()
  }
  return { emulator, end }
}

/**
 * An emulator without a port: call `app.fetch` or `app.request`. `webhooks.close()` ends what it still has to send.
 * @throws TypeError for options that do not exist
 */
export const createClerkEmulator = (options: ClerkEmulatorOptions = {}): ClerkEmulator => {
  checkGiven('createClerkEmulator', optionSchemas.createClerkEmulator, options)
  return buildEmulator(options).emulator
}

export type RunningClerkEmulator = ClerkEmulator & {
  /** What to give a client as the API's address, without `/v1`. */
  url: string
  port: number
  /** Closes the port and drops what is not delivered yet. Saves the state where there is a file for it. */
  close: () => Promise<void>
}

/**
 * An emulator on a port of the loopback interface.
 * @throws Error with code EADDRINUSE when the port is taken.
 */
export const startClerkEmulator = async (
  options: ClerkEmulatorOptions & { port?: number } = {},
): Promise<RunningClerkEmulator> => {
  checkGiven('startClerkEmulator', optionSchemas.startClerkEmulator, options)
  const { port, ...rest } = options
  const { emulator, end } = buildEmulator(rest)
  const listening = await listen(emulator.app, port).catch((error: unknown) => {
    // What a restored state had still to send is the affair of whoever has the port.
    end()
    throw error
  })
  return Object.assign(emulator, {
    url: listening.url,
    port: listening.port,
    close: async () => {
      end()
      await listening.close()
      await emulator.save()
    },
  })
}
