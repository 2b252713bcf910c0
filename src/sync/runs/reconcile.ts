import type { ClerkClient } from '../../clerk/client.ts'
import { countDrift } from '../mirror/drift.ts'
import { beginAsking, beginWork, countLeft, type Run, runEntities } from '../mirror/runs.ts'
import type { PacedReads } from '../pace/paced-api.ts'
import type { Rules } from '../plan/mapping.ts'
import { compareLinks } from './compare.ts'
import { type DeletionLimits, observeDeletions, weighDeletions } from './deletions.ts'
import { parkOrphans } from './orphans.ts'
import type { RunTools } from './runs.ts'
import { scanSalesforce } from './scan-salesforce.ts'

export type ReconcileSettings = {
  deletions: DeletionLimits
  /** Links that one run may have repaired; the rest is found again by the next. */
  budget: number
  /** For so long a query may show a record as it was before we wrote to it. */
  graceMs: number
}

export type Reconciling = {
  clerk: ClerkClient
  salesforce: PacedReads
  settings: ReconcileSettings
}

/**
 * What follows the scans of Clerk: weighs what has vanished there, scans Salesforce, compares, and marks what is to be repaired.
 * @returns 'asking' where more has vanished than may go without a person's word: then nothing was concluded, and nothing is repaired.
 */
export const reconcile = async (
  { clerk, salesforce, settings, ...tools }: RunTools & Reconciling,
  run: Run,
  rules: Rules,
): Promise<'asking' | undefined> => {
  const { db, clock, log } = tools
  const { graceMs } = settings
  const { deletions, tooMany } = await weighDeletions(tools, run, settings.deletions)
  if (tooMany) {
    log.warn(
      { stage: 'run', run: run.id, deletions },
      'more records than expected are gone in Clerk: nothing is repaired until a person says so (clerkforce reconcile --accept-deletions N)',
    )
    await beginAsking(db.query, run.id, { deletions })
    return 'asking'
  }
  await observeDeletions(tools, clerk, run)
  const entities = runEntities.filter((one) => one !== 'membership' || rules.relations)
  for (const entity of entities) await scanSalesforce({ tools, salesforce, rules, run, graceMs }, entity)
  let budget = settings.budget
  let deferred = 0
  for (const entity of entities) {
    const compared = await compareLinks({ tools, run, rules, graceMs, budget }, entity)
    budget -= compared.marked
    deferred += compared.deferred
    await parkOrphans(tools, clerk, run, entity)
  }
  const drift = await countDrift(db.query, run.id)
  const marked = await countLeft(db.query, 'reconcile')
  await beginWork(db.query, run.id, { deletions, drift, deferred, marked }, clock.now())
  return undefined
}
