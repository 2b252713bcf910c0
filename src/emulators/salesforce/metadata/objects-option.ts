import type { CustomFieldOption } from '../org-schema.ts'
import type { Field } from '../schema.ts'
import { type Metadata, noMetadata } from './model.ts'

/** A custom object by configuration, open to the user. */
export type ObjectOption = {
  /** Such as `Visit__c`. */
  name: string
  /** @default the name with spaces */
  label?: string
  /** @default the label and an s */
  labelPlural?: string
  /** The name field: text, or numbers that Salesforce gives, such as `V-{0000}`. @default text */
  nameField?: { label?: string; autoNumber?: string }
  /** Beside the fields that every object has. A reference names its parent in `referenceTo`. */
  fields?: readonly (Partial<Field> & Pick<Field, 'name' | 'type'>)[]
}

const labelOf = (name: string): string => name.replace(/__c$/, '').replaceAll('_', ' ')

/** The objects by option as metadata, and their fields as fields by option. @throws Error for a name that is none of a custom object */
export const objectsByOption = (
  objects: readonly ObjectOption[],
): { metadata: Metadata; fields: CustomFieldOption[] } => {
  const made = objects.map(({ name, label = labelOf(name), labelPlural = `${label}s`, nameField }, i) => {
    if (!/^[A-Za-z](?:_?[A-Za-z0-9])*__c$/.test(name))
      throw new Error(`objects: the name of a custom object ends in __c, and ${name} does not fit`)
    return {
      name,
      label,
      labelPlural,
      keyPrefix: `a${i.toString(36).padStart(2, '0')}`,
      nameField: { label: nameField?.label ?? `${label} Name`, autoNumber: nameField?.autoNumber, firstNumber: 1 },
    }
  })
  return {
    metadata: {
      ...noMetadata,
      objects: Object.fromEntries(made.map((object) => [object.name, object])),
      prefixesGiven: made.length,
    },
    fields: objects.flatMap(({ name, fields = [] }) => fields.map((field) => ({ ...field, object: name }))),
  }
}
