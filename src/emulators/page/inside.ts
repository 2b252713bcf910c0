/*
 * A page that shows what is inside an emulator, the same for each of them.
 *
 *   inside.ts of an emulator ── what there is ──> routes.ts ── JSON ──> script.ts in the browser
 *                                                                          │
 *                                             page.ts, style.ts ── the frame that it fills
 *
 * An emulator describes itself as an `Inside`: its objects with their counts, the newest records of one, one record whole, its recent events.
 * The rest comes from the kit: requests, faults, the freezer. The page only reads, save for three buttons that call controls.
 *
 * It promises to need nothing from elsewhere, to put no text of a record into markup, and to show neither keys nor bodies: requests are kept
 * without them (`kit/exchanges.ts`). It asks again every two seconds while it is looked at, so what it asks for must be cheap: a search looks
 * at 200,000 records at most, and lists are short.
 */

/** What the page shows of an emulator: each emulator gives its own. */
export type Inside = {
  emulator: 'clerk' | 'salesforce'
  /** Such as `Salesforce emulator`. */
  title: string
  /** What it is and how to use it, a sentence or two. */
  about: string
  objects: () => ObjectCount[]
  /** The newest records that hold the text in one of the columns, newest first; undefined for an object that does not exist. */
  newest: (object: string, search: string, limit: number) => RecordList | undefined
  record: (object: string, id: string) => ShownRecord | undefined
  /** What `events` are here, such as `Webhooks`. */
  eventsTitle: string
  /** The newest first. */
  events: (limit: number) => ShownEvent[]
  /** After a reset: forgets what it remembers by itself. */
  forget: () => void
}

export type ObjectCount = { name: string; count: number }
/** A record in a list; `deleted` is one that the vendor keeps for a while, as in a recycle bin. */
export type ShownRow = { id: string; cells: string[]; deleted?: true }
export type RecordList = {
  columns: string[]
  rows: ShownRow[]
  /** False when the search stopped at its limit before it had looked at all records. */
  complete: boolean
}
export type ShownRecord = {
  /** Every field, empty ones included. */
  fields: { name: string; value: string; note?: string }[]
  /** The record as the vendor's API would show it. */
  json?: unknown
}
export type ShownEvent = {
  id: string
  at: number
  type: string
  /** Whom or what it concerns. */
  about: string
  state: 'sent' | 'waiting' | 'failed' | 'none'
  /** What came of each try, such as `200` or `ECONNREFUSED`. */
  attempts: { at: number; outcome: string }[]
}

/** Records that one search looks at: beyond it the page would wait for seconds. */
const reach = 200_000

/** Takes records newest first until enough of them match; `cells` of a record are what is searched and shown. */
export const pickRecords = <T>(
  newestFirst: Iterable<T>,
  show: (record: T) => ShownRow,
  search: string,
  limit: number,
): Pick<RecordList, 'rows' | 'complete'> => {
  const wanted = search.trim().toLowerCase()
  const rows: RecordList['rows'] = []
  let looked = 0
  for (const record of newestFirst) {
    if (rows.length === limit || looked++ === reach) return { rows, complete: false }
    const row = show(record)
    if (wanted === '' || row.cells.some((cell) => cell.toLowerCase().includes(wanted))) rows.push(row)
  }
  return { rows, complete: true }
}

/** Goes through a list from its end. */
export function* backwards<T>(list: readonly T[]): Generator<T> {
  for (let i = list.length - 1; i >= 0; i--) {
    const element = list[i]
    if (element !== undefined) yield element
  }
}
