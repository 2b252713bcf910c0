/**
 * Salesforce's API as clerkforce uses it: a handful of calls, each of them one HTTP request and one API call of the org's allowance; but
 * for `bulk`, whose jobs take many.
 * Retrying is not done here (but for one renewal of an expired token): the writer decides, by the error's `kind`.
 */

/** Field values of one record; nested objects are parents by external id, such as `{ Account: { Clerk_Org_Id__c: 'org_x' } }`. */
export type Row = { readonly [field: string]: unknown }

/** One sObject Collections request, at most 200 rows of one object. Answers come in the order of the rows. */
export type CollectionRequest =
  /** `PATCH /composite/sobjects/{object}/{externalIdField}`: every row carries the external id and no record id. */
  | { kind: 'upsert'; object: string; externalIdField: string; rows: readonly Row[] }
  /** `PATCH /composite/sobjects`: every row carries `Id`. */
  | { kind: 'update'; object: string; rows: readonly Row[] }
  /** `DELETE /composite/sobjects?ids=`. */
  | { kind: 'delete'; object: string; ids: readonly string[] }

export type RowResult =
  | { ok: true; id: string; created: boolean }
  | {
      ok: false
      code: string
      message: string
      fields: readonly string[]
      /** The request of this row, one of several, was refused as a whole: perhaps for another row's sake. Send fewer of its rows together. */
      wholeRequest?: true
    }

/** A queried record: field values, `Id` in 18 characters; parents nested; without the `attributes` that the wire carries. */
export type QueriedRecord = { readonly Id: string; readonly [field: string]: unknown }

export type FieldDescription = {
  name: string
  label: string
  /** Salesforce's field type: string, email, phone, picklist, multipicklist, reference, datetime, date, boolean, double, ... */
  type: string
  length: number
  createable: boolean
  updateable: boolean
  nillable: boolean
  externalId: boolean
  unique: boolean
  caseSensitive: boolean
  restrictedPicklist: boolean
  picklistValues: readonly string[]
}

export type ObjectDescription = {
  name: string
  createable: boolean
  updateable: boolean
  deletable: boolean
  fields: ReadonlyMap<string, FieldDescription>
}

export type Usage = { used: number; limit: number }

/**
 * Makes each API call of a bulk job: where calls wait for their turn, are counted against a share of the day, or are tried again.
 * `repeatable` are those that only read, or of which a second one does no harm. @default at once, and one try
 */
export type Through = <T>(send: () => Promise<T>, call: { kind: string; repeatable: boolean }) => Promise<T>

type BulkJob = {
  /** Ends the job where it is: it is aborted and removed, and the iteration fails with the signal's reason. A call under way is let
   * end, and what an ingest has written by then stays written. */
  signal?: AbortSignal | undefined
  through?: Through | undefined
}

export type BulkQuery = BulkJob & {
  /** Must select `Id`; without subqueries, aggregates and OFFSET, which Bulk API does not have. */
  soql: string
  /** Records in the recycle bin are shown too. */
  deleted?: boolean | undefined
  /** About how many there are, where that is known: when to look whether the job is done. */
  expectedRows?: number | undefined
  /** Rows that one call fetches, and so what is held at a time. @default 25_000 */
  pageRows?: number | undefined
}

export type BulkIngest = BulkJob & {
  object: string
  operation: 'upsert' | 'update' | 'insert' | 'delete'
  /** By it an upsert finds records, and the results of an upsert or insert their rows. Of the other two that is `Id`. */
  externalIdField?: string | undefined
  /** As for `write`: undefined leaves a field as it is, null empties it, a parent is nested. Of a delete only `Id` is read. */
  rows: AsyncIterable<Row> | Iterable<Row>
  /** Of one upload, which is held in memory; what is more goes in further jobs, one after the other. At most 90 MB. @default 25_000_000 */
  uploadBytes?: number | undefined
}

