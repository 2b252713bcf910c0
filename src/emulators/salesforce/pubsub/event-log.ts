/**
 * What happened, in order, for as long as it can be replayed.
 *
 * One log for all topics. Positions ascend and leave gaps, so that nobody counts on the next one. A position without an
 * event is the tip as a keepalive told it: clients store it and come back with it, so it must stay good for the whole
 * time of retention even when nothing happens. After a reset the positions begin again far below: no old one is good any
 * more, and none is given twice.
 */
import type { Random } from '../../kit/random.ts'
import type { StoredEvent } from './event.ts'

export type Entry = { position: number; at: number; event: StoredEvent | undefined }

export type EventLog = {
  append: (event: StoredEvent) => Entry
  /** A fresh position at the tip; the last one while it is not older than `freshMs`. */
  mark: (freshMs: number) => number
  tip: () => number
  /** Just before the oldest event that is kept. */
  start: () => number
  /** Whether this position was given and is still kept. */
  has: (position: number) => boolean
  /** The entry after a position, if any. */
  next: (position: number) => Entry | undefined
  entries: () => readonly Entry[]
  /** Forgets everything; positions go on. */
  clear: () => void
  /** Forgets everything; positions begin anew. */
  restart: () => void
  save: () => SavedLog
  load: (saved: SavedLog) => void
}

/** Positions from one restart to the next. */
type Era = { from: number; to: number }
export type SavedLog = { entries: readonly Entry[]; tip: number; eraStart: number; eras: readonly Era[] }

/** Index of the first entry whose position is greater. */
const firstAfter = (entries: readonly Entry[], position: number): number => {
  let low = 0
  let high = entries.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((entries[middle]?.position ?? 0) <= position) low = middle + 1
    else high = middle
  }
  return low
}

/** An empty log. */
export const createEventLog = (now: () => number, random: Random, retentionMs: () => number): EventLog => {
  let entries: Entry[] = []
  let tip = 0
  let eraStart = 0
  let eras: Era[] = []
  const advance = (): number => {
    tip += 1 + random.int(4)
    for (const { from, to } of eras) if (tip >= from && tip <= to) tip = to + 1
    return tip
  }
  const prune = (): void => {
    const oldest = now() - retentionMs()
    if ((entries[0]?.at ?? oldest) >= oldest) return
    const kept = entries.findIndex(({ at }) => at >= oldest)
    entries = kept === -1 ? [] : entries.slice(kept)
  }
  const add = (event: StoredEvent | undefined): Entry => {
    prune()
    const entry = { position: advance(), at: now(), event }
    entries.push(entry)
    return entry
  }
  const begin = (position: number): void => {
    entries = []
    tip = position
    eraStart = position
    // A tip to come back to before anything has happened.
    add(undefined)
  }
  begin(1_000_000 + random.int(9_000_000))
  return {
    append: add,
    mark: (freshMs) => {
      const last = entries.at(-1)
      return last && now() - last.at < freshMs ? last.position : add(undefined).position
    },
    tip: () => tip,
    start: () => {
      prune()
      return entries.length === 0 ? tip : (entries[0]?.position ?? tip) - 1
    },
    has: (position) => {
      prune()
      return entries[firstAfter(entries, position) - 1]?.position === position
    },
    next: (position) => entries[firstAfter(entries, position)],
    entries: () => {
      prune()
      return entries
    },
    clear: () => {
      entries = []
      add(undefined)
    },
    restart: () => {
      eras = [...eras, { from: eraStart, to: tip }]
      begin(1_000 + random.int(900_000))
    },
    save: () => ({ entries: [...entries], tip, eraStart, eras }),
    load: (saved) => {
      entries = [...saved.entries]
      tip = saved.tip
      eraStart = saved.eraStart
      eras = [...saved.eras]
    },
  }
}
