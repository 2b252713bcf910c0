import type { Database } from '../../db/database.ts'
import { SalesforceError } from '../../salesforce/api.ts'
import type { PlannedCounts, PlannedKind } from '../mirror/planned.ts'
import { type Cost, readPaceOfRuns } from '../mirror/runs.ts'
import type { PacedReads } from '../pace/paced-api.ts'
import { backlogs } from '../write/deliver-bulk.ts'

const rowsInCall = 1_000
/** Create, upload, hand over, some looks, results, remove. */
const callsOfJob = 8
/** Five Composites at once, of 1,000 rows each, with automations that take a while: a cautious figure, until a run has measured another. */
const assumedRate = 150
const clerkRate = 10

const written: ReadonlySet<PlannedKind> = new Set(['create', 'adopt', 'update', 'end', 'delete', 'unpair'])

/** All are looked at before they are written: since the plan they may have changed. */
const callsFor = (rows: number, looks: number): number =>
  Math.ceil(looks / rowsInCall) +
  (rows >= backlogs.least ? Math.ceil(rows / backlogs.most) * callsOfJob : Math.ceil(rows / rowsInCall))

/** Estimates what it takes to apply a plan. */
export const estimateCost = async (
  { db, salesforce }: { db: Database; salesforce: Pick<PacedReads, 'limits'> },
  { kinds, carried }: PlannedCounts,
): Promise<Cost> => {
  const entities = [...new Set(kinds.map(({ entity }) => entity))]
  const total = (of: (one: PlannedCounts['kinds'][number]) => boolean): number =>
    kinds.filter(of).reduce((sum, { count }) => sum + count, 0)
  const salesforceCalls = entities
    .map((entity) =>
      callsFor(
        total((one) => one.entity === entity && written.has(one.kind)),
        total((one) => one.entity === entity),
      ),
    )
    .reduce((sum, calls) => sum + calls, 0)
  const rows = total(({ kind }) => written.has(kind))
  const rate = await readPaceOfRuns(db.query)
  const seconds = rows / (rate ?? assumedRate) + carried / clerkRate
  return {
    salesforceCalls,
    salesforceLeft: await leftOf(salesforce),
    clerkWrites: carried,
    seconds: Math.ceil(seconds),
    rate: rate ?? assumedRate,
    measured: rate !== undefined,
  }
}

const leftOf = async (salesforce: Pick<PacedReads, 'limits'>): Promise<number | null> => {
  try {
    const { used, limit } = await salesforce.limits()
    return Math.max(0, limit - used)
  } catch (error) {
    if (error instanceof SalesforceError) return null
    throw error
  }
}
