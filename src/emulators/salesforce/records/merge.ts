/**
 * Merges, as people make them: losers go to the bin with `MasterRecordId`, their children move to the master without
 * triggers, and the master is saved. Contacts with a relationship to the same Account do not merge.
 */
import { failure } from '../errors.ts'
import type { ObjectType } from '../schema.ts'
import type { Row, Value } from '../store.ts'
import { liveRow, liveRows, type Writer } from './checks.ts'
import { isPerson } from './person-accounts.ts'
import { fieldNamed, objectNamed, relationsOf } from './relationships.ts'
import { binRow, deleteRecord, updateValues } from './save.ts'

// Re-parenting fires no triggers and no rules, but the rows count as changed.
const moveChildren = (writer: Writer, child: ObjectType, field: string, from: string, to: string): void => {
  for (const row of liveRows(writer.org, child, fieldNamed(child, field), from)) {
    const now = Math.floor(writer.org.clock.now() / 1000) * 1000
    const moved: Record<string, Value> = { ...row, [field]: to, SystemModstamp: now }
    writer.org.store.put(child.name, { ...moved, Id: row.Id })
  }
}

/** References that `mergeContacts` and `mergeAccounts` look after, and those that tell where a record came from. */
const ownMoves = new Set(['AccountId', 'ContactId', 'PersonContactId', 'MasterRecordId'])

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
  if (isPerson(master) !== isPerson(loser))
    throw failure('MERGE_FAILED', 'A person account can only be merged with another person account.')
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
  const contact = objectNamed(org, 'Contact')
  if (!isPerson(loser)) moveChildren(writer, contact, 'AccountId', loser.Id, master.Id)
  else {
    const [to, from] = [master, loser].map((row) => liveRow(org, contact, String(row['PersonContactId'])))
    if (to && from) mergeContacts(writer, to, from)
  }
}

/** Records of custom relationships follow the master, and so do lookups such as `ReportsToId`. */
const moveLookups = (writer: Writer, object: ObjectType, from: string, to: string): void => {
  for (const child of writer.org.schema.objects) {
    for (const field of child.fields) {
      if (field.referenceTo === object.name && !ownMoves.has(field.name))
        moveChildren(writer, child, field.name, from, to)
    }
  }
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
      moveLookups(writer, object, id, masterId)
      const left = liveRow(org, object, id) ?? loser
      org.store.put(object.name, { ...left, MasterRecordId: masterId })
      deleteRecord(writer, object, { ...left, MasterRecordId: masterId })
    }
    updateValues(writer, object, liveRow(org, object, masterId) ?? master, {})
  })
