/**
 * Bulk API 2.0: many records in jobs that Salesforce works off by itself, for scans and for large backlogs.
 *
 *   query    create ── wait ── page, page, page ── remove             read-csv.ts    a page -> records
 *   ingest   create ── upload ── hand over ── wait ── results ── remove    uploads.ts     rows -> CSV files
 *      │                                                               results.ts     result files -> what became of each row
 *   job.ts   one job and the calls to it
 *
 * What it promises:
 * - A scan ends well only when every row has been read: those of each page and of the whole are counted against what Salesforce says. What
 *   was given before a failure is right but not all, and says nothing about what is missing.
 * - Values of a scan are text as in the file, null where a cell is empty, parents nested as REST has them (null where all their cells are
 *   empty). REST's booleans and numbers are text here, and its `+0000` is a `Z`: who compares brings both into one form first.
 * - Each row of an ingest comes back once, by its key and not by its place, for the order of results is Salesforce's own. Rows that were
 *   not processed come back as failures, and then the ingest fails with what the job failed for.
 * - Until a job is handed over nothing is written, so that a failure up to there is an outage at most: a second job never stands beside a
 *   first that may run. From there on a failure that is not a row's own is a lost answer: read back.
 * - A job is removed when its iteration ends, however it ends, and aborted first where it is not over. Where that fails, or the answer to
 *   its creation was lost, it stays in the org's list until a person removes it or Salesforce does, after seven days at most: without data
 *   or not handed over, it does nothing.
 * - Looks are calls: a job is first looked at when it may be done, going by the last one that did the same.
 * - What is held in memory is a page, or an upload and its results, whatever the number of records.
 */
import type { BulkApi } from '../api.ts'
import { ingest } from './ingest.ts'
import type { Jobs } from './job.ts'
import { query } from './query.ts'

/** The bulk part of `SalesforceApi`. */
export const createBulk = (made: Omit<Jobs, 'rowMs'>): BulkApi => {
  const jobs: Jobs = { ...made, rowMs: new Map() }
  return {
    query: (asked) => query(jobs, asked),
    ingest: (asked) => ingest(jobs, asked),
  }
}
