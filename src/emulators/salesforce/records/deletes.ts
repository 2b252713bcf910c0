/**
 * Deletes and what they take along, and undelete, which brings it back.
 *
 * A deleted record stays in the recycle bin with `IsDeleted`, where `queryAll` shows it. What it took along carries its id
 * as the cause. Lookups that pointed to it are emptied, and filled again by undelete where nobody filled them meanwhile
 * (Apex guide, "Restoring Deleted Records"). Custom relationships say themselves what happens to their records.
 */
import { failure } from '../errors.ts'
import type { Field, ObjectType } from '../schema.ts'
import type { Row, Value } from '../store.ts'
import { liveRow, liveRows, type Writer } from './checks.ts'
import { isPerson } from './person-accounts.ts'
import { fieldNamed, objectNamed } from './relationships.ts'
import { binRow, updateValues } from './save.ts'

type Link = { child: ObjectType; field: Field }

/** What can point to an object, apart from what Accounts and Contacts take along in any case. */
const linksTo = (writer: Writer, object: ObjectType): Link[] =>
  writer.org.schema.objects.flatMap((child) =>
    child.fields.flatMap((field) =>
      field.referenceTo === object.name && (field.onParentDelete !== undefined || lookups.has(field.name))
        ? [{ child, field }]
        : [],
    ),
  )
const lookups = new Set(['ParentId', 'ReportsToId'])

const nameOf = (row: Row): string => String(row['Name'] ?? row.Id)

const blocked = (row: Row, children: string, first: Row) =>
  failure(
    'DELETE_FAILED',
    `Your attempt to delete ${nameOf(row)} could not be completed because it is associated with the following ${children}.: ${nameOf(first)}\n`,
  )

/** @throws RecordFailure for a direct relationship, and for a record with children where those block it */
export const beforeDelete = (writer: Writer, object: ObjectType, row: Row): void => {
  const { org } = writer
  if (object.name === 'AccountContactRelation' && row['IsDirect'] === true) {
    throw failure(
      'DELETE_FAILED',
      'You can’t remove a direct relationship. Change the contact’s primary account or delete the contact.',
    )
  }
  if (object.name === 'Account' && org.settings.accountDelete === 'block' && !isPerson(row)) {
    const contact = objectNamed(org, 'Contact')
    const [first] = liveRows(org, contact, fieldNamed(contact, 'AccountId'), row.Id)
    if (first) throw blocked(row, 'contacts', first)
  }
  for (const { child, field } of linksTo(writer, object)) {
    if (field.onParentDelete !== 'restrict') continue
    const [first] = liveRows(org, child, field, row.Id)
    if (first) throw blocked(row, child.labelPlural.toLowerCase(), first)
  }
}

const clearLookup = (writer: Writer, { child, field }: Link, row: Row): string[] =>
  liveRows(writer.org, child, field, row.Id).map((each) => {
    writer.org.store.put(child.name, { ...each, [field.name]: null })
    return `${child.name}.${field.name}.${each.Id}`
  })

/** Takes along what hangs on a deleted record, and empties what points to it. */
export const afterDelete = (writer: Writer, object: ObjectType, row: Row, cause: string): void => {
  const { org } = writer
  const takeAlong = (child: ObjectType, field: Field): void => {
    for (const each of liveRows(org, child, field, row.Id)) {
      binRow(writer, child, each, cause)
      afterDelete(writer, child, each, cause)
    }
  }
  const relation = org.schema.find('AccountContactRelation')
  if (relation && (object.name === 'Contact' || object.name === 'Account'))
    takeAlong(relation, fieldNamed(relation, `${object.name}Id`))
  if (object.name === 'Account') {
    const contact = objectNamed(org, 'Contact')
    takeAlong(contact, fieldNamed(contact, 'AccountId'))
  }
  const cleared: string[] = []
  for (const link of linksTo(writer, object)) {
    if (link.field.onParentDelete === 'cascade') takeAlong(link.child, link.field)
    else cleared.push(...clearLookup(writer, link, row))
  }
  const binned = cleared.length > 0 ? org.store.get(object.name, row.Id) : undefined
  if (binned) org.store.put(object.name, { ...binned, $cleared: cleared.join(' ') })
}

const fillLookups = (writer: Writer, row: Row, cleared: Value | undefined): void => {
  const { org } = writer
  for (const link of typeof cleared === 'string' ? cleared.split(' ') : []) {
    const [objectName = '', fieldName = '', id = ''] = link.split('.')
    const child = org.schema.find(objectName)
    const each = child && liveRow(org, child, id)
    if (each && child.byName.has(fieldName.toLowerCase()) && (each[fieldName] ?? null) === null)
      org.store.put(child.name, { ...each, [fieldName]: row.Id })
  }
}

const checkParents = (writer: Writer, object: ObjectType, row: Row, cause: string): void => {
  for (const name of ['AccountId', 'ContactId']) {
    const field = object.byName.get(name.toLowerCase())
    const parent = field?.referenceTo ? writer.org.schema.find(field.referenceTo) : undefined
    const id = row[name]
    if (!parent || typeof id !== 'string' || liveRow(writer.org, parent, id)) continue
    if (id !== cause) throw failure('UNDELETE_FAILED', `The ${parent.label.toLowerCase()} of this record is deleted`)
  }
}

/**
 * Brings a deleted record back, with what its deletion took along. Salesforce has no REST call for it: a person's work.
 * Nothing happens to a record that is not deleted.
 * @throws RecordFailure UNDELETE_FAILED when it has left the recycle bin, or its parent is deleted
 */
export const undeleteRecord = (writer: Writer, object: ObjectType, id: string): void =>
  writer.org.store.atomically(() => {
    const { org } = writer
    if (object.name === 'AccountContactRelation')
      throw failure('UNDELETE_FAILED', 'DML operation UNDELETE not allowed on AccountContactRelation')
    const top = org.store.get(object.name, id)
    if (!top) throw failure('UNDELETE_FAILED', 'Entity is not in the recycle bin')
    if (top['IsDeleted'] !== true) return
    // Parents come before children in the schema's list of objects.
    for (const each of org.schema.objects) {
      for (const rowId of [...org.store.bin(each.name)].sort()) {
        const row = org.store.get(each.name, rowId)
        if (!row || (rowId !== id && row['$cause'] !== id)) continue
        checkParents(writer, each, row, id)
        const { $cause: _, $cleared: cleared, ...kept } = row
        updateValues(writer, each, { ...kept, Id: rowId }, { IsDeleted: false, MasterRecordId: null })
        fillLookups(writer, row, cleared)
      }
    }
  })
