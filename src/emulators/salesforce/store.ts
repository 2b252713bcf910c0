/**
 * The records of the org, in memory.
 *
 * A record is an immutable row: a save puts a new row in the old one's place, so that a cursor keeps showing what its
 * query saw and a rollback only has to put old rows back. Each object has its rows by id, the order of their making
 * (ids ascend), and an index for every field that is looked up by value: ids, unique and external-id fields, e-mail,
 * parents. Deleted rows stay in all of these, marked, because `queryAll` and undelete find them.
 *
 * What it promises: `atomically` leaves either everything or nothing of what ran inside it; an index never misses a row.
 * It knows nothing of rules: those are in `records/`.
 */
import type { Change } from './commits.ts'
import { type Field, isText, type ObjectType } from './schema.ts'

export type Value = string | number | boolean | null
/** Values by field name; a date-time is milliseconds, a date is `YYYY-MM-DD`; absent means null. */
export type Row = { readonly Id: string; readonly [field: string]: Value }

type Index = Map<string, string | Set<string>>
type Table = {
  object: ObjectType
  rows: Map<string, Row>
  order: string[]
  indexes: Map<string, { field: Field; index: Index }>
}
type Undo = { table: Table; id: string; before: Row | undefined }
type Earlier = { at: number; before: Row | undefined }

export type Store = {
  get: (object: string, id: string) => Row | undefined
  /** Rows with this value, deleted ones included, by index where there is one. */
  find: (object: string, field: Field, value: Value) => Row[]
  /** Ids with this value; undefined where the field has no index. */
  lookup: (object: string, field: Field, value: Value) => Iterable<string> | undefined
  /** All ids of an object, ascending. */
  ids: (object: string) => readonly string[]
  /** Ids from the first that is greater than (or equal to) the given one, ascending. */
  idsFrom: (object: string, id: string, inclusive: boolean) => readonly string[]
  put: (object: string, row: Row) => void
  nextSequence: (object: string) => number
  /** Runs the work; when it throws, everything it put is taken back. */
  atomically: <T>(work: () => T) => T
  /** The row as a query saw it that looks `lag` ms back. */
  visible: (object: string, id: string, lag: number) => Row | undefined
  /** Takes over a changed schema: new objects get tables, newly indexed fields an index, rows stay. */
  adopt: (objects: readonly ObjectType[]) => void
  /** Called with every transaction that stayed, when the outermost `atomically` ends. */
  onCommit: (listener: (changes: readonly Change[]) => void) => void
  clear: () => void
}

/** How a value is compared: text without regard to case, unless its field is unique and case-sensitive. */
export const keyOf = (field: Field, value: Value): Value =>
  typeof value === 'string' && isText(field.type) && !field.caseSensitive ? value.toLowerCase() : value

const addTo = (index: Index, key: string, id: string): void => {
  const bucket = index.get(key)
  if (bucket === undefined) index.set(key, id)
  else if (typeof bucket === 'string') {
    if (bucket !== id) index.set(key, new Set([bucket, id]))
  } else bucket.add(id)
}
const removeFrom = (index: Index, key: string, id: string): void => {
  const bucket = index.get(key)
  if (bucket === id) index.delete(key)
  else if (bucket instanceof Set) {
    bucket.delete(id)
    if (bucket.size === 0) index.delete(key)
  }
}

const keep = (table: Table, id: string, row: Row | undefined): void => {
  const before = table.rows.get(id)
  for (const [name, { field, index }] of table.indexes) {
    const from = keyOf(field, before?.[name] ?? null)
    const to = keyOf(field, row?.[name] ?? null)
    if (from === to) continue
    if (from !== null) removeFrom(index, String(from), id)
    if (to !== null) addTo(index, String(to), id)
  }
  if (row) table.rows.set(id, row)
  else table.rows.delete(id)
}

const firstFrom = (order: readonly string[], id: string, inclusive: boolean): number => {
  let low = 0
  let high = order.length
  while (low < high) {
    const middle = (low + high) >>> 1
    const at = order[middle] ?? ''
    if (at < id || (!inclusive && at === id)) low = middle + 1
    else high = middle
  }
  return low
}

