/** Grants between both emulators: tests say when Salesforce is looked at, when webhooks come and in which order, and what the time is. */
import { onTestFinished } from 'vitest'
import { fastClock, type Road, startOrg, startRoad } from '../../../test/support/road.ts'
import { type ClerkClient, createClerkClient } from '../../clerk/client.ts'
import type { Clock } from '../../clock.ts'
import type { Database } from '../../db/database.ts'
import { type RunningClerkEmulator, startClerkEmulator } from '../../emulators/index.ts'
import { createLog } from '../../log.ts'
import { readBack } from '../intake/read-back.ts'
import type { Loop } from '../loop.ts'
import { markStale } from '../mirror/stale.ts'
import { createPace } from '../pace/pace.ts'
import type { MappingConfig, Rules } from '../plan/mapping.ts'
import { checkMapping } from '../write/check-mapping.ts'
import { startGrants } from './grants.ts'

export type Granting = Road & {
  clerk: RunningClerkEmulator
  clerkClient: ClerkClient
  /** Reads records back, as a change event or a poll would have it done. */
  see: (object: 'Account' | 'Contact', ...ids: string[]) => Promise<void>
  /** Resolves when what is due has been carried out, and both sides are in agreement. */
  granted: () => Promise<void>
  /** Delivers the webhooks that were not delivered yet, in the order that `arrange` gives them. */
  webhooks: (arrange?: (events: readonly Event[]) => readonly Event[]) => Promise<void>
  /** The invited person follows the link. */
  accept: (invitationId: unknown) => Promise<void>
  /** A record as it is. */
  record: (object: string, id: string) => Record<string, unknown>
  /** The row of a request. */
  request: (key: string) => Promise<Record<string, unknown>>
  lines: () => Promise<Record<string, unknown>[]>
  /** Moves the time of everything on. */
  later: (ms: number) => void
  /** Resolves when this request is open no longer. */
  ended: (key: string) => Promise<void>
  /** Starts carrying requests out, in a process of this name. */
  start: (name?: string) => Loop
  /**
   * Starts a process that dies as soon as Clerk has answered it: nothing of it is heard again, and what it held it still holds. Resolves
   * when it is dead.
   */
  startDying: () => { died: Promise<void> }
  clock: Clock
}

export type Event = { type: string; data: Record<string, unknown>; timestamp: number }

type GrantingOptions = {
  config?: MappingConfig
  clerk?: NonNullable<Parameters<typeof startClerkEmulator>[0]>
  db?: Database
  database?: Database['kind']
  /** Whether requests are carried out from the start. @default true */
  started?: boolean
}

const entities = { Account: 'organization', Contact: 'person' } as const

/** A clock that runs fast, and can be moved on. */
const movable = (): { clock: Clock; later: (ms: number) => void } => {
  const fast = fastClock(20)
  let ahead = 0
  return {
    clock: { now: () => fast.now() + ahead, sleep: fast.sleep },
    later: (ms) => {
      ahead += ms
    },
  }
}

