import { checkClerk } from './check-clerk.ts'
import { checkSalesforce, readSalesforce, type SalesforceSide } from './check-salesforce.ts'
import { createClerkApi } from './clerk-api.ts'
import type { Checked } from './compare.ts'
import { expectedOrg } from './expected.ts'
import type { History } from './playing.ts'
import { type ClerkSide, readClerk } from './read-clerk.ts'
import { logIn } from './salesforce-api.ts'
import type { World } from './world.ts'

/** What both sides hold, and how far each is what the other one and the story say. */
export type Verdict = {
  held: { salesforce: SalesforceSide; clerk: ClerkSide }
  salesforce: Checked
  clerk: Checked
  /** What clerkforce has set aside for a person. */
  parked: readonly Parked[]
  /** What did not come about in time, as sentences. */
  missed: readonly string[]
}

type Parked = { entity: string; code: string; reason: string }

/** Asks clerkforce, as an operator would. */
const readParked = async ({ clerkforce, adminToken }: World): Promise<Parked[]> => {
  const headers = { authorization: `Bearer ${adminToken}` }
  const response = await fetch(`${clerkforce.url}/api/parked`, { headers })
  return ((await response.json()) as { parked: Parked[] }).parked
}

/** Reads both sides through their public APIs and compares them, in both directions. */
export const compareSides = async (world: World, history: History): Promise<Verdict> => {
  const { clerk, salesforce, before, toAdopt } = world
  const held = {
    salesforce: await readSalesforce(await logIn(salesforce.url, salesforce.clientId, salesforce.clientSecret)),
    clerk: await readClerk(createClerkApi(clerk)),
  }
  return {
    held,
    salesforce: checkSalesforce(held.salesforce, expectedOrg(held.clerk, history, toAdopt), before),
    clerk: checkClerk(held.clerk, held.salesforce, history),
    parked: await readParked(world),
    missed: history.missed,
  }
}
