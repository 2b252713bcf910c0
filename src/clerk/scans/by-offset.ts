import { type Created, createSeen, cutShort, type ScanPosition } from './seen.ts'

export type OffsetPage<T> = { data: T[]; total_count: number }

/** Records of a page that the next one asks for again: so many may be deleted before them without a further request. */
const OVERLAP = 10

/**
 * A listing that knows offsets only. A deletion moves everything behind it up, so that a page at the planned offset may begin beyond records
 * that no page has shown. Pages overlap to notice: one that does not begin with a record that is known already is not used, but asked for
 * again further up, ever further, until it does. Creations come at the end and move nothing.
 */
export async function* scanByOffset<T extends Created>(
  limit: number,
  page: (offset: number) => Promise<OffsetPage<T>>,
  from?: ScanPosition,
): AsyncGenerator<T[], void, undefined> {
  const seen = createSeen<T>(from)
  // On a record that was given: what was deleted since makes the first page one that is asked for again further up.
  let offset = Math.max(0, seen.count() - OVERLAP)
  let stepBack = limit
  for (;;) {
    const { data, total_count: total } = await page(offset)
    const [first] = data
    if (offset > 0 && !(first && seen.has(first))) {
      offset = Math.max(0, offset - stepBack)
      stepBack *= 2
      continue
    }
    stepBack = limit
    const fresh = seen.take(data)
    if (fresh.length > 0) yield fresh
    // A full page with something new may have more behind it, whatever the total says.
    if (offset + data.length >= total && (data.length < limit || fresh.length === 0)) {
      if (seen.count() < total) throw cutShort(`Clerk counts ${total} records of a list, and showed ${seen.count()}`)
      return
    }
    const step = stepFrom(data)
    if (step === 0) throw cutShort('Clerk shows too few records at a time to go on')
    offset += step
  }
}

/**
 * How far to go on. Records that were created in the same millisecond may change places with each other between two pages, for no order
 * among them is documented: where it can be, the next page begins before all of those at the end of this one.
 */
function stepFrom(page: readonly Created[]): number {
  const overlap = Math.max(1, Math.min(OVERLAP, Math.floor(page.length / 2)))
  const step = Math.max(0, page.length - overlap)
  const newest = page.at(-1)?.created_at ?? 0
  const before = page.findLastIndex(({ created_at }) => created_at < newest)
  return before > 0 ? Math.min(step, before) : step
}
