import { afterEach } from 'vitest'
import {
  type RunningSalesforceEmulator,
  type SalesforceEmulatorOptions,
  startSalesforceEmulator,
} from '../../emulators/salesforce/index.ts'
import { createSalesforceClient, type SalesforceClient } from '../client.ts'

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

export type Emulated = {
  salesforce: RunningSalesforceEmulator
  client: SalesforceClient
  /** How long the client would have waited, in turn; here it only lets others in. */
  pauses: number[]
  /** Jobs that the org still has, as its list shows them. */
  jobs: (kind: 'query' | 'ingest') => Promise<{ id: string; state: string }[]>
}

/** An emulator on a port, and a client of it that does not really wait. */
export const emulate = async (options: SalesforceEmulatorOptions = {}): Promise<Emulated> => {
  const key = { type: 'string', externalId: true, unique: true, caseSensitive: true } as const
  const salesforce = await startSalesforceEmulator({
    apiLimit: 1_000_000,
    sfdx: false,
    customFields: [
      { object: 'Contact', name: 'Clerk_User_Id__c', ...key },
      { object: 'Account', name: 'Clerk_Org_Id__c', ...key },
    ],
    ...options,
  })
  closers.push(salesforce.close)
  const pauses: number[] = []
  const client = createSalesforceClient({
    loginUrl: salesforce.url,
    auth: { kind: 'client-credentials', clientId: salesforce.clientId, clientSecret: salesforce.clientSecret },
    now: Date.now,
    sleep: async (ms) => {
      pauses.push(ms)
      await new Promise((resolve) => setImmediate(resolve))
    },
  })
  closers.push(() => client.close(0))
  const jobs: Emulated['jobs'] = async (kind) => {
    const { value, instanceUrl } = await client.tokens.current()
    const headers = { authorization: `Bearer ${value}` }
    const list = await fetch(new URL(`/services/data/v66.0/jobs/${kind}`, instanceUrl), { headers })
    return ((await list.json()) as { records: { id: string; state: string }[] }).records
  }
  return { salesforce, client, pauses, jobs }
}

/** All that an iteration gives. */
export const collect = async <T>(iterable: AsyncIterable<T>): Promise<T[]> => {
  const all: T[] = []
  for await (const one of iterable) all.push(one)
  return all
}

/** What an iteration gave, and what it failed with. */
export const collectUntilFailure = async <T>(iterable: AsyncIterable<T>): Promise<{ given: T[]; failure: unknown }> => {
  const given: T[] = []
  try {
    for await (const one of iterable) given.push(one)
  } catch (failure) {
    return { given, failure }
  }
  throw new Error(`expected a failure after ${given.length}`)
}
