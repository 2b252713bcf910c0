import { readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { XMLParser } from 'fast-xml-parser'
import { type Field, type FieldType, makeField } from './schema.ts'

/** What a Salesforce DX project adds to an org, as far as the emulator has it: custom fields and permission sets. */
export type Metadata = {
  fields: { object: string; field: Field }[]
  permissionSets: PermissionSet[]
}

export type PermissionSet = {
  name: string
  objects: { object: string; read: boolean; create: boolean; edit: boolean; delete: boolean }[]
  fields: { object: string; field: string; readable: boolean; editable: boolean }[]
  userPermissions: string[]
}

type Xml = { [tag: string]: unknown }
const lists = new Set(['fieldPermissions', 'objectPermissions', 'userPermissions', 'value'])
const parser = new XMLParser({ parseTagValue: false, trimValues: true, isArray: (tag) => lists.has(tag) })

const readXml = (file: string, root: string): Xml => {
  const document = parser.parse(readFileSync(file, 'utf8')) as Xml
  const content = document[root]
  if (typeof content !== 'object' || content === null) throw new Error(`${file}: the root element is not ${root}`)
  return content as Xml
}
const str = (xml: Xml, tag: string): string | undefined => (typeof xml[tag] === 'string' ? xml[tag] : undefined)
const yes = (xml: Xml, tag: string): boolean => xml[tag] === 'true'
const all = (xml: Xml, tag: string): Xml[] => (Array.isArray(xml[tag]) ? (xml[tag] as Xml[]) : [])

const fieldTypes: Readonly<Record<string, FieldType>> = {
  Text: 'string',
  Email: 'email',
  Phone: 'phone',
  Url: 'url',
  TextArea: 'textarea',
  LongTextArea: 'textarea',
  Checkbox: 'boolean',
  Date: 'date',
  DateTime: 'datetime',
  Number: 'double',
  Currency: 'currency',
  Picklist: 'picklist',
  MultiselectPicklist: 'multipicklist',
}
const defaultLength: Readonly<Record<string, number>> = { Email: 80, Phone: 40, Url: 255, TextArea: 255, Picklist: 255 }

const picklistOf = (xml: Xml): { restricted: boolean; picklist: string[] } => {
  const set = xml['valueSet'] as Xml | undefined
  const definition = set?.['valueSetDefinition'] as Xml | undefined
  return {
    restricted: set !== undefined && yes(set, 'restricted'),
    picklist: definition ? all(definition, 'value').map((value) => str(value, 'fullName') ?? '') : [],
  }
}

// The refusals are those of a deploy, so that a project which loads here has cleared at least these.
const readField = (file: string): Field => {
  const xml = readXml(file, 'CustomField')
  const name = str(xml, 'fullName') ?? ''
  const kind = str(xml, 'type') ?? ''
  const type = fieldTypes[kind]
  const label = str(xml, 'label')
  if (name !== basename(file).split('.')[0]) throw new Error(`${file}: fullName ${name} is not the file's name`)
  if (!name.endsWith('__c')) throw new Error(`${file}: a custom field's name ends in __c`)
  if (!type) throw new Error(`${file}: field type ${kind} is not known to the emulator`)
  if (!label || label.length > 40) throw new Error(`${file}: a label of 1 to 40 characters is required`)
  const length = Number(str(xml, 'length') ?? defaultLength[kind] ?? 0)
  if (kind === 'Text' && (length < 1 || length > 255)) throw new Error(`${file}: a Text field has a length of 1 to 255`)
  const required = yes(xml, 'required')
  const unique = yes(xml, 'unique')
  return makeField({
    name,
    label,
    type,
    length,
    custom: true,
    nillable: !required && type !== 'boolean',
    defaultValue: type === 'boolean' ? str(xml, 'defaultValue') === 'true' : undefined,
    unique,
    caseSensitive: unique && yes(xml, 'caseSensitive'),
    externalId: yes(xml, 'externalId'),
    indexed: unique || yes(xml, 'externalId'),
    permissionable: !required,
    helpText: str(xml, 'inlineHelpText'),
    ...(type === 'picklist' || type === 'multipicklist' ? picklistOf(xml) : {}),
  })
}

const readPermissionSet = (file: string): PermissionSet => {
  const xml = readXml(file, 'PermissionSet')
  return {
    name: basename(file).split('.')[0] ?? '',
    objects: all(xml, 'objectPermissions').map((entry) => ({
      object: str(entry, 'object') ?? '',
      read: yes(entry, 'allowRead'),
      create: yes(entry, 'allowCreate'),
      edit: yes(entry, 'allowEdit'),
      delete: yes(entry, 'allowDelete'),
    })),
    fields: all(xml, 'fieldPermissions').map((entry) => {
      const [object = '', field = ''] = (str(entry, 'field') ?? '').split('.')
      return { object, field, readable: yes(entry, 'readable'), editable: yes(entry, 'editable') }
    }),
    userPermissions: all(xml, 'userPermissions').flatMap((entry) =>
      yes(entry, 'enabled') ? [str(entry, 'name') ?? ''] : [],
    ),
  }
}

/**
 * Reads a Salesforce DX project.
 * @param folder the folder of `sfdx-project.json`
 */
export const readMetadata = (folder: string): Metadata => {
  const project = JSON.parse(readFileSync(join(folder, 'sfdx-project.json'), 'utf8')) as {
    packageDirectories: { path: string }[]
  }
  const files = project.packageDirectories.flatMap(({ path }) =>
    readdirSync(join(folder, path), { recursive: true, encoding: 'utf8' }).map((file) => join(folder, path, file)),
  )
  return {
    fields: files
      .filter((file) => file.endsWith('.field-meta.xml'))
      .sort()
      .map((file) => ({ object: basename(dirname(dirname(file))), field: readField(file) })),
    permissionSets: files.filter((file) => file.endsWith('.permissionset-meta.xml')).map(readPermissionSet),
  }
}
