/** An empty Salesforce emulator in a process of its own, with a meter at its door. */
import { Hono } from 'hono'
import { listen } from '../src/emulators/kit/listen.ts'
import { createSalesforceEmulator } from '../src/emulators/salesforce/index.ts'
import { answerQuestions } from './child.ts'

export type SalesforceAddress = { url: string; clientId: string; clientSecret: string; pubsub: string }

const salesforce = createSalesforceEmulator({ apiLimit: 1_000_000_000 })
const pubsub = await salesforce.events.serve({ plaintextPort: 0 })
let meter: Record<string, number> = {}

/** What a call is about, without the ids in its path. */
const kindOf = (method: string, { pathname }: URL): string =>
  `${method} ${pathname.replace(/^\/services\/data\/v[\d.]+\//, '').replace(/\/750\w+/, '/{job}')}`

const app = new Hono()
app.use('/services/data/*', (c, next) => {
  const kind = kindOf(c.req.method, new URL(c.req.url))
  // What a start costs.
  if (!/(describe|limits)$/.test(kind)) meter[kind] = (meter[kind] ?? 0) + 1
  return next()
})
app.route('/', salesforce.app)
const listening = await listen(app)

const objects = ['Account', 'Contact', 'AccountContactRelation'] as const
const keys = {
  Account: 'Clerk_Org_Id__c',
  Contact: 'Clerk_User_Id__c',
  AccountContactRelation: 'Clerk_Membership_Id__c',
}

const commands = {
  address: (_: undefined): SalesforceAddress => ({
    url: listening.url,
    clientId: salesforce.clientId,
    clientSecret: salesforce.clientSecret,
    pubsub: `http://${pubsub.plaintextUrl}`,
  }),
  slow: (settings: { latencyMs: number; bulkBatchMs: number }): void => {
    Object.assign(salesforce.settings, settings)
  },
  zero: (_: undefined): void => {
    meter = {}
  },
  read: (_: undefined): Record<string, number> => meter,
  /** Different Clerk ids that live records of each object carry, and live records without one. */
  held: (_: undefined): Record<string, { keyed: number; bare: number }> => {
    const state = salesforce.state()
    return Object.fromEntries(
      objects.map((object) => {
        const live = (state[object] ?? []).filter((one) => one['IsDeleted'] !== true)
        const found = live.flatMap((one) => one[keys[object]] ?? [])
        return [object, { keyed: new Set(found).size, bare: live.length - found.length }]
      }),
    )
  },
}
export type ScaleOrgCommands = typeof commands
answerQuestions(commands)
