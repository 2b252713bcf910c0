/** The whole product, as `serve` runs it, in a process of its own. */
import { readSettings } from '../src/config.ts'
import { createLog } from '../src/log.ts'
import { CLERKFORCE_SETTINGS, type RunningClerkforce, startClerkforce } from '../src/program.ts'
import type { Counts } from '../src/sync/mirror/counts.ts'
import { answerQuestions } from './child.ts'
import type { Sides } from './sides-process.ts'

let running: RunningClerkforce | undefined

const commands = {
  /** Resolves with its address. */
  start: async ({ databaseUrl, clerk, salesforce }: Sides & { databaseUrl: string }): Promise<string> => {
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
          SALESFORCE_EVENTS: 'stream',
          DATABASE_URL: databaseUrl,
          CLERKFORCE_HOST: '127.0.0.1',
          PORT: '0',
        },
      }),
      config: { organization: { fields: { Tier__c: { from: 'public_metadata.tier', rule: 'salesforce' } } } },
      log: createLog(process.env['LOG'] ?? 'silent'),
    })
    return running.url
  },
  following: (_: undefined): string => running?.engine.health().following.by ?? '',
  counts: async (_: undefined): Promise<Counts | undefined> => running?.engine.counts(),
  drain: async (timeoutMs: number): Promise<void> => running?.engine.drain(timeoutMs),
  stop: async (_: undefined): Promise<void> => running?.close(),
}
export type ProductCommands = typeof commands
answerQuestions(commands)
