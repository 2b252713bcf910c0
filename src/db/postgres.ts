import type { Database, OpenOptions } from './database.ts'
import { poolDatabase } from './pool.ts'

/**
 * Opens a pool on a PostgreSQL server; connects at the first statement.
 *
 * A server that vanishes without a word (a failover, a firewall that forgot the connection) would otherwise keep every connection, and
 * whoever waits for one, for the quarter of an hour or more of TCP's own patience. So the client gives up on a statement after 30 s and
 * throws the connection away. The slowest of ours, a batch that observes 500 webhooks, takes well under a second; and after 30 s a lease
 * is over and another process does the work anyway.
 */
export const openPostgres = async ({ url, connections = 10 }: OpenOptions): Promise<Database> =>
  poolDatabase('postgres', {
    connectionString: url,
    max: connections,
    connectionTimeoutMillis: 10_000,
    keepAlive: true,
    query_timeout: 30_000,
    application_name: 'clerkforce',
  })
