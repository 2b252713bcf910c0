import { z } from 'zod'
import { SalesforceError, type Through } from '../api.ts'
import { failureOfShape, withoutAddresses } from '../failure.ts'
import type { Call, Http } from '../http.ts'
import type { Answer } from '../transport.ts'

/** What jobs are made with; `sleep` is between looks. */
export type Jobs = {
  http: Http
  base: string
  sleep: (ms: number, signal?: AbortSignal) => Promise<void>
  /** How long a row took lately, in ms, by what the job did. */
  rowMs: Map<string, number>
}

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
  /**
   * Looks until the job is over. @throws the signal's reason
   * @param expectedMs how long that may take: until then it is not looked at, for each look is a call
   */
  wait: (expectedMs?: number) => Promise<JobState & { waitedMs: number }>
  /** Leaves nothing behind, as far as can be. */
  remove: () => Promise<void>
}

/** Each look is a call, and a job waits in a queue before it is worked on. */
const FIRST_PAUSE_MS = 1_000
const LONGEST_PAUSE_MS = 5_000
/** After the time that was expected, another look each time so much of it has passed. */
const PAUSE_SHARE = 0.2

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
    wait: async (expectedMs) => {
      let pause = Math.max(FIRST_PAUSE_MS, expectedMs ?? 0)
      for (let waitedMs = 0; ; ) {
        await sleep(pause, signal)
        signal?.throwIfAborted()
        waitedMs += pause
        const job = await look()
        if (over) return { ...job, waitedMs }
        pause = Math.min(
          LONGEST_PAUSE_MS,
          expectedMs === undefined ? 2 * pause : Math.max(FIRST_PAUSE_MS / 2, PAUSE_SHARE * waitedMs),
        )
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

/** A little less than the last one took: who waits until a job is surely done never learns that it takes less. */
const EXPECTED_SHARE = 0.9
/** What a small job took says little of a large one, and what a slow hour took little of the next. */
const LONGEST_EXPECTED_MS = 30_000

/** How long a job of so many rows may take, going by the last one that did the same, and where to tell how long it did. */
export type Learning = { expectedMs: number | undefined; tookMs: (ms: number) => void }

export const learning = ({ rowMs }: Jobs, what: string, rows: number): Learning => {
  const before = rowMs.get(what)
  return {
    expectedMs: before === undefined ? undefined : Math.min(LONGEST_EXPECTED_MS, EXPECTED_SHARE * before * rows),
    tookMs: (ms) => {
      rowMs.set(what, ms / rows)
    },
  }
}

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
