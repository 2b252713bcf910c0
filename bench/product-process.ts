/** The whole product, as `serve` runs it, in a process of its own. */

import { systemClock } from '../src/clock.ts'
import { readSettings } from '../src/config.ts'
import { createLog } from '../src/log.ts'
import { CLERKFORCE_SETTINGS, type RunningClerkforce, startClerkforce } from '../src/program.ts'
import type { Counts } from '../src/sync/mirror/counts.ts'
import { askRun, type Run, readRun, runEntities } from '../src/sync/mirror/runs.ts'
import type { MappingConfig } from '../src/sync/plan/mapping.ts'
import { answerQuestions } from './child.ts'
import type { Sides } from './sides-process.ts'

let running: RunningClerkforce | undefined

const commands = {
  /** Resolves with its address. */
  start: async ({
    databaseUrl,
    clerk,
    salesforce,
    events = 'stream',
    config = {},
  }: Sides & { databaseUrl: string; events?: 'stream' | 'off'; config?: MappingConfig }): Promise<string> => {
    running = await startClerkforce({
      settings: readSettings(CLERKFORCE_SETTINGS, {
        env: {
          CLERK_API_URL: clerk.url,
          CLERK_SECRET_KEY: clerk.secretKey,
          CLERK_WEBHOOK_SIGNING_SECRET: clerk.signingSecret,
          CLERK_REQUESTS_PER_10S: '1000',
          SALESFORCE_LOGIN_URL: salesforce.url,
          SALESFORCE_CLIENT_ID: salesforce.clientId,
          SALESFORCE_CLIENT_SECRET: salesforce.clientSecret,
          SALESFORCE_PUBSUB_ENDPOINT: salesforce.pubsub,
          SALESFORCE_EVENTS: events,
          DATABASE_URL: databaseUrl,
          CLERKFORCE_HOST: '127.0.0.1',
          PORT: '0',
        },
      }),
      config,
      log: createLog(process.env['LOG'] ?? 'silent'),
    })
    return running.url
  },
  following: (_: undefined): string => running?.engine.health().following.by ?? '',
  counts: async (_: undefined): Promise<Counts | undefined> => running?.engine.counts(),
  drain: async (timeoutMs: number): Promise<void> => running?.engine.drain(timeoutMs),
  /** Goes over everything. Resolves with how it ended, and the milliseconds that it took. */
  run: async (kind: 'backfill' | 'reconcile'): Promise<{ ms: number; run: Run }> => {
    if (!running) throw new Error('not started')
    const { db, engine } = running
    for (let checked = engine.health().checked; !checked; checked = engine.health().checked) await systemClock.sleep(50)
    if (engine.health().checked?.problems.length) throw new Error(JSON.stringify(engine.health().checked?.problems))
    const started = performance.now()
    const { id } = await askRun(db.query, kind, { entities: runEntities }, Date.now())
    engine.wake()
    for (;;) {
      const run = await readRun(db.query, id)
      if (run?.finishedAt != null) return { ms: performance.now() - started, run }
      if (run?.state === 'asking') throw new Error(`it asks a person: ${JSON.stringify(run.result)}`)
      await systemClock.sleep(250)
    }
  },
  /** The most memory this process ever had, in bytes. */
  peakMemory: (_: undefined): number => process.resourceUsage().maxRSS * 1024,
  stop: async (_: undefined): Promise<void> => running?.close(),
}
export type ProductCommands = typeof commands
answerQuestions(commands)
