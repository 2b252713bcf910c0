import type { CustomObject, Metadata, PermissionSet } from './metadata/model.ts'
import { withPersonAccounts, withPersonRecordTypes } from './records/person-accounts.ts'
import { type RecordType, withRecordTypes } from './records/record-types.ts'
import { type Field, makeField, makeObject, makeSchema, type ObjectType, type Schema } from './schema.ts'
import { setupObjects } from './setup-objects.ts'
import { audit, identity, owner, type StandardObject, standardObjects } from './standard-objects.ts'

/** What does not change while the org runs. */
export type SchemaOptions = {
  /**
   * What the integration user may do without a permission set: nothing, as with the profile "Minimum Access - API Only",
   * or everything, as a System Administrator, to whom only the custom fields of a deploy are closed until a set grants them.
   */
  profile: 'minimum' | 'administrator'
  /** User permissions that the integration user has besides. */
  userPermissions: readonly string[]
  /** Off: AccountContactRelation does not exist. */
  contactsToMultipleAccounts: boolean
  /** Custom fields that an org's admin made, which the user sees and writes. */
  customFields: readonly CustomFieldOption[]
  /** Custom objects that an org's admin made, open to the user: full names. */
  openObjects: ReadonlySet<string>
  /** Standard or custom fields that an org's admin made required, such as `Contact.Email`. */
  requiredFields: readonly string[]
  recordTypes?: readonly RecordType[]
  /** Accounts may be people. */
  personAccounts?: boolean
}

export type CustomFieldOption = { object: string } & Partial<Omit<Field, 'compound'>> & Pick<Field, 'name' | 'type'>

type Rights = { read: boolean; create: boolean; edit: boolean; delete: boolean; viewAll: boolean }
/** What the integration user may do. */
export type Access = { profile: SchemaOptions['profile']; sets: readonly PermissionSet[]; user: ReadonlySet<string> }

/** Whether the integration user has a user permission, such as `ModifyMetadata`. */
export const may = ({ profile, user }: Access, permission: string): boolean =>
  profile === 'administrator' || user.has(permission)

/** What the integration user may do with these sets. */
export const accessOf = ({ profile, userPermissions }: SchemaOptions, sets: readonly PermissionSet[]): Access => ({
  profile,
  sets,
  user: new Set([...userPermissions, ...sets.flatMap((set) => set.userPermissions)]),
})

// The union of all sets: permissions only ever add up in Salesforce. They name an address, never its parts. An administrator's profile has all rights on standard
// fields; a field that came by a deploy is closed to every profile.
const fieldAccess = ({ profile, sets }: Access, object: string, field: Field): Field => {
  if (!field.permissionable || (profile === 'administrator' && !field.custom)) return field
  const granted = sets
    .flatMap((set) => set.fields)
    .filter((entry) => entry.object === object && entry.field === (field.compound ?? field.name))
  const writable = granted.some((entry) => entry.editable)
  return { ...field, visible: writable || granted.some((entry) => entry.readable), writable }
}

const full: Rights = { read: true, create: true, edit: true, delete: true, viewAll: true }

const objectRights = (access: Access, object: string): Rights => {
  const { profile, sets } = access
  if (profile === 'administrator') return full
  const granted = sets.flatMap((set) => set.objects).filter((entry) => entry.object === object)
  return {
    read: granted.some((entry) => entry.read),
    create: granted.some((entry) => entry.create),
    edit: granted.some((entry) => entry.edit),
    delete: granted.some((entry) => entry.delete),
    viewAll: may(access, 'ViewAllData') || granted.some((entry) => entry.viewAll),
  }
}

// Relationships have no object permissions of their own: they follow those of Account and Contact. That deleting an
// indirect one wants no right to delete the Contact is inferred from the help text on user permissions for the feature.
const rightsOf = (object: StandardObject, access: Access): Rights => {
  if (object.permissions === 'read-only')
    return { read: true, create: false, edit: false, delete: false, viewAll: true }
  if (object.permissions === 'own') return objectRights(access, object.name)
  if (object.permissions === 'setup') {
    const assigns = object.name === 'PermissionSetAssignment' && may(access, 'AssignPermissionSets')
    return { read: assigns || may(access, 'ViewSetup'), create: assigns, edit: false, delete: assigns, viewAll: true }
  }
  const account = objectRights(access, 'Account')
  const contact = objectRights(access, 'Contact')
  const edit = account.read && contact.edit
  const viewAll = account.viewAll && contact.viewAll
  return { read: account.read && contact.read, create: edit, edit, delete: edit, viewAll }
}

