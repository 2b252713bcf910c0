/**
 * PostgreSQL behind one small interface, so that the same SQL runs on a server and on PGlite, the PostgreSQL inside the process.
 *
 * What each is good for:
 * - a PostgreSQL server (`postgres://…`): any number of clerkforce processes, durable at every commit, a power cut included.
 * - PGlite (a folder): nothing to install, one process. It survives a killed process but not a power cut (it does not fsync);
 *   what a power cut takes, Clerk's retries and a reconcile bring back.
 *
 * PGlite runs in a worker thread (a query would block the event loop of a server) and talks PostgreSQL's own wire protocol to
 * the same `pg` pool, so types, errors and transactions are one code path. Its folder is locked against a second process,
 * which PGlite itself would let in and lose rows by.
 */
import { openPglite } from './pglite.ts'
import { openPostgres } from './postgres.ts'

/** Runs one statement; int8 comes back as number, bytea as Buffer, jsonb parsed. */
export type Query = <R>(text: string, values?: readonly unknown[]) => Promise<R[]>

export type Database = {
  readonly kind: 'postgres' | 'pglite'
  readonly query: Query
  /**
   * Runs `work` in one transaction; rolls back and throws on when it throws. Use only the `query` it is given, and do nothing else in it:
   * after a deadlock with another transaction it is run again.
   */
  readonly transaction: <T>(work: (query: Query) => Promise<T>, options?: TransactionOptions) => Promise<T>
  readonly close: () => Promise<void>
}

export type TransactionOptions = {
  /** For a migration, or the end of a run over millions: its statements may take as long as they need. @default false */
  patient?: boolean
}

export type OpenOptions = {
  /** `postgres://…`, a folder for PGlite, or `memory:` for one that lives in this process only. */
  url: string
  /** Connections at the most; a PGlite has one. @default 10 */
  connections?: number
  /** Loads a dumped PGlite data folder instead of making a new one (tests). */
  template?: Uint8Array
}

/**
 * Opens the database; does not migrate it.
 * @throws SettingError when the folder is in use by another process.
 */
export const openDatabase = (options: OpenOptions): Promise<Database> =>
  /^postgres(ql)?:\/\//.test(options.url) ? openPostgres(options) : openPglite(options)

/** True when the error says that the database cannot be reached or is shutting down: nothing was wrong with the statement. */
export const isDatabaseDown = (error: unknown): boolean => {
  if (!(error instanceof Error)) return false
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  // 08: connection exceptions; 57P: admin shutdown, crash, cannot connect now; 53: too many connections, disk full.
  return (
    /^(08|57P|53)/.test(code) ||
    /^(ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN)$/.test(code) ||
    /Connection terminated|timeout exceeded when trying to connect|Query read timeout|database is closed/i.test(
      error.message,
    )
  )
}
