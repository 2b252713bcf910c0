/** What a single field must be for clerkforce to use it, each fault a sentence that names the field and what to do. */
import type { FieldDescription } from '../../salesforce/api.ts'

export const shipIt = 'deploy the metadata in sfdx/ and assign the permission set Clerk_Sync to the integration user'

/** Fields that the permission set Clerk_Sync grants; anything else is the org's own business. */
const shipped =
  /^Clerk_\w+__c$|^(Provision_Clerk_Org__c|Invite_To_Clerk__c)$|^(FirstName|LastName|Email|Phone|Name|AccountId|IsActive|StartDate|EndDate)$/
export const adviceFor = (field: string): string =>
  shipped.test(field)
    ? shipIt
    : 'check its name, and give the integration user access to the field (a permission set of yours)'

/** A key must find one record and no other. */
export const checkKey = (object: string, key: FieldDescription | undefined): string[] => {
  if (!key) return []
  const wrong = [
    key.externalId ? '' : 'an external id',
    key.unique ? '' : 'unique',
    key.caseSensitive ? '' : 'case-sensitive (Clerk ids are: user_2aB and user_2Ab are two people)',
  ].filter((one) => one !== '')
  return wrong.length > 0 ? [`${object}.${key.name} must be ${wrong.join(', ')}: ${shipIt}`] : []
}

/** It is there, and may be written where that is needed. */
export const checkField = (
  object: string,
  field: string,
  found: FieldDescription | undefined,
  writes: boolean,
): string[] => {
  const name = `${object}.${field}`
  if (!found)
    return [`${name} is missing, or not visible to the integration user (field-level security): ${adviceFor(field)}`]
  if (writes && !found.createable && !found.updateable)
    return [`${name} is not writable for the integration user: ${adviceFor(field)}`]
  return []
}

/** A picklist that refuses unknown values must know ours. */
export const checkPicklist = (
  object: string,
  found: FieldDescription | undefined,
  wanted: readonly string[],
): string[] => {
  if (!found?.restrictedPicklist) return []
  const missing = wanted.filter((value) => !found.picklistValues.includes(value))
  return missing.length > 0
    ? [`${object}.${found.name} lacks the picklist values ${missing.join(', ')}: ${shipIt}`]
    : []
}
