import { type QueriedRecord, SalesforceError } from './api.ts'
import { failureOfShape } from './failure.ts'
import { to18 } from './record-id.ts'
import { isObject, type JsonObject, type QueryPage, queryPageOf } from './schemas.ts'

/** A list that is still incomplete, and where its next page is. */
export type Continuation = { into: QueriedRecord[]; path: string }

/**
 * Adds a page's records to `into`, in our form: no `attributes`, parents nested, subqueries as plain lists. Returns what is still to be
 * fetched: the next page, and that of any subquery that did not fit, for a list cut short looks like deletions to whoever compares.
 */
export const readPage = (body: unknown, into: QueriedRecord[]): Continuation[] => {
  const page = queryPageOf(body)
  if (!page) throw failureOfShape('a page of a query', 'reads', 200)
  const more: Continuation[] = []
  addPage(page, into, more)
  return more
}

const addPage = (page: QueryPage, into: QueriedRecord[], more: Continuation[]): void => {
  for (const record of page.records) into.push(readRecord(record, more))
  if (page.next !== undefined) more.push({ into, path: page.next })
}

/** One record with its id. Aggregates have none, and are not asked for here. */
export const readRecord = (value: unknown, more: Continuation[]): QueriedRecord => {
  if (!isObject(value)) throw failureOfShape('a record', 'reads', 200)
  const id = value['Id']
  if (typeof id !== 'string') throw new SalesforceError('refused', 'NO_ID', 'every query must select Id')
  return { ...clean(value, more), Id: to18(id) }
}

/** A copy instead of `delete record.attributes`: deleting turns each object into a slow dictionary. */
const clean = (source: JsonObject, more: Continuation[]): Record<string, unknown> => {
  const target: Record<string, unknown> = {}
  for (const key in source) {
    if (key === 'attributes') continue
    const value = source[key]
    target[key] = isObject(value) ? cleanNested(value, more) : value
  }
  return target
}

const cleanNested = (value: JsonObject, more: Continuation[]): unknown => {
  if (!('records' in value && 'done' in value)) return clean(value, more)
  const page = queryPageOf(value)
  if (!page) throw failureOfShape('a subquery', 'reads', 200)
  const children: QueriedRecord[] = []
  addPage(page, children, more)
  return children
}
