/**
 * Which rows to look at: what indexes know of a condition. A narrowing never leaves out a row that meets the condition;
 * the test still decides. Each kind of index is carried on its own, since AND and OR combine only like with like.
 */
import type { Org } from '../org.ts'
import type { ObjectType } from '../schema.ts'
import type { Value } from '../store.ts'
import type { Span } from './date-spans.ts'
import type { Path } from './scope.ts'
import type { Operator } from './syntax.ts'

export type Narrowing = {
  /** Found by value. */
  ids?: readonly string[] | undefined
  /** SystemModstamp is within. */
  stamps?: Span | undefined
  /** The id is not less than this. */
  fromId?: string | undefined
}

/** Rows to look at, by id, in the order of ids or of last changes. */
export type Candidates = { ids: Iterable<string>; size: number; order: 'id' | 'stamp'; by: keyof Narrowing | 'scan' }

const shorter = (a: Narrowing, b: Narrowing): readonly string[] | undefined =>
  a.ids && b.ids ? (a.ids.length <= b.ids.length ? a.ids : b.ids) : (a.ids ?? b.ids)

/** Both conditions hold. */
export const narrowBoth = (a: Narrowing, b: Narrowing): Narrowing => ({
  ids: shorter(a, b),
  stamps:
    a.stamps && b.stamps
      ? { from: Math.max(a.stamps.from, b.stamps.from), to: Math.min(a.stamps.to, b.stamps.to) }
      : (a.stamps ?? b.stamps),
  fromId: a.fromId !== undefined && b.fromId !== undefined && b.fromId > a.fromId ? b.fromId : (a.fromId ?? b.fromId),
})

/** Either condition holds. */
export const narrowEither = (a: Narrowing, b: Narrowing): Narrowing => ({
  ids: a.ids && b.ids && [...new Set([...a.ids, ...b.ids])],
  stamps: a.stamps &&
    b.stamps && { from: Math.min(a.stamps.from, b.stamps.from), to: Math.max(a.stamps.to, b.stamps.to) },
  fromId: a.fromId !== undefined && b.fromId !== undefined && b.fromId < a.fromId ? b.fromId : b.fromId && a.fromId,
})

/** The rows with one of these values in a field of the object itself. */
export const narrowToValues = (org: Org, object: ObjectType, path: Path, values: readonly Value[]): Narrowing => {
  if (path.parents.length > 0) return {}
  const [stamp] = values
  if (path.field.name === 'SystemModstamp' && values.length === 1 && typeof stamp === 'number')
    return { stamps: { from: stamp, to: stamp + 1 } }
  const ids = new Set<string>()
  for (const value of values) {
    const found = org.store.lookup(object.name, path.field, value)
    if (!found) return {}
    for (const id of found) ids.add(id)
  }
  return { ids: [...ids] }
}

/** The rows beyond a value of the id or of SystemModstamp. */
export const narrowToOrder = (path: Path, operator: Operator, value: Value): Narrowing => {
  if (path.parents.length > 0) return {}
  if (path.field.type === 'id' && typeof value === 'string' && operator.startsWith('>')) return { fromId: value }
  if (path.field.name !== 'SystemModstamp' || typeof value !== 'number') return {}
  const past = operator === '>' || operator === '<=' ? value + 1 : value
  if (operator.startsWith('>')) return { stamps: { from: past, to: Number.POSITIVE_INFINITY } }
  if (operator.startsWith('<')) return { stamps: { from: Number.NEGATIVE_INFINITY, to: past } }
  return {}
}

/** An index list so short that its order does not matter. */
const few = 10_000

/**
 * The cheapest way to the rows.
 * @param wanted the order that the query asks for; a way that has it is taken unless another is far shorter
 */
export const chooseCandidates = (
  org: Org,
  object: ObjectType,
  narrowing: Narrowing,
  wanted: 'id' | 'stamp' | undefined,
): Candidates => {
  const { store } = org
  const all = store.ids(object.name)
  const scan: Candidates = { ids: all, size: all.length, order: 'id', by: 'scan' }
  // Indexes know only the newest rows; a query that looks back reads the whole object instead.
  if (org.settings.lateVisibilityMs > 0) return scan
  const { ids, stamps, fromId } = narrowing
  if (ids && (ids.length <= few || ids.length * 4 <= all.length))
    return { ids: [...ids].sort(), size: ids.length, order: 'id', by: 'ids' }
  if ((stamps || wanted === 'stamp') && object.byName.has('systemmodstamp')) {
    const { from, to } = stamps ?? { from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY }
    const size = store.stamps(object.name).count(from, to)
    if (wanted === 'stamp' || (wanted !== 'id' && size * 4 <= all.length))
      return { ids: store.stamps(object.name).between(from, to), size, order: 'stamp', by: 'stamps' }
  }
  if (fromId === undefined) return scan
  const later = store.idsFrom(object.name, fromId, true)
  return { ids: later, size: later.length, order: 'id', by: 'fromId' }
}
