import type { Call, Params, Reply, Route, Work } from '../api.ts'
import { notFound, RecordFailure, RequestFailure, refused } from '../errors.ts'
import { toId18 } from '../ids.ts'
import { liveRows } from '../records/checks.ts'
import { type RecordInput, readRecord } from '../records/read-record.ts'
import {
  deleteOperation,
  insertOperation,
  type RowOperation,
  type RowResult,
  runOperations,
  updateOperation,
  upsertOperation,
} from '../records/row-operations.ts'
import { checkValue, readValue } from '../records/values.ts'
import type { Field, ObjectType } from '../schema.ts'
import { showRecord } from '../soql/select.ts'
import { isNumber } from '../soql/traits.ts'
import type { Row, Value } from '../store.ts'
import { etagHeaders, notModified } from './conditions.ts'
import { externalIdField, namedFields, objectOf, writerOf } from './shared.ts'

const one = (call: Call, operation: RowOperation, reply: (result: RowResult) => Reply): Work => ({
  accounts: operation.accounts(),
  run: (unlocked) => {
    const [outcome] = runOperations(writerOf(call, unlocked), [operation], false)
    if (!outcome?.ok) throw outcome?.failure
    return reply(outcome.result)
  },
})

const created =
  (call: Call, object: ObjectType) =>
  ({ id }: RowResult): Reply => ({
    status: 201,
    body: { id, success: true, errors: [] },
    headers: { location: `/services/data/v${call.version}/sobjects/${object.name}/${id}` },
  })

const create = (call: Call, params: Params): Work => {
  const object = objectOf(call, params)
  return one(call, insertOperation(call.org, readRecord(call.org.schema, object, call.body)), created(call, object))
}

const show = (call: Call, object: ObjectType, row: Row): Reply => {
  const names = call.query.get('fields')
  const fields = names === null ? object.fields.filter((field) => field.visible) : namedFields(object, names.split(','))
  return {
    status: 200,
    body: showRecord(call.org, { object, items: fields.map((field) => ({ field })) }, row, call.version),
    ...etagHeaders(object, row),
  }
}

// By id in the path, a record that is not there is a missing resource, whatever a Collection would call it.
const rowAt = (call: Call, object: ObjectType, id: string): Row => {
  const id18 = toId18(id)
  if (!id18?.startsWith(object.keyPrefix))
    throw notFound('Provided external ID field does not exist or is not accessible: Id')
  const row = call.org.store.get(object.name, id18)
  if (!row) throw notFound()
  if (row['IsDeleted'] === true)
    throw new RecordFailure([{ statusCode: 'ENTITY_IS_DELETED', message: 'entity is deleted', fields: [] }])
  return row
}

const withoutId = (input: RecordInput): RecordInput => {
  if (input.id !== undefined)
    throw refused('INVALID_FIELD', 'The Id field should not be specified in the sobject data.')
  return input
}

const get = (call: Call, params: Params): Work => {
  const object = objectOf(call, params)
  return {
    run: () => {
      const row = rowAt(call, object, params['id'] ?? '')
      return notModified(call, object, row) ? { status: 304 } : show(call, object, row)
    },
  }
}

const update = (call: Call, params: Params): Work => {
  const object = objectOf(call, params)
  const row = rowAt(call, object, params['id'] ?? '')
  notModified(call, object, row)
  const input = withoutId(readRecord(call.org.schema, object, call.body))
  return one(call, updateOperation(call.org, input, row.Id), () => ({
    status: 204,
    ...etagHeaders(object, call.org.store.get(object.name, row.Id)),
  }))
}

const remove = (call: Call, params: Params): Work => {
  const object = objectOf(call, params)
  return one(call, deleteOperation(call.org, object, rowAt(call, object, params['id'] ?? '').Id), () => ({
    status: 204,
  }))
}

type Keyed = { object: ObjectType; field: Field; key: Value; rows: Row[] }

