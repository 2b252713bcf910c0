import type { Database, OpenOptions } from './database.ts'
import { poolDatabase } from './pool.ts'

/** Opens a pool on a PostgreSQL server; connects at the first statement. */
export const openPostgres = async ({ url, connections = 10 }: OpenOptions): Promise<Database> =>
  poolDatabase('postgres', {
    connectionString: url,
    max: connections,
    connectionTimeoutMillis: 10_000,
    application_name: 'clerkforce',
  })
