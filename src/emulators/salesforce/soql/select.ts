import { refused } from '../errors.ts'
import type { Org } from '../org.ts'
import { visibleField } from '../records/read-record.ts'
import { showValue } from '../records/values.ts'
import type { Field, ObjectType } from '../schema.ts'
import type { Row, Value } from '../store.ts'

/** A field of the record or of a parent: the reference fields to walk, then the field. */
export type Path = { parents: { field: Field; parent: ObjectType }[]; field: Field }

/** What a query shows of a record: fields and parents, in the order they were named. */
export type Select = {
  object: ObjectType
  items: ({ field: Field } | { name: string; field: Field; select: Select })[]
}

const noSuchColumn = (name: string, object: ObjectType) =>
  refused(
    'INVALID_FIELD',
    `\nERROR at Row:1:Column:1\nNo such column '${name}' on entity '${object.name}'. If you are attempting to use a custom field, be sure to append the '__c' after the custom field name. Please reference your WSDL or the describe call for the appropriate names.`,
  )

/** No more than five levels of parents, as in SOQL. */
const deepest = 5

/**
 * Finds a field by its path, such as `Account.Name`; the object's name or alias in front is dropped.
 * @throws RequestFailure INVALID_FIELD
 */
export const resolvePath = (org: Org, object: ObjectType, path: string, alias: string | undefined): Path => {
  const names = path.split('.')
  const first = names[0]?.toLowerCase()
  if (
    names.length > 1 &&
    (first === alias?.toLowerCase() || first === object.name.toLowerCase()) &&
    !object.byRelationship.has(first ?? '')
  ) {
    names.shift()
  }
  const parents: Path['parents'] = []
  let current = object
  for (const name of names.slice(0, -1)) {
    const field = current.byRelationship.get(name.toLowerCase())
    const parent = field?.visible && field.referenceTo ? org.schema.find(field.referenceTo) : undefined
    if (!field || !parent?.queryable || parents.length >= deepest) {
      throw refused(
        'INVALID_FIELD',
        `\nERROR at Row:1:Column:1\nDidn't understand relationship '${name}' in field path. If you are attempting to use a custom relationship, be sure to append the '__r' after the custom relationship name. Please reference your WSDL or the describe call for the appropriate names.`,
      )
    }
    parents.push({ field, parent })
    current = parent
  }
  const name = names.at(-1) ?? ''
  const field = visibleField(current, name)
  if (!field) throw noSuchColumn(name, current)
  return { parents, field }
}

/** Reads a path of a row; null when a parent is missing. */
export const readPath = (org: Org, path: Path): ((row: Row) => Value) => {
  const { parents, field } = path
  const name = field.name
  if (parents.length === 0) return (row) => row[name] ?? (field.type === 'boolean' ? false : null)
  return (row) => {
    let current: Row | undefined = row
    for (const step of parents) {
      const id: Value = current[step.field.name] ?? null
      current = typeof id === 'string' ? org.store.get(step.parent.name, id) : undefined
      if (!current) return null
    }
    return current[name] ?? null
  }
}

/** The tree of what to show, from paths in order. @throws RequestFailure INVALID_FIELD for a path named twice */
export const selectTree = (object: ObjectType, paths: readonly Path[]): Select => {
  const root: Select = { object, items: [] }
  for (const { parents, field } of paths) {
    let select = root
    for (const { field: reference, parent } of parents) {
      const known = select.items.find((item) => 'select' in item && item.field === reference)
      if (known && 'select' in known) select = known.select
      else {
        const next: Select = { object: parent, items: [] }
        select.items.push({ name: reference.relationshipName ?? reference.name, field: reference, select: next })
        select = next
      }
    }
    if (select.items.some((item) => !('select' in item) && item.field === field)) {
      throw refused('INVALID_FIELD', `duplicate field selected: ${field.name}`)
    }
    select.items.push({ field })
  }
  return root
}

/** A record as the API shows it: its attributes, then what was selected; a missing parent is null. */
export const showRecord = (org: Org, select: Select, row: Row, version: string): Record<string, unknown> => {
  const { object, items } = select
  const shown: Record<string, unknown> = {
    attributes: { type: object.name, url: `/services/data/v${version}/sobjects/${object.name}/${row.Id}` },
  }
  for (const item of items) {
    if ('select' in item) {
      const id = row[item.field.name]
      const parent = typeof id === 'string' ? org.store.get(item.select.object.name, id) : undefined
      shown[item.name] = parent ? showRecord(org, item.select, parent, version) : null
    } else shown[item.field.name] = showValue(item.field, row[item.field.name])
  }
  return shown
}
