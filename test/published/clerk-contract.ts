import { join } from 'node:path'
import { type Check, createChecks, isObject, readDocument, resolve, type Violation } from './openapi.ts'

/*
 * What Clerk publishes about its Backend API and its webhooks, as questions with an answer:
 *
 *   validateReply(method, path, status, body)   is this reply one that the operation can give?
 *   validateRequest(method, path, body)         is this a request that the operation takes?
 *   validateEvent(payload)                      is this an event as its type has it?
 *
 * An operation is found by its path. A status that it does not list is allowed for errors alone, which must then have the shape that
 * all errors share: the published lists are plainly incomplete (few operations list 401, one lists 429, although every one gives both).
 * Such replies are reported as `unlisted`, so that nobody takes them for covered.
 *
 * Four exemptions, without which much that Clerk says would be impossible:
 * - Lists with the parameter `paginated` are described as they are without it. With it, a page of them is held to the same schema.
 * - Two schemas require properties beside a schema that forbids all others. They are read as their authors must have meant them: the sum
 *   of both, closed as a whole (`closedSums`).
 * - The status of a session cannot be `pending`, not even in `session.pending`. The Backend API's file has it.
 * - `subscriptionItem.created` is not in the file, only in the types of `@clerk/backend`; it is held to the schema of its siblings.
 */

export type Operation = {
  id: string
  method: string
  path: string
  tags: readonly string[]
  statuses: readonly number[]
}
export type Verdict = { operation: Operation | undefined; violations: Violation[]; unlisted: boolean }

export type ClerkContract = {
  operations: readonly Operation[]
  eventTypes: readonly string[]
  /** `path` without host, version prefix or query. */
  validateReply: (method: string, path: string, status: number, body: unknown, query?: URLSearchParams) => Verdict
  validateRequest: (method: string, path: string, body: unknown) => Verdict
  validateEvent: (payload: unknown) => Violation[]
}

type Json = Readonly<Record<string, unknown>>
type Entry = { operation: Operation; pattern: RegExp; source: Json }

const object = (value: unknown): Json => (isObject(value) ? value : {})
const literals = (path: string): number => path.split('/').filter((part) => !part.startsWith('{')).length

const readOperations = (document: Json): Entry[] => {
  const entries = Object.entries(object(document['paths'])).flatMap(([path, item]) =>
    Object.entries(object(item))
      .filter(([method]) => ['get', 'post', 'put', 'patch', 'delete'].includes(method))
      .map(([method, value]): Entry => {
        const source = object(value)
        const upper = method.toUpperCase()
        const tags = Array.isArray(source['tags']) ? source['tags'].map(String) : []
        const statuses = Object.keys(object(source['responses'])).map(Number)
        const pattern = new RegExp(`^${path.replaceAll('.', '\\.').replaceAll(/\{[^}]+\}/g, '[^/]+')}$`)
        return { operation: { id: `${upper} ${path}`, method: upper, path, tags, statuses }, pattern, source }
      }),
  )
  // `/users/count` before `/users/{user_id}`.
  return entries.sort((a, b) => literals(b.operation.path) - literals(a.operation.path))
}

/** The schema of JSON content, through a reference where there is one. `undefined` when nothing is said about the body. */
const contentSchema = (document: Json, holder: unknown): unknown => {
  const given = object(holder)
  const pointer = given['$ref']
  const resolved = typeof pointer === 'string' ? resolve(document, pointer) : given
  return object(object(resolved['content'])['application/json'])['schema']
}

const takesPaginated = ({ parameters }: Json): boolean =>
  Array.isArray(parameters) &&
  parameters.some((parameter) => object(parameter)['$ref'] === '#/components/parameters/Paginated')

/** The check of a list as one of a page of it. */
const ofPage =
  (check: Check): Check =>
  (body) => {
    const { data, total_count: total, ...rest } = object(body)
    const isPage = Number.isInteger(total) && Object.keys(rest).length === 0
    return isPage ? check(data) : [{ path: '/', message: 'must be a page: {data, total_count}' }]
  }

const readApi = (file: string) => {
  const document = readDocument(file)
  const check = createChecks(document, 'https://clerk.invalid/bapi')
  const entries = readOperations(document)
  const find = (method: string, path: string): Entry | undefined =>
    entries.find(({ operation, pattern }) => operation.method === method.toUpperCase() && pattern.test(path))
  const anyError = check({ $ref: '#/components/schemas/ClerkErrors' })
  return { document, check, entries, find, anyError }
}

