import type { Json, Metadata } from './entities.ts'
import { type ApiError, formError } from './errors.ts'

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

const valuesOf = (value: Json): Json[] => (typeof value === 'object' && value !== null ? Object.values(value) : [])

/** Whether metadata is nested so deeply that it cannot fit: a level takes two bytes at least. Layer by layer, because a stack ends sooner. */
const isTooDeep = (metadata: Metadata): boolean => {
  let layer: Json[] = [metadata]
  for (let depth = 0; layer.length > 0; depth++) {
    if (depth > METADATA_LIMIT_BYTES / 2) return true
    layer = layer.flatMap(valuesOf)
  }
  return false
}

const metadataFields = ['public_metadata', 'private_metadata', 'unsafe_metadata'] as const
type Fields = { public_metadata?: Metadata; private_metadata?: Metadata; unsafe_metadata?: Metadata }

/**
 * The metadata fields of a record after a change: `merge` as PATCH does it, `replace` as PUT does it. Fields that the change
 * does not name stay as they are.
 * @throws ApiError 422 when the result is larger than Clerk allows.
 */
export const changeMetadata = <T extends Fields>(current: T, change: Fields, mode: 'merge' | 'replace'): T => {
  for (const field of metadataFields) assertDepth(change[field], field)
  const next = { ...current }
  let largest: keyof Fields = 'public_metadata'
  for (const field of metadataFields) {
    const value = change[field]
    if (value === undefined) continue
    next[field] = mode === 'merge' ? mergeMetadata(current[field] ?? {}, value) : value
    largest = field
  }
  checkMetadataSize(next, largest)
  return next
}

const tooLarge = (param: keyof Fields): ApiError => {
  const text = `The given ${param} exceeds the maximum allowed size of ${METADATA_LIMIT_BYTES} bytes (8 KB).`
  return formError('form_param_exceeds_allowed_size', param, text, text)
}

const assertDepth = (metadata: Metadata | undefined, param: keyof Fields): void => {
  if (metadata && isTooDeep(metadata)) throw tooLarge(param)
}

/** Empty fields do not count against one that is exactly at the limit. */
const sizeOf = (metadata: Metadata = {}): number =>
  Object.keys(metadata).length === 0 ? 0 : Buffer.byteLength(JSON.stringify(metadata))

/**
 * Names the field that a change was about, or else the largest.
 * @throws ApiError 422 when the metadata of one record is larger than Clerk allows.
 */
export const checkMetadataSize = (fields: Fields, param?: keyof Fields): void => {
  for (const field of metadataFields) assertDepth(fields[field], field)
  const sizes = metadataFields.map((field) => ({ field, size: sizeOf(fields[field]) }))
  const largest = sizes.reduce((a, b) => (b.size > a.size ? b : a))
  if (sizes.reduce((sum, { size }) => sum + size, 0) > METADATA_LIMIT_BYTES) throw tooLarge(param ?? largest.field)
}
