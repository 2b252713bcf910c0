/**
 * Contacts to Multiple Accounts. What deletes take along is in `deletes.ts`, what merges do in `merge.ts`.
 *
 * The Account in `Contact.AccountId` is the primary one; its relationship is *direct* and Salesforce's own doing: made
 * with the save of the Contact, moved with the primary Account, never made or deleted by anybody else. All others are
 * *indirect*. A Contact without an Account is private and can have none.
 *
 * Sources: Object Reference, AccountContactRelation (create-only parents, read-only IsDirect, direct one made right after
 * the Contact's save); help, Considerations for Relating a Contact to Multiple Accounts (a direct relationship goes away
 * only by changing the primary Account or deleting the Contact; the replaced one stays as indirect, or goes, by setting).
 * What no source tells is marked [U] in FIDELITY.md.
 */
import { failure } from '../errors.ts'
import type { Org } from '../org.ts'
import type { Field, ObjectType } from '../schema.ts'
import type { Row } from '../store.ts'
import { liveRow, liveRows, type Writer } from './checks.ts'
import { isPerson } from './person-accounts.ts'
import { binRow, insertValues, updateValues } from './save.ts'

/** An object that the org has for sure. */
export const objectNamed = (org: Org, name: string): ObjectType => {
  const object = org.schema.find(name)
  if (!object) throw new Error(`no object named ${name}`)
  return object
}
/** A field that the object has for sure. */
export const fieldNamed = (object: ObjectType, name: string): Field => {
  const field = object.byName.get(name.toLowerCase())
  if (!field) throw new Error(`no field named ${object.name}.${name}`)
  return field
}

/** The live relationships of a Contact; none where the feature is off. */
export const relationsOf = (org: Org, contactId: string): { object: ObjectType; rows: Row[] } | undefined => {
  const object = org.schema.find('AccountContactRelation')
  return object && { object, rows: liveRows(org, object, fieldNamed(object, 'ContactId'), contactId) }
}

/** @throws RecordFailure when the Contact is private or has a relationship with the Account already */
export const beforeRelationSave = (org: Org, row: Row, before: Row | undefined): void => {
  if (before) {
    const inactive = row['IsDirect'] === true && row['IsActive'] === false
    if (inactive && org.settings.inactiveDirect === 'refuse') {
      throw failure('FIELD_INTEGRITY_EXCEPTION', 'A direct relationship can’t be made inactive.', ['IsActive'])
    }
    return
  }
  const contact = liveRow(org, objectNamed(org, 'Contact'), String(row['ContactId']))
  if (contact && row['IsDirect'] !== true && (contact['AccountId'] ?? null) === null) {
    throw failure('FIELD_INTEGRITY_EXCEPTION', 'A private contact can’t be related to an account.', ['ContactId'])
  }
  const taken = relationsOf(org, String(row['ContactId']))?.rows.some((each) => each['AccountId'] === row['AccountId'])
  if (taken) throw failure('DUPLICATE_VALUE', 'This contact already has a relationship with this account.')
}

/** Makes, moves or ends the direct relationship after the primary Account of a Contact changed. */
export const afterContactSave = (writer: Writer, contact: Row, before: Row | undefined): void => {
  const { org } = writer
  const primary = contact['AccountId'] ?? null
  if (isPerson(contact) || primary === (before?.['AccountId'] ?? null)) return
  const relations = relationsOf(org, contact.Id)
  if (!relations) return
  const { object, rows } = relations
  for (const row of rows) {
    if (primary === null) binRow(writer, object, row, row.Id)
    else if (row['IsDirect'] === true && row['AccountId'] !== primary) {
      if (org.settings.keepOldRelation) updateValues(writer, object, row, { IsDirect: false })
      else binRow(writer, object, row, row.Id)
    }
  }
  if (primary === null) return
  const existing = rows.find((row) => row['AccountId'] === primary)
  if (existing) updateValues(writer, object, existing, { IsDirect: true })
  else insertValues(writer, object, { ContactId: contact.Id, AccountId: primary, IsDirect: true })
}
