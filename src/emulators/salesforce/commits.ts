/**
 * What was committed, transaction by transaction: the source of change events, and of nothing else.
 *
 * The store tells of each transaction that stayed, when its outermost `atomically` ends; here it gets its author, and
 * several saves of one record within it become one change. One request of Collections is one transaction, as in
 * Salesforce; so is a Composite with `allOrNone`. Work is synchronous, so the author is simply whoever writes now.
 */
import type { Row } from './store.ts'

/** Who writes, and through what. */
export type Author = {
  userId: string
  /** As change events say it, such as `com/salesforce/api/rest/66.0;client=acme`; empty when unset. */
  origin: string
}

/** One record's change: `before` is undefined for a new one; a deleted row stays, with `IsDeleted`. */
export type Change = { object: string; id: string; before: Row | undefined; after: Row }
export type Commit = Author & { at: number; changes: readonly Change[] }

export type Commits = {
  /** What is committed from now on is this author's. */
  as: (author: Author) => void
  /** Calls the listener after each commit, in order; gives the way to stop it. */
  listen: (listener: (commit: Commit) => void) => () => void
  /** For the store: a transaction that stayed. */
  took: (changes: readonly Change[]) => void
}

const merged = (changes: readonly Change[]): Change[] => {
  const byRecord = new Map<string, Change>()
  for (const change of changes) {
    const earlier = byRecord.get(change.id)
    byRecord.set(change.id, earlier ? { ...change, before: earlier.before } : change)
  }
  return [...byRecord.values()]
}

/** Commits of one org. */
export const createCommits = (now: () => number, firstAuthor: Author): Commits => {
  const listeners = new Set<(commit: Commit) => void>()
  let author = firstAuthor
  return {
    as: (next) => {
      author = next
    },
    listen: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    took: (changes) => {
      if (listeners.size === 0 || changes.length === 0) return
      const commit = { ...author, at: now(), changes: merged(changes) }
      for (const listener of listeners) listener(commit)
    },
  }
}
