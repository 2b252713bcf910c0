import type { Field, FieldType } from '../schema.ts'
import { isAggregatable, isFilterable, isGroupable, isIdLookup, isNumber, isSortable } from '../soql/traits.ts'

const soapTypes: Readonly<Partial<Record<FieldType, string>>> = {
  id: 'tns:ID',
  reference: 'tns:ID',
  boolean: 'xsd:boolean',
  date: 'xsd:date',
  datetime: 'xsd:dateTime',
  time: 'xsd:time',
  double: 'xsd:double',
  currency: 'xsd:double',
  percent: 'xsd:double',
  int: 'xsd:int',
  address: 'urn:address',
}

// Text is at most three bytes a character; ids are plain letters.
const byteLength = ({ type, length }: Field): number => (type === 'id' || type === 'reference' ? length : length * 3)

// What can be different from field to field here; the rest of Salesforce's properties stands below as it is for all.
const own = (field: Field) => ({
  aggregatable: isAggregatable(field, 'MIN'),
  autoNumber: field.autoNumber !== undefined,
  byteLength: byteLength(field),
  cascadeDelete: field.onParentDelete === 'cascade',
  caseSensitive: field.caseSensitive,
  compoundFieldName: field.compound ?? null,
  createable: field.createable && field.writable,
  custom: field.custom,
  defaultValue: field.defaultValue ?? null,
  defaultedOnCreate: field.defaultValue !== undefined || !field.createable || field.name === 'OwnerId',
  digits: field.type === 'int' ? 8 : 0,
  externalId: field.externalId,
  extraTypeInfo: field.type === 'textarea' ? (field.html ? 'richtextarea' : 'plaintextarea') : null,
  filterable: isFilterable(field) || field.type === 'address',
  groupable: isGroupable(field),
  htmlFormatted: field.html,
  idLookup: isIdLookup(field),
  inlineHelpText: field.helpText ?? null,
  label: field.label,
  length: field.length,
  name: field.name,
  nameField: field.name === 'Name',
  nillable: field.nillable,
  permissionable: field.permissionable,
  picklistValues: field.picklist.map((value) => ({
    active: true,
    defaultValue: value === field.defaultValue,
    label: value,
    validFor: null,
    value,
  })),
  precision: isNumber(field.type) && field.type !== 'int' ? field.precision || 18 : 0,
  referenceTo: field.referenceTo ? [field.referenceTo] : [],
  relationshipName: field.relationshipName ?? null,
  restrictedDelete: field.onParentDelete === 'restrict',
  restrictedPicklist: field.restricted,
  scale: field.scale,
  searchPrefilterable: field.type === 'reference',
  soapType: soapTypes[field.type] ?? 'xsd:string',
  sortable: isSortable(field),
  type: field.type,
  unique: field.unique,
  updateable: field.updateable && field.writable,
})

const constant = {
  aiPredictionField: false,
  calculated: false,
  calculatedFormula: null,
  controllerName: null,
  defaultValueFormula: null,
  dependentPicklist: false,
  deprecatedAndHidden: false,
  displayLocationInDecimal: false,
  encrypted: false,
  filteredLookupInfo: null,
  formulaTreatNullNumberAsZero: false,
  highScaleNumber: false,
  mask: null,
  maskType: null,
  namePointing: false,
  polymorphicForeignKey: false,
  queryByDistance: false,
  referenceTargetField: null,
  relationshipOrder: null,
  writeRequiresMasterRead: false,
}

/** A field as describe shows it. */
export const describeField = (field: Field): Record<string, unknown> => ({ ...constant, ...own(field) })
