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
import type { Part } from '../kit/snapshot.ts'
import type { Change } from './commits.ts'
import { type Field, isText, type ObjectType } from './schema.ts'
import { createStamps, type Stamps } from './stamps.ts'

export type Value = string | number | boolean | null
/** Values by field name; a date-time is milliseconds, a date is `YYYY-MM-DD`; absent means null. */
export type Row = { readonly Id: string; readonly [field: string]: Value }

/** Ids by key: one as it is, a few in a list, many in a set. */
type Index = Map<string, string | string[] | Set<string>>
type Table = {
  object: ObjectType
  rows: Map<string, Row>
  order: string[]
  /** Ids of deleted rows. */
  bin: Set<string>
  stamps: Stamps
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
  /** Ids by their last change. */
  stamps: (object: string) => Stamps
  put: (object: string, row: Row) => void
  /** Ids of rows that are deleted and still there. */
  bin: (object: string) => ReadonlySet<string>
  /** Removes rows for good, as leaving the recycle bin does; not within `atomically`, and no change to tell of. */
  drop: (object: string, ids: ReadonlySet<string>) => void
  nextSequence: (object: string) => number
  /** Runs the work; when it throws, everything it put is taken back. */
  atomically: <T>(work: () => T) => T
  /** The row as a query saw it that looks `lag` ms back. */
  visible: (object: string, id: string, lag: number) => Row | undefined
  /** Takes over a changed schema: new objects get tables, newly indexed fields an index, rows stay. */
  adopt: (objects: readonly ObjectType[]) => void
  /** Runs the work when the outermost `atomically` has ended and stayed; at once outside of one. */
  afterwards: (work: () => void) => void
  /** Called with every transaction that stayed, when the outermost `atomically` ends. */
  onCommit: (listener: (changes: readonly Change[]) => void) => void
  clear: () => void
  /** For snapshots: rows, sequences, and what lagging queries still see. */
  part: Part
}

/** The rows are shared with the store: they never change. */
type SavedStore = {
  rows: Record<string, readonly Row[]>
  sequences: Record<string, number>
  earlier: [id: string, versions: Earlier[]][]
}

/** How a value is compared: text without regard to case, unless its field is unique and case-sensitive. */
export const keyOf = (field: Pick<Field, 'type' | 'caseSensitive'>, value: Value): Value =>
  typeof value === 'string' && isText(field.type) && !field.caseSensitive ? value.toLowerCase() : value

/** Up to so many ids a list is smaller and faster than a set. */
const longestList = 32

const addTo = (index: Index, key: string, id: string): void => {
  const bucket = index.get(key)
  if (bucket === undefined) index.set(key, id)
  else if (typeof bucket === 'string') {
    if (bucket !== id) index.set(key, [bucket, id])
  } else if (bucket instanceof Set) bucket.add(id)
  else if (!bucket.includes(id)) {
    if (bucket.length < longestList) bucket.push(id)
    else index.set(key, new Set([...bucket, id]))
  }
}
const removeFrom = (index: Index, key: string, id: string): void => {
  const bucket = index.get(key)
  if (bucket === id) index.delete(key)
  else if (bucket instanceof Set) {
    bucket.delete(id)
    if (bucket.size === 0) index.delete(key)
  } else if (Array.isArray(bucket)) {
    const left = bucket.filter((each) => each !== id)
    if (left.length === 0) index.delete(key)
    else index.set(key, left)
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
  const stamp = row?.['SystemModstamp']
  if (typeof stamp === 'number' && stamp !== before?.['SystemModstamp']) table.stamps.add(stamp, id)
  if (row?.['IsDeleted'] === true) table.bin.add(id)
  else if (before?.['IsDeleted'] === true) table.bin.delete(id)
}

const emptyTable = (object: ObjectType): Table => {
  const rows = new Map<string, Row>()
  return { object, rows, order: [], bin: new Set(), stamps: createStamps(rows), indexes: indexesOf(object, []) }
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

/** Whether the indexes of a table are still those that the object wants. */
const hasIndexesOf = ({ indexes }: Table, { fields }: ObjectType): boolean => {
  const indexed = fields.filter((field) => field.indexed)
  const fits = ({ name, type, caseSensitive }: Field): boolean => {
    const known = indexes.get(name)?.field
    return known?.type === type && known.caseSensitive === caseSensitive
  }
  return indexed.length === indexes.size && indexed.every(fits)
}

/** @param history how long, in ms, earlier versions are kept for queries that lag behind */
export const createStore = (objects: readonly ObjectType[], now: () => number, history: () => number): Store => {
  const tables = new Map<string, Table>()
  const sequences = new Map<string, number>()
  const earlier = new Map<string, Earlier[]>()
  const undo: Undo[] = []
  let queued: (() => void)[] = []
  let depth = 0
  let committed: (changes: readonly Change[]) => void = () => {}
  const tableOf = (object: string): Table => {
    const table = tables.get(object)
    if (!table) throw new Error(`no table for ${object}`)
    return table
  }
  let known = objects
  const clear = () => {
    for (const object of known) tables.set(object.name, emptyTable(object))
    earlier.clear()
  }
  const adopt = (next: readonly ObjectType[]) => {
    known = next
    for (const object of next) {
      const table = tables.get(object.name)
      const indexes = table && (hasIndexesOf(table, object) ? table.indexes : indexesOf(object, table.rows.values()))
      if (table && indexes) tables.set(object.name, { ...table, object, indexes })
      else tables.set(object.name, emptyTable(object))
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
  const runQueued = () => {
    const due = queued
    queued = []
    for (const work of due) work()
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
    stamps: (object) => tableOf(object).stamps,
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
    bin: (object) => tableOf(object).bin,
    drop: (object, ids) => {
      if (depth > 0) throw new Error('rows are not dropped within a transaction')
      const table = tableOf(object)
      for (const id of ids) {
        keep(table, id, undefined)
        table.bin.delete(id)
        earlier.delete(id)
      }
      table.order = table.order.filter((id) => !ids.has(id))
    },
    atomically: (work) => {
      const mark = undo.length
      const queuedBefore = queued.length
      depth++
      try {
        const result = work()
        if (depth === 1) commit()
        return result
      } catch (error) {
        rollback(mark)
        queued.length = queuedBefore
        throw error
      } finally {
        depth--
        if (depth === 0) {
          undo.length = 0
          runQueued()
        }
      }
    },
    afterwards: (work) => {
      queued.push(work)
      if (depth === 0) runQueued()
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
    part: {
      save: (): SavedStore => ({
        rows: Object.fromEntries(known.map(({ name }) => [name, [...tableOf(name).rows.values()]])),
        sequences: Object.fromEntries(sequences),
        earlier: [...earlier].map(([id, versions]) => [id, [...versions]]),
      }),
      load: (saved) => {
        const { rows, sequences: counts, earlier: versions } = saved as SavedStore
        clear()
        for (const [name, list] of Object.entries(rows)) {
          const table = tableOf(name)
          for (const row of list) keep(table, row.Id, row)
          table.order = list.map(({ Id }) => Id).sort()
        }
        sequences.clear()
        for (const [name, count] of Object.entries(counts)) sequences.set(name, count)
        for (const [id, list] of versions) earlier.set(id, list)
      },
      clear,
    },
  }
}
