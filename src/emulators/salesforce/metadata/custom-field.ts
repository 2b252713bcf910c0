import { type Field, type FieldType, makeField } from '../schema.ts'
import { type Kind, kinds, notHere, special } from './field-kinds.ts'
import type { CustomField } from './model.ts'
import { all, checkShape, type Element, flag, Problem, required, shape, text, whole } from './xml.ts'

// The elements and rules of CustomField: Metadata API Developer Guide, CustomField. The wording "Can not specify .. for a
// CustomField of type" and "Must specify .." is that of deploy logs.

const fieldShape = shape(
  'CustomField',
  `fullName businessOwnerGroup businessOwnerUser businessStatus caseSensitive complianceGroup customDataType defaultValue
   deleteConstraint deprecated description displayFormat displayLocationInDecimal encryptionScheme escapeMarkup
   externalDeveloperName externalId fieldManageability formula formulaTreatBlanksAs globalPicklist indexed inlineHelpText
   isAIPredictionField isConvertLeadDisabled isFilteringDisabled isNameField isSortingDisabled label length lookupFilter
   maskChar maskType metadataRelationshipControllingField picklist populateExistingRows precision referenceTargetField
   referenceTo relationshipLabel relationshipName relationshipOrder reparentableMasterDetail required
   restrictedAdminField scale securityClassification startingNumber stripMarkup summarizedField summaryForeignKey
   summaryOperation trackFeedHistory trackHistory trackTrending translateData type unique valueSet visibleLines
   writeRequiresMasterRead`,
  'summaryFilterItems',
)

const checkElements = (element: Element, name: string, { must = [], may = [], neverRequired }: Kind): void => {
  for (const tag of must) {
    if (!element.children.some((child) => child.tag === tag))
      throw new Problem(`Must specify '${tag}' for a CustomField of type ${name}`, element)
  }
  for (const tag of special) {
    const said = text(element, tag)
    // The tools write `false` for every kind, and that is taken.
    if (must.includes(tag) || may.includes(tag) || said === 'false') continue
    if (element.children.some((child) => child.tag === tag))
      throw new Problem(`Can not specify '${tag}' for a CustomField of type ${name}`, element)
  }
  if (neverRequired && flag(element, 'required'))
    throw new Problem(`Can not specify 'required' for a CustomField of type ${name}`, element)
}

const lengthOf = (element: Element, name: string, { length, lengths }: Kind): number => {
  const said = lengths ? whole(element, 'length') : undefined
  if (lengths && said !== undefined && (said < lengths[0] || said > lengths[1]))
    throw new Problem(`${name} length must be between ${lengths[0]} and ${lengths[1]}`, element)
  return said ?? length ?? 0
}

const digitsOf = (element: Element): { precision: number; scale: number } => {
  const precision = whole(element, 'precision') ?? 18
  const scale = whole(element, 'scale') ?? 0
  if (precision < 1 || precision > 18 || scale < 0 || scale > 17 || scale > precision)
    throw new Problem('Precision must be 1 to 18, and scale no more than the precision', element)
  return { precision, scale }
}

const valuesOf = (element: Element): Pick<Field, 'restricted' | 'picklist' | 'defaultValue'> => {
  const [set] = all(element, 'valueSet')
  const [definition] = set ? all(set, 'valueSetDefinition') : []
  if (!set || !definition) throw new Problem('Picklists of a global value set: not supported by the emulator', element)
  const values = all(definition, 'value').map((value) => ({
    name: required(value, 'fullName'),
    isDefault: flag(value, 'default'),
    active: (text(value, 'isActive') ?? 'true') === 'true',
  }))
  const names = values.map((value) => value.name)
  const twice = names.find((name, i) => names.findIndex((each) => each.toLowerCase() === name.toLowerCase()) !== i)
  if (twice !== undefined) throw new Problem(`Duplicate label: ${twice}`, element)
  return {
    restricted: flag(set, 'restricted'),
    picklist: values.filter((value) => value.active).map((value) => value.name),
    defaultValue: values.find((value) => value.isDefault)?.name,
  }
}

