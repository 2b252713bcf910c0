import type { Row } from '../store.ts'
import { chooseCandidates } from './candidates.ts'
import type { Scope } from './scope.ts'
import type { JoinPlace } from './semi-joins.ts'
import type { Condition } from './syntax.ts'
import { compileWhere } from './where.ts'

/**
 * The rows of the scope's object that meet a condition, in the order of ids, or of last changes where that is wanted.
 * @throws RequestFailure for a condition that cannot be compiled, before the first row
 */
export const matchingRows = (
  scope: Scope,
  condition: Condition | undefined,
  place: JoinPlace,
  wanted?: 'id' | 'stamp',
): Iterable<Row> & { order: 'id' | 'stamp' } => {
  const { org, object, all } = scope
  const { test, narrowing } = condition ? compileWhere(scope, condition, place) : { test: undefined, narrowing: {} }
  const candidates = chooseCandidates(org, object, narrowing, wanted)
  const lag = org.settings.lateVisibilityMs
  return {
    order: candidates.order,
    *[Symbol.iterator]() {
      for (const id of candidates.ids) {
        const row = org.store.visible(object.name, id, lag)
        if (row && (all || row['IsDeleted'] !== true) && (!test || test(row))) yield row
      }
    },
  }
}
