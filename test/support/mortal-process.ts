/**
 * A clerkforce in a process of its own that kills itself (SIGKILL: no goodbye) at the nth step, where a step is each moment before and
 * after a statement, a commit or a call to Salesforce. Speaks HTTP like the real one; prints its address as one line of JSON.
 */
import { createServer } from 'node:http'
import { createClerkClient } from '../../src/clerk/client.ts'
import { createVerifier } from '../../src/clerk/signature.ts'
import { systemClock } from '../../src/clock.ts'
import { type Database, openDatabase, type Query } from '../../src/db/database.ts'
import { migrate } from '../../src/db/migrate.ts'
import { createLog } from '../../src/log.ts'
import type { Through } from '../../src/salesforce/api.ts'
import { createSalesforceClient } from '../../src/salesforce/client.ts'
import { createChangeEvents } from '../../src/salesforce/events/change-events.ts'
import { type EngineOptions, startEngine } from '../../src/sync/engine.ts'

export type MortalOptions = {
  database: string
  loginUrl: string
  clientId: string
  clientSecret: string
  signingSecret: string
  /** The step to die at; 0: never. */
  dieAt: number
  name: string
  /** The Pub/Sub API, where it is to follow Salesforce. */
  pubsub?: string
  /** Clerk's API, where it is to be asked. */
  clerkApi?: { url: string; secretKey: string }
  runs?: EngineOptions['runs']
  backlogs?: EngineOptions['backlogs']
}

const options = JSON.parse(process.argv[2] ?? '{}') as MortalOptions

let steps = 0
const step = (): void => {
  if (++steps === options.dieAt) process.kill(process.pid, 'SIGKILL')
}

const around = async <T>(work: () => Promise<T>): Promise<T> => {
  step()
  const result = await work()
  step()
  return result
}

const mortal = (db: Database): Database => ({
  ...db,
  query: (text, values) => around(() => db.query(text, values)),
  transaction: (work) =>
    around(() =>
      db.transaction((query) => {
        const stepping: Query = (text, values) => around(() => query(text, values))
        return work(stepping)
      }),
    ),
})

/** Around each call of a job. */
const mortalThrough =
  (through: Through = (send) => send()): Through =>
  (send, call) =>
    through(() => around(send), call)

const db = await openDatabase({ url: options.database })
await migrate(db)
const salesforce = createSalesforceClient({
  loginUrl: options.loginUrl,
  auth: { kind: 'client-credentials', clientId: options.clientId, clientSecret: options.clientSecret },
  now: Date.now,
})
const clock = systemClock
const channel = 'Clerk_Sync__chn'
const { pubsub, clerkApi, runs, backlogs } = options
const userId = async () => (await salesforce.tokens.current()).userId
const events = pubsub ? createChangeEvents({ endpoint: pubsub, tokens: salesforce.tokens, clock }) : undefined
const engine = await startEngine({
  db: mortal(db),
  salesforce: {
    ...salesforce,
    write: (requests) => around(() => salesforce.write(requests)),
    query: (soqls, deleted) => around(() => salesforce.query(soqls, deleted)),
    bulk: {
      query: (asked) => salesforce.bulk.query({ ...asked, through: mortalThrough(asked.through) }),
      ingest: (asked) => salesforce.bulk.ingest({ ...asked, through: mortalThrough(asked.through) }),
    },
  },
  ...(clerkApi ? { clerk: createClerkClient({ apiUrl: clerkApi.url, secretKey: clerkApi.secretKey }) } : {}),
  verify: createVerifier({ secrets: [options.signingSecret] }),
  ...(events
    ? { follow: { mode: 'stream', events, channel, pollMs: 60_000, userId, clientName: 'clerkforce', echoMs: 0 } }
    : {}),
  ...(runs ? { runs } : {}),
  ...(backlogs ? { backlogs } : {}),
  clock,
  random: Math.random,
  log: createLog('silent'),
  name: options.name,
  leaseMs: 1_000,
})
const server = createServer((request, response) => {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', async () => {
    if (request.method === 'GET') return response.end(JSON.stringify(await engine.counts()))
    const { status } = await engine.receive({
      headers: { get: (name) => request.headers[name]?.toString() },
      body: Buffer.concat(chunks),
    })
    response.writeHead(status).end()
  })
})
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  process.stdout.write(
    `${JSON.stringify({ url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}` })}\n`,
  )
})
