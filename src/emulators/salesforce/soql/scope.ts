/**
 * What names mean in a query: fields of the object and, by paths, of its parents; relationships to its children.
 * A field or an object that the user may not see does not exist.
 */
import type { Org } from '../org.ts'
import { visibleField } from '../records/read-record.ts'
import type { Field, ObjectType } from '../schema.ts'
import type { Row, Value } from '../store.ts'
import { complaint } from './complaints.ts'

/** One level of a query: the object that it reads, and the text for messages. */
export type Scope = {
  org: Org
  soql: string
  object: ObjectType
  alias: string | undefined
  /** Deleted records are read too. */
  all: boolean
}

/** A field of the record or of a parent: the reference fields to walk, then the field. */
export type Path = { parents: { field: Field; parent: ObjectType }[]; field: Field }

const advice = (kind: string, ending: string): string =>
  `If you are attempting to use a custom ${kind}, be sure to append the '__${ending}' after the custom ${kind} name. Please reference your WSDL or the describe call for the appropriate names.`

/** The object of a FROM clause. @throws RequestFailure INVALID_TYPE */
export const findObject = (org: Org, soql: string, name: string, at: number): ObjectType => {
  const object = org.schema.find(name)
  if (object?.queryable) return object
  throw complaint(
    soql,
    at,
    'INVALID_TYPE',
    `sObject type '${name}' is not supported. If you are attempting to use a custom object, be sure to append the '__c' after the entity name. Please reference your WSDL or the describe call for the appropriate names.`,
  )
}

/** No more than five levels of parents, as in SOQL. */
const deepest = 5

/**
 * Finds a field by its path, such as `Account.Name`; the object's name or alias in front is dropped.
 * @throws RequestFailure INVALID_FIELD
 */
export const resolvePath = ({ org, soql, object, alias }: Scope, path: string, at: number): Path => {
  const names = path.split('.')
  const first = names[0]?.toLowerCase() ?? ''
  const isOwn = first === alias?.toLowerCase() || first === object.name.toLowerCase()
  if (names.length > 1 && isOwn && !object.byRelationship.has(first)) names.shift()
  const parents: Path['parents'] = []
  let current = object
  for (const name of names.slice(0, -1)) {
    const field = current.byRelationship.get(name.toLowerCase())
    const parent = field?.visible && field.referenceTo ? org.schema.find(field.referenceTo) : undefined
    if (!field || !parent?.queryable || parents.length >= deepest) {
      const message = `Didn't understand relationship '${name}' in field path. ${advice('relationship', 'r')}`
      throw complaint(soql, at, 'INVALID_FIELD', message)
    }
    parents.push({ field, parent })
    current = parent
  }
  const name = names.at(-1) ?? ''
  const field = visibleField(current, name)
  if (field) return { parents, field }
  const message = `No such column '${name}' on entity '${current.name}'. ${advice('field', 'c')}`
  throw complaint(soql, at, 'INVALID_FIELD', message)
}

/** Reads a path of a row. Null when a parent is missing, but a checkbox is never null: without a parent it is false. */
export const readPath = (org: Org, { parents, field }: Path): ((row: Row) => Value) => {
  const { name } = field
  const nothing: Value = field.type === 'boolean' ? false : null
  if (parents.length === 0) return (row) => row[name] ?? nothing
  return (row) => {
    let current: Row | undefined = row
    for (const step of parents) {
      const id: Value = current[step.field.name] ?? null
      current = typeof id === 'string' ? org.store.get(step.parent.name, id) : undefined
      if (!current) return nothing
    }
    return current[name] ?? nothing
  }
}

/** A relationship to children: whose records, and by which of their fields. */
export type ChildRelationship = { name: string; child: ObjectType; field: Field }

/** The relationships to children that an object has, as far as the user sees them. */
export const childRelationships = (org: Org, object: ObjectType): ChildRelationship[] =>
  org.schema.objects
    .filter((child) => child.queryable)
    .flatMap((child) =>
      child.fields.flatMap((field) =>
        field.visible && field.referenceTo === object.name && field.childRelationshipName
          ? [{ name: field.childRelationshipName, child, field }]
          : [],
      ),
    )

/** The relationship that a child subquery reads. @throws RequestFailure INVALID_TYPE */
export const findChildren = ({ org, soql, object }: Scope, name: string, at: number): ChildRelationship => {
  const wanted = name.toLowerCase()
  const found = childRelationships(org, object).find((each) => each.name.toLowerCase() === wanted)
  if (found) return found
  const message = `Didn't understand relationship '${name}' in FROM part of query call. ${advice('relationship', 'r')}`
  throw complaint(soql, at, 'INVALID_TYPE', message)
}
