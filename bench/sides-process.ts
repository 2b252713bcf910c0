/** Both emulators in a process of their own, with 150 ms between question and answer, and a meter at each door. */
import { Hono } from 'hono'
import { createClerkEmulator } from '../src/emulators/clerk/index.ts'
import { listen } from '../src/emulators/kit/listen.ts'
import { createSalesforceEmulator } from '../src/emulators/salesforce/index.ts'
import { answerQuestions } from './child.ts'

export type Sides = {
  clerk: { url: string; secretKey: string; signingSecret: string }
  salesforce: { url: string; clientId: string; clientSecret: string; pubsub: string }
}

/** Calls since the meter was set to zero, by side and kind. */
export type TwoWayMeter = { clerk: Record<string, number>; salesforce: Record<string, number> }

const latencyMs = 150
const tier = { object: 'Account', name: 'Tier__c', type: 'string', length: 80 } as const

const clerk = createClerkEmulator({ environment: 'production', membershipLimit: 100, rateLimits: false })
const salesforce = createSalesforceEmulator({ apiLimit: 1_000_000_000, customFields: [tier] })
const pubsub = await salesforce.events.serve({ plaintextPort: 0 })

let meter: TwoWayMeter
const zero = (): void => {
  meter = { clerk: {}, salesforce: {} }
}
zero()
const count = (side: keyof TwoWayMeter, kind: string): void => {
  meter[side][kind] = (meter[side][kind] ?? 0) + 1
}
const now = (): number => performance.timeOrigin + performance.now()

/** When Clerk's answer to the change of an organization left, by its id. */
const shownAt = new Map<string, number>()

const clerkDoor = new Hono()
clerkDoor.use('/v1/*', async (c, next) => {
  const path = new URL(c.req.url).pathname
  count('clerk', `${c.req.method} ${path.replace(/(user|org|orgmem)_\w+/, '$1_')}`)
  await next()
  const [, id] = /^\/v1\/organizations\/(org_\w+)/.exec(path) ?? []
  if (id !== undefined && c.req.method === 'PATCH') shownAt.set(id, now())
})
clerkDoor.route('/', clerk.app)

const salesforceDoor = new Hono()
salesforceDoor.use('/services/data/*', async (c, next) => {
  const path = new URL(c.req.url).pathname
  if (!/\/(describe|limits)$/.test(path))
    count('salesforce', `${c.req.method} ${path.replace(/^\/services\/data\/v[\d.]+/, '')}`)
  return next()
})
salesforceDoor.route('/', salesforce.app)

const clerkListening = await listen(clerkDoor)
const salesforceListening = await listen(salesforceDoor)

const accounts = new Map<string, string>()

const commands = {
  address: (_: undefined): Sides => ({
    clerk: { url: clerkListening.url, secretKey: clerk.secretKey, signingSecret: clerk.signingSecret },
    salesforce: {
      url: salesforceListening.url,
      clientId: salesforce.clientId,
      clientSecret: salesforce.clientSecret,
      pubsub: `http://${pubsub.plaintextUrl}`,
    },
  }),
  webhooks: (url: string): void => {
    clerk.webhooks.add({ url })
  },
  /** Organizations in Clerk, whose webhooks go out; without latency. */
  found: async (organizations: number): Promise<void> => {
    for (let n = 0; n < organizations; n++)
      await clerk.app.request('/v1/organizations', {
        method: 'POST',
        headers: { authorization: `Bearer ${clerk.secretKey}`, 'content-type': 'application/json' },
        body: JSON.stringify({ name: `Company ${n}` }),
      })
  },
  /** From here on every answer takes its time. */
  slow: (_: undefined): void => {
    for (const one of salesforce.state()['Account'] ?? [])
      if (one['Clerk_Org_Id__c']) accounts.set(String(one['Clerk_Org_Id__c']), String(one['Id']))
    clerk.faults.add({ latencyMs })
    salesforce.settings.latencyMs = latencyMs
    zero()
  },
  zero: (_: undefined): void => zero(),
  read: (_: undefined): TwoWayMeter => meter,
  /** Changes one Account as a person does; resolves with the milliseconds until Clerk's answer has left. */
  change: async ({ organization, value }: { organization: number; value: string }): Promise<number> => {
    const [clerkId = '', id = ''] = [...accounts][organization] ?? []
    shownAt.delete(clerkId)
    const started = now()
    salesforce.person.edit('Account', id, { Tier__c: value })
    while (!shownAt.has(clerkId)) {
      if (now() - started > 30_000) throw new Error(`the change of ${id} did not come to Clerk`)
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
    return (shownAt.get(clerkId) ?? 0) - started
  },
  /** Changes all Accounts, one after the other, without waiting. */
  changeAll: (value: string): number => {
    for (const id of accounts.values()) salesforce.person.edit('Account', id, { Tier__c: value })
    return accounts.size
  },
  /** How many organizations show a value in Clerk. */
  shown: (value: string): number =>
    clerk.state().organizations.filter(({ public_metadata }) => JSON.stringify(public_metadata).includes(value)).length,
}
export type SidesCommands = typeof commands
answerQuestions(commands)
