import { type Checked, check, readSalesforce, type SalesforceSide } from './check.ts'
import { createClerkApi } from './clerk-api.ts'
import { expectedOrg, readClerk } from './expected.ts'
import type { History } from './play.ts'
import { logIn } from './salesforce-api.ts'
import type { Sides } from './start-sides.ts'

export type Verdict = { side: SalesforceSide; checked: Checked }

/** Reads both sides through their public APIs and compares them. */
export const compareSides = async (
  { clerk, salesforce, before, toAdopt }: Sides,
  history: History,
): Promise<Verdict> => {
  const side = await readSalesforce(await logIn(salesforce.url, salesforce.clientId, salesforce.clientSecret))
  const expected = expectedOrg(await readClerk(createClerkApi(clerk)), history, toAdopt)
  return { side, checked: check(side, expected, before) }
}