// A default is a formula; only the plain ones, a quoted text or a number, are worked out.
const defaultOf = (element: Element, type: FieldType): Field['defaultValue'] => {
  const said = text(element, 'defaultValue')
  if (said === undefined) return type === 'boolean' ? false : undefined
  if (type === 'boolean') return flag(element, 'defaultValue')
  if (/^-?\d+(?:\.\d+)?$/.test(said) && (type === 'double' || type === 'currency' || type === 'percent'))
    return Number(said)
  const quoted = /^(["'])((?:(?!\1)[^\\])*)\1$/.exec(said)
  if (quoted) return quoted[2]
  throw new Problem('Defaults by formula: not supported by the emulator', element)
}

const relationOf = (element: Element, name: string, kind: string): Partial<Field> => {
  const children = text(element, 'relationshipName')
  if (children !== undefined && !/^[A-Za-z][A-Za-z0-9_]*$/.test(children))
    throw new Problem(
      `The relationship name ${children} can only contain underscores and alphanumeric characters`,
      element,
    )
  const constraint = text(element, 'deleteConstraint') ?? 'SetNull'
  if (!['SetNull', 'Restrict', 'Cascade'].includes(constraint))
    throw new Problem(`'${constraint}' is not a valid value for the enum 'DeleteConstraint'`, element)
  if (constraint !== 'Restrict' && flag(element, 'required') && kind === 'Lookup')
    throw new Problem('must specify either cascade delete or restrict delete for required lookup field', element)
  const master = kind === 'MasterDetail'
  return {
    referenceTo: required(element, 'referenceTo'),
    relationshipName: name.replace(/__c$/, '__r'),
    childRelationshipName: children === undefined ? undefined : `${children}__r`,
    onParentDelete: master || constraint === 'Cascade' ? 'cascade' : constraint === 'Restrict' ? 'restrict' : 'clear',
    indexed: true,
    ...(master
      ? { nillable: false, permissionable: false, updateable: flag(element, 'reparentableMasterDetail') }
      : {}),
  }
}

const nameOf = (element: Element): string => {
  const name = required(element, 'fullName')
  if (!name.endsWith('__c')) throw new Problem("Could not resolve standard field's name.", element)
  const short = name.slice(0, -3)
  if (!/^[A-Za-z](?:_?[A-Za-z0-9])*$/.test(short) || short.length > 40) {
    throw new Problem(
      'The field name can only contain underscores and alphanumeric characters. It must begin with a letter, not include spaces, not end with an underscore, not contain two consecutive underscores, and have at most 40 characters.',
      element,
    )
  }
  return name
}

const labelOf = (element: Element): string => {
  const label = text(element, 'label')
  if (label === undefined) throw new Problem('Must specify a non-empty label for the CustomField', element)
  if (label.length > 40) throw new Problem('Value too long for field: MasterLabel maximum length is:40', element)
  return label
}

/**
 * Reads one custom field.
 * @throws Problem in the words of a deploy
 */
export const readCustomField = (object: string, element: Element): CustomField => {
  checkShape(element, fieldShape)
  const name = nameOf(element)
  const kindName = required(element, 'type')
  if (notHere.has(kindName) || text(element, 'formula') !== undefined)
    throw new Problem(
      `${text(element, 'formula') === undefined ? kindName : 'Formula'} fields: not supported by the emulator`,
      element,
    )
  const kind = kinds[kindName]
  if (!kind) throw new Problem(`'${kindName}' is not a valid value for the enum 'FieldType'`, element)
  const label = labelOf(element)
  checkElements(element, kindName, kind)
  const { type } = kind
  const unique = flag(element, 'unique')
  const externalId = flag(element, 'externalId')
  const isRequired = flag(element, 'required')
  const list = type === 'picklist' || type === 'multipicklist'
  const autoNumber = kindName === 'AutoNumber' ? required(element, 'displayFormat') : undefined
  return {
    object,
    kind: kindName,
    field: makeField({
      name,
      label,
      type,
      length: lengthOf(element, kindName, kind),
      ...(kind.must?.includes('precision') ? digitsOf(element) : {}),
      custom: true,
      nillable: !isRequired && type !== 'boolean',
      unique,
      caseSensitive: unique && flag(element, 'caseSensitive'),
      externalId,
      indexed: unique || externalId,
      permissionable: !isRequired,
      helpText: text(element, 'inlineHelpText'),
      html: kindName === 'Html',
      ...(list ? valuesOf(element) : { defaultValue: defaultOf(element, type) }),
      ...(type === 'reference' ? relationOf(element, name, kindName) : {}),
      ...(autoNumber === undefined
        ? {}
        : {
            autoNumber,
            firstNumber: whole(element, 'startingNumber') ?? 1,
            createable: false,
            updateable: false,
            nillable: false,
          }),
    }),
  }
}
