import type { Call, Params, Reply, Route, Work } from '../api.ts'
import { failure, notFound, RequestFailure, refused } from '../errors.ts'
import { toId18 } from '../ids.ts'
import { isJsonObject, type RecordInput, readRecord } from '../records/read-record.ts'
import {
  deleteOperation,
  insertOperation,
  type RowOperation,
  type RowOutcome,
  runOperations,
  updateOperation,
  upsertOperation,
} from '../records/row-operations.ts'
import type { ObjectType } from '../schema.ts'
import { showRecord } from '../soql/select.ts'
import { keyOf } from '../store.ts'
import { externalIdField, namedFields, objectOf, writerOf } from './shared.ts'

const mostRecords = 200
const mostChunks = 10
const mostIds = 2_000

const readBody = (body: unknown): { records: readonly unknown[]; allOrNone: boolean } => {
  if (!isJsonObject(body) || !Array.isArray(body['records'])) {
    throw refused('JSON_PARSER_ERROR', 'The request body must have a list of records')
  }
  const records = body['records'] as readonly unknown[]
  if (records.length > mostRecords) {
    throw refused(
      'EXCEEDED_ID_LIMIT',
      `record limit reached. cannot submit more than ${mostRecords} records into this call`,
    )
  }
  return { records, allOrNone: body['allOrNone'] === true }
}

const typeOf = (call: Call, record: unknown): ObjectType => {
  const attributes = isJsonObject(record) ? record['attributes'] : undefined
  const type = isJsonObject(attributes) ? attributes['type'] : undefined
  if (typeof type !== 'string') throw refused('INVALID_TYPE', 'Every record must have attributes with a type')
  const object = call.org.schema.find(type)
  if (!object?.queryable) throw refused('INVALID_TYPE', `sObject type '${type}' is not supported.`)
  return object
}

/** Records of different types are worked on in chunks of neighbours of one type, ten at most. */
const checkChunks = (objects: readonly ObjectType[]): void => {
  const chunks = objects.filter((object, i) => object !== objects[i - 1]).length
  if (chunks > mostChunks) {
    throw refused(
      'LIMIT_EXCEEDED',
      `Cannot have more than ${mostChunks} chunks in a single operation. Please rearrange the data to reduce chunking.`,
    )
  }
}

const showOutcome = (outcome: RowOutcome): unknown => {
  if (outcome.ok)
    return {
      id: outcome.result.id,
      success: true,
      errors: [],
      ...(outcome.result.created === undefined ? {} : { created: outcome.result.created }),
    }
  const errors = outcome.failure.errors.map(({ statusCode, message, fields }) => ({ statusCode, message, fields }))
  return { success: false, errors, ...(outcome.creates === undefined ? {} : { created: outcome.creates }) }
}

const writeAll = (call: Call, operations: readonly RowOperation[], allOrNone: boolean): Work => ({
  accounts: operations.flatMap((operation) => operation.accounts()),
  run: (unlocked): Reply => ({
    status: 200,
    body: runOperations(writerOf(call, unlocked), operations, allOrNone).map(showOutcome),
  }),
})

/** Fails every operation whose key comes more than once in the request: Salesforce does not say which would win. */
export const refuseRepeats = (
  operations: readonly RowOperation[],
  keys: readonly unknown[],
  what: string,
): RowOperation[] => {
  const seen = new Map<unknown, number>()
  for (const key of keys) if (key !== null && key !== undefined) seen.set(key, (seen.get(key) ?? 0) + 1)
  return operations.map((operation, i) =>
    (seen.get(keys[i]) ?? 0) < 2
      ? operation
      : {
          ...operation,
          run: () => {
            throw failure('DUPLICATE_VALUE', `Duplicate ${what} specified: ${String(keys[i])}`)
          },
        },
  )
}

const read = (call: Call, record: unknown, object: ObjectType): RecordInput =>
  readRecord(call.org.schema, object, record)

const create = (call: Call): Work => {
  const { records, allOrNone } = readBody(call.body)
  const objects = records.map((record) => typeOf(call, record))
  checkChunks(objects)
  const inputs = records.map((record, i) => read(call, record, objects[i] ?? typeOf(call, record)))
  return writeAll(
    call,
    inputs.map((input) => insertOperation(call.org, input)),
    allOrNone,
  )
}

const update = (call: Call): Work => {
  const { records, allOrNone } = readBody(call.body)
  const objects = records.map((record) => typeOf(call, record))
  checkChunks(objects)
  const inputs = records.map((record, i) => read(call, record, objects[i] ?? typeOf(call, record)))
  const operations = inputs.map((input) => updateOperation(call.org, input, input.id))
  return writeAll(
    call,
    refuseRepeats(
      operations,
      inputs.map((input) => input.id && (toId18(input.id) ?? input.id)),
      'id',
    ),
    allOrNone,
  )
}

