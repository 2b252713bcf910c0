import type { PlanOperations } from '../../server/plans.ts'
import type { PlannedFilter, PlannedRow } from '../../sync/mirror/planned.ts'

const rowsAtOnce = 500

/** The records of a plan, page by page: there may be more of them than fit into memory. */
export const plannedRows = async function* (
  { planned }: Pick<PlanOperations, 'planned'>,
  id: number,
  filter: PlannedFilter & { most?: number } = {},
): AsyncGenerator<PlannedRow> {
  const { most = Number.POSITIVE_INFINITY, ...asked } = filter
  let left = most
  for (let after: string | undefined; left > 0; ) {
    const { rows, next } = await planned(id, { ...asked, after, limit: Math.min(rowsAtOnce, left) })
    yield* rows
    left -= rows.length
    if (next === null) return
    after = next
  }
}
