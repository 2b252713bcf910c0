import type { FieldType } from '../schema.ts'

// Which elements go with which type: Metadata API Developer Guide, CustomField and FieldType.

/** What a field type may say and must say. */
export type Kind = {
  type: FieldType
  /** The field's length where the metadata does not say it. */
  length?: number
  must?: readonly string[]
  /** What it may say beyond `required`, which is left to most. */
  may?: readonly string[]
  /** Lengths that may be said, where one is said at all. */
  lengths?: readonly [number, number]
  neverRequired?: boolean
}

const key = ['unique', 'externalId']
const number = { must: ['precision', 'scale'], may: [...key, 'defaultValue'] }
/** The types that the emulator has, by their names in metadata. */
export const kinds: Readonly<Record<string, Kind>> = {
  Text: { type: 'string', must: ['length'], may: [...key, 'caseSensitive', 'defaultValue'], lengths: [1, 255] },
  TextArea: { type: 'textarea', length: 255, may: ['defaultValue'] },
  LongTextArea: {
    type: 'textarea',
    must: ['length', 'visibleLines'],
    may: ['defaultValue'],
    lengths: [256, 131_072],
    neverRequired: true,
  },
  Html: { type: 'textarea', must: ['length', 'visibleLines'], lengths: [256, 131_072], neverRequired: true },
  Email: { type: 'email', length: 80, may: [...key, 'caseSensitive', 'defaultValue'] },
  Phone: { type: 'phone', length: 40, may: ['defaultValue'] },
  Url: { type: 'url', length: 255, may: ['defaultValue'] },
  Checkbox: { type: 'boolean', must: ['defaultValue'], neverRequired: true },
  Date: { type: 'date', may: ['defaultValue'] },
  DateTime: { type: 'datetime', may: ['defaultValue'] },
  Time: { type: 'time', may: ['defaultValue'] },
  Number: { type: 'double', ...number },
  Currency: { type: 'currency', ...number, may: ['defaultValue'] },
  Percent: { type: 'percent', ...number, may: ['defaultValue'] },
  Picklist: { type: 'picklist', length: 255, must: ['valueSet'], may: ['defaultValue'] },
  MultiselectPicklist: {
    type: 'multipicklist',
    length: 4099,
    must: ['valueSet', 'visibleLines'],
    may: ['defaultValue'],
  },
  Lookup: {
    type: 'reference',
    length: 18,
    must: ['referenceTo'],
    may: ['relationshipName', 'relationshipLabel', 'deleteConstraint', 'lookupFilter'],
  },
  MasterDetail: {
    type: 'reference',
    length: 18,
    must: ['referenceTo', 'relationshipName'],
    may: ['relationshipLabel', 'relationshipOrder', 'reparentableMasterDetail', 'writeRequiresMasterRead'],
    neverRequired: true,
  },
  AutoNumber: {
    type: 'string',
    length: 30,
    must: ['displayFormat'],
    may: ['startingNumber', 'externalId'],
    neverRequired: true,
  },
}
/** Types of Salesforce that it has not. */
export const notHere: ReadonlySet<string> = new Set(
  'EncryptedText ExternalLookup File Hierarchy IndirectLookup Location MetadataRelationship Summary'.split(' '),
)
/** What says something about one kind and nothing about others. */
export const special: readonly string[] =
  `caseSensitive defaultValue deleteConstraint displayFormat externalId length precision referenceTo relationshipLabel
  relationshipName relationshipOrder reparentableMasterDetail scale startingNumber unique valueSet visibleLines
  writeRequiresMasterRead`.split(/\s+/)
