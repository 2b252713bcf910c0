/** What a team has at hand of a record, made into what plan works with: forgiving about what is left out, clear about what is wrong. */
import type { Body, ClerkMembership, Fields, Json, MirrorRecord, Value } from '../model/model.ts'
import { readFields } from '../sync/mirror/from-salesforce.ts'
import type { MappedEntity } from '../sync/plan/known-fields.ts'
import { objectOf, type Rules, type Shape } from '../sync/plan/mapping.ts'
import { canonical, type FieldKind } from '../sync/plan/value.ts'

/** What was given cannot be used: the message names which input, and what about it. */
export class PreviewInputError extends Error {
  override readonly name: string = 'PreviewInputError'
}

type Plain = { readonly [key: string]: unknown }

const isObject = (value: unknown): value is Plain =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const fail = (what: string, words: string): never => {
  throw new PreviewInputError(`${what} ${words}`)
}

/** The one record in what an API or a webhook answered with. */
const unwrap = (value: unknown, what: string): Plain => {
  if (Array.isArray(value)) {
    if (value.length === 1) return unwrap(value[0], what)
    return fail(what, `is a list of ${value.length}: give one record`)
  }
  if (!isObject(value)) return fail(what, `must be an object, and is ${value === null ? 'null' : typeof value}`)
  if (value['object'] === 'event' || ('type' in value && isObject(value['data']))) return unwrap(value['data'], what)
  if (Array.isArray(value['data']) && 'total_count' in value) return unwrap(value['data'], what)
  if (Array.isArray(value['records']) && 'done' in value) return unwrap(value['records'], what)
  return value
}

const clerkWords = { person: 'user', organization: 'organization', membership: 'membership' } as const
const idPrefix = { person: 'user_', organization: 'org_', membership: 'orgmem_' } as const

/** Names as the JavaScript SDK spells them, of fields that every record of this kind has in some way. */
const camelCase: Readonly<Record<MappedEntity, readonly string[]>> = {
  person: ['firstName', 'lastName', 'emailAddresses', 'publicMetadata', 'primaryEmailAddressId', 'createdAt'],
  organization: ['publicMetadata', 'maxAllowedMemberships', 'createdAt'],
  membership: ['publicMetadata', 'publicUserData', 'createdAt'],
}

// What a mapping function may rely on, as Clerk always sends it.
const clerkDefaults: Readonly<Record<MappedEntity, Body>> = {
  person: {
    external_id: null,
    username: null,
    first_name: null,
    last_name: null,
    primary_email_address_id: null,
    email_addresses: [],
    primary_phone_number_id: null,
    phone_numbers: [],
    public_metadata: {},
    private_metadata: null,
    unsafe_metadata: {},
    banned: false,
    locked: false,
    last_sign_in_at: null,
  },
  organization: { name: 'Example', slug: null, public_metadata: {}, private_metadata: {} },
  membership: { role: 'org:member', role_name: 'Member', public_metadata: {}, private_metadata: {} },
}

/** A list of addresses or numbers in which no one is named as the primary one: the first is. */
const withPrimary = (body: Body, list: string, idField: string, what: string): Body => {
  const items = body[list]
  if (items === undefined) return body
  if (!Array.isArray(items)) return fail(what, `has ${list} that are no list`)
  const given = (items as readonly Json[]).map((item, index): Body => {
    if (!isObject(item)) return fail(what, `has ${list}[${index}] that is no object: Clerk gives { id, … }`)
    return { id: `idn_${index + 1}`, ...item } as Body
  })
  const first = given[0]?.['id']
  return { ...body, [list]: given, [idField]: body[idField] ?? first ?? null }
}

const readTime = (source: Plain, field: string, what: string): number | undefined => {
  const value = source[field]
  if (value === undefined || value === null) return undefined
  const ms = typeof value === 'number' ? value : Date.parse(String(value))
  return Number.isFinite(ms) ? ms : fail(what, `has ${field} '${String(value)}', which is no time`)
}

/** A record of Clerk's, with what its API always sends filled in. A webhook of a deletion, `{ id, deleted: true }`, is a record that ended. */
export const readClerkRecord = (entity: MappedEntity, value: unknown, what: string): MirrorRecord => {
  const source = unwrap(value, what)
  if ('attributes' in source || 'SystemModstamp' in source)
    return fail(what, `looks like a record of Salesforce's: give Clerk's ${clerkWords[entity]}`)
  const camel = camelCase[entity].find((name) => name in source)
  if (camel !== undefined)
    return fail(
      what,
      `has '${camel}': give it as Clerk's API and webhooks do, in snake_case; of a ${clerkWords[entity]} of @clerk/backend that is its property 'raw'`,
    )
  const id = source['id'] ?? `${idPrefix[entity]}preview`
  if (typeof id !== 'string' || !id.startsWith(idPrefix[entity]))
    return fail(what, `has id '${String(id)}': the id of a ${clerkWords[entity]} begins with ${idPrefix[entity]}`)
  const deleted = source['deleted'] === true
  const version = readTime(source, 'updated_at', what) ?? 1
  const body = { ...clerkDefaults[entity], ...source, id } as Body
  const complete =
    entity === 'person'
      ? withPrimary(
          withPrimary(body, 'email_addresses', 'primary_email_address_id', what),
          'phone_numbers',
          'primary_phone_number_id',
          what,
        )
      : body
  return { id, body: complete, version, deletedAt: deleted ? (readTime(source, 'deleted_at', what) ?? version) : null }
}

