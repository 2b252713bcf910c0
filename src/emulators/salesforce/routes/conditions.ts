/**
 * Conditional requests on single records: "Conditional Request Headers" of the REST API guide.
 *
 * `If-Match` and `If-None-Match` compare entity tags, which only Accounts have; on other records they are ignored.
 * `If-Modified-Since` and `If-Unmodified-Since` compare the time of the last change, in whole seconds. A record that does
 * not meet its condition answers 304 to GET and 412 to PATCH; a header that cannot be read is 400 on PATCH and ignored on
 * GET. DELETE knows no conditions.
 */
import { createHash } from 'node:crypto'
import type { Call, Reply } from '../api.ts'
import { RequestFailure } from '../errors.ts'
import type { ObjectType } from '../schema.ts'
import type { Row } from '../store.ts'

/** The entity tag of a record; undefined for objects that have none. */
const etagOf = (object: ObjectType, row: Row): string | undefined =>
  object.name === 'Account' ? `"${createHash('sha256').update(JSON.stringify(row)).digest('base64')}--gzip"` : undefined

/** The headers of a reply about a record. */
export const etagHeaders = (object: ObjectType, row: Row | undefined): Pick<Reply, 'headers'> => {
  const etag = row && etagOf(object, row)
  return etag === undefined ? {} : { headers: { ETag: etag } }
}

const tag = /^(?:W\/)?"[^"]*"$/
const readTags = (call: Call, name: string): string[] | undefined => {
  const value = call.header(name)
  if (value === undefined) return undefined
  const tags = value.split(',').map((each) => each.trim())
  if (tags.every((each) => each === '*' || tag.test(each))) return tags
  if (call.method === 'GET') return undefined
  throw malformed(name)
}
const readTime = (call: Call, name: string): number | undefined => {
  const value = call.header(name)
  const at = value === undefined ? Number.NaN : Date.parse(value)
  if (!Number.isNaN(at)) return at
  if (value === undefined || call.method === 'GET' || name === 'If-Modified-Since') return undefined
  throw malformed(name)
}
const malformed = (name: string) => new RequestFailure(400, 'INVALID_ARGUMENT', `The value of ${name} cannot be read`)

const failed = (): RequestFailure => new RequestFailure(412, 'PRECONDITION_FAILED', 'The precondition is not met')

/**
 * Checks the conditions of a GET or PATCH.
 * @returns whether a GET is answered with 304
 * @throws RequestFailure 400, 412
 */
export const notModified = (call: Call, object: ObjectType, row: Row): boolean => {
  const etag = etagOf(object, row)
  const has = (tags: readonly string[]) => tags.includes('*') || tags.some((each) => each.replace('W/', '') === etag)
  const matches = readTags(call, 'If-Match')
  const others = readTags(call, 'If-None-Match')
  if (etag !== undefined && matches && !has(matches)) throw failed()
  if (etag !== undefined && others && has(others)) {
    if (call.method === 'GET') return true
    throw failed()
  }
  const changed = Number(row['LastModifiedDate'] ?? 0)
  const unmodifiedSince = readTime(call, 'If-Unmodified-Since')
  if (unmodifiedSince !== undefined && changed > unmodifiedSince) throw failed()
  const modifiedSince = readTime(call, 'If-Modified-Since')
  if (modifiedSince === undefined || changed > modifiedSince) return false
  if (call.method === 'GET') return true
  throw failed()
}
