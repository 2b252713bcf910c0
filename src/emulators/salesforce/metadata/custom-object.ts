import type { CustomObject } from './model.ts'
import { all, checkShape, type Element, Problem, shape, text, whole } from './xml.ts'

// The elements of CustomObject: Metadata API Developer Guide, CustomObject.

const objectShape = shape(
  'CustomObject',
  `fullName allowInChatterGroups compactLayoutAssignment customHelp customHelpPage customSettingsType
   customSettingsVisibility dataStewardGroup dataStewardUser deploymentStatus deprecated description enableActivities
   enableBulkApi enableDivisions enableEnhancedLookup enableFeeds enableHistory enableLicensing enableReports enableSearch
   enableSharing enableStreamingApi eventType externalSharingModel gender historyRetentionPolicy household label nameField
   pluralLabel publishBehavior recordTypeTrackFeedHistory recordTypeTrackHistory searchLayouts sharingModel startsWith
   visibility`,
  `actionOverrides businessProcesses compactLayouts fieldSets fields indexes listViews profileSearchLayouts recordTypes
   sharingReasons sharingRecalculations validationRules webLinks`,
)
/** How the object looks on a page; kept by no one here, because no API shows it. */
const looks: ReadonlySet<string> = new Set([
  'actionOverrides',
  'compactLayouts',
  'fieldSets',
  'listViews',
  'profileSearchLayouts',
  'webLinks',
])
const parts: ReadonlySet<string> = new Set(['fields', ...looks])
const nameShape = shape('CustomField', 'fullName label type displayFormat startingNumber trackFeedHistory trackHistory')

/**
 * Checks what an object's file holds, custom or standard object alike.
 * @throws Problem for an element that has no place there, or that the emulator does not have
 */
export const checkObjectFile = (element: Element): void => {
  checkShape(element, objectShape)
  const strange = element.children.find((child) => objectShape.many.has(child.tag) && !parts.has(child.tag))
  if (strange) throw new Problem(`${strange.tag} of an object: not supported by the emulator`, strange)
}

const nameFieldOf = (element: Element): CustomObject['nameField'] => {
  const [field] = all(element, 'nameField')
  const type = field && text(field, 'type')
  if (!field || (type !== 'Text' && type !== 'AutoNumber'))
    throw new Problem('Must specify a nameField of type Text or AutoNumber', element)
  checkShape(field, nameShape)
  const label = text(field, 'label')
  if (label === undefined) throw new Problem('Must specify a non-empty label for the CustomField', field)
  const format = text(field, 'displayFormat')
  if (type === 'AutoNumber' && format === undefined)
    throw new Problem("Must specify 'displayFormat' for a CustomField of type AutoNumber", field)
  if (type === 'Text' && format !== undefined)
    throw new Problem("Can not specify 'displayFormat' for a CustomField of type Text", field)
  return { label, autoNumber: format, firstNumber: whole(field, 'startingNumber') ?? 1 }
}

/**
 * Reads a custom object, without its fields.
 * @throws Problem in the words of a deploy
 */
export const readCustomObject = (name: string, element: Element): Omit<CustomObject, 'keyPrefix'> => {
  if (!/^[A-Za-z](?:_?[A-Za-z0-9])*__c$/.test(name) || name.length > 43)
    throw new Problem('Invalid fullName, must end in a custom suffix ( for ex. __c )', element)
  if (text(element, 'customSettingsType') !== undefined)
    throw new Problem('Custom settings: not supported by the emulator', element)
  const label = text(element, 'label')
  if (label === undefined) throw new Problem('Must specify a non-empty label for the CustomObject', element)
  const labelPlural = text(element, 'pluralLabel')
  if (labelPlural === undefined) throw new Problem('Must specify a non-empty pluralLabel for the CustomObject', element)
  const nameField = nameFieldOf(element)
  if (text(element, 'deploymentStatus') === undefined)
    throw new Problem('Must specify a deploymentStatus for the CustomObject', element)
  if (text(element, 'sharingModel') === undefined)
    throw new Problem('Must specify a sharingModel for the CustomObject', element)
  return { name, label, labelPlural, nameField }
}
