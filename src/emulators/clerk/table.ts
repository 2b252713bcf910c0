type Row = { id: string; seq: number; created_at: number }

/** Records by id, in order of creation, and in any other order that was asked for. */
export type Table<T extends Row> = {
  get: (id: string) => T | undefined
  insert: (record: T) => void
  remove: (record: T) => void
  /** To be called after every change of a record: orders are worked out anew. `moved` after a change of `created_at`. */
  touch: (moved?: boolean) => void
  size: () => number
  /** Oldest first; insertion order among equals. Not to be changed by the caller. */
  byCreation: () => readonly T[]
  /** A page in order of creation, at the same cost wherever it is; `after` goes on behind that record. */
  creationPage: (page: { descending: boolean; offset: number; limit: number; after?: T | undefined }) => T[]
  /** All records ordered by `compare`, kept under `name` until something changes. */
  ordered: (name: string, compare: (a: T, b: T) => number) => readonly T[]
}

const byCreation = (a: Row, b: Row): number => a.created_at - b.created_at || a.seq - b.seq

/**
 * A table that serves pages of 100,000 records without sorting on every request: creation order is an array that is appended
 * to while times grow (the usual case) and sorted once when they did not; other orders are cached until the next change.
 */
export const createTable = <T extends Row>(): Table<T> => {
  const rows = new Map<string, T>()
  let order: T[] = []
  let sorted = true
  const cached = new Map<string, readonly T[]>()

  const inOrder = (): T[] => {
    if (!sorted) order = order.sort(byCreation)
    sorted = true
    return order
  }
  const position = (record: T): number => {
    const list = inOrder()
    let low = 0
    let high = list.length
    while (low < high) {
      const middle = (low + high) >>> 1
      const candidate = list[middle]
      if (candidate && byCreation(candidate, record) < 0) low = middle + 1
      else high = middle
    }
    return low
  }
  const touch = (moved = false): void => {
    cached.clear()
    if (moved) sorted = false
  }

  return {
    get: (id) => rows.get(id),
    insert: (record) => {
      const last = order.at(-1)
      if (last && byCreation(last, record) > 0) sorted = false
      rows.set(record.id, record)
      order.push(record)
      cached.clear()
    },
    remove: (record) => {
      if (!rows.delete(record.id)) return
      order.splice(position(record), 1)
      cached.clear()
    },
    touch,
    size: () => rows.size,
    byCreation: inOrder,
    creationPage: ({ descending, offset, limit, after }) => {
      const list = inOrder()
      if (!descending) {
        const start = after ? position(after) + 1 : offset
        return list.slice(start, start + limit)
      }
      const end = after ? position(after) : list.length - offset
      return end <= 0 ? [] : list.slice(Math.max(0, end - limit), end).reverse()
    },
    ordered: (name, compare) => {
      const known = cached.get(name)
      if (known) return known
      const list = [...rows.values()].sort(compare)
      cached.set(name, list)
      return list
    },
  }
}
