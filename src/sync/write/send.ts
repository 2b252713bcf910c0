import type { Entity } from '../../model/model.ts'
import type { CollectionRequest, RowResult } from '../../salesforce/api.ts'
import { SalesforceError } from '../../salesforce/api.ts'
import { judgeRow } from '../../salesforce/verdict.ts'
import type { Claim } from '../mirror/dirty.ts'
import { isSchemaProblem, type PacedApi } from '../pace/paced-api.ts'
import { keyOf, objectOf } from '../plan/mapping.ts'
import type { Change } from '../plan/plan.ts'
import { createBreaker, type Streak } from './breaker.ts'

/** A change that is ready to go out, for the claim that asked for it. */
export type Ready = { claim: Claim; change: Change }

/** What came of a row: Salesforce's result for it, or the failure of the whole call (`alone`: the row was all it carried). */
export type Answer = { result: RowResult } | { failed: SalesforceError; alone: boolean }
export type Sent = { ready: Ready } & Answer

/** Salesforce takes 200 records in a Collection and five Collections in a Composite. */
export const rowsInRequest = 200
const requestsInCall = 5

type Piece = { request: CollectionRequest; rows: readonly Ready[] }
export type Way = CollectionRequest['kind']

export const wayOf = ({ change }: Ready): Way =>
  change.kind === 'delete' ? 'delete' : change.id === undefined ? 'upsert' : 'update'

const toRequest = (entity: Entity, way: Way, rows: readonly Ready[]): CollectionRequest => {
  const object = objectOf[entity]
  switch (way) {
    case 'delete':
      return { kind: 'delete', object, ids: rows.map(({ change }) => change.id ?? '') }
    case 'update':
      return { kind: 'update', object, rows: rows.map(({ change }) => ({ Id: change.id, ...change.fields })) }
    case 'upsert':
      // By our key and never a plain create: sent twice, it is still one record.
      return {
        kind: 'upsert',
        object,
        externalIdField: keyOf[entity],
        rows: rows.map(({ change }) => ({ ...change.fields })),
      }
  }
}

export const ways: readonly Way[] = ['upsert', 'update', 'delete']

const piecesOf = (entity: Entity, ready: readonly Ready[], size: number): Piece[] =>
  ways.flatMap((way) => {
    const rows = ready.filter((one) => wayOf(one) === way)
    const pieces: Piece[] = []
    for (let i = 0; i < rows.length; i += size) {
      const part = rows.slice(i, i + size)
      pieces.push({ request: toRequest(entity, way, part), rows: part })
    }
    return pieces
  })

/** Rows to be sent again in smaller company: the org's automation was overrun, or one row spoiled the request for all. */
const spoiled = ({ rows }: Piece, results: readonly RowResult[]): boolean =>
  rows.length > 1 && results.every((result) => !result.ok && judgeRow(result).verdict === 'limit-batch')

const halves = ({ rows }: Piece, entity: Entity): Piece[] => piecesOf(entity, rows, Math.ceil(rows.length / 2))

/**
 * Sends the changes of one entity in as few calls as Salesforce allows, and gives every one of them its own answer.
 * A request that is refused as a whole is cut in halves until the guilty row is alone. After a failure of the side
 * nothing more is sent: the rest shares that failure, but was not lost with an answer.
 */
export const send = async (api: PacedApi, entity: Entity, ready: readonly Ready[], streak: Streak): Promise<Sent[]> => {
  const sent: Sent[] = []
  const breaker = createBreaker<Ready>(streak)
  let stopped: SalesforceError | undefined
  const fail = (pieces: readonly Piece[], failed: SalesforceError): void => {
    const alone = pieces.length === 1 && pieces[0]?.rows.length === 1
    for (const { rows } of pieces) for (const one of rows) sent.push({ ready: one, failed, alone })
  }
  const accept = ({ rows }: Piece, results: readonly RowResult[]): void => {
    breaker.passed()
    for (const [index, one] of rows.entries()) sent.push({ ready: one, result: results[index] ?? noResult })
  }
  const settle = async (piece: Piece, results: readonly RowResult[]): Promise<void> => {
    const problem = results.find((result) => !result.ok && isSchemaProblem(result))
    if (problem && !problem.ok) {
      stopped = new SalesforceError('refused', problem.code, problem.message)
      fail([piece], stopped)
    } else if (spoiled(piece, results)) await deliver(halves(piece, entity))
    else accept(piece, results)
  }
  const failed = async (group: readonly Piece[], error: SalesforceError): Promise<void> => {
    const [piece] = group
    if (error.kind !== 'refused' || isSchemaProblem(error)) {
      fail(group, error)
      stopped = error.kind === 'lost-answer' ? new SalesforceError('outage', error.code, error.message) : error
    } else if (group.length > 1) for (const one of group) await deliver([one])
    else if (piece && piece.rows.length > 1) await deliver(halves(piece, entity))
    else for (const one of piece?.rows ?? []) stopped = breaker.refused(one, error)
  }
  const deliver = async (pieces: readonly Piece[]): Promise<void> => {
    for (let i = 0; i < pieces.length; i += requestsInCall) {
      const group = pieces.slice(i, i + requestsInCall)
      if (stopped) {
        fail(group, stopped)
        continue
      }
      const answers = await callOrError(() => api.write(group.map(({ request }) => request)))
      if (answers instanceof SalesforceError) await failed(group, answers)
      else for (const [index, piece] of group.entries()) await settle(piece, answers[index] ?? [])
    }
  }
  await deliver(piecesOf(entity, ready, rowsInRequest))
  for (const { one, error, everybody } of breaker.verdict()) {
    if (everybody) sent.push({ ready: one, failed: everybody, alone: false })
    else sent.push({ ready: one, result: { ok: false, code: error.code, message: error.message, fields: [] } })
  }
  return sent
}

const noResult: RowResult = {
  ok: false,
  code: 'NO_RESULT',
  message: 'Salesforce gave no result for this row',
  fields: [],
}

/** A call's answer, or how it failed. @throws whatever is not Salesforce's doing */
export const callOrError = async <T>(call: () => Promise<T>): Promise<T | SalesforceError> => {
  try {
    return await call()
  } catch (error) {
    if (error instanceof SalesforceError) return error
    throw error
  }
}
