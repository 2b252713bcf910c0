import type { Entity } from '../../model/model.ts'
import type { CollectionRequest, RowResult, SalesforceApi } from '../../salesforce/api.ts'
import { SalesforceError } from '../../salesforce/api.ts'
import { judgeRow } from '../../salesforce/verdict.ts'
import type { Claim } from '../mirror/dirty.ts'
import { keyOf, objectOf } from '../plan/mapping.ts'
import type { Change } from '../plan/plan.ts'
import type { CallResult } from './pace.ts'

/** A change that is ready to go out, for the claim that asked for it. */
export type Ready = { claim: Claim; change: Change }

/** What came of it: Salesforce's result for the row, or the failure of the whole call (`alone`: the row was all it carried). */
export type Sent = { ready: Ready; result: RowResult } | { ready: Ready; failed: SalesforceError; alone: boolean }

/** Salesforce takes 200 records in a Collection and five Collections in a Composite. */
export const rowsInRequest = 200
const requestsInCall = 5

type Piece = { request: CollectionRequest; rows: readonly Ready[] }
type Way = CollectionRequest['kind']

const wayOf = ({ change }: Ready): Way =>
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

const ways: readonly Way[] = ['upsert', 'update', 'delete']

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

export type SendOptions = {
  api: SalesforceApi
  /** Asked before each call; false: the allowance does not permit it. */
  reserve: () => boolean
  /** Told after each call. */
  finished: (result: CallResult) => void
  now: () => number
}

const shareUsedUp = (): SalesforceError =>
  new SalesforceError('allowance', 'ALLOWANCE_SHARE', 'our share of the API calls of the day is used up')

/**
 * Sends the changes of one entity in as few calls as Salesforce allows, and gives every one of them its own answer.
 * A request that is refused as a whole is cut in halves until the guilty row is alone. After a failure of the side
 * nothing more is sent: the rest shares that failure, but was not lost with an answer.
 */
export const send = async (
  entity: Entity,
  ready: readonly Ready[],
  { api, reserve, finished, now }: SendOptions,
): Promise<Sent[]> => {
  const sent: Sent[] = []
  let stopped: SalesforceError | undefined
  const fail = (pieces: readonly Piece[], failed: SalesforceError): void => {
    const alone = pieces.length === 1 && pieces[0]?.rows.length === 1
    for (const { rows } of pieces) for (const one of rows) sent.push({ ready: one, failed, alone })
  }
  const accept = (piece: Piece, results: readonly RowResult[]): void => {
    for (const [index, one] of piece.rows.entries()) {
      const result = results[index] ?? {
        ok: false,
        code: 'NO_RESULT',
        message: 'Salesforce gave no result for this row',
        fields: [],
      }
      sent.push({ ready: one, result })
    }
  }
  const call = async (group: readonly Piece[]): Promise<RowResult[][]> => {
    const started = now()
    try {
      const answers = await api.write(group.map(({ request }) => request))
      finished({ ok: true, tookMs: now() - started })
      return answers
    } catch (error) {
      const lost = error instanceof SalesforceError && error.kind === 'lost-answer'
      finished({ ok: false, tookMs: now() - started, lost })
      throw error
    }
  }
  const refused = async (group: readonly Piece[], error: SalesforceError): Promise<void> => {
    const [piece] = group
    if (group.length > 1) for (const one of group) await deliver([one])
    else if (piece && piece.rows.length > 1) await deliver(halves(piece, entity))
    else if (piece) accept(piece, [{ ok: false, code: error.code, message: error.message, fields: [] }])
  }
  const deliver = async (pieces: readonly Piece[]): Promise<void> => {
    for (let i = 0; i < pieces.length; i += requestsInCall) {
      const group = pieces.slice(i, i + requestsInCall)
      if (!stopped && !reserve()) stopped = shareUsedUp()
      if (stopped) {
        fail(group, stopped)
        continue
      }
      const answers = await call(group).catch((error: unknown) => {
        if (error instanceof SalesforceError) return error
        throw error
      })
      if (!(answers instanceof SalesforceError)) {
        for (const [index, piece] of group.entries()) {
          const results = answers[index] ?? []
          if (spoiled(piece, results)) await deliver(halves(piece, entity))
          else accept(piece, results)
        }
      } else if (answers.kind === 'refused') await refused(group, answers)
      else {
        fail(group, answers)
        stopped =
          answers.kind === 'lost-answer' ? new SalesforceError('outage', answers.code, answers.message) : answers
      }
    }
  }
  await deliver(piecesOf(entity, ready, rowsInRequest))
  return sent
}
