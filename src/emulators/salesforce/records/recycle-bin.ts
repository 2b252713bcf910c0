/**
 * The end of deleted records. One that has been in the recycle bin for 15 days leaves it (help, "Recycle Bin"); a person
 * can empty the bin; a hard delete skips it. From then on no call finds the record, `queryAll` and undelete included.
 * Salesforce takes up to a day more to remove rows for good; here they are gone at once.
 */
import type { Org } from '../org.ts'
import type { ObjectType } from '../schema.ts'
import type { Row } from '../store.ts'

const daysKept = 15 * 86_400_000

const dropWhere = (org: Org, gone: (row: Row) => boolean): number => {
  let dropped = 0
  for (const { name } of org.schema.objects) {
    const ids = new Set<string>()
    for (const id of org.store.bin(name)) {
      const row = org.store.get(name, id)
      if (row && gone(row)) ids.add(id)
    }
    if (ids.size > 0) org.store.drop(name, ids)
    dropped += ids.size
  }
  return dropped
}

/** Removes what has been in the bin for 15 days; gives how many rows. */
const sweepBin = (org: Org): number => {
  const until = org.clock.now() - daysKept
  return dropWhere(org, (row) => Number(row['SystemModstamp'] ?? 0) <= until)
}

const swept = new WeakMap<Org, number>()

/** Looks once an hour whether something has been in the bin for long enough. */
export const sweepWhenDue = (org: Org): void => {
  const now = org.clock.now()
  if (now - (swept.get(org) ?? 0) < 3_600_000) return
  swept.set(org, now)
  sweepBin(org)
}

/** Removes everything that is in the bin; gives how many rows. */
export const emptyBin = (org: Org): number => {
  org.deleteLog.purge(org.clock.now())
  return dropWhere(org, () => true)
}

/** Has a record that is being deleted, and what it takes along, leave the bin as soon as the transaction has ended. */
export const leaveBin = (org: Org, object: ObjectType, id: string): void =>
  org.store.afterwards(() => {
    if (org.store.get(object.name, id)?.['IsDeleted'] === true)
      dropWhere(org, (row) => row.Id === id || row['$cause'] === id)
  })