const until = async (holds: () => Promise<boolean>): Promise<void> => {
  const end = Date.now() + 10_000
  while (!(await holds())) {
    if (Date.now() > end) throw new Error('requests were not carried out in 10 s')
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

/** Starts it; everything closes when the test ends. */
export const startGranting = async (options: GrantingOptions = {}): Promise<Granting> => {
  const { config = {}, started = true } = options
  const { clock, later } = movable()
  const org = await startOrg()
  const clerk = await startClerkEmulator({ rateLimits: false, membershipLimit: 100, clock, ...options.clerk })
  onTestFinished(() => clerk.close())
  const clerkApi = { url: clerk.url, secretKey: clerk.secretKey }
  const { db, database } = options
  const road = await startRoad({
    org,
    clock,
    clerkApi,
    engine: { config },
    ...(db ? { db } : {}),
    ...(database ? { database } : {}),
  })
  const clerkClient = createClerkClient({ secretKey: clerk.secretKey, apiUrl: clerk.url, timeoutMs: 5_000 })
  onTestFinished(() => clerkClient.close())
  const { rules } = await checkMapping(road.salesforce, config)
  const loops = new Set<Loop>()
  const start: Granting['start'] = (name = 'process') => {
    const loop = grantsOn({ road, rules, clerk: clerkClient, clock, name, db: road.db })
    loops.add(loop)
    return loop
  }
  const startDying = (): { died: Promise<void> } => {
    const { clerk: client, db: mortal, died } = dyingOn(clerkClient, road.db)
    grantsOn({ road, rules, clerk: client, clock, name: 'dying', db: mortal })
    return { died }
  }
  onTestFinished(async () => {
    for (const loop of loops) await loop.stop()
  })
  if (started) start()
  return { ...road, clerk, clerkClient, clock, later, start, startDying, ...deeds(road, clerk, rules, clock, loops) }
}

const never = (): Promise<never> => new Promise(() => undefined)

/** A client and a database that answer nothing any more once Clerk has made something. */
const dyingOn = (client: ClerkClient, db: Database): { clerk: ClerkClient; db: Database; died: Promise<void> } => {
  const death = Promise.withResolvers<void>()
  let dead = false
  onTestFinished(() => {
    dead = true
  })
  const lastly = async (work: Promise<unknown>): Promise<never> => {
    await work
    dead = true
    death.resolve()
    return never()
  }
  return {
    died: death.promise,
    clerk: {
      ...client,
      createOrganization: (organization) => lastly(client.createOrganization(organization)),
      createInvitation: (organizationId, invitation) => lastly(client.createInvitation(organizationId, invitation)),
    },
    db: {
      ...db,
      query: (text, values) => (dead ? never() : db.query(text, values)),
      transaction: (work, options) => (dead ? never() : db.transaction(work, options)),
    },
  }
}

type GrantsOn = { road: Road; rules: Rules; clerk: ClerkClient; clock: Clock; name: string; db: Database }

const grantsOn = ({ road, rules, clerk, clock, name, db }: GrantsOn): Loop => {
  const random = (): number => 1
  const { usage } = road.salesforce
  const pace = createPace({ now: clock.now, random, usage, share: 1, concurrency: 5, batch: 100 })
  return startGrants({
    db,
    clerk,
    api: road.salesforce,
    rules: () => rules,
    pace,
    clock,
    random,
    log: createLog(process.env['LOG'] ?? 'silent'),
    name,
    newKey: () => crypto.randomUUID(),
    woken: () => road.engine.wake(),
  })
}

type Deeds = Pick<Granting, 'see' | 'granted' | 'webhooks' | 'accept' | 'record' | 'request' | 'lines' | 'ended'>

const deeds = (road: Road, clerk: RunningClerkEmulator, rules: Rules, clock: Clock, loops: Iterable<Loop>): Deeds => {
  const { db, org, engine, salesforce, deliver } = road
  let delivered = 0
  const wake = (): void => {
    for (const loop of loops) loop.wake()
  }
  const request: Deeds['request'] = async (key) => {
    const [row] = await db.query<Record<string, unknown>>('select * from clerkforce.request where key = $1', [key])
    return row ?? {}
  }
  return {
    request,
    ended: async (key) => {
      await until(async () => {
        wake()
        return (await request(key))['state'] !== 'open'
      })
      engine.wake()
      await engine.drain()
    },
    see: async (object, ...ids) => {
      const stale = ids.map((id) => ({ entity: entities[object], id, committedAt: 0, gone: false }))
      await markStale(db.query, stale, clock.now())
      const log = createLog('silent')
      await readBack({ db, api: salesforce, rules, now: clock.now, random: () => 1, log })
      wake()
      engine.wake()
    },
    granted: async () => {
      await until(async () => {
        wake()
        return (await engine.counts()).granting === 0
      })
      engine.wake()
      await engine.drain()
    },
    webhooks: async (arrange = (events) => events) => {
      const messages = clerk.webhooks.messages().slice(delivered)
      delivered += messages.length
      for (const event of arrange(messages.map(({ body }) => JSON.parse(body) as Event))) await deliver(event)
      await engine.drain()
    },
    accept: async (invitationId) => {
      const { status } = await fetch(`${clerk.url}/_emulator/invitations/${invitationId}/accept`, { method: 'POST' })
      if (status !== 200) throw new Error(`the invitation cannot be accepted: ${status}`)
    },
    record: (object, id) => org.state()[object]?.find((one) => one['Id'] === id) ?? {},
    lines: () => db.query('select side, kind, salesforce_id, result, detail from clerkforce.change order by id'),
  }
}
