/** ORDER BY. Nulls come first, in either direction, unless the query says otherwise; picklists sort as they are set up. */
import type { Field } from '../schema.ts'
import { keyOf, type Row, type Value } from '../store.ts'
import { complaint, malformed, unsupported } from './complaints.ts'
import { compileOperand } from './expressions.ts'
import type { Comparand } from './literals.ts'
import type { Scope } from './scope.ts'
import type { OrderKey } from './syntax.ts'
import { isSortable } from './traits.ts'

/** One key of an order, over rows or over groups. */
export type SortKey<T> = { read: (item: T) => Value; descending: boolean; nullsLast: boolean }

const most = 32

/** What a value is sorted by: its place in the picklist, what is not in the list after those that are. */
export const sortKeyOf = (as: Comparand & Partial<Pick<Field, 'picklist'>>): ((value: Value) => Value) => {
  if (as.type !== 'picklist' || !as.picklist || as.picklist.length === 0) return (value) => keyOf(as, value)
  const places = new Map(as.picklist.map((each, i) => [keyOf(as, each), String(i).padStart(6, '0')]))
  return (value) => (value === null ? null : (places.get(keyOf(as, value)) ?? `~${String(keyOf(as, value))}`))
}

/** @throws RequestFailure for a field that cannot be sorted */
export const compileOrder = (scope: Scope, keys: readonly OrderKey[]): SortKey<Row>[] => {
  if (keys.length > most) throw malformed(`ORDER BY takes at most ${most} fields`)
  return keys.map(({ by, descending, nullsLast }) => {
    if (by.kind === 'call') throw unsupported('a function in ORDER BY')
    const { path, read } = compileOperand(scope, by)
    if (!isSortable(path.field)) {
      const message = `field '${path.field.name}' can not be sorted in a query call`
      throw complaint(scope.soql, by.at, 'MALFORMED_QUERY', message)
    }
    const toKey = sortKeyOf(path.field)
    return { read: (row) => toKey(read(row)), descending, nullsLast }
  })
}

const compareKeys =
  (keys: readonly Pick<SortKey<unknown>, 'descending' | 'nullsLast'>[]) =>
  (a: readonly Value[], b: readonly Value[]): number => {
    for (const [i, { descending, nullsLast }] of keys.entries()) {
      const left = a[i] ?? null
      const right = b[i] ?? null
      if (left === right) continue
      if (left === null) return nullsLast ? 1 : -1
      if (right === null) return nullsLast ? -1 : 1
      return left < right === descending ? 1 : -1
    }
    return 0
  }

/**
 * The first `count` items in order; items that tie keep the order in which they came. Keeps no more than twice that many
 * at a time, so that the first page of a million costs no sort of a million.
 */
export const firstInOrder = <T>(items: Iterable<T>, keys: readonly SortKey<T>[], count: number): T[] => {
  const compare = compareKeys(keys)
  const kept: { item: T; by: Value[] }[] = []
  const settle = () => {
    kept.sort((a, b) => compare(a.by, b.by))
    kept.length = Math.min(kept.length, count)
  }
  let worst: Value[] | undefined
  for (const item of items) {
    const by = keys.map(({ read }) => read(item))
    if (worst && compare(by, worst) >= 0) continue
    kept.push({ item, by })
    if (kept.length < 2 * count) continue
    settle()
    worst = kept.at(-1)?.by
  }
  settle()
  return kept.map(({ item }) => item)
}
