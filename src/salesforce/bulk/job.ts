import { z } from 'zod'
import { SalesforceError, type Through } from '../api.ts'
import { failureOfShape, withoutAddresses } from '../failure.ts'
import type { Call, Http } from '../http.ts'
import type { Answer } from '../transport.ts'

/** What jobs are made with; `sleep` is between looks. */
export type Jobs = { http: Http; base: string; sleep: (ms: number, signal?: AbortSignal) => Promise<void> }

export type JobOptions = { signal?: AbortSignal | undefined; through?: Through | undefined }

/** What Salesforce says of a job. Counts are there once it is over; a query has none of failures. */
export type JobState = {
  state: string
  processed: number | undefined
  failed: number | undefined
  error: string | undefined
}

export type Job = {
  id: string
  /** One call below the job's own address. */
  call: (call: Omit<Call, 'path'> & { part?: string; repeatable: boolean }) => Promise<Answer>
  look: () => Promise<JobState>
  /** Looks until the job is over. @throws the signal's reason */
  wait: () => Promise<JobState>
  /** Leaves nothing behind, as far as can be. */
  remove: () => Promise<void>
}

const FIRST_PAUSE_MS = 200
const LONGEST_PAUSE_MS = 5_000

const jobAnswer = z.looseObject({
  id: z.string().min(1),
  state: z.string(),
  numberRecordsProcessed: z.number().optional(),
  numberRecordsFailed: z.number().optional(),
  errorMessage: z.string().nullish(),
})

const readJob = ({ text, status }: Answer): z.infer<typeof jobAnswer> => {
  const parsed = z.string().transform(jsonOrUndefined).pipe(jobAnswer).safeParse(text)
  if (!parsed.success) throw failureOfShape('a bulk job', 'reads', status)
  return parsed.data
}

const jsonOrUndefined = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const isOver = (state: string): boolean => state === 'JobComplete' || state === 'Failed' || state === 'Aborted'

/**
 * Makes a job. An answer that is lost leaves one behind that nobody fills or hands over: no record is touched by it, and so its loss is an
 * outage.
 */
export const openJob = async (
  { http, base, sleep }: Jobs,
  kind: 'query' | 'ingest',
  description: object,
  { signal, through = (send) => send() }: JobOptions,
): Promise<Job> => {
  signal?.throwIfAborted()
  const path = `${base}/jobs/${kind}`
  const creation: Call = { kind: 'bulk-create', method: 'POST', path, body: description, effect: 'reads' }
  const answer = await through(() => http.answer(creation), { kind: creation.kind, repeatable: false }).catch(
    (error: unknown) => {
      throw withDayUsedUp(error)
    },
  )
  const { id } = readJob(answer)
  let over = false

  const call: Job['call'] = ({ part = '', repeatable, ...rest }) =>
    through(() => http.answer({ ...rest, path: `${path}/${encodeURIComponent(id)}${part}` }), {
      kind: rest.kind,
      repeatable,
    })

  const look = async (): Promise<JobState> => {
    const job = readJob(await call({ kind: 'bulk-look', method: 'GET', effect: 'reads', repeatable: true }))
    over = isOver(job.state)
    return {
      state: job.state,
      processed: job.numberRecordsProcessed,
      failed: job.numberRecordsFailed,
      error: job.errorMessage ?? undefined,
    }
  }

  return {
    id,
    call,
    look,
    wait: async () => {
      for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
        await sleep(pause, signal)
        signal?.throwIfAborted()
        const job = await look()
        if (over) return job
      }
    },
    remove: async () => {
      const write = { effect: 'reads', repeatable: true } as const
      // Whatever made the iteration end matters more than a job that stays: Salesforce removes it after seven days.
      if (!over)
        await call({ ...write, kind: 'bulk-abort', method: 'PATCH', body: { state: 'Aborted' } }).catch(() => {})
      await call({ ...write, kind: 'bulk-remove', method: 'DELETE' }).catch(() => {})
    },
  }
}

/** What a day allows of jobs and batches is used up: a matter of time, as when its API calls are, and nobody's record. */
const dayIsUsedUp = (code: string): boolean => /^(?:LIMIT_EXCEEDED|EXCEEDED_?QUOTA)$/i.test(code)

const withDayUsedUp = (error: unknown): unknown =>
  error instanceof SalesforceError && error.kind === 'refused' && dayIsUsedUp(error.code)
    ? new SalesforceError('allowance', error.code, error.message, { cause: error })
    : error

/** Why a job did not complete; its words are such as `InvalidBatch : Field name not found : Nope`. */
export const failureOfJob = ({ state, error }: JobState): SalesforceError => {
  if (error === undefined)
    return new SalesforceError(
      'refused',
      `JOB_${state.toUpperCase()}`,
      `the bulk job ended as ${state}, without a reason`,
    )
  const [, code = `JOB_${state.toUpperCase()}`, words = error] = /^(\w+) ?: ?(.*)$/s.exec(error) ?? []
  return new SalesforceError(dayIsUsedUp(code) ? 'allowance' : 'refused', code, withoutAddresses(words))
}
