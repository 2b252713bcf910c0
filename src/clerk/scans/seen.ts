import { ClerkError } from '../clerk-error.ts'

export type Created = { id: string; created_at: number }

/** How far a scan has come: enough to go on after what it has given, in another process too. */
export type ScanPosition = { count: number; newest: number; atNewest: readonly string[] }

/** Where a scan stands that has given another page. */
export const positionAfter = (before: ScanPosition | undefined, page: readonly Created[]): ScanPosition => {
  const newest = page.at(-1)?.created_at ?? before?.newest ?? 0
  const atNewest = page.filter(({ created_at }) => created_at === newest).map(({ id }) => id)
  const kept = before?.newest === newest ? before.atNewest : []
  return { count: (before?.count ?? 0) + page.length, newest, atNewest: [...kept, ...atNewest] }
}

/** What a scan in order of creation has given: all up to a time, and some of those that were created at that very time. */
export type Seen<T extends Created> = {
  has: (record: T) => boolean
  /** Those of a page that were not given yet; from now on they have been. @throws ClerkError for a page in another order */
  take: (page: readonly T[]) => T[]
  /** When the newest was created; undefined before the first. */
  newest: () => number | undefined
  count: () => number
}

export function createSeen<T extends Created>(from?: ScanPosition): Seen<T> {
  let newest = from?.newest ?? Number.NEGATIVE_INFINITY
  let atNewest = new Set<string>(from?.atNewest)
  let count = from?.count ?? 0

  const has = ({ id, created_at }: T): boolean => created_at < newest || (created_at === newest && atNewest.has(id))

  function add({ id, created_at }: T): void {
    if (created_at > newest) atNewest = new Set()
    newest = created_at
    atNewest.add(id)
    count++
  }

  return {
    has,
    take(page) {
      checkOrder(page)
      const fresh: T[] = []
      for (const record of page) {
        if (has(record)) continue
        add(record)
        fresh.push(record)
      }
      return fresh
    },
    newest: () => (count === 0 ? undefined : newest),
    count: () => count,
  }
}

function checkOrder(page: readonly Created[]): void {
  for (const [index, record] of page.entries())
    if (record.created_at < (page[index - 1]?.created_at ?? Number.NEGATIVE_INFINITY))
      throw new ClerkError(
        'refused',
        'SCAN_OUT_OF_ORDER',
        `Clerk listed ${record.id} behind records that were created later, although it was asked for the order of creation: such a list cannot be scanned`,
      )
}

/** The scan cannot know about all records, for the reason given. */
export const cutShort = (why: string): ClerkError =>
  new ClerkError('outage', 'SCAN_CUT_SHORT', `${why}: what was not given may still exist; scan again`)
