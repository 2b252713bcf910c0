import { type BulkQuery, type QueriedRecord, SalesforceError } from '../api.ts'
import type { Answer } from '../transport.ts'
import { failureOfJob, type Job, type Jobs, learning, openJob } from './job.ts'
import { readRecords } from './read-csv.ts'

/**
 * Fewer calls with larger pages, more memory: a row of ours is some 300 bytes. A page is fetched whole before it is taken apart, so that a
 * slow reader does not hold a call open: Salesforce allows few calls at a time that last 20 s.
 */
const PAGE_ROWS = 25_000

/** The records that a query finds, a few thousand at a time. @throws SalesforceError; see bulk.ts for what it promises */
export const query = async function* (
  jobs: Jobs,
  { soql, deleted = false, pageRows = PAGE_ROWS, expectedRows = 0, ...options }: BulkQuery,
): AsyncGenerator<QueriedRecord[], void, undefined> {
  const job = await openJob(jobs, 'query', { operation: deleted ? 'queryAll' : 'query', query: soql }, options)
  try {
    const { expectedMs, tookMs } = learning(jobs, 'query', expectedRows)
    const done = await job.wait(expectedRows > 0 ? expectedMs : undefined)
    if (expectedRows > 0) tookMs(done.waitedMs)
    if (done.state !== 'JobComplete') throw failureOfJob(done)
    let read = 0
    for (let locator: string | undefined = ''; locator !== undefined; ) {
      options.signal?.throwIfAborted()
      const page = await fetchPage(job, locator, pageRows)
      const before = read
      for await (const records of readRecords(page.body)) {
        read += records.length
        yield records
      }
      checkCount('a page', read - before, numberIn(page, 'sforce-numberofrecords'))
      locator = nextLocator(page, locator)
    }
    checkCount('the job', read, done.processed)
  } finally {
    await job.remove()
  }
}

const fetchPage = (job: Job, locator: string, rows: number): Promise<Answer> => {
  const search = new URLSearchParams({ maxRecords: String(rows), ...(locator !== '' && { locator }) })
  const part = `/results?${search}`
  return job.call({ kind: 'bulk-page', method: 'GET', part, accept: 'text/csv', effect: 'reads', repeatable: true })
}

const header = ({ headers }: Answer, name: string): string | undefined => {
  const value = headers[name]
  return typeof value === 'string' ? value : value?.[0]
}

const numberIn = (page: Answer, name: string): number | undefined => {
  const text = header(page, name)
  return text === undefined || !/^\d+$/.test(text) ? undefined : Number(text)
}

/** The last page says so with the word `null`. */
const nextLocator = (page: Answer, current: string): string | undefined => {
  const next = header(page, 'sforce-locator')
  if (next === undefined || next === 'null') return undefined
  if (next === current) throw cutShort('the next page of the query is the one that was just read')
  return next
}

const checkCount = (of: string, read: number, promised: number | undefined): void => {
  if (promised !== undefined && read !== promised)
    throw cutShort(`${of} has ${promised} records, and ${read} of them were read`)
}

const cutShort = (what: string): SalesforceError =>
  new SalesforceError(
    'outage',
    'SCAN_CUT_SHORT',
    `${what}: what is missing here is not missing in Salesforce; scan again`,
  )
