/** clerkforce's engine in a process of its own: what is measured. */
import { createVerifier } from '../src/clerk/signature.ts'
import { systemClock } from '../src/clock.ts'
import { type Database, openDatabase } from '../src/db/database.ts'
import { createLog } from '../src/log.ts'
import { createSalesforceClient, type SalesforceClient } from '../src/salesforce/client.ts'
import { type Engine, startEngine } from '../src/sync/engine.ts'
import type { Counts } from '../src/sync/mirror/counts.ts'
import { answerQuestions } from './child.ts'
import type { OrgAddress } from './org-process.ts'

export const signingSecret: string = `whsec_${Buffer.from('a secret of twenty-four b').toString('base64')}`

export type Written = {
  /** Links settled by a write, and those whose write failed. */
  done: number
  failed: number
  /** When the last of them was settled, in ms with fractions since 1970. */
  lastAt: number
  counts: Counts
}

const clock = (): number => performance.timeOrigin + performance.now()

let running: { db: Database; salesforce: SalesforceClient; engine: Engine } | undefined
let done = 0
let failed = 0
let lastAt = 0

const start = async ({ databaseUrl, org }: { databaseUrl: string; org: OrgAddress }): Promise<void> => {
  const db = await openDatabase({ url: databaseUrl })
  const { clientId, clientSecret, url } = org
  const salesforce = createSalesforceClient({ loginUrl: url, auth: { kind: 'client-credentials', clientId, clientSecret }, now: Date.now })
  done = failed = lastAt = 0
  const engine = await startEngine({
    db,
    salesforce,
    verify: createVerifier({ secrets: [signingSecret] }),
    clock: systemClock,
    random: Math.random,
    log: createLog('warn'),
    name: `bench-${process.pid}`,
    events: {
      delivered: ({ result }) => {
        if (result === 'done') done++
        else failed++
        lastAt = clock()
      },
    },
  })
  running = { db, salesforce, engine }
}

/** Looks seldom: counting the backlog is work for the database too. */
const drain = async ({ everyMs, timeoutMs }: { everyMs: number; timeoutMs: number }): Promise<Written> => {
  const end = clock() + timeoutMs
  for (;;) {
    const counts = await running?.engine.counts()
    if (!counts) throw new Error('not started')
    if (counts.hints + counts.dirty === 0) return { done, failed, lastAt, counts }
    if (clock() > end) throw new Error(`not drained: ${JSON.stringify({ counts, paused: running?.engine.health().paused })}`)
    await systemClock.sleep(everyMs)
  }
}

const commands = {
  start,
  drain,
  stop: async (_: undefined): Promise<void> => {
    await running?.engine.stop()
    await running?.salesforce.close()
    await running?.db.close()
    running = undefined
  },
  /** The most memory this process ever had, in bytes. */
  peakMemory: (_: undefined): number => process.resourceUsage().maxRSS * 1024,
}
export type ServiceCommands = typeof commands
answerQuestions(commands)
