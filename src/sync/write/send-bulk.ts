import type { Clock } from '../../clock.ts'
import type { Entity } from '../../model/model.ts'
import type { BulkApi, Row, RowResult, Through } from '../../salesforce/api.ts'
import { SalesforceError, UNPROCESSED, UNSENDABLE } from '../../salesforce/api.ts'
import { judgeRow } from '../../salesforce/verdict.ts'
import { pauseMs } from '../pace/backoff.ts'
import type { Pace } from '../pace/pace.ts'
import { isSchemaProblem } from '../pace/paced-api.ts'
import { keyOf, objectOf } from '../plan/mapping.ts'
import type { Write } from './deliver.ts'
import type { Packed } from './packed.ts'
import type { Answer, Way } from './send.ts'

/** What came of a row. `unsent`: it was surely not written, for there is no job to be had, or (undefined) a job is no place for it. */
export type BulkAnswer = Answer | { unsent: SalesforceError | undefined }

export type BulkTools = {
  ingest: BulkApi['ingest']
  pace: Pace
  clock: Clock
  random: () => number
  /** Ends a job where it is. */
  signal: AbortSignal
  /** Told when there are no jobs to be had for now, and why. */
  refused: (error: SalesforceError) => void
}

/** So long a job under way is asked for while Salesforce does not answer; then its answer is lost. */
const patienceMs = 10 * 60_000

/** Looks and results of a job are asked for again: what it has written by then would have to be looked up row by row. */
const persistently =
  ({ pace, clock, random, signal }: BulkTools): Through =>
  async (send, { repeatable }) => {
    const since = clock.now()
    for (let failures = 0; ; failures++) {
      try {
        return await send()
      } catch (error) {
        if (!repeatable || !(error instanceof SalesforceError) || error.kind !== 'outage') throw error
        if (signal.aborted || clock.now() - since > patienceMs) throw error
        pace.pause('outage', `${error.code}: ${error.message}`)
        await clock.sleep(Math.max(pace.waitMs(), pauseMs(failures, random, 500)), signal)
      }
    }
  }

type Changing = Pick<Write, 'plan'>

const rowOf = (way: Way, { plan: { change } }: Changing): Row =>
  way === 'upsert' ? change.fields : { Id: change.id, ...change.fields }

const keyFieldOf = (entity: Entity, way: Way): string => (way === 'upsert' ? keyOf[entity] : 'Id')

/** By what the results of a job name a row. */
export const rowKeyOf = (entity: Entity, way: Way, row: Changing): string =>
  String(rowOf(way, row)[keyFieldOf(entity, way)])

/** Rows that Collections have to take: sent in smaller company, or in another form, they may well be written. */
const belongsElsewhere = (result: RowResult): boolean =>
  !result.ok && (result.code === UNSENDABLE || isSchemaProblem(result) || judgeRow(result).verdict === 'limit-batch')

/** Salesforce will not have the job, but Collections may still pass: our form of it, or the day's jobs, batches or bytes. */
const isJobsOwn = ({ kind, code }: SalesforceError): boolean =>
  kind === 'refused' || (kind === 'allowance' && code !== 'REQUEST_LIMIT_EXCEEDED' && code !== 'ALLOWANCE_SHARE')

const answerOf = (result: RowResult): BulkAnswer => (belongsElsewhere(result) ? { unsent: undefined } : { result })

const rowsOf = function* (all: Iterable<Changing>, way: Way): Generator<Row, void, undefined> {
  for (const one of all) yield rowOf(way, one)
}

/**
 * Sends changes of one entity that go the same way as a job of Bulk API, and gives every one of them its own answer.
 * @param all by `rowKeyOf`; empty afterwards
 * @throws the reason of `signal`, after which nothing is known of those that got no answer
 */
export const sendBulk = async function* <T extends Changing>(
  tools: BulkTools,
  entity: Entity,
  way: Way,
  all: Packed<T, RowResult>,
): AsyncGenerator<[T, BulkAnswer], void, undefined> {
  const job = tools.ingest({
    object: objectOf[entity],
    operation: way,
    ...(way === 'upsert' ? { externalIdField: keyOf[entity] } : {}),
    rows: rowsOf(all.values(), way),
    signal: tools.signal,
    through: persistently(tools),
  })
  let unanswered: BulkAnswer = { unsent: undefined }
  try {
    for await (const { row, ...result } of job) {
      if (!result.ok && result.code === UNPROCESSED) continue
      for (const [one, own] of all.answer(row, result)) yield [one, answerOf(own)]
    }
  } catch (error) {
    if (!(error instanceof SalesforceError)) throw error
    if (isJobsOwn(error)) tools.refused(error)
    unanswered = isJobsOwn(error) ? { unsent: error } : { failed: error, alone: false }
  }
  for (const [one, own] of all.rest()) yield [one, own ? answerOf(own) : unanswered]
}