/** A field by option: open to the user, and with what every reference field has. */
const optionField = ({ object: _, ...field }: CustomFieldOption): Field =>
  makeField({
    custom: true,
    indexed: field.unique || field.externalId || field.type === 'reference',
    ...(field.type === 'reference'
      ? { length: 18, relationshipName: field.name.replace(/__c$/, '__r'), onParentDelete: 'clear' }
      : {}),
    ...field,
  })

const nameField = ({ label, autoNumber, firstNumber }: CustomObject['nameField']): Field =>
  makeField({
    name: 'Name',
    label,
    type: 'string',
    permissionable: false,
    indexed: true,
    ...(autoNumber === undefined
      ? { length: 80 }
      : { length: 30, autoNumber, firstNumber, nillable: false, createable: false, updateable: false }),
  })

/** The fields that every custom object has; one with a master has no owner of its own. */
export const customObjectFields = (object: CustomObject, fields: readonly Field[]): Field[] => {
  const owned = !fields.some((field) => field.onParentDelete === 'cascade' && !field.nillable)
  return [...identity, nameField(object.nameField), ...(owned ? [owner] : []), ...audit]
}

const customObject = (object: CustomObject, fields: readonly Field[]): StandardObject => ({
  ...object,
  permissions: 'own',
  fields: customObjectFields(object, fields),
})

const withConfiguration = (objects: readonly ObjectType[], options: SchemaOptions): ObjectType[] => {
  const { personAccounts = false, recordTypes = [] } = options
  const types = personAccounts ? withPersonRecordTypes(recordTypes) : recordTypes
  const typed = withRecordTypes(objects, types)
  return personAccounts ? withPersonAccounts(typed) : typed
}

/**
 * The schema of an org as the integration user sees it: standard objects and fields, what metadata and options add, and
 * what the permission sets that the user has let it see and write.
 */
export const buildSchema = (options: SchemaOptions, metadata: Metadata, access: Access): Schema => {
  const required = new Set(options.requiredFields)
  const deployed = Object.values(metadata.fields)
  // A deploy may take a field over.
  const added = (object: string): Field[] =>
    options.customFields
      .filter((field) => field.object === object && !metadata.fields[`${object}.${field.name}`])
      .map(optionField)
  const build = (object: StandardObject, rights: Rights, custom: boolean): ObjectType => {
    const shipped = deployed.filter((entry) => entry.object === object.name).map((entry) => entry.field)
    const governed = [...object.fields, ...shipped].map((field) => fieldAccess(access, object.name, field))
    return makeObject({
      name: object.name,
      label: object.label,
      labelPlural: object.labelPlural,
      keyPrefix: object.keyPrefix,
      custom,
      queryable: rights.read,
      createable: rights.create,
      updateable: rights.edit,
      deletable: rights.delete,
      viewAll: rights.viewAll,
      fields: [...governed, ...added(object.name)].map((field) =>
        required.has(`${object.name}.${field.name}`)
          ? { ...field, nillable: false, visible: true, writable: true }
          : field,
      ),
    })
  }
  const standard = [...standardObjects, ...setupObjects]
    .filter((object) => options.contactsToMultipleAccounts || object.name !== 'AccountContactRelation')
    .map((object) => build(object, rightsOf(object, access), false))
  const custom = Object.values(metadata.objects).map((object) => {
    const own = [
      ...deployed.filter((entry) => entry.object === object.name).map((entry) => entry.field),
      ...added(object.name),
    ]
    return build(
      customObject(object, own),
      options.openObjects.has(object.name) ? full : objectRights(access, object.name),
      true,
    )
  })
  const schema = makeSchema(withConfiguration([...standard, ...custom], options))
  const stray = options.customFields.find((field) => !schema.find(field.object))
  if (stray) throw new Error(`customFields: there is no object named ${stray.object}`)
  return schema
}
