import { refused } from '../errors.ts'
import type { Org } from '../org.ts'
import { showField } from '../records/values.ts'
import type { Field, ObjectType } from '../schema.ts'
import type { Row } from '../store.ts'
import type { Path } from './scope.ts'

/** What a query shows of a record, in the order in which it was named. */
export type Select = { object: ObjectType; items: SelectItem[] }
export type SelectItem =
  | { field: Field }
  /** A parent. */
  | { name: string; field: Field; select: Select }
  /** What a function gives. */
  | { name: string; value: (row: Row) => unknown }
  /** A child subquery. */
  | { name: string; children: Select; rows: (row: Row) => readonly Row[] }

const duplicate = (name: string) => refused('INVALID_FIELD', `duplicate field selected: ${name}`)

const nameOf = (item: SelectItem): string => ('name' in item ? item.name : item.field.name)

/** Adds an item; a name can be there only once. @throws RequestFailure INVALID_FIELD */
export const addItem = (select: Select, item: SelectItem): void => {
  const name = nameOf(item)
  if (select.items.some((each) => nameOf(each).toLowerCase() === name.toLowerCase())) throw duplicate(name)
  select.items.push(item)
}

/** The place in the tree for a field of a parent; made where it is missing. */
export const selectOfParents = (root: Select, { parents }: Path): Select => {
  let select = root
  for (const { field, parent } of parents) {
    const known = select.items.find((item) => 'select' in item && item.field === field)
    if (known && 'select' in known) select = known.select
    else {
      const next: Select = { object: parent, items: [] }
      addItem(select, { name: field.relationshipName ?? field.name, field, select: next })
      select = next
    }
  }
  return select
}

/**
 * A record as the API shows it: its attributes, then what was selected; a missing parent is null, and so are children
 * where there are none.
 * @param pageSize how many children are shown at once
 */
export const showRecord = (
  org: Org,
  select: Select,
  row: Row,
  version: string,
  pageSize: number = org.settings.maxBatchSize,
): Record<string, unknown> => {
  const { object, items } = select
  const shown: Record<string, unknown> = {
    attributes: { type: object.name, url: `/services/data/v${version}/sobjects/${object.name}/${row.Id}` },
  }
  for (const item of items) {
    if ('select' in item) {
      const id = row[item.field.name]
      const parent = typeof id === 'string' ? org.store.get(item.select.object.name, id) : undefined
      shown[item.name] = parent ? showRecord(org, item.select, parent, version, pageSize) : null
    } else if ('children' in item) {
      const rows = item.rows(row)
      shown[item.name] =
        rows.length > 0 ? showPage(org, { rows, select: item.children, pageSize, version, nested: true }) : null
    } else if ('value' in item) shown[item.name] = item.value(row)
    else shown[item.field.name] = showField(item.field, row)
  }
  return shown
}

/** Some rows of a result, and where the next ones are. */
export type Page = {
  rows: readonly Row[]
  select: Select
  pageSize: number
  version: string
  from?: number
  /** The cursor that they come from; a first page opens one when there are more rows. */
  cursor?: string
  /** They are children, shown within a record. */
  nested?: boolean
}

/** A page as the API shows it. */
export const showPage = (org: Org, page: Page): Record<string, unknown> => {
  const { rows, select, pageSize, version, from = 0, nested = false } = page
  const to = from + pageSize
  const done = to >= rows.length
  if (done && page.cursor) org.cursors.finish(page.cursor)
  const cursor = done ? undefined : (page.cursor ?? org.cursors.open({ rows, select, batchSize: pageSize, nested }))
  return {
    totalSize: rows.length,
    done,
    ...(cursor ? { nextRecordsUrl: `/services/data/v${version}/query/${cursor}-${to}` } : {}),
    records: rows.slice(from, to).map((row) => showRecord(org, select, row, version, pageSize)),
  }
}
