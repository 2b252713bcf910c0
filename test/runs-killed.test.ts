import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, onTestFinished, test } from 'vitest'
import { openDatabase } from '../src/db/database.ts'
import { migrate } from '../src/db/migrate.ts'
import { startClerkEmulator } from '../src/emulators/index.ts'
import { askRun, type Run, type RunKind, readRun, runEntities } from '../src/sync/mirror/runs.ts'
import { populate } from '../src/sync/runs/runs.test-support.ts'
import { freshPostgres } from './support/databases.ts'
import type { MortalOptions } from './support/mortal-process.ts'
import { signingSecret, startOrg } from './support/road.ts'
import { unhurried } from './support/runs.ts'

/** How often a process is killed; `KILLS=200 npm test -- runs-killed` for a long night. */
const kills = Number(process.env['KILLS'] ?? (unhurried ? 20 : 1))
/** So many steps a process has between two kills at the most: about what a whole run of these has. */
const mostSteps = 160

const program = new URL('./support/mortal-process.ts', import.meta.url).pathname

/** Small pages, so that a process dies between them; and what was written just now may have drifted. */
const settings: MortalOptions['runs'] = {
  graceMs: 0,
  deletions: { share: 1, number: 100 },
  sizes: { clerkPage: 8, mostByQuery: 20 },
}

const randomFrom = (seed: number): (() => number) => {
  let state = seed
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    return state / 2_147_483_648
  }
}

const begin = async (backlogs: MortalOptions['backlogs']) => {
  const database = await freshPostgres()
  const db = await openDatabase({ url: database })
  onTestFinished(() => db.close())
  await migrate(db)
  const org = await startOrg()
  const clerk = await startClerkEmulator({ environment: 'production', membershipLimit: 1_000, rateLimits: false })
  onTestFinished(() => clerk.close())
  const options = { database, loginUrl: org.url, clientId: org.clientId, clientSecret: org.clientSecret, signingSecret }
  const clerkApi = { url: clerk.url, secretKey: clerk.secretKey }
  const random = randomFrom(Number(process.env['SEED'] ?? 2026))
  let lives = 0
  const live = (dieAt: number): { dead: () => boolean; die: () => void } => {
    const mortal: MortalOptions = {
      ...options,
      clerkApi,
      dieAt,
      name: `life-${++lives}`,
      runs: settings,
      ...(backlogs ? { backlogs } : {}),
    }
    const child = spawn(process.execPath, [program, JSON.stringify(mortal)], { stdio: ['ignore', 'ignore', 'inherit'] })
    onTestFinished(() => void child.kill('SIGKILL'))
    return {
      dead: () => child.exitCode !== null || child.signalCode !== null,
      die: () => {
        child.kill('SIGKILL')
        void once(child, 'exit')
      },
    }
  }
  /** Lives until the run has ended, however often it is killed meanwhile; says how often. */
  const carriedOut = async (kind: RunKind, times: number): Promise<{ run: Run; died: number }> => {
    const asked = await askRun(db.query, kind, { entities: runEntities }, Date.now())
    for (let died = 0; ; died++) {
      const life = live(died < times ? 1 + Math.floor(random() * mostSteps) : 0)
      while (!life.dead()) {
        const run = await readRun(db.query, asked.id)
        if (run && run.finishedAt !== null) {
          life.die()
          return { run, died }
        }
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
    }
  }
  const keys = (object: string, key: string): unknown[] =>
    (org.state()[object] ?? []).flatMap((one) => (one['IsDeleted'] === true ? [] : [one[key]])).sort()
  return { db, org, clerk, carriedOut, keys }
}

// In the suite with jobs open alone, for they are what a kill leaves behind on the other side.
test.each([
  ['jobs of Bulk API', { least: 5, most: 100 }],
  ...(unhurried ? ([['Collections', undefined]] as const) : []),
] as const)(
  'a backfill and a reconcile that are killed at random moments, again and again, end as if nobody had, by %s: each record once, each damage named once',
  async (_, backlogs) => {
    const { db, org, clerk, carriedOut, keys } = await begin(backlogs)
    const { people, organizations, memberships } = populate({ clerk }, 3, 40)
    const backfill = await carriedOut('backfill', kills)
    expect(backfill.run).toMatchObject({ state: 'done', progress: { 'clerk/person': { read: 40, done: true } } })
    expect(keys('Contact', 'Clerk_User_Id__c')).toEqual([...people].sort())
    expect(keys('Account', 'Clerk_Org_Id__c')).toEqual([...organizations].sort())
    expect(keys('AccountContactRelation', 'Clerk_Membership_Id__c')).toEqual([...memberships].sort())

    const contact = (id: string | undefined): string =>
      String(org.state()['Contact']?.find((one) => one['Clerk_User_Id__c'] === id)?.['Id'])
    for (const id of people.slice(0, 5)) org.person.edit('Contact', contact(id), { LastName: 'Typed by hand' })
    for (const id of people.slice(5, 10)) org.person.edit('Contact', contact(id), { Clerk_User_Id__c: null })
    const { users } = clerk.seed({ users: [{ last_name: 'New', email_addresses: ['new@example.com'] }] })
    const reconcile = await carriedOut('reconcile', Math.ceil(kills / 2))
    expect(reconcile.run).toMatchObject({ state: 'done', result: { drift: { 'human-edit': 10, missing: 1 } } })
    const named = await db.query<{ id: string }>('select clerk_id as id from clerkforce.drift order by clerk_id')
    expect(named.map(({ id }) => id).sort()).toEqual([...people.slice(0, 10), ...users].sort())
    expect(keys('Contact', 'Clerk_User_Id__c')).toEqual([...people, ...users].sort())
    expect(keys('Contact', 'LastName')).not.toContain('Typed by hand')

    expect(await db.query('select 1 from clerkforce.link where parked_at is not null')).toEqual([])
    expect(backfill.died + reconcile.died).toBeGreaterThan(kills)
  },
  300_000,
)
