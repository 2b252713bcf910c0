import type { BulkApi, BulkQuery, SalesforceApi, Through } from '../../salesforce/api.ts'
import { SalesforceError } from '../../salesforce/api.ts'
import type { Pace, PauseReason } from './pace.ts'
import type { Turns } from './turns.ts'

/** Our code for a call that was not made, or not blamed on its records, because the side refuses everything. */
export const SIDE_BLOCKED = 'SIDE_BLOCKED'

/** The calls that cost allowance and are made under load. */
export type PacedApi = Pick<SalesforceApi, 'write' | 'query' | 'retrieve'>

/** What a scan reads with. */
export type PacedReads = Pick<PacedApi, 'query' | 'retrieve'> &
  Pick<SalesforceApi, 'count' | 'limits'> & { bulk: Pick<SalesforceApi['bulk'], 'query'> }

/** The failure of a call that waited its turn while the side was paused: that of the call that paused it. */
const pausedFailure = ({ reason, detail }: NonNullable<ReturnType<Pace['paused']>>): SalesforceError =>
  reason === 'blocked'
    ? new SalesforceError('refused', SIDE_BLOCKED, detail)
    : new SalesforceError(reason, 'SIDE_PAUSED', detail)

/** What a failed call makes us leave the side alone for. */
export const pauseReason = ({ kind }: SalesforceError): PauseReason =>
  kind === 'allowance' || kind === 'auth' ? kind : kind === 'refused' ? 'blocked' : 'outage'

const shareUsedUp = (): SalesforceError =>
  new SalesforceError('allowance', 'ALLOWANCE_SHARE', 'our share of the API calls of the day is used up')

/** Makes a call that was reserved before, and reports it after; `accepted` says whether its answer shows that writing works. */
const reserved = async <T>(
  work: () => Promise<T>,
  pace: Pace,
  now: () => number,
  accepted: (answer: T) => boolean,
): Promise<T> => {
  if (!pace.reserve()) throw shareUsedUp()
  const started = now()
  try {
    const answer = await work()
    pace.finished({ ok: true, tookMs: now() - started, wrote: accepted(answer) })
    return answer
  } catch (error) {
    const lost = error instanceof SalesforceError && error.kind === 'lost-answer'
    pace.finished({ ok: false, tookMs: now() - started, lost })
    throw error
  }
}

/** Salesforce's descriptions, which count like any other call. @throws SalesforceError `allowance` when there is none left for us */
export const pacedDescribe = (
  api: Pick<SalesforceApi, 'describe'>,
  pace: Pace,
  now: () => number,
): Pick<SalesforceApi, 'describe'> => ({
  describe: (object) =>
    reserved(
      () => api.describe(object),
      pace,
      now,
      () => false,
    ),
})

/**
 * Salesforce with every call made in its turn, reserved before and reported after.
 * @throws SalesforceError `allowance` when there is none left for us; what the side was paused for while the call waited
 */
export const pacedApi = (api: PacedApi, pace: Pace, now: () => number, turns: Turns): PacedApi => {
  const call = pacedCall(pace, now, turns)
  return {
    write: (requests) =>
      call(
        () => api.write(requests),
        (answers) => answers.some((rows) => rows.some((row) => row.ok)),
      ),
    query: (soqls, options) =>
      call(
        () => api.query(soqls, options),
        () => false,
      ),
    retrieve: (object, ids, fields) =>
      call(
        () => api.retrieve(object, ids, fields),
        () => false,
      ),
  }
}

const pacedCall =
  (pace: Pace, now: () => number, turns: Turns) =>
  <T>(work: () => Promise<T>, accepted: (answer: T) => boolean): Promise<T> =>
    turns(() => {
      const paused = pace.paused()
      if (paused) throw pausedFailure(paused)
      return reserved(work, pace, now, accepted)
    })

/** Likewise for scans, each call of a bulk job too; the job's own `through` is asked around it. */
export const pacedReads = (
  api: PacedApi & Pick<SalesforceApi, 'count' | 'limits' | 'bulk'>,
  pace: Pace,
  now: () => number,
  turns: Turns,
): PacedReads => {
  const { query, retrieve } = pacedApi(api, pace, now, turns)
  const read = <T>(work: () => Promise<T>): Promise<T> => pacedCall(pace, now, turns)(work, () => false)
  const bulkQuery = ({ through = (send) => send(), ...asked }: BulkQuery) => {
    const paced: Through = (send, kind) => through(() => read(send), kind)
    return api.bulk.query({ ...asked, through: paced })
  }
  return {
    query,
    retrieve,
    count: (soql, options) => read(() => api.count(soql, options)),
    limits: () => read(api.limits),
    bulk: { query: bulkQuery },
  }
}

/** Bulk jobs that write, each call of them in its turn; the job's own `through` is asked around it. */
export const pacedIngest = (
  { bulk }: Pick<SalesforceApi, 'bulk'>,
  pace: Pace,
  now: () => number,
  turns: Turns,
): BulkApi['ingest'] => {
  const call = pacedCall(pace, now, turns)
  return ({ through = (send) => send(), ...asked }) =>
    bulk.ingest({
      ...asked,
      // That writing works is told by rows, not by these calls: jobs begin only where nothing is in doubt (`Pace.calm`).
      through: (send, kind) => through(() => call(send, () => false), kind),
    })
}

/**
 * Whether the refusal says that the org's fields or objects are not what we think: everybody's problem and no record's, so nobody is
 * bisected or parked for it; the side is blocked until the mapping has been checked again.
 */
export const isSchemaProblem = ({ code, message }: { code: string; message: string }): boolean =>
  code === SIDE_BLOCKED ||
  code === 'INVALID_TYPE' ||
  (code === 'INVALID_FIELD' && /No such column|No such relation|not supported/i.test(message))
