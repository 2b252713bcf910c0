import type { Call, Params } from '../api.ts'
import { notFound, refused } from '../errors.ts'
import type { Writer } from '../records/checks.ts'
import { visibleField } from '../records/read-record.ts'
import type { Field, ObjectType } from '../schema.ts'
import { isIdLookup } from '../soql/traits.ts'

/** The object that a path names. @throws RequestFailure NOT_FOUND */
export const objectOf = (call: Call, params: Params): ObjectType => {
  const object = call.org.schema.find(params['object'] ?? '')
  if (!object?.queryable) throw notFound()
  return object
}

/** The field that a path names records by: an external id, or the e-mail address. @throws RequestFailure NOT_FOUND */
export const externalIdField = (object: ObjectType, name: string): Field => {
  const field = visibleField(object, name)
  if (!field || !isIdLookup(field) || field.type === 'id')
    throw notFound(`Provided external ID field does not exist or is not accessible: ${name}`)
  return field
}

/** The fields that a list of names means. @throws RequestFailure INVALID_FIELD */
export const namedFields = (object: ObjectType, names: readonly string[]): Field[] =>
  names.map((name) => {
    const field = visibleField(object, name.trim())
    if (!field) throw refused('INVALID_FIELD', `No such column '${name}' on sobject of type ${object.name}`)
    return field
  })

/** `Sforce-Call-Options: client=NAME`, as it appears in `changeOrigin`. */
export const clientOf = (call: Call): string => {
  const client = /(?:^|[;,\s])client\s*=\s*([^;,\s]+)/i.exec(call.header('sforce-call-options') ?? '')?.[1]
  return client === undefined ? '' : `;client=${client}`
}

// "Available in API version 52.0 and later" (REST API guide, Duplicate Rule Header). `runAsCurrentUser` asks for sharing
// rules, and the user sees every record.
const duplicateOption = (call: Call, name: string): boolean =>
  Number(call.version) >= 52 &&
  new RegExp(`(?:^|[;,\\s])${name}\\s*=\\s*true`, 'i').test(call.header('sforce-duplicate-rule-header') ?? '')

/** Who writes, under which headers. */
export const writerOf = (call: Call, unlocked?: ReadonlySet<string>): Writer => ({
  org: call.org,
  userId: call.org.userId,
  origin: `com/salesforce/api/rest/${call.version}${clientOf(call)}`,
  allowDuplicates: duplicateOption(call, 'allowSave'),
  duplicateDetails: duplicateOption(call, 'includeRecordDetails'),
  ...(unlocked ? { unlocked } : {}),
})