const indexesOf = (object: ObjectType, rows: Iterable<Row>): Table['indexes'] => {
  const indexed = object.fields.filter((field) => field.indexed)
  const indexes: Table['indexes'] = new Map(indexed.map((field) => [field.name, { field, index: new Map() }]))
  for (const row of rows) {
    for (const [name, { field, index }] of indexes) {
      const key = keyOf(field, row[name] ?? null)
      if (key !== null) addTo(index, String(key), row.Id)
    }
  }
  return indexes
}

/** @param history how long, in ms, earlier versions are kept for queries that lag behind */
export const createStore = (objects: readonly ObjectType[], now: () => number, history: () => number): Store => {
  const tables = new Map<string, Table>()
  const sequences = new Map<string, number>()
  const earlier = new Map<string, Earlier[]>()
  const undo: Undo[] = []
  let depth = 0
  let committed: (changes: readonly Change[]) => void = () => {}
  const tableOf = (object: string): Table => {
    const table = tables.get(object)
    if (!table) throw new Error(`no table for ${object}`)
    return table
  }
  let known = objects
  const clear = () => {
    for (const object of known)
      tables.set(object.name, { object, rows: new Map(), order: [], indexes: indexesOf(object, []) })
    earlier.clear()
  }
  const adopt = (next: readonly ObjectType[]) => {
    known = next
    for (const object of next) {
      const table = tables.get(object.name)
      if (table) tables.set(object.name, { ...table, object, indexes: indexesOf(object, table.rows.values()) })
      else tables.set(object.name, { object, rows: new Map(), order: [], indexes: indexesOf(object, []) })
    }
  }
  const remember = (id: string, before: Row | undefined) => {
    const span = history()
    if (span <= 0) return
    const versions = (earlier.get(id) ?? []).filter((version) => version.at > now() - span)
    versions.push({ at: now(), before })
    earlier.set(id, versions)
  }
  const rollback = (to: number) => {
    while (undo.length > to) {
      const entry = undo.pop()
      if (!entry) break
      keep(entry.table, entry.id, entry.before)
      // Ids are never given twice, so the order only loses the newest.
      if (!entry.before && entry.table.order.at(-1) === entry.id) entry.table.order.pop()
      earlier.get(entry.id)?.pop()
    }
  }
  const commit = () => {
    if (undo.length === 0) return
    committed(
      undo.flatMap(({ table, id, before }) => {
        const after = table.rows.get(id)
        return after ? [{ object: table.object.name, id, before, after }] : []
      }),
    )
  }
  const lookup: Store['lookup'] = (object, field, value) => {
    if (value === null) return undefined
    const table = tableOf(object)
    if (field.type === 'id') return table.rows.has(String(value)) ? [String(value)] : []
    const bucket = table.indexes.get(field.name)?.index
    if (!bucket) return undefined
    const found = bucket.get(String(keyOf(field, value)))
    return found === undefined ? [] : typeof found === 'string' ? [found] : found
  }
  clear()
  return {
    get: (object, id) => tableOf(object).rows.get(id),
    lookup,
    find: (object, field, value) => {
      const { rows } = tableOf(object)
      const ids = lookup(object, field, value)
      if (ids) return [...ids].flatMap((id) => rows.get(id) ?? [])
      const key = keyOf(field, value)
      return [...rows.values()].filter((row) => keyOf(field, row[field.name] ?? null) === key)
    },
    ids: (object) => tableOf(object).order,
    idsFrom: (object, id, inclusive) => {
      const { order } = tableOf(object)
      return order.slice(firstFrom(order, id, inclusive))
    },
    put: (object, row) => {
      const table = tableOf(object)
      const before = table.rows.get(row.Id)
      if (!before) table.order.push(row.Id)
      if (depth > 0) undo.push({ table, id: row.Id, before })
      remember(row.Id, before)
      keep(table, row.Id, row)
    },
    nextSequence: (object) => {
      const next = (sequences.get(object) ?? 0) + 1
      sequences.set(object, next)
      return next
    },
    atomically: (work) => {
      const mark = undo.length
      depth++
      try {
        const result = work()
        if (depth === 1) commit()
        return result
      } catch (error) {
        rollback(mark)
        throw error
      } finally {
        depth--
        if (depth === 0) undo.length = 0
      }
    },
    visible: (object, id, lag) => {
      const versions = lag > 0 ? earlier.get(id) : undefined
      const hidden = versions?.find((version) => version.at > now() - lag)
      return hidden ? hidden.before : tableOf(object).rows.get(id)
    },
    adopt,
    onCommit: (listener) => {
      committed = listener
    },
    clear,
  }
}
