import type { Metadata, PermissionSet } from './metadata.ts'
import { type Field, makeField, makeObject, makeSchema, type Schema } from './schema.ts'
import { type StandardObject, standardObjects } from './standard-objects.ts'

export type SchemaOptions = {
  /** Without metadata there are no custom fields, and the user sees everything, as a System Administrator does. */
  metadata: Metadata | undefined
  /** Off: AccountContactRelation does not exist. */
  contactsToMultipleAccounts: boolean
  /** Custom fields that an org's admin made, which the user sees and writes. */
  customFields: readonly ({ object: string } & Partial<Field> & Pick<Field, 'name' | 'type'>)[]
  /** Standard or custom fields that an org's admin made required, such as `Contact.Email`. */
  requiredFields: readonly string[]
}

type Access = { visible: boolean; writable: boolean }

// The union of all sets: permissions only ever add up in Salesforce.
const fieldAccess = (sets: readonly PermissionSet[], object: string, field: Field): Access => {
  if (!field.permissionable) return { visible: true, writable: true }
  const granted = sets
    .flatMap((set) => set.fields)
    .filter((entry) => entry.object === object && entry.field === field.name)
  const writable = granted.some((entry) => entry.editable)
  return { visible: writable || granted.some((entry) => entry.readable), writable }
}

const objectAccess = (
  sets: readonly PermissionSet[],
  object: string,
): Record<'read' | 'create' | 'edit' | 'delete', boolean> => {
  const granted = sets.flatMap((set) => set.objects).filter((entry) => entry.object === object)
  return {
    read: granted.some((entry) => entry.read),
    create: granted.some((entry) => entry.create),
    edit: granted.some((entry) => entry.edit),
    delete: granted.some((entry) => entry.delete),
  }
}

const full = { read: true, create: true, edit: true, delete: true }
const readOnly = { read: true, create: false, edit: false, delete: false }

// Relationships have no object permissions of their own: they follow those of Account and Contact. That deleting an
// indirect one wants no right to delete the Contact is inferred from the help text on user permissions for the feature.
const rightsOf = (object: StandardObject, sets: readonly PermissionSet[] | undefined): typeof full => {
  if (object.permissions === 'read-only') return readOnly
  if (!sets) return full
  if (object.permissions === 'own') return objectAccess(sets, object.name)
  const account = objectAccess(sets, 'Account')
  const contact = objectAccess(sets, 'Contact')
  const edit = account.read && contact.edit
  return { read: account.read && contact.read, create: edit, edit, delete: edit }
}

// A deploy refuses these, so the emulator does too: "You cannot deploy to a required field".
const checkPermissionSets = (sets: readonly PermissionSet[], schema: Schema, known: ReadonlySet<string>): void => {
  for (const set of sets) {
    for (const entry of set.fields) {
      if (!known.has(entry.object)) throw new Error(`${set.name}: no object named ${entry.object}`)
      const object = schema.find(entry.object)
      const field = object?.fields.find((each) => each.name === entry.field)
      if (object && !field) throw new Error(`${set.name}: no field named ${entry.object}.${entry.field}`)
      if (field && !field.permissionable)
        throw new Error(`${set.name}: You cannot deploy to a required field: ${entry.object}.${entry.field}`)
      if (entry.editable && !entry.readable) throw new Error(`${set.name}: ${entry.field} is editable but not readable`)
    }
    for (const entry of set.objects) {
      const standard = standardObjects.find((each) => each.name === entry.object)
      if (standard?.permissions !== 'own') throw new Error(`${set.name}: no object permissions for ${entry.object}`)
      if ((entry.create || entry.edit) && !entry.read) throw new Error(`${set.name}: ${entry.object} depends on Read`)
      if (entry.delete && !entry.edit) throw new Error(`${set.name}: Delete on ${entry.object} depends on Edit`)
    }
  }
}

/** The schema of an org: standard objects, custom fields, and what the permission sets let the user see and write. */
export const buildSchema = (options: SchemaOptions): Schema => {
  const { metadata, customFields, requiredFields } = options
  const sets = metadata?.permissionSets
  const required = new Set(requiredFields)
  const known = new Set(standardObjects.map((object) => object.name))
  for (const { object } of [...(metadata?.fields ?? []), ...customFields])
    if (!known.has(object)) throw new Error(`no object named ${object}`)
  const objects = standardObjects
    .filter((object) => options.contactsToMultipleAccounts || object.name !== 'AccountContactRelation')
    .map((standard) => {
      const rights = rightsOf(standard, sets)
      const granted: Field[] = customFields
        .filter((field) => field.object === standard.name)
        .map(({ object: _, ...field }) =>
          makeField({ custom: true, indexed: field.unique || field.externalId || false, ...field }),
        )
      const shipped = (metadata?.fields ?? [])
        .filter((entry) => entry.object === standard.name)
        .map((entry) => entry.field)
      const fields = [...standard.fields, ...shipped].map((field) =>
        sets ? { ...field, ...fieldAccess(sets, standard.name, field) } : field,
      )
      return makeObject({
        name: standard.name,
        label: standard.label,
        labelPlural: standard.labelPlural,
        keyPrefix: standard.keyPrefix,
        queryable: rights.read,
        createable: rights.create,
        updateable: rights.edit,
        deletable: rights.delete,
        fields: [...fields, ...granted].map((field) =>
          required.has(`${standard.name}.${field.name}`)
            ? { ...field, nillable: false, visible: true, writable: true }
            : field,
        ),
      })
    })
  const schema = makeSchema(objects)
  if (sets) checkPermissionSets(sets, schema, known)
  return schema
}