const decimal = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/

// A key in the path is text whatever its field is.
const readKey = (field: Field, text: string): Value => {
  if (!isNumber(field.type)) return readValue(field, text)
  if (!decimal.test(text)) {
    const message = `${field.label}: value not of required type: ${text}`
    throw new RecordFailure([{ statusCode: 'INVALID_TYPE_ON_FIELD_IN_RECORD', message, fields: [field.name] }])
  }
  return readValue(field, Number(text))
}

const keyed = (call: Call, params: Params): Keyed => {
  const object = objectOf(call, params)
  const name = params['field'] ?? ''
  if (toId18(name)?.startsWith(object.keyPrefix))
    throw new RequestFailure(501, 'NOT_IMPLEMENTED', 'relationships in the path: not supported by the emulator')
  const field = externalIdField(object, name)
  const key = readKey(field, params['value'] ?? '')
  return { object, field, key, rows: liveRows(call.org, object, field, key) }
}

const several = (call: Call, { object, rows }: Keyed): Reply => ({
  status: 300,
  body: rows.map((row) => `/services/data/v${call.version}/sobjects/${object.name}/${row.Id}`),
})

const getByKey = (call: Call, params: Params): Work => ({
  run: () => {
    const found = keyed(call, params)
    const [row] = found.rows
    if (!row) throw notFound()
    return found.rows.length > 1 ? several(call, found) : show(call, found.object, row)
  },
})

const removeByKey = (call: Call, params: Params): Work => {
  const found = keyed(call, params)
  const [row] = found.rows
  if (!row) throw notFound()
  if (found.rows.length > 1) return { run: () => several(call, found) }
  return one(call, deleteOperation(call.org, found.object, row.Id), () => ({ status: 204 }))
}

// Since v46 an update answers 200 with a body; before, 204 without.
const upsert = (call: Call, params: Params): Work => {
  const found = keyed(call, params)
  const { object, field, key } = found
  const input = withoutId(readRecord(call.org.schema, object, call.body))
  if ([...input.values.keys()].includes(field)) {
    throw refused('INVALID_FIELD', `The ${field.name} field should not be specified in the sobject data.`)
  }
  const malformed = checkValue(field, key)
  if (malformed) throw new RecordFailure([malformed])
  if (found.rows.length > 1) return { run: () => several(call, found) }
  if (found.rows.length === 0 && call.query.get('updateOnly') === 'true') throw notFound()
  return one(call, upsertOperation(call.org, input, field, key), (result) => {
    const body = { id: result.id, success: true, errors: [], created: result.created === true }
    if (result.created) return { ...created(call, object)(result), body }
    return Number(call.version) >= 46 ? { status: 200, body } : { status: 204 }
  })
}

const createById = (call: Call, params: Params): Work => {
  if ((params['field'] ?? '').toLowerCase() !== 'id') throw notFound()
  return create(call, params)
}

/** Records one by one: by id and by external id. */
export const rowRoutes: readonly Route[] = [
  { method: 'POST', pattern: '/sobjects/:object', kind: 'row create', prepare: create },
  { method: 'GET', pattern: '/sobjects/:object/:id', kind: 'row get', prepare: get },
  { method: 'PATCH', pattern: '/sobjects/:object/:id', kind: 'row update', prepare: update },
  { method: 'DELETE', pattern: '/sobjects/:object/:id', kind: 'row delete', prepare: remove },
  { method: 'POST', pattern: '/sobjects/:object/:field', kind: 'row create', prepare: createById },
  { method: 'GET', pattern: '/sobjects/:object/:field/:value', kind: 'row get', prepare: getByKey },
  { method: 'PATCH', pattern: '/sobjects/:object/:field/:value', kind: 'row upsert', prepare: upsert },
  { method: 'DELETE', pattern: '/sobjects/:object/:field/:value', kind: 'row delete', prepare: removeByKey },
]
