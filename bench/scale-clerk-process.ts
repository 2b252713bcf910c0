/** The Clerk emulator with as many people as wanted, in a process of its own, with a meter at its door. */
import { Hono } from 'hono'
import { createClerkEmulator } from '../src/emulators/clerk/index.ts'
import { listen } from '../src/emulators/kit/listen.ts'
import { answerQuestions } from './child.ts'

export type ClerkAddress = { url: string; secretKey: string; signingSecret: string }

const clerk = createClerkEmulator({ environment: 'production', membershipLimit: 1_000 })
let meter: Record<string, number> = {}

const app = new Hono()
app.use('/v1/*', (c, next) => {
  const kind = `${c.req.method} ${new URL(c.req.url).pathname}`
  meter[kind] = (meter[kind] ?? 0) + 1
  return next()
})
app.route('/', clerk.app)
const listening = await listen(app)

const start = Date.UTC(2020, 0, 1)
const atOnce = 10_000

/** Calls `make` for each number below `count`, in groups. */
const inGroups = <T>(count: number, make: (n: number) => T, seed: (group: T[]) => void): void => {
  for (let from = 0; from < count; from += atOnce)
    seed(Array.from({ length: Math.min(atOnce, count - from) }, (_, n) => make(from + n)))
}

const commands = {
  address: (_: undefined): ClerkAddress => ({
    url: listening.url,
    secretKey: clerk.secretKey,
    signingSecret: clerk.signingSecret,
  }),
  /** A tenth as many organizations, and for every fifth person a second membership. */
  fill: (people: number): void => {
    const organizations = people / 10
    inGroups(
      organizations,
      (n) => ({ id: `org_${n}`, name: `Company ${n}`, created_by: null, created_at: start + n }),
      (group) => clerk.seed({ organizations: group }),
    )
    inGroups(
      people,
      (n) => ({
        id: `user_${n}`,
        email_addresses: [`person${n}@example.com`],
        first_name: 'Ada',
        last_name: `Lovelace ${n}`,
        created_at: start + n,
      }),
      (group) => clerk.seed({ users: group }),
    )
    inGroups(
      (people * 12) / 10,
      (n) => ({
        user_id: `user_${n % people}`,
        organization_id: `org_${(n < people ? n : n + 1) % organizations}`,
        role: 'org:member',
        created_at: start + n,
      }),
      (group) => clerk.seed({ memberships: group }),
    )
  },
  slow: (latencyMs: number): void => {
    clerk.faults.add({ latencyMs })
  },
  zero: (_: undefined): void => {
    meter = {}
  },
  read: (_: undefined): Record<string, number> => meter,
}
export type ScaleClerkCommands = typeof commands
answerQuestions(commands)
