/**
 * The schema of the org: which objects and fields exist, and what the integration user may see and write of them.
 *
 * Standard objects are listed in `standard-objects.ts` as far as a sync of people and organizations meets them. Custom
 * fields and objects and permissions come from metadata (`metadata/`) and from options. A field without read
 * permission is kept, so that a person in the user interface could fill it, but for the API it does not exist; this is
 * what field-level security does, and why "No such column" usually means a missing permission.
 */
export type FieldType =
  | 'id'
  | 'string'
  | 'textarea'
  | 'email'
  | 'phone'
  | 'url'
  | 'picklist'
  | 'multipicklist'
  | 'reference'
  | 'datetime'
  | 'date'
  | 'boolean'
  | 'double'
  | 'currency'
  | 'percent'
  | 'int'
  | 'time'
  | 'address'

export type Field = {
  name: string
  label: string
  type: FieldType
  /** Characters; 0 where length means nothing. */
  length: number
  /** Digits in all and behind the point; 0 for all but numbers. */
  precision: number
  scale: number
  custom: boolean
  nillable: boolean
  createable: boolean
  updateable: boolean
  /** What a new record gets that does not name the field. */
  defaultValue: boolean | string | number | undefined
  unique: boolean
  caseSensitive: boolean
  externalId: boolean
  restricted: boolean
  picklist: readonly string[]
  referenceTo: string | undefined
  relationshipName: string | undefined
  /** How the parent calls its children, such as `Contacts`; undefined where it has no name for them. */
  childRelationshipName: string | undefined
  /** What the deletion of the parent does to a record of a custom relationship. */
  onParentDelete: 'clear' | 'cascade' | 'restrict' | undefined
  /** Field-level security applies; false for required and system fields, which everybody sees. */
  permissionable: boolean
  /** What the integration user may do with it. */
  visible: boolean
  writable: boolean
  /** Kept in an index of the store. */
  indexed: boolean
  helpText: string | undefined
  /** The format of numbers that Salesforce gives by itself, such as `A-{0000}`. */
  autoNumber: string | undefined
  firstNumber: number
  /** Text with markup. */
  html: boolean
  /** The field made of several that it is a part of, such as `MailingAddress`. */
  compound: string | undefined
}

/** A record type of an object, as configured (`records/record-types.ts`). */
export type RecordTypeInfo = {
  id: string
  name: string
  developerName: string
  /** What records get that name none. */
  isDefault: boolean
  /** Assigned to the integration user. */
  available: boolean
  active: boolean
  /** Its Accounts are Person Accounts. */
  person: boolean
  /** What picklists offer for it; those not named offer everything. */
  picklists: Readonly<Record<string, readonly string[]>>
}

export type ObjectType = {
  name: string
  label: string
  labelPlural: string
  keyPrefix: string
  /** Made by an admin; its name ends in `__c`. */
  custom: boolean
  createable: boolean
  updateable: boolean
  deletable: boolean
  queryable: boolean
  /** The integration user sees every record, whoever owns it. */
  viewAll: boolean
  fields: readonly Field[]
  /** Undefined for an object that has only the Master record type. */
  recordTypes?: readonly RecordTypeInfo[]
  /** By lower-cased name: the API ignores the case of names. */
  byName: ReadonlyMap<string, Field>
  /** Reference fields by lower-cased relationship name, such as `account`. */
  byRelationship: ReadonlyMap<string, Field>
}

export type Schema = {
  objects: readonly ObjectType[]
  find: (name: string) => ObjectType | undefined
  ofId: (id: string) => ObjectType | undefined
}

/** A field of the schema from the few properties that matter for it. */
export const makeField = (field: Partial<Field> & Pick<Field, 'name' | 'type'>): Field => ({
  label: field.name,
  length: 0,
  precision: 0,
  scale: 0,
  custom: false,
  nillable: true,
  createable: true,
  updateable: true,
  defaultValue: undefined,
  unique: false,
  caseSensitive: false,
  externalId: false,
  restricted: false,
  picklist: [],
  referenceTo: undefined,
  relationshipName: undefined,
  childRelationshipName: undefined,
  onParentDelete: undefined,
  permissionable: true,
  visible: true,
  writable: true,
  indexed: false,
  helpText: undefined,
  autoNumber: undefined,
  firstNumber: 1,
  html: false,
  compound: undefined,
  ...field,
})

/** An object of the schema, with its fields by name and by relationship. */
export const makeObject = (
  object: Omit<ObjectType, 'byName' | 'byRelationship' | 'custom'> & { custom?: boolean },
): ObjectType => ({
  custom: false,
  ...object,
  byName: new Map(object.fields.map((field) => [field.name.toLowerCase(), field])),
  byRelationship: new Map(
    object.fields.flatMap((field) => (field.relationshipName ? [[field.relationshipName.toLowerCase(), field]] : [])),
  ),
})

/** The schema over a list of objects. */
export const makeSchema = (objects: readonly ObjectType[]): Schema => {
  const byName = new Map(objects.map((object) => [object.name.toLowerCase(), object]))
  const byPrefix = new Map(objects.map((object) => [object.keyPrefix, object]))
  return {
    objects,
    find: (name) => byName.get(name.toLowerCase()),
    ofId: (id) => byPrefix.get(id.slice(0, 3)),
  }
}

/** Whether values of the field are compared as text, and so by the field's case rule. */
export const isText = (type: FieldType): boolean =>
  type !== 'id' &&
  type !== 'reference' &&
  type !== 'datetime' &&
  type !== 'date' &&
  type !== 'boolean' &&
  type !== 'double' &&
  type !== 'currency' &&
  type !== 'percent' &&
  type !== 'int' &&
  type !== 'time' &&
  type !== 'address'
