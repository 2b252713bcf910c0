import pg from 'pg'
import type { Database, Query } from './database.ts'

const int8 = 20

/** pg's own types, but int8 as number: our ids and milliseconds stay below 2^53. */
const types: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary') =>
    oid === int8 && format !== 'binary'
      ? Number
      : pg.types.getTypeParser(oid, format as 'text')) as typeof pg.types.getTypeParser,
}

const queryOn =
  (client: pg.PoolClient | pg.Client): Query =>
  async <R>(text: string, values?: readonly unknown[]) =>
    (await client.query(text, values as unknown[])).rows as R[]

const inTransaction = async <T>(client: pg.PoolClient, work: (query: Query) => Promise<T>): Promise<T> => {
  await client.query('begin')
  try {
    const result = await work(queryOn(client))
    await client.query('commit')
    return result
  } catch (error) {
    await client.query('rollback').catch(() => undefined)
    throw error
  }
}

const mostAttempts = 5
/** Two transactions that waited for each other (40P01), or could not be put in an order (40001): the loser is simply run again. */
const isCollision = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === '40P01' || error.code === '40001')

/** A `Database` over a pg pool. A client whose statement failed goes back to the pool unless its connection is broken. */
export const poolDatabase = (
  kind: Database['kind'],
  config: pg.PoolConfig,
  closed: () => Promise<void> = async () => undefined,
): Database => {
  const pool = new pg.Pool({ ...config, types })
  // An idle connection that breaks is replaced at the next use; without a listener the process would end.
  pool.on('error', () => undefined)
  const withClient = async <T>(work: (client: pg.PoolClient) => Promise<T>): Promise<T> => {
    const client = await pool.connect()
    let broken = false
    const onError = () => {
      broken = true
    }
    client.on('error', onError)
    try {
      return await work(client)
    } finally {
      client.off('error', onError)
      client.release(broken)
    }
  }
  let ending: Promise<void> | undefined
  return {
    kind,
    query: (text, values) => withClient((client) => queryOn(client)(text, values)),
    transaction: async (work) => {
      for (let attempt = 1; ; attempt++) {
        try {
          return await withClient((client) => inTransaction(client, work))
        } catch (error) {
          if (attempt >= mostAttempts || !isCollision(error)) throw error
        }
      }
    },
    close: () => {
      ending ??= pool.end().then(closed)
      return ending
    },
  }
}
