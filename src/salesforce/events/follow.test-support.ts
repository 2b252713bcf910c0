import { type ManualClock, manualClock } from '../../emulators/kit/clock.ts'
import {
  type RunningSalesforceEmulator,
  type SalesforceEmulatorOptions,
  startSalesforceEmulator,
} from '../../emulators/salesforce/index.ts'
import { createSalesforceClient, type SalesforceClient } from '../client.ts'
import type { ChangeEvents, ChangeHint, EventBatch, EventError, FollowOptions } from './api.ts'
import { type ChangeEventsOptions, createChangeEvents } from './change-events.ts'

/** Lets everything else run until the condition holds. */
export const soon = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve))
}

/** A subscription that runs, with everything that it handed over. */
export type Following = {
  batches: EventBatch[]
  hints: () => ChangeHint[]
  /** Resolves when so many hints are there. @throws what ended it before */
  until: (count: number) => Promise<void>
  stop: () => Promise<void>
  /** What ended it. */
  failure: Promise<EventError | undefined>
}

export const following = (events: ChangeEvents, options: Partial<FollowOptions> = {}): Following => {
  const batches: EventBatch[] = []
  const hints = (): ChangeHint[] => batches.flatMap((batch) => batch.hints)
  const stopping = new AbortController()
  let ended = false
  const { take = async () => {}, ...rest } = options
  const run = events.follow({
    topic: '/data/ChangeEvents',
    from: 'earliest',
    signal: stopping.signal,
    take: async (batch) => {
      await take(batch)
      batches.push(batch)
    },
    ...rest,
  })
  const failure = run.then(
    () => undefined,
    (error: EventError) => error,
  )
  void failure.then(() => {
    ended = true
  })
  return {
    batches,
    hints,
    until: async (count) => {
      await soon(() => hints().length >= count || ended)
      if (hints().length < count) throw (await failure) ?? new Error('it was stopped')
    },
    stop: async () => {
      stopping.abort()
      const error = await failure
      if (error) throw error
    },
    failure,
  }
}

export type OpenEvents = { events: ChangeEvents; client: SalesforceClient; close: () => Promise<void> }

/** Our two clients of one org, which share a login. */
export const openEvents = (
  org: { url: string; clientId?: string; clientSecret?: string },
  options: Omit<ChangeEventsOptions, 'tokens'>,
): OpenEvents => {
  const { url: loginUrl, clientId = 'id', clientSecret = 'secret' } = org
  const auth = { kind: 'client-credentials', clientId, clientSecret } as const
  const client = createSalesforceClient({ loginUrl, auth, now: options.clock.now })
  const events = createChangeEvents({ tokens: client.tokens, ...options })
  return {
    events,
    client,
    close: async () => {
      events.close()
      await client.close(0)
    },
  }
}

export type Emulated = OpenEvents & {
  org: RunningSalesforceEmulator
  clock: ManualClock
  /** The clients of another process. */
  again: () => OpenEvents
}

/** Opens emulated orgs with their Pub/Sub API, and closes what was opened. The emulator and the client share a clock that stands still. */
export type Opener = {
  open: (options?: SalesforceEmulatorOptions, how?: { tls?: boolean }) => Promise<Emulated>
  later: (end: () => unknown) => void
  closeAll: () => Promise<void>
}

export const createOpener = (): Opener => {
  const endings: (() => unknown)[] = []
  return {
    later: (end) => endings.push(end),
    closeAll: async () => {
      for (const end of endings.splice(0).reverse()) await end()
    },
    open: async (options = {}, { tls = false } = {}) => {
      const clock = manualClock()
      const changeDataCapture = ['Account', 'Contact', 'AccountContactRelation']
      const org = await startSalesforceEmulator({ clock, sfdx: false, changeDataCapture, ...options, pubsub: {} })
      endings.push(org.close)
      const { certificate = '' } = org.pubsub ?? {}
      const given = tls ? { endpoint: tlsEndpoint(org), certificate } : { endpoint: plainEndpoint(org) }
      const again = (): OpenEvents => {
        const opened = openEvents(org, { clock, ...given })
        endings.push(opened.close)
        return opened
      }
      return { ...again(), org, clock, again }
    },
  }
}

export const plainEndpoint = ({ pubsub }: RunningSalesforceEmulator): string => `http://${pubsub?.plaintextUrl}`

/** By name: that a server is named by its address is not allowed in TLS. */
export const tlsEndpoint = ({ pubsub }: RunningSalesforceEmulator): string =>
  String(pubsub?.tlsUrl).replace('127.0.0.1', 'localhost')

export const makeAccounts = ({ org }: Emulated, count: number): string[] =>
  Array.from({ length: count }, (_, i) => org.person.create('Account', { Name: `Account ${i}` }))