const remove = (call: Call): Work => {
  const ids = (call.query.get('ids') ?? '').split(',').filter((id) => id !== '')
  if (ids.length === 0) throw refused('MISSING_ARGUMENT', 'The ids parameter is required')
  if (ids.length > mostRecords) {
    throw refused(
      'EXCEEDED_ID_LIMIT',
      `record limit reached. cannot submit more than ${mostRecords} records into this call`,
    )
  }
  const operations = ids.map((id): RowOperation => {
    const object = call.org.schema.ofId(id)
    if (object && toId18(id)) return deleteOperation(call.org, object, id)
    return {
      object: undefined,
      accounts: () => [],
      run: () => {
        throw failure('MALFORMED_ID', `malformed id ${id}`)
      },
    }
  })
  return writeAll(call, operations, call.query.get('allOrNone') === 'true')
}

const upsert = (call: Call, params: Params): Work => {
  const object = objectOf(call, params)
  const field = externalIdField(object, params['field'] ?? '')
  const { records, allOrNone } = readBody(call.body)
  const inputs = records.map((record) => {
    if (typeOf(call, record) !== object) throw refused('INVALID_TYPE', `Every record must be of type ${object.name}`)
    const input = read(call, record, object)
    if (input.id !== undefined)
      throw refused('INVALID_FIELD', 'The Id field should not be specified in the sobject data.')
    return input
  })
  const keys = inputs.map((input) => keyOf(field, input.values.get(field) ?? null))
  const operations = inputs.map((input) => upsertOperation(call.org, input, field, input.values.get(field) ?? null))
  return writeAll(call, refuseRepeats(operations, keys, 'external id'), allOrNone)
}

const retrieveThese = (call: Call, object: ObjectType, ids: unknown, names: unknown): Work => {
  const isNames = (list: unknown): list is string[] =>
    Array.isArray(list) && list.every((each) => typeof each === 'string')
  if (!isNames(ids) || !isNames(names))
    throw refused('JSON_PARSER_ERROR', 'ids and fields are required, both lists of text')
  if (ids.length > mostIds)
    throw refused(
      'EXCEEDED_ID_LIMIT',
      `record limit reached. cannot submit more than ${mostIds} records into this call`,
    )
  const select = { object, items: namedFields(object, names).map((field) => ({ field })) }
  return {
    run: () => ({
      status: 200,
      body: ids.map((id) => {
        const row = call.org.store.get(object.name, toId18(id) ?? '')
        return row && row['IsDeleted'] !== true ? showRecord(call.org, select, row, call.version) : null
      }),
    }),
  }
}

const retrieve = (call: Call, params: Params): Work => {
  if (!isJsonObject(call.body)) throw refused('JSON_PARSER_ERROR', 'ids and fields are required')
  return retrieveThese(call, objectOf(call, params), call.body['ids'], call.body['fields'])
}

const retrieveByQuery = (call: Call, params: Params): Work => {
  const list = (name: string) => (call.query.get(name) ?? '').split(',').filter((each) => each !== '')
  if (!call.query.has('ids')) throw notFound()
  if (!call.query.has('fields')) throw refused('MISSING_ARGUMENT', 'The fields parameter is required')
  return retrieveThese(call, objectOf(call, params), list('ids'), list('fields'))
}

const unsupported = (name: string) => (): Work => {
  throw new RequestFailure(501, 'NOT_IMPLEMENTED', `composite ${name} is not supported by the emulator`)
}

/** sObject Collections: up to 200 records in one call. */
export const collectionRoutes: readonly Route[] = [
  { method: 'POST', pattern: '/composite/graph', kind: 'composite graph', prepare: unsupported('graph') },
  { method: 'POST', pattern: '/composite/batch', kind: 'composite batch', prepare: unsupported('batch') },
  { method: 'POST', pattern: '/composite/tree/:object', kind: 'composite tree', prepare: unsupported('tree') },
  { method: 'POST', pattern: '/composite/sobjects', kind: 'collection create', prepare: create },
  { method: 'PATCH', pattern: '/composite/sobjects', kind: 'collection update', prepare: update },
  { method: 'DELETE', pattern: '/composite/sobjects', kind: 'collection delete', prepare: remove },
  { method: 'PATCH', pattern: '/composite/sobjects/:object/:field', kind: 'collection upsert', prepare: upsert },
  { method: 'POST', pattern: '/composite/sobjects/:object', kind: 'collection retrieve', prepare: retrieve },
  { method: 'GET', pattern: '/composite/sobjects/:object', kind: 'collection retrieve', prepare: retrieveByQuery },
]