/** A membership with the ids of its user and organization, where it names them. */
export const readMembership = (value: unknown, what: string, personId: string): ClerkMembership => {
  const record = readClerkRecord('membership', value, what)
  const organization = record.body['organization']
  const organizationId =
    (isObject(organization) ? organization['id'] : undefined) ?? record.body['organization_id'] ?? 'org_preview'
  if (typeof organizationId !== 'string') return fail(what, 'has an organization without an id')
  const user = record.body['public_user_data']
  const named = isObject(user) && typeof user['user_id'] === 'string' ? user['user_id'] : personId
  return { ...record, personId: named, organizationId }
}

export type HeldRecord = { id: string; fields: Fields; version: number; given: ReadonlySet<string> }

const salesforcePrefix: Readonly<Record<MappedEntity, string>> = {
  person: '003',
  organization: '001',
  membership: '07k',
}

/** A record of Salesforce's in canonical form: of the fields that the mapping reads. */
export const readSalesforceRecord = (
  entity: MappedEntity,
  value: unknown,
  { what, rules }: { what: string; rules: Rules },
): HeldRecord => {
  const source = unwrap(value, what)
  if ('first_name' in source || 'public_metadata' in source || source['object'] !== undefined)
    return fail(what, `looks like a record of Clerk's: give Salesforce's ${objectOf[entity]}`)
  const id = source['Id'] ?? `${salesforcePrefix[entity]}00000000PREVIEW`
  if (typeof id !== 'string') return fail(what, 'has an Id that is no text')
  const attributes = source['attributes']
  const type = isObject(attributes) ? attributes['type'] : undefined
  if (typeof type === 'string' && type !== objectOf[entity])
    return fail(what, `is a record of ${type}: give one of ${objectOf[entity]}`)
  const fields: Record<string, Value> = {}
  const kinds = readFields(entity, rules)
  for (const [field, kind] of kinds) fields[field] = canonicalOf(source[field], kind, `${what}.${field}`)
  // Salesforce's own spelling; a query answers in it, whatever it was asked in.
  for (const name of Object.keys(source)) {
    const meant = [...kinds.keys()].find((field) => field !== name && field.toLowerCase() === name.toLowerCase())
    if (meant !== undefined) return fail(what, `has '${name}': the field is spelt ${meant}`)
  }
  const version = readTime(source, 'SystemModstamp', what) ?? readTime(source, 'LastModifiedDate', what) ?? 0
  return { id, fields, version, given: new Set(Object.keys(source)) }
}

const canonicalOf = (value: unknown, kind: FieldKind, what: string): Value => {
  const clean = canonical(value, kind)
  if (clean === null && value !== null && value !== undefined && value !== '' && kind !== 'text' && kind !== 'email')
    return fail(what, `is '${String(value)}', which is no ${kind}`)
  return clean
}

/** What both sides last agreed on, in canonical form. */
export const readBase = (
  entity: MappedEntity,
  value: unknown,
  { what, rules }: { what: string; rules: Rules },
): Fields => {
  const source = unwrap(value, what)
  const kinds = readFields(entity, rules)
  const unknown = Object.keys(source).find((field) => !kinds.has(field))
  if (unknown !== undefined)
    return fail(what, `has '${unknown}', which the mapping of ${objectOf[entity]} does not name`)
  return Object.fromEntries(
    Object.entries(source).map(([field, one]) => [
      field,
      canonicalOf(one, kinds.get(field) ?? 'text', `${what}.${field}`),
    ]),
  )
}

/** Types and lengths of fields by object: as `describe` answers, or written by hand. */
export type ShapeInput = {
  readonly [object: string]:
    | { readonly fields: readonly { name: string; type: string; length?: number }[] }
    | { readonly [field: string]: { type: string; length?: number } }
}

/** The shape as the mapping is compiled with. */
export const readShape = (input: ShapeInput): Shape =>
  Object.fromEntries(
    Object.entries(input).map(([object, given]) => {
      const listed = Array.isArray(given['fields'])
        ? (given['fields'] as readonly { name: string; type: string; length?: number }[])
        : Object.entries(given).map(([name, one]) => ({ name, ...(one as { type: string; length?: number }) }))
      const wrong = listed.find(({ name, type }) => typeof name !== 'string' || typeof type !== 'string')
      if (wrong) return fail(`shape.${object}`, `has a field without a name or a type`)
      return [object, new Map(listed.map(({ name, type, length = 0 }) => [name, { type, length }]))]
    }),
  )
