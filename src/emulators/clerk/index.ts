import type { Hono } from 'hono'
import { type Clock, systemClock } from '../kit/clock.ts'
import { createFaults, type Fault, type FaultList } from '../kit/faults.ts'
import { listen } from '../kit/listen.ts'
import { seededRandom } from '../kit/random.ts'
import { createApp } from './app.ts'
import { createInstance } from './instance.ts'
import { type ClerkState, readState } from './routes/control.ts'
import { type ClerkSeed, type Seeded, seedRecords } from './seed.ts'
import { type ClerkOptions, readDeliverySettings, readSettings } from './settings.ts'
import { createStore } from './store.ts'
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
  faults?: readonly Fault[]
}

export type ClerkEmulator = {
  app: Hono
  secretKey: string
  /** Secret of the first endpoint that brings none of its own, whether it exists yet or not. */
  signingSecret: string
  /** Secrets of all endpoints. */
  signingSecrets: () => string[]
  instanceId: string
  clock: Clock
  faults: FaultList
  webhooks: Webhooks
  /** Adds records, silently unless told otherwise. */
  seed: (seed: ClerkSeed) => Seeded
  state: () => ClerkState
  /** Back to the start: no records, messages, faults or counted requests, disorder as in the options. Endpoints stay. */
  reset: () => void
}

/** An emulator without a port: call `app.fetch` or `app.request`. `webhooks.close()` ends what it still has to send. */
export const createClerkEmulator = (options: ClerkEmulatorOptions = {}): ClerkEmulator => {
  const clock = options.clock ?? systemClock()
  const seed = options.seed ?? 1
  const idSeed = options.idSeed ?? seed
  const secrets = seededRandom(seed)
  const keyPrefix = options.environment === 'production' ? 'sk_live_' : 'sk_test_'
  const settings = readSettings(options, `${keyPrefix}${secrets.text(42)}`)
  // Ids go on from where the key left off, or start from a seed of their own.
  const random = idSeed === seed ? secrets : seededRandom(idSeed)
  const signingSecret = options.signingSecret ?? firstSecretOf(seed)
  const faults = createFaults(clock.now)
  faults.add(...(options.faults ?? []))
  const webhooks = createWebhooks({
    clock,
    seed: idSeed,
    settings: readDeliverySettings(options),
    firstSecret: signingSecret,
    ...(options.disorder && { disorder: options.disorder }),
  })
  if (options.webhookUrl !== undefined) webhooks.add({ url: options.webhookUrl })
  for (const endpoint of options.webhooks ?? []) webhooks.add(endpoint)

  const instance = createInstance(settings, clock.now, random, webhooks.publish)
  const seedNow = (records: ClerkSeed): Seeded => seedRecords(instance, records)
  const reset = (): void => {
    instance.store = createStore()
    webhooks.reset()
    faults.clear()
    limiter.reset()
  }
  const traces = seededRandom(seed ^ 0x7ace)
  const { app, limiter } = createApp({ instance, webhooks, faults, seed: seedNow, reset }, clock, traces)
  return {
    app,
    secretKey: settings.secretKey,
    signingSecret,
    signingSecrets: () => webhooks.endpoints().map(({ secret }) => secret),
    instanceId: instance.instanceId,
    clock,
    faults,
    webhooks,
    seed: seedNow,
    state: () => readState(instance),
    reset,
  }
}

export type RunningClerkEmulator = ClerkEmulator & {
  /** What to give a client as the API's address, without `/v1`. */
  url: string
  port: number
  /** Closes the port and drops what is not delivered yet. */
  close: () => Promise<void>
}

/**
 * An emulator on a port of the loopback interface.
 * @throws Error with code EADDRINUSE when the port is taken.
 */
export const startClerkEmulator = async (
  options: ClerkEmulatorOptions & { port?: number } = {},
): Promise<RunningClerkEmulator> => {
  const emulator = createClerkEmulator(options)
  const listening = await listen(emulator.app, options.port)
  return {
    ...emulator,
    url: listening.url,
    port: listening.port,
    close: async () => {
      emulator.webhooks.close()
      await listening.close()
    },
  }
}
