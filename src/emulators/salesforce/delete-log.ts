import type { Part } from '../kit/snapshot.ts'

/**
 * How far back the delete log goes. Its entries are the records in the recycle bin; whoever empties the bin, or a purge
 * under load, moves its beginning, and questions about the time before cannot be answered any more.
 */
export type DeleteLog = {
  /** The time from which on it is complete. */
  since: () => number
  /** Forgets what was deleted before. */
  purge: (until: number) => void
  part: Part
}

/** A log that was never purged. */
export const createDeleteLog = (): DeleteLog => {
  let since = 0
  const clear = () => {
    since = 0
  }
  return {
    since: () => since,
    purge: (until) => {
      since = Math.max(since, until)
    },
    part: {
      save: () => ({ since }),
      load: (saved) => {
        const given = (saved as { since?: unknown } | undefined)?.since
        if (typeof given !== 'number') throw new Error('not a saved delete log')
        since = given
      },
      clear,
    },
  }
}
