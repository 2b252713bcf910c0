import type { Row } from '../store.ts'
import type { Select } from './select.ts'

/** What is left of a query: the rows as the query saw them, and how to show them. */
export type Cursor = { rows: readonly Row[]; select: Select; batchSize: number; madeAt: number }

export type Cursors = {
  open: (cursor: Omit<Cursor, 'madeAt'>) => string
  get: (id: string) => Cursor | undefined
  clear: () => void
}

// A cursor lives two days without use (facts of the REST API); the cap only guards the emulator's memory.
const lifetimeMs = 2 * 86_400_000
const cap = 1_000

/** The open cursors of an org. */
export const createCursors = (now: () => number): Cursors => {
  const cursors = new Map<string, Cursor>()
  let sequence = 0
  return {
    open: (cursor) => {
      sequence++
      const id = `0r8Kj00000${String(sequence).padStart(8, '0')}`
      cursors.set(id, { ...cursor, madeAt: now() })
      const oldest = cursors.keys().next().value
      if (cursors.size > cap && oldest !== undefined) cursors.delete(oldest)
      return id
    },
    get: (id) => {
      const cursor = cursors.get(id)
      if (cursor && now() - cursor.madeAt > lifetimeMs) {
        cursors.delete(id)
        return undefined
      }
      return cursor
    },
    clear: () => cursors.clear(),
  }
}
