import type { Json, Metadata } from './entities.ts'
import { formError } from './errors.ts'

/** Clerk's limit. Whether it holds for each field or for all of a record is not documented: the narrower reading, all, is taken. */
export const METADATA_LIMIT_BYTES = 8192

const isObject = (value: Json | undefined): value is Metadata =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** `null` removes its key at any level, objects merge, everything else replaces. Neither argument is changed. */
export const mergeMetadata = (current: Metadata, patch: Metadata): Metadata => {
  const merged = new Map(Object.entries(current))
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) merged.delete(key)
    else if (isObject(value)) {
      const before = merged.get(key)
      merged.set(key, mergeMetadata(isObject(before) ? before : {}, value))
    } else merged.set(key, value)
  }
  // fromEntries defines own properties, so that a key named __proto__ stays an ordinary key.
  return Object.fromEntries(merged)
}

type Fields = { public_metadata?: Metadata; private_metadata?: Metadata; unsafe_metadata?: Metadata }

/**
 * The metadata fields of a record after a change: `merge` as PATCH does it, `replace` as PUT does it. Fields that the change
 * does not name stay as they are.
 * @throws ApiError 422 when the result is larger than Clerk allows.
 */
export const changeMetadata = <T extends Fields>(current: T, change: Fields, mode: 'merge' | 'replace'): T => {
  const next = { ...current }
  let largest: keyof Fields = 'public_metadata'
  for (const field of ['public_metadata', 'private_metadata', 'unsafe_metadata'] as const) {
    const value = change[field]
    if (value === undefined) continue
    next[field] = mode === 'merge' ? mergeMetadata(current[field] ?? {}, value) : value
    largest = field
  }
  checkMetadataSize(next, largest)
  return next
}

/** @throws ApiError 422 when the metadata of one record is larger than Clerk allows. */
export const checkMetadataSize = (fields: Fields, param: keyof Fields = 'public_metadata'): void => {
  const size = [fields.public_metadata, fields.private_metadata, fields.unsafe_metadata]
    .filter((value) => value !== undefined)
    .reduce((sum, value) => sum + Buffer.byteLength(JSON.stringify(value)), 0)
  // Four fields' worth of `{}` must not count against a record whose one field is exactly at the limit.
  if (size > METADATA_LIMIT_BYTES + 4) {
    const text = `The given ${param} exceeds the maximum allowed size of ${METADATA_LIMIT_BYTES} bytes (8 KB).`
    throw formError('form_param_exceeds_allowed_size', param, text, text)
  }
}
