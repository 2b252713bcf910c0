import { type RunningClerkEmulator, startClerkEmulator } from '../../emulators/clerk/index.ts'
import { type RunningSalesforceEmulator, startSalesforceEmulator } from '../../emulators/salesforce/index.ts'
import { SEEDED } from './cast.ts'
import type { Expected } from './compare.ts'
import { onFreePort } from './free-port.ts'

/** The two emulators, and what Salesforce holds before the story. */
export type Sides = {
  clerk: RunningClerkEmulator
  salesforce: RunningSalesforceEmulator
  /** Records that nobody may touch, by id. */
  before: ReadonlyMap<string, Expected>
  /** Contacts that are to be adopted: ids by e-mail address. */
  toAdopt: ReadonlyMap<string, string>
}

/** How unreliable webhooks are: Svix promises neither order nor uniqueness, it just rarely breaks them in a demo. */
const disorder = { twice: 0.15, delayed: 0.2, maxDelayMs: 900, shuffled: 0.15 }

/** A quick org; it gives batches something to gather behind. */
const salesforceLatencyMs = 40

const startClerk = async (port: number, seed: number): Promise<RunningClerkEmulator> =>
  startClerkEmulator({
    port,
    seed,
    disorder,
    // A development instance may be asked 100 times in ten seconds: the story needs more.
    environment: 'production',
    membershipLimit: 100,
    slugs: true,
    // Undocumented in Clerk; without it no webhook would tell of a sign-in.
    signInUpdatesUser: true,
    // A day of retries in half an hour, for whoever stops clerkforce's database meanwhile.
    retryScale: 60,
  })

/** What the admin of this org has added, for the mapping of the demo (world.ts). */
const customFields = [
  { object: 'Account', name: 'Plan__c', type: 'string', length: 80 },
  { object: 'Contact', name: 'Job__c', type: 'string', length: 80 },
] as const

const seedSalesforce = (org: RunningSalesforceEmulator): Pick<Sides, 'before' | 'toAdopt'> => {
  const { account, contact, adopted } = SEEDED
  const ids = org.seed({ Account: [account], Contact: [{ ...contact, AccountId: '#0' }, adopted] })
  const [accountId = ''] = ids.Account
  const [contactId = '', adoptedId = ''] = ids.Contact
  return {
    before: new Map<string, Expected>([
      [accountId, account],
      [contactId, contact],
    ]),
    toAdopt: new Map([[adopted.Email.toLowerCase(), adoptedId]]),
  }
}

/** Starts both emulators on these ports, or on free ones where they are taken. */
export const startSides = async (ports: { clerk: number; salesforce: number }, seed: number): Promise<Sides> => {
  const clerk = await onFreePort(ports.clerk, (port) => startClerk(port, seed))
  const options = { seed, latencyMs: salesforceLatencyMs, pubsub: {}, customFields }
  const salesforce = await onFreePort(ports.salesforce, (port) => startSalesforceEmulator({ ...options, port })).catch(
    async (error: unknown) => {
      await clerk.close()
      throw error
    },
  )
  return { clerk, salesforce, ...seedSalesforce(salesforce) }
}
