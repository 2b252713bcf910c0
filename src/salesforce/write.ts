import {
  type CollectionRequest,
  type RowResult,
  type SalesforceApi,
  SalesforceError,
  type SalesforceFailure,
} from './api.ts'
import { readResults, refusedRows, toWire } from './collections.ts'
import { assertSubrequestCount, sendComposite } from './composite.ts'
import { failureOfStatus } from './failure.ts'
import type { Http } from './http.ts'
import { errorsOf, type Subresponse } from './schemas.ts'

export type Write = SalesforceApi['write']

/**
 * Writes Collections, several of them as one Composite.
 *
 * Salesforce documents `/composite/sobjects` inside a Composite, but leaves open whether that covers the upsert form. So it is tried: an
 * upsert that is refused inside a Composite is sent again alone. That it was the form is concluded, for good, only when every upsert of a
 * Composite was refused with a code that can speak of the form and every one was accepted alone: from then on upserts go alone (said once,
 * for it costs up to five times the calls). Anything else was the contents, or a moment's trouble, and changes nothing.
 */
export const createWrite = (http: Http, base: string, onNotice: (notice: string) => void): Write => {
  let upsertInComposite = true

  const sendAlone = async (request: CollectionRequest): Promise<RowResult[]> =>
    readResults(request, await http.send({ ...toWire(request, base), kind: 'write', effect: 'writes' }))

  /** Alone, but as one of several: its refusal is its rows' failure and not that of the others. */
  const sendBeside = async (request: CollectionRequest): Promise<{ accepted: boolean; rows: RowResult[] }> => {
    try {
      return { accepted: true, rows: await sendAlone(request) }
    } catch (error) {
      if (!(error instanceof SalesforceError && error.kind === 'refused')) throw error
      const { code, message, status = 400 } = error
      return { accepted: false, rows: refusedRows(request, [{ code, message, fields: [] }], status) }
    }
  }

  const settleSubresponse = async (request: CollectionRequest, { status, body }: Subresponse): Promise<Settled> => {
    if (status >= 200 && status < 300) return { rows: readResults(request, body), form: 'accepted' }
    const errors = errorsOf(body)
    const refusal = failureOfStatus(status, errors, 'writes')
    if (request.kind !== 'upsert' || refusal.kind !== 'refused')
      return { rows: refusedRows(request, errors, status), form: 'unknown' }
    const { accepted, rows } = await sendBeside(request)
    return { rows, form: accepted && SPEAKS_OF_FORM.has(refusal.code) ? 'refused' : 'unknown' }
  }

  const concludeFrom = (forms: readonly Settled['form'][]): void => {
    if (!upsertInComposite || forms.length === 0 || forms.some((form) => form !== 'refused')) return
    upsertInComposite = false
    onNotice(
      'This org refuses upserts by external id inside Composite; they go as single calls of 200 records from now on.',
    )
  }

  const sendRun = async (run: readonly CollectionRequest[], results: RowResult[][]): Promise<void> => {
    const [first] = run
    if (first && run.length === 1) {
      results.push((await sendBeside(first)).rows)
      return
    }
    const wire = run.map((request) => toWire(request, base))
    const subresponses = await sendComposite(http, base, 'write-composite', wire)
    throwIfAllTurnedAway(subresponses)
    const forms: Settled['form'][] = []
    try {
      for (const [index, subresponse] of subresponses.entries()) {
        const request = run[index]
        if (!request) continue
        const { rows, form } = await settleSubresponse(request, subresponse)
        results.push(rows)
        if (request.kind === 'upsert') forms.push(form)
      }
    } catch (error) {
      throw partlyDone(error)
    }
    concludeFrom(forms)
  }

  return async (requests) => {
    assertSubrequestCount(requests.length)
    const [first] = requests
    if (first && requests.length === 1) return [await sendAlone(first)]
    const results: RowResult[][] = []
    for (const run of runsOf(requests, upsertInComposite)) {
      try {
        await sendRun(run, results)
      } catch (error) {
        throw results.length > 0 ? partlyDone(error) : error
      }
    }
    return results
  }
}

/**
 * When every subrequest was turned away at the door, so was the call: an outage or a spent allowance, and no record's failure. With one
 * exception among them the rows' own results say more.
 */
const throwIfAllTurnedAway = (subresponses: readonly Subresponse[]): void => {
  const failures = subresponses.map(({ status, body }) =>
    status < 300 ? undefined : failureOfStatus(status, errorsOf(body), 'writes'),
  )
  const [first] = failures
  if (first && failures.every((failure) => failure && TURNED_AWAY.has(failure.kind))) throw first
}

const TURNED_AWAY: ReadonlySet<SalesforceFailure> = new Set(['outage', 'allowance', 'auth'])

/** What became of a subrequest; `form` is what an upsert tells about its form inside a Composite. */
type Settled = { rows: RowResult[]; form: 'accepted' | 'refused' | 'unknown' }

/**
 * Codes with which a resource can be refused as a subrequest. INVALID_BATCH_REQUEST, METHOD_NOT_ALLOWED and NOT_FOUND are the REST guide's
 * for a resource or method that is not to be had there; PROCESSING_HALTED is Composite's for a subrequest that it does not carry out.
 */
const SPEAKS_OF_FORM: ReadonlySet<string> = new Set([
  'INVALID_BATCH_REQUEST',
  'METHOD_NOT_ALLOWED',
  'NOT_FOUND',
  'PROCESSING_HALTED',
])

/**
 * Text that a Composite would take for a reference to another subrequest's answer (`@{ref.field}`), and fail on: somebody may bear such a
 * name.
 */
const holdsReference = (request: CollectionRequest): boolean =>
  request.kind !== 'delete' &&
  request.rows.some((row) => Object.values(row).some((value) => typeof value === 'string' && value.includes('@{')))

/** Requests that may share a Composite, in order; one that may not stands alone. */
const runsOf = (requests: readonly CollectionRequest[], upsertInComposite: boolean): CollectionRequest[][] => {
  const runs: { alone: boolean; requests: CollectionRequest[] }[] = []
  for (const request of requests) {
    const alone = (request.kind === 'upsert' && !upsertInComposite) || holdsReference(request)
    const last = runs.at(-1)
    if (last && !last.alone && !alone) last.requests.push(request)
    else runs.push({ alone, requests: [request] })
  }
  return runs.map((run) => run.requests)
}

/** Some of the requests are done and their results would be lost with this error: as good as a lost answer, whatever it was itself. */
const partlyDone = (error: unknown): unknown =>
  error instanceof SalesforceError && error.kind !== 'lost-answer'
    ? new SalesforceError('lost-answer', error.code, `some requests of this call are done, then ${error.message}`, {
        ...(error.status !== undefined && { status: error.status }),
        cause: error,
      })
    : error
