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
const kills = Number(process.env['KILLS'] ?? (unhurried ? 20 : 4))

const program = new URL('./support/mortal-process.ts', import.meta.url).pathname

const begin = async () => {
  const database = await freshPostgres()
  const db = await openDatabase({ url: database })
  onTestFinished(() => db.close())
  await migrate(db)
  const org = await startOrg()
  const clerk = await startClerkEmulator({ environment: 'production', membershipLimit: 1_000, rateLimits: false })
  onTestFinished(() => clerk.close())
  const options = { database, loginUrl: org.url, clientId: org.clientId, clientSecret: org.clientSecret, signingSecret }
  const clerkApi = { url: clerk.url, secretKey: clerk.secretKey }
  const live = async (life: number, dieAt: number): Promise<() => Promise<boolean>> => {
    const mortal: MortalOptions = { ...options, clerkApi, dieAt, name: `life-${life}` }
    const child = spawn(process.execPath, [program, JSON.stringify(mortal)], { stdio: ['ignore', 'ignore', 'inherit'] })
    onTestFinished(() => void child.kill('SIGKILL'))
    const exited = once(child, 'exit').then(() => true)
    return async () => Promise.race([exited, new Promise<false>((resolve) => setTimeout(() => resolve(false), 20))])
  }
  /** Lives until the run has ended, however often it is killed meanwhile. */
  const carriedOut = async (kind: RunKind, random: () => number): Promise<{ run: Run; died: number }> => {
    const asked = await askRun(db.query, kind, { entities: runEntities }, Date.now())
    let died = 0
    for (let life = 1; ; life++) {
      const dead = await live(life, life > kills ? 0 : 1 + Math.floor(random() * 110))
      for (;;) {
        const run = await readRun(db.query, asked.id)
        if (run && run.finishedAt !== null) return { run, died }
        if (await dead()) break
      }
      died++
    }
  }
  return { db, org, clerk, carriedOut }
}

test('a backfill that is killed at random moments, again and again, ends with each record once', async () => {
  const { db, org, clerk, carriedOut } = await begin()
  const { people, organizations, memberships } = populate({ clerk }, 3, 30)
  let state = Number(process.env['SEED'] ?? 2026)
  const random = () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    return state / 2_147_483_648
  }
  const { run, died } = await carriedOut('backfill', random)
  expect(run).toMatchObject({ state: 'done', progress: { 'clerk/person': { read: 30, done: true } } })
  expect(died).toBeGreaterThan(0)
  const keys = (object: string, key: string): unknown[] =>
    (org.state()[object] ?? []).flatMap((one) => (one['IsDeleted'] === true ? [] : [one[key]])).sort()
  expect(keys('Contact', 'Clerk_User_Id__c')).toEqual([...people].sort())
  expect(keys('Account', 'Clerk_Org_Id__c')).toEqual([...organizations].sort())
  expect(keys('AccountContactRelation', 'Clerk_Membership_Id__c')).toEqual([...memberships].sort())
  expect(await db.query('select 1 from clerkforce.link where parked_at is not null')).toEqual([])
}, 120_000)