/** Our code for a row that its job did not come to: it was not written. */
export const UNPROCESSED = 'UNPROCESSED'
/** Our code for a row that CSV cannot say without changing it, and that was not sent; Collections can. */
export const UNSENDABLE = 'BULK_UNSENDABLE'

/** What became of the row whose external id, or `Id`, is `row`; a row beyond what CSV can say is a failure here, and not sent. */
export type BulkRowResult = RowResult & { row: string }

/** Bulk API 2.0: see bulk/bulk.ts. Nothing is sent until the iteration begins. */
export type BulkApi = {
  query: (query: BulkQuery) => AsyncIterable<QueriedRecord[]>
  ingest: (ingest: BulkIngest) => AsyncIterable<BulkRowResult>
}

export type SalesforceApi = {
  /**
   * Sends 1 to 5 Collections as one API call: one alone goes to `/composite/sobjects…`, several go as one Composite, in order.
   * Resolves with one list of results for each request, in order.
   */
  write: (requests: readonly CollectionRequest[]) => Promise<RowResult[][]>
  /** Runs 1 to 5 SOQL queries as one API call (Composite when several) and follows `nextRecordsUrl` (each page one more call).
   * With `deleted`, `queryAll`: records in the recycle bin are shown too. */
  query: (soqls: readonly string[], options?: { deleted?: boolean }) => Promise<QueriedRecord[][]>
  /** How many records `SELECT COUNT() FROM …` finds. With `deleted`, those in the recycle bin too. */
  count: (soql: string, options?: { deleted?: boolean }) => Promise<number>
  /** Many records by jobs of many calls: for more than about 2,000 at a time. */
  bulk: BulkApi
  /** `POST /composite/sobjects/{object}` with up to 2,000 ids; null where a record is missing or deleted. */
  retrieve: (object: string, ids: readonly string[], fields: readonly string[]) => Promise<(QueriedRecord | null)[]>
  /** Undefined where the object does not exist for our user (404). */
  describe: (object: string) => Promise<ObjectDescription | undefined>
  /** `GET /limits`: the day's API calls. */
  limits: () => Promise<Usage>
  /** What the newest answer's `Sforce-Limit-Info` said; undefined before the first answer. */
  usage: () => Usage | undefined
  /** API calls made since the start, by kind of call. */
  calls: () => Readonly<Record<string, number>>
}

/**
 * Why a whole request failed. Per-record failures are not errors: they come as `RowResult`.
 * - `outage`: nothing was done: not sent (connection refused, DNS, TLS), 503, maintenance, too many requests at one time, or a 4xx without a
 *   code of Salesforce's (a proxy's or firewall's); for reads also everything below; pause the side.
 * - `lost-answer`: a write went out and no whole answer came back (reset, timeout), or a 500, 502 or 504 that does not say how far it got, or
 *   a later request of the same call failed: it may have been done; read back.
 * - `allowance`: 403 REQUEST_LIMIT_EXCEEDED: the day's calls are used up. With any other code it is the day's bulk jobs or batches, and REST
 *   still works.
 * - `auth`: no token to be had, 401 again after one renewal, or our user or the whole org is shut out (such as API_DISABLED_FOR_ORG).
 * - `refused`: any other 4xx, with Salesforce's own code and words: one record may have spoiled the request; bisect.
 */
export type SalesforceFailure = 'outage' | 'lost-answer' | 'allowance' | 'auth' | 'refused'

export class SalesforceError extends Error {
  override readonly name: string = 'SalesforceError'
  readonly kind: SalesforceFailure
  /** Salesforce's error code, such as INVALID_SESSION_ID, or the network's, such as ECONNREFUSED. */
  readonly code: string
  readonly status: number | undefined

  constructor(kind: SalesforceFailure, code: string, message: string, options?: { status?: number; cause?: unknown }) {
    super(message, { cause: options?.cause })
    this.kind = kind
    this.code = code
    this.status = options?.status
  }
}
