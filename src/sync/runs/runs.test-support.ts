/** Two sides full of records that nobody told us of, and a clerkforce that is to find them. */
import { onTestFinished } from 'vitest'
import { fastClock, type Road, startOrg, startRoad } from '../../../test/support/road.ts'
import type { Clock } from '../../clock.ts'
import type { Database } from '../../db/database.ts'
import { type RunningClerkEmulator, startClerkEmulator } from '../../emulators/index.ts'
import type { RunningSalesforceEmulator } from '../../emulators/salesforce/index.ts'
import type { EngineOptions } from '../engine.ts'
import { askRun, type Run, type RunKind, type RunOptions, readRun, runEntities } from '../mirror/runs.ts'

export type Shown = Record<string, unknown> & { id: string }

export type Sides = {
  clerk: RunningClerkEmulator
  org: RunningSalesforceEmulator
  clock: Clock
  /** Moves the time of everything on. */
  later: (ms: number) => void
  /** Clerk's Backend API, in the process; its webhooks go nowhere. */
  tell: (method: string, path: string, body?: unknown) => Promise<Shown>
}

/** A clock that runs fast and never says the same time twice, and can be moved on. */
const movable = (): { clock: Clock; later: (ms: number) => void } => {
  const fast = fastClock(20)
  let ahead = 0
  let said = 0
  return {
    clock: {
      now: () => {
        said = Math.max(said + 1, fast.now() + ahead)
        return said
      },
      sleep: fast.sleep,
    },
    later: (ms) => {
      ahead += ms
    },
  }
}

/** Both emulators, of one clock; they close with the test. */
export const startSides = async (): Promise<Sides> => {
  const { clock, later } = movable()
  const org = await startOrg({ clock })
  const clerk = await startClerkEmulator({
    environment: 'production',
    membershipLimit: 1_000,
    rateLimits: false,
    clock,
  })
  onTestFinished(() => clerk.close())
  return {
    clerk,
    org,
    clock,
    later,
    tell: async (method, path, body) => {
      const response = await clerk.app.request(`/v1${path}`, {
        method,
        headers: { authorization: `Bearer ${clerk.secretKey}`, 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
      const text = await response.text()
      if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`)
      return (text === '' ? {} : JSON.parse(text)) as Shown
    },
  }
}

export type Populated = { organizations: string[]; people: string[]; memberships: string[] }

/** Organizations and people in Clerk, from before anybody listened; each person but the last is in one organization. */
export const populate = ({ clerk }: Pick<Sides, 'clerk'>, organizations: number, people: number): Populated => {
  const companies = Array.from({ length: organizations }, (_, n) => ({ name: `Company ${n}` }))
  const users = Array.from({ length: people }, (_, n) => ({
    first_name: `First${n}`,
    last_name: `Last${n}`,
    email_addresses: [`person${n}@example.com`],
  }))
  const made = clerk.seed({ organizations: companies, users })
  const memberships = made.users.slice(0, -1).map((user_id, n) => ({
    user_id,
    organization_id: made.organizations[n % organizations] ?? '',
    role: 'org:member',
  }))
  return {
    organizations: made.organizations,
    people: made.users,
    memberships: clerk.seed({ memberships }).memberships,
  }
}

export type Running = Road & {
  /** Asks for a run and waits for its end, or until it asks a person. */
  run: (kind: RunKind, options?: Partial<RunOptions>) => Promise<Run>
  /** What a run has found, as `class entity detail`. */
  drift: (run: Run) => Promise<{ class: string; entity: string; clerkId: string | null; salesforceId: string | null }[]>
}

/** Resolves with the run when it has ended or asks. */
export const untilEnded = async (db: Database, id: number, ms = 20_000): Promise<Run> => {
  for (const end = Date.now() + ms; ; ) {
    const run = await readRun(db.query, id)
    if (run && (run.finishedAt !== null || run.state === 'asking')) return run
    if (Date.now() > end) throw new Error(`the run has not ended: ${JSON.stringify(run)}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

/** A clerkforce between the sides, which hears of nothing but what it asks for. */
export const startBetween = async (
  { clerk, org, clock }: Sides,
  engine: Partial<EngineOptions> = {},
  db?: Database,
): Promise<Running> => {
  const clerkApi = { url: clerk.url, secretKey: clerk.secretKey }
  const road = await startRoad({ org, clock, clerkApi, engine, ...(db ? { db } : {}) })
  return {
    ...road,
    run: async (kind, options = {}) => {
      const asked = await askRun(road.db.query, kind, { entities: runEntities, ...options }, clock.now())
      road.engine.wake()
      return untilEnded(road.db, asked.id)
    },
    drift: (run) =>
      road.db.query(
        'select class, entity, clerk_id as "clerkId", salesforce_id as "salesforceId" from clerkforce.drift where run_id = $1 order by id',
        [run.id],
      ),
  }
}
