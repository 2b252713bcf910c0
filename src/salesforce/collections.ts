import type { CollectionRequest, Row, RowResult } from './api.ts'
import { failureOfShape } from './failure.ts'
import { to18 } from './record-id.ts'
import { errorsOf, isObject, type WireError } from './schemas.ts'
import type { Exchange } from './transport.ts'

/** Salesforce's bound for one sObject Collections request. */
export const MAX_ROWS = 200

/** A Collections request as it stands on the wire, alone or inside a Composite. */
export type WireCollection = { method: Exchange['method']; path: string; body?: unknown }

/**
 * The wire form. External ids go into the body only: in a URL, characters such as `/` and `.` change what is asked for, and the URL is
 * what every proxy logs.
 */
export const toWire = (request: CollectionRequest, base: string): WireCollection => {
  const count = rowCount(request)
  if (count < 1 || count > MAX_ROWS)
    throw new RangeError(`a Collections request holds 1 to ${MAX_ROWS} rows, not ${count}`)
  const root = `${base}/composite/sobjects`
  switch (request.kind) {
    case 'upsert': {
      const path = `${root}/${encodeURIComponent(request.object)}/${encodeURIComponent(request.externalIdField)}`
      return {
        method: 'PATCH',
        path,
        body: withRows(request.rows.map((row) => ({ ...attributes(request.object), ...row }))),
      }
    }
    case 'update':
      return { method: 'PATCH', path: root, body: withRows(request.rows.map((row) => withId(request.object, row))) }
    case 'delete':
      return { method: 'DELETE', path: `${root}?ids=${request.ids.map(encodeURIComponent).join(',')}&allOrNone=false` }
  }
}

/** How many results the request must be answered with. */
export const rowCount = (request: CollectionRequest): number =>
  request.kind === 'delete' ? request.ids.length : request.rows.length

const withRows = (records: readonly Row[]): Row => ({ allOrNone: false, records })

const attributes = (object: string): Row => ({ attributes: { type: object } })

/** The guide's examples spell it `id` inside Collections. */
const withId = (object: string, { Id, ...fields }: Row): Row => ({ ...attributes(object), id: Id, ...fields })

/** The rows' results, by position. A list of another length cannot be assigned to rows, so nobody knows what was done. */
export const readResults = (request: CollectionRequest, body: unknown): RowResult[] => {
  const expected = rowCount(request)
  if (!Array.isArray(body) || body.length !== expected) {
    throw failureOfShape(
      `${request.kind} ${request.kind === 'delete' ? 'of' : request.object} ${expected} rows`,
      'writes',
      200,
    )
  }
  return body.map((item) => readRow(item, request.kind))
}

const readRow = (item: unknown, kind: CollectionRequest['kind']): RowResult => {
  if (isObject(item) && item['success'] === true && typeof item['id'] === 'string') {
    // `created` alone means nothing: failed rows of an upsert carry it too, for what was attempted (forcedotcom/wsc#254).
    return { ok: true, id: to18(item['id']), created: kind === 'upsert' && item['created'] === true }
  }
  if (isObject(item) && item['success'] === false) return failedRow(errorsOf(item['errors']))
  return {
    ok: false,
    code: 'UNREADABLE_ANSWER',
    message: 'Salesforce answered for this record in a form we cannot read.',
    fields: [],
  }
}

/** Every row of a subrequest that was refused as a whole. */
export const refusedRows = (request: CollectionRequest, errors: readonly WireError[], status: number): RowResult[] => {
  const count = rowCount(request)
  const failed: RowResult = { ...failedRow(errors, `HTTP_${status}`), ...(count > 1 && { wholeRequest: true }) }
  return Array.from({ length: count }, () => failed)
}

/** The first code decides; the words and fields of all are kept. */
const failedRow = (errors: readonly WireError[], codeIfNone = 'NO_ERROR_GIVEN'): RowResult & { ok: false } => ({
  ok: false,
  code: errors[0]?.code ?? codeIfNone,
  message: errors.map((error) => error.message).join('; '),
  fields: [...new Set(errors.flatMap((error) => error.fields))],
})
