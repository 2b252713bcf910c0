/**
 * The order of last changes: ids of one object by SystemModstamp, then by id. A sync that asks for what changed since
 * its last look, page by page, walks this instead of a million rows.
 *
 * A change adds an entry; the one it makes stale stays until there are more stale ones than live, and readers skip it:
 * an entry counts only while its row still bears the stamp. Almost every change is the newest; the few that are not wait
 * aside until somebody reads.
 */
import type { Row } from './store.ts'

export type Stamps = {
  add: (at: number, id: string) => void
  /** About how many rows bear a stamp of the span, from inclusive to exclusive. */
  count: (from: number, to: number) => number
  /** Ids of the rows that bear a stamp of the span, in order. */
  between: (from: number, to: number) => Iterable<string>
}

/** An entry so close to the end is put in its place at once. */
const near = 4_096

/** @param rows the rows of the object, as they are now */
export const createStamps = (rows: ReadonlyMap<string, Row>): Stamps => {
  let times: number[] = []
  let ids: string[] = []
  let aside: { at: number; id: string }[] = []
  const isLive = (at: number, id: string): boolean => rows.get(id)?.['SystemModstamp'] === at
  const isBefore = (i: number, at: number, id: string): boolean => {
    const time = times[i] ?? 0
    return time < at || (time === at && (ids[i] ?? '') < id)
  }
  const firstFrom = (at: number, id: string): number => {
    let low = 0
    let high = times.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (isBefore(middle, at, id)) low = middle + 1
      else high = middle
    }
    return low
  }
  const rebuild = () => {
    const entries = aside
    aside = []
    for (const [i, id] of ids.entries()) entries.push({ at: times[i] ?? 0, id })
    const live = entries.filter(({ at, id }) => isLive(at, id))
    live.sort((a, b) => a.at - b.at || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0))
    const distinct = live.filter(({ at, id }, i) => live[i - 1]?.id !== id || live[i - 1]?.at !== at)
    times = distinct.map(({ at }) => at)
    ids = distinct.map(({ id }) => id)
  }
  const settle = () => {
    if (aside.length > 0 || times.length > 2 * rows.size + near) rebuild()
  }
  return {
    add: (at, id) => {
      const place = firstFrom(at, id)
      if (times[place] === at && ids[place] === id) return
      if (times.length - place > near) aside.push({ at, id })
      else {
        times.splice(place, 0, at)
        ids.splice(place, 0, id)
      }
    },
    count: (from, to) => {
      settle()
      return Math.max(0, firstFrom(to, '') - firstFrom(from, ''))
    },
    between: function* (from, to) {
      settle()
      for (let i = firstFrom(from, ''); i < times.length; i++) {
        const at = times[i] ?? 0
        const id = ids[i] ?? ''
        if (at >= to) return
        if (isLive(at, id)) yield id
      }
    },
  }
}
