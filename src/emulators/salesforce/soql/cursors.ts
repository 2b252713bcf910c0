import { makeId } from '../ids.ts'
import type { Row } from '../store.ts'
import type { Select } from './select.ts'

/** What is left of a query: the rows as the query saw them, and how to show them. */
export type Cursor = {
  rows: readonly Row[]
  select: Select
  batchSize: number
  /** Of a child subquery. */
  nested: boolean
  madeAt: number
}

export type Cursors = {
  open: (cursor: Omit<Cursor, 'madeAt'>) => string
  get: (id: string) => Cursor | undefined
  /** Its last page was read: it is the first to go when there are too many. */
  finish: (id: string) => void
  clear: () => void
}

// A cursor lives two days (facts of the REST API). A user has ten open at most: one more releases the oldest, and whoever
// reads on from that one is told INVALID_QUERY_LOCATOR (SOAP guide, queryMore()). Cursors of child subqueries are not
// counted among them, since one page may need many; their cap only guards the emulator's memory.
const lifetimeMs = 2 * 86_400_000
const most = { own: 10, nested: 2_000 }

type Shelf = { cursors: Map<string, Cursor>; finished: Set<string>; most: number }

const release = ({ cursors, finished }: Shelf, id: string): void => {
  cursors.delete(id)
  finished.delete(id)
}

/** The open cursors of an org's user. */
export const createCursors = (now: () => number): Cursors => {
  const shelfOf = (limit: number): Shelf => ({ cursors: new Map(), finished: new Set(), most: limit })
  const own = shelfOf(most.own)
  const nested = shelfOf(most.nested)
  const shelves = [own, nested]
  let sequence = 0
  return {
    open: (cursor) => {
      sequence++
      const id = makeId('01g', sequence)
      const shelf = cursor.nested ? nested : own
      shelf.cursors.set(id, { ...cursor, madeAt: now() })
      const [oldest] = shelf.finished.size > 0 ? shelf.finished : shelf.cursors.keys()
      if (shelf.cursors.size > shelf.most && oldest !== undefined) release(shelf, oldest)
      return id
    },
    get: (id) => {
      for (const shelf of shelves) {
        const cursor = shelf.cursors.get(id)
        if (!cursor) continue
        if (now() - cursor.madeAt <= lifetimeMs) return cursor
        release(shelf, id)
      }
      return undefined
    },
    finish: (id) => {
      for (const shelf of shelves) if (shelf.cursors.has(id)) shelf.finished.add(id)
    },
    clear: () => {
      for (const shelf of shelves) {
        shelf.cursors.clear()
        shelf.finished.clear()
      }
    },
  }
}
