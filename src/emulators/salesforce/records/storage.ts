import { failure } from '../errors.ts'
import type { Org } from '../org.ts'
import type { ObjectType } from '../schema.ts'

// Most records take 2 KB of data storage whatever they hold, a Person Account 4 KB, which here is two records (help, "Data
// and File Storage Allocations").
const recordBytes = 2_048
const mebibyte = 1_048_576
const uncounted = new Set(['User', 'Organization', 'RecordType', 'PermissionSet', 'PermissionSetAssignment'])

/** Bytes of data storage that the org's records take; those in the recycle bin do not count. */
export const storageUsed = (org: Org): number => {
  let records = 0
  for (const { name } of org.schema.objects)
    if (!uncounted.has(name)) records += org.store.ids(name).length - org.store.bin(name).size
  return records * recordBytes
}

/** @throws RecordFailure STORAGE_LIMIT_EXCEEDED when the org has no room for another record */
export const checkStorage = (org: Org, object: ObjectType): void => {
  const limit = org.settings.storageLimitMb
  if (limit === 0 || uncounted.has(object.name)) return
  if (storageUsed(org) + recordBytes > limit * mebibyte)
    throw failure('STORAGE_LIMIT_EXCEEDED', 'storage limit exceeded')
}
