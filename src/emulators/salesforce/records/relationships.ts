/**
 * Contacts to Multiple Accounts, and what deletes take along.
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
import type { Row, Value } from '../store.ts'
import { liveRow, liveRows, type Writer } from './checks.ts'
import { binRow, deleteRecord, insertValues, updateValues } from './save.ts'

const objectNamed = (org: Org, name: string): ObjectType => {
  const object = org.schema.find(name)
  if (!object) throw new Error(`no object named ${name}`)
  return object
}
const fieldNamed = (object: ObjectType, name: string): Field => {
  const field = object.byName.get(name.toLowerCase())
  if (!field) throw new Error(`no field named ${object.name}.${name}`)
  return field
}

/** The live relationships of a Contact; none where the feature is off. */
const relationsOf = (org: Org, contactId: string): { object: ObjectType; rows: Row[] } | undefined => {
  const object = org.schema.find('AccountContactRelation')
  return object && { object, rows: liveRows(org, object, fieldNamed(object, 'ContactId'), contactId) }
}

const nameOf = (row: Row): string => String(row['Name'] ?? '')

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
  if (primary === (before?.['AccountId'] ?? null)) return
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

/** @throws RecordFailure for a direct relationship, and for an Account with Contacts where the org blocks that */
export const beforeDelete = (writer: Writer, object: ObjectType, row: Row): void => {
  if (object.name === 'AccountContactRelation' && row['IsDirect'] === true) {
    throw failure(
      'DELETE_FAILED',
      'You can’t remove a direct relationship. Change the contact’s primary account or delete the contact.',
    )
  }
  if (object.name === 'Account' && writer.org.settings.accountDelete === 'block') {
    const contact = objectNamed(writer.org, 'Contact')
    const [first] = liveRows(writer.org, contact, fieldNamed(contact, 'AccountId'), row.Id)
    if (first) {
      throw failure(
        'DELETE_FAILED',
        `Your attempt to delete ${nameOf(row)} could not be completed because it is associated with the following contacts.: ${nameOf(first)}\n`,
      )
    }
  }
}

/** Takes along what hangs on a deleted record: relationships of a Contact; relationships and Contacts of an Account. */
export const afterDelete = (writer: Writer, object: ObjectType, row: Row, cause: string): void => {
  const { org } = writer
  const relation = org.schema.find('AccountContactRelation')
  const childrenOf = (child: ObjectType, field: string) => liveRows(org, child, fieldNamed(child, field), row.Id)
  if (relation && (object.name === 'Contact' || object.name === 'Account')) {
    for (const child of childrenOf(relation, `${object.name}Id`)) binRow(writer, relation, child, cause)
  }
  if (object.name === 'Account') {
    const contact = objectNamed(org, 'Contact')
    for (const child of childrenOf(contact, 'AccountId')) {
      binRow(writer, contact, child, cause)
      afterDelete(writer, contact, child, cause)
    }
  }
}

/** Brings a deleted record back, with what its deletion took along. Salesforce has no REST call for it: a person's work. */
export const undeleteRecord = (writer: Writer, object: ObjectType, id: string): void =>
  writer.org.store.atomically(() => {
    const { org } = writer
    const binned = (each: ObjectType, rowId: string): Row | undefined => {
      const row = org.store.get(each.name, rowId)
      return row?.['IsDeleted'] === true ? row : undefined
    }
    if (!binned(object, id)) return
    // Parents come before children in the schema's list of objects.
    for (const each of org.schema.objects) {
      for (const rowId of org.store.ids(each.name)) {
        const row = binned(each, rowId)
        if (row && (rowId === id || row['$cause'] === id)) {
          updateValues(writer, each, row, { IsDeleted: false, $cause: null, MasterRecordId: null })
        }
      }
    }
  })

// Re-parenting fires no triggers and no rules, but the rows count as changed.
const moveChildren = (writer: Writer, child: ObjectType, field: string, from: string, to: string): void => {
  for (const row of liveRows(writer.org, child, fieldNamed(child, field), from)) {
    const now = Math.floor(writer.org.clock.now() / 1000) * 1000
    const moved: Record<string, Value> = { ...row, [field]: to, SystemModstamp: now }
    writer.org.store.put(child.name, { ...moved, Id: row.Id })
  }
}

const mergeContacts = (writer: Writer, master: Row, loser: Row): void => {
  const relation = writer.org.schema.find('AccountContactRelation')
  if (!relation) return
  const kept = new Set(relationsOf(writer.org, master.Id)?.rows.map((row) => row['AccountId']))
  for (const row of relationsOf(writer.org, loser.Id)?.rows ?? []) {
    if (kept.has(row['AccountId'] ?? null)) {
      throw failure(
        'MERGE_FAILED',
        'These contacts have the same related account. Open the related account record and remove redundant account–contact relationships. Then try merging again.',
      )
    }
    updateValues(writer, relation, row, { ContactId: master.Id, IsDirect: false })
  }
}

const mergeAccounts = (writer: Writer, master: Row, loser: Row): void => {
  const { org } = writer
  const relation = org.schema.find('AccountContactRelation')
  if (relation) {
    const accountId = fieldNamed(relation, 'AccountId')
    const here = new Map(liveRows(org, relation, accountId, master.Id).map((row) => [row['ContactId'], row]))
    for (const row of liveRows(org, relation, accountId, loser.Id)) {
      const twin = here.get(row['ContactId'] ?? null)
      if (!twin) continue
      binRow(writer, relation, row, loser.Id)
      if (row['IsDirect'] === true) updateValues(writer, relation, twin, { IsDirect: true })
    }
    moveChildren(writer, relation, 'AccountId', loser.Id, master.Id)
  }
  moveChildren(writer, objectNamed(org, 'Contact'), 'AccountId', loser.Id, master.Id)
}

/**
 * Merges records into a master, as a person does: the losers go to the bin with `MasterRecordId`, their children move.
 * @throws RecordFailure MERGE_FAILED when two Contacts have a relationship with the same Account
 */
export const mergeRecords = (writer: Writer, object: ObjectType, masterId: string, loserIds: readonly string[]): void =>
  writer.org.store.atomically(() => {
    const { org } = writer
    const master = liveRow(org, object, masterId)
    if (!master) throw failure('ENTITY_IS_DELETED', 'entity is deleted')
    for (const id of loserIds) {
      const loser = liveRow(org, object, id)
      if (!loser) throw failure('ENTITY_IS_DELETED', 'entity is deleted')
      if (object.name === 'Contact') mergeContacts(writer, master, loser)
      if (object.name === 'Account') mergeAccounts(writer, master, loser)
      const left = liveRow(org, object, id) ?? loser
      org.store.put(object.name, { ...left, MasterRecordId: masterId })
      deleteRecord(writer, object, { ...left, MasterRecordId: masterId })
    }
    updateValues(writer, object, liveRow(org, object, masterId) ?? master, {})
  })