/** Types of events that the file lacks, and those whose schema they are held to. */
const unpublished: Readonly<Record<string, string>> = { 'subscriptionItem.created': 'subscriptionItem.updated' }

/** Schemas of events that require what they forbid, by name. */
const closedSums = ['OrganizationInvitationAcceptedPayload', 'SessionEventPayload'] as const

const withSchema = (document: Json, name: string, schema: Json): Json => {
  const components = object(document['components'])
  return { ...document, components: { ...components, schemas: { ...object(components['schemas']), [name]: schema } } }
}

/** The document with one schema, a sum of others, closed as a whole instead of in its parts. */
const closeSum = (document: Json, name: string): Json => {
  const parts = resolve(document, `#/components/schemas/${name}`)['allOf']
  if (!Array.isArray(parts)) throw new Error(`${name} is no sum of schemas: is the exemption still needed?`)
  const allOf = parts.map((part) => {
    const pointer = object(part)['$ref']
    const { additionalProperties, ...open } = typeof pointer === 'string' ? resolve(document, pointer) : object(part)
    return open
  })
  return withSchema(document, name, { allOf, unevaluatedProperties: false })
}

/** The document in which sessions can be pending. */
const letSessionsBePending = (document: Json): Json => {
  const session = resolve(document, '#/components/schemas/Session')
  const properties = object(session['properties'])
  const status = object(properties['status'])
  const statuses = Array.isArray(status['enum']) ? status['enum'] : []
  const mended = { ...status, enum: [...statuses, 'pending'] }
  return withSchema(document, 'Session', { ...session, properties: { ...properties, status: mended } })
}

const readEvents = (file: string, asPublished: boolean) => {
  const published = readDocument(file)
  const document = asPublished ? published : closedSums.reduce(closeSum, letSessionsBePending(published))
  const check = createChecks(document, 'https://clerk.invalid/webhooks')
  const webhooks = object(document['x-webhooks'])
  return {
    types: Object.keys(webhooks),
    checkOf: (given: string): Check | undefined => {
      const type = unpublished[given] ?? given
      const { requestBody } = object(object(webhooks[type])['post'])
      return type in webhooks ? check(contentSchema(document, requestBody)) : undefined
    },
  }
}

/** The contract in a folder with the two published files; `asPublished` leaves the exemptions out. */
export const readClerkContract = (folder: string, asPublished = false): ClerkContract => {
  const api = readApi(join(folder, 'clerk-bapi-2026-05-12.yml'))
  const events = readEvents(join(folder, 'clerk-webhooks-2025-04-15.yml'), asPublished)
  const unknown = (method: string, path: string): Verdict => ({
    operation: undefined,
    violations: [{ path: '/', message: `${method} ${path} is no published operation` }],
    unlisted: false,
  })
  return {
    operations: api.entries.map(({ operation }) => operation),
    eventTypes: events.types,
    validateReply: (method, path, status, body, query) => {
      const entry = api.find(method, path)
      // Nobody publishes what an unknown path answers, but it is an error like any other.
      if (!entry)
        return status === 404 || status === 405
          ? { operation: undefined, violations: api.anyError(body), unlisted: true }
          : unknown(method, path)
      const { operation, source } = entry
      const reply = object(source['responses'])[String(status)]
      if (reply === undefined) {
        const violations = status < 400 ? [{ path: '/', message: `answers ${status}, which is not listed` }] : []
        return { operation, violations: [...violations, ...api.anyError(body)], unlisted: true }
      }
      const schema = contentSchema(api.document, reply)
      if (schema === undefined) return { operation, violations: [], unlisted: false }
      const check =
        query?.get('paginated') === 'true' && takesPaginated(source) ? ofPage(api.check(schema)) : api.check(schema)
      return { operation, violations: check(body), unlisted: false }
    },
    validateRequest: (method, path, body) => {
      const entry = api.find(method, path)
      if (!entry) return unknown(method, path)
      const schema = contentSchema(api.document, entry.source['requestBody'])
      return {
        operation: entry.operation,
        violations: schema === undefined ? [] : api.check(schema)(body),
        unlisted: false,
      }
    },
    validateEvent: (payload) => {
      const type = String(object(payload)['type'])
      const check = events.checkOf(type)
      return check ? check(payload) : [{ path: '/type', message: `${type} is no published type of event` }]
    },
  }
}
