/**
 * Both sides as a history needs them: acted on in the process, without waiting for anybody; webhooks delivered when and as often as the history
 * says; and a clerkforce between them that can die at any moment.
 */
import { onTestFinished } from 'vitest'
import type { Clock } from '../../src/clock.ts'
import type { Database } from '../../src/db/database.ts'
import { type RunningClerkEmulator, startClerkEmulator } from '../../src/emulators/clerk/index.ts'
import type { RunningSalesforceEmulator } from '../../src/emulators/salesforce/index.ts'
import { createLog } from '../../src/log.ts'
import { type Clerkforce, openClerkforce } from '../../src/program.ts'
import type { MappingConfig } from '../../src/sync/plan/mapping.ts'
import { type DatabaseKind, freshDatabase } from './databases.ts'
import { fastClock, signed, signingSecret, startOrg } from './road.ts'
import { settle } from './settled.ts'
import { settingsOf, until } from './two-sides.ts'

export type Shown = Record<string, unknown>

export type BothSides = {
  clerk: RunningClerkEmulator
  org: RunningSalesforceEmulator
  db: Database
  clock: Clock
  engine: () => Clerkforce['engine']
  /** Clerk's Backend API, in the process. @throws Error for anything but 2xx */
  tell: (method: string, path: string, body?: unknown) => Promise<Shown>
  /** Webhooks that were never delivered. */
  pending: () => readonly { id: string; body: string }[]
  /** Delivers a webhook; false: nobody was there. */
  deliver: (message: { id: string; body: string }) => Promise<boolean>
  /** clerkforce dies where it stands, and another one begins. */
  crash: () => Promise<void>
  /** Resolves when nothing waits, whether or not there are webhooks that nobody was told. */
  quiet: () => Promise<void>
  /** Delivers whatever comes until neither side has anything to tell and nothing waits. */
  settled: () => Promise<void>
  /** A record of Salesforce that is not deleted. */
  record: (object: string, field: string, value: unknown) => Shown | undefined
}

export type BothSidesOptions = {
  config: MappingConfig
  database?: DatabaseKind
  customFields: readonly CustomField[]
  /** How fast the clock of all three runs. @default 20 */
  times?: number
  /** Told what to do at the end. @default the end of the test */
  ended?: (end: () => Promise<void>) => void
}
export type CustomField = { object: string; name: string; type: 'string'; length: number }

/** Never says the same time twice: a fast clock stands still for so long that two edits would have one time, which Clerk's versions never do. */
const ticking = (clock: Clock): Clock => {
  let said = 0
  return {
    ...clock,
    now: () => {
      said = Math.max(said + 1, clock.now())
      return said
    },
  }
}

/** A database whose process is gone, once it is told so. */
const mortal = (db: Database): { db: Database; die: () => void } => {
  let dead = false
  const alive = (): void => {
    if (dead) throw new Error('this process is dead')
  }
  return {
    die: () => {
      dead = true
    },
    db: {
      ...db,
      query: async (text, values) => {
        alive()
        return db.query(text, values)
      },
      transaction: async (work) => {
        alive()
        return db.transaction((query) =>
          work(async (text, values) => {
            alive()
            return query(text, values)
          }),
        )
      },
    },
  }
}

/** Starts everything; it ends with the test. */
export const startBothSides = async (options: BothSidesOptions): Promise<BothSides> => {
  const { config, customFields, database = 'postgres', times = 20, ended = onTestFinished } = options
  const clock = ticking(fastClock(times))
  const db = await freshDatabase(database, ended)
  const org = await startOrg({ pubsub: {}, clock, customFields, eventLimit: 10_000_000 }, ended)
  const clerk = await startClerkEmulator({
    environment: 'production',
    membershipLimit: 100,
    rateLimits: false,
    signingSecret,
    clock,
  })
  ended(() => clerk.close())
  const settings = settingsOf(clerk, org, 'stream', {})
  const log = createLog(process.env['LOG'] ?? 'silent')
  const begin = async () => {
    const life = mortal(db)
    const clerkforce = await openClerkforce({ settings, config, db: life.db, log, clock })
    return { clerkforce, die: life.die }
  }
  let life = await begin()
  ended(() => life.clerkforce.close())
  const following = () => until(() => life.clerkforce.engine.health().following.by === 'stream')
  await following()
  await until(() => org.events.streams() > 0)
  // A place in the stream: without one, what a process that dies has not stored yet is asked for, and no event of it is ever taken in.
  org.person.create('Account', { Name: 'Nobody of ours' })
  await settle({ clerk, org, db, engine: life.clerkforce.engine })
  const delivered = new Set<string>()
  const pending = () => clerk.webhooks.messages().filter(({ id }) => !delivered.has(id))
  const deliver = async ({ id, body }: { id: string; body: string }): Promise<boolean> => {
    const { status } = await life.clerkforce.engine.receive(signed(JSON.parse(body), id, new Date(clock.now())))
    if (status < 300) delivered.add(id)
    return status < 300
  }
  return {
    clerk,
    org,
    db,
    clock,
    engine: () => life.clerkforce.engine,
    pending,
    deliver,
    tell: async (method, path, body) => {
      // What goes wrong is meant for clerkforce.
      const faults = clerk.faults.list()
      clerk.faults.clear()
      const response = await clerk.app.request(`/v1${path}`, {
        method,
        headers: { authorization: `Bearer ${clerk.secretKey}`, 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
      clerk.faults.add(...faults)
      const text = await response.text()
      if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`)
      return text === '' ? {} : (JSON.parse(text) as Shown)
    },
    crash: async () => {
      const { clerkforce, die } = life
      die()
      life = await begin()
      await clerkforce.close().catch(() => undefined)
    },
    quiet: () => settle({ clerk, org, db, engine: life.clerkforce.engine }),
    settled: async () => {
      await following()
      do {
        for (const message of pending()) await deliver(message)
        await settle({ clerk, org, db, engine: life.clerkforce.engine })
      } while (pending().length > 0)
    },
    record: (object, field, value) =>
      (org.state()[object] ?? []).find((one) => one[field] === value && one['IsDeleted'] !== true),
  }
}
