import type { PermissionSet } from './model.ts'
import { all, checkShape, type Element, flag, Problem, required, shape, text } from './xml.ts'

// The elements of PermissionSet: Metadata API Developer Guide, PermissionSet. What gives access to things that the
// emulator has no notion of (tabs, classes, pages) is read over.

const setShape = shape(
  'PermissionSet',
  'fullName description hasActivationRequired label license',
  `agentAccesses applicationVisibilities classAccesses customMetadataTypeAccesses customPermissions customSettingAccesses
   emailRoutingAddressAccesses externalCredentialPrincipalAccesses externalDataSourceAccesses fieldPermissions flowAccesses
   objectPermissions pageAccesses recordTypeVisibilities servicePresenceStatusAccesses tabSettings userPermissions`,
)
const objectShape = shape(
  'PermissionSetObjectPermissions',
  'allowCreate allowDelete allowEdit allowRead modifyAllRecords object viewAllFields viewAllRecords',
)
const fieldShape = shape('PermissionSetFieldPermissions', 'editable field readable')
const userShape = shape('PermissionSetUserPermission', 'enabled name')

// A right that wants another one: "Permission Create Account depends on permission(s): Read Account".
const dependencies: readonly (readonly [
  right: string,
  label: string,
  wants: readonly (readonly [string, string])[],
])[] = [
  ['allowCreate', 'Create', [['allowRead', 'Read']]],
  ['allowEdit', 'Edit', [['allowRead', 'Read']]],
  [
    'allowDelete',
    'Delete',
    [
      ['allowRead', 'Read'],
      ['allowEdit', 'Edit'],
    ],
  ],
  ['viewAllRecords', 'View All', [['allowRead', 'Read']]],
  [
    'modifyAllRecords',
    'Modify All',
    [
      ['allowRead', 'Read'],
      ['allowEdit', 'Edit'],
      ['allowDelete', 'Delete'],
      ['viewAllRecords', 'View All'],
    ],
  ],
]

const objectRights = (element: Element): PermissionSet['objects'][number] => {
  checkShape(element, objectShape)
  const object = required(element, 'object')
  for (const [right, label, wants] of dependencies) {
    const missing = flag(element, right) ? wants.filter(([tag]) => !flag(element, tag)) : []
    if (missing.length > 0) {
      const names = missing.map(([, name]) => `${name} ${object}`).join(', ')
      throw new Problem(`Permission ${label} ${object} depends on permission(s): ${names}`, element)
    }
  }
  return {
    object,
    read: flag(element, 'allowRead'),
    create: flag(element, 'allowCreate'),
    edit: flag(element, 'allowEdit'),
    delete: flag(element, 'allowDelete'),
    viewAll: flag(element, 'viewAllRecords'),
  }
}

const fieldRights = (element: Element): PermissionSet['fields'][number] => {
  checkShape(element, fieldShape)
  const name = required(element, 'field')
  const [object = '', field = '', ...more] = name.split('.')
  if (field === '' || more.length > 0)
    throw new Problem(`Entity of type 'CustomField' named '${name}' cannot be found`, element)
  const editable = flag(element, 'editable')
  const readable = flag(element, 'readable')
  if (editable && !readable)
    throw new Problem(`Permission Edit ${name} depends on permission(s): Read ${name}`, element)
  return { object, field, readable, editable }
}

/**
 * Reads a permission set.
 * @throws Problem in the words of a deploy
 */
export const readPermissionSet = (name: string, element: Element): PermissionSet => {
  checkShape(element, setShape)
  return {
    name,
    label: required(element, 'label'),
    description: text(element, 'description'),
    objects: all(element, 'objectPermissions').map(objectRights),
    fields: all(element, 'fieldPermissions').map(fieldRights),
    userPermissions: all(element, 'userPermissions').flatMap((entry) => {
      checkShape(entry, userShape)
      return flag(entry, 'enabled') ? [required(entry, 'name')] : []
    }),
  }
}
