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

/** The longest that a timer of Node's can wait: 24 days. */
const forEver = 2 ** 31 - 1

const queryOn =
  (client: pg.PoolClient, patient = false): Query =>
  async <R>(text: string, values?: readonly unknown[]) => {
    const query = { text, values: values as unknown[], ...(patient && { query_timeout: forEver }) }
    return (await client.query(query)).rows as R[]
  }

// The server's limits, each for the length of a transaction. As parameters of the connection they would keep us out of a PgBouncer, which
// refuses those that it does not know. The server gives up on a statement before the client does, for that leaves the connection usable;
// and it ends a transaction whose client fell silent, so that a process that was cut off does not go on holding its locks.
const begin: Record<Database['kind'], string> = {
  pglite: 'begin',
  postgres: 'begin; set local statement_timeout = 25000; set local idle_in_transaction_session_timeout = 60000',
}
const beginPatiently = 'begin; set local statement_timeout = 0'

/** @param spoil says that the connection is in no state to be used again. */
const inTransaction = async <T>(
  client: pg.PoolClient,
  { first, patient, spoil }: { first: string; patient: boolean; spoil: () => void },
  work: (query: Query) => Promise<T>,
): Promise<T> => {
  await client.query(first)
  try {
    const result = await work(queryOn(client, patient))
    await client.query('commit')
    return result
  } catch (error) {
    // On a connection that does not answer a rollback would only wait as long again; the server rolls back when it ends.
    if (!isGivenUp(error)) await client.query('rollback').catch(spoil)
    throw error
  }
}

/** pg's error for a statement that it no longer waits for. The statement is still under way: its connection cannot be used again. */
const isGivenUp = (error: unknown): boolean => error instanceof Error && error.message === 'Query read timeout'

const mostAttempts = 5
/** Two transactions that waited for each other (40P01), or could not be put in an order (40001): the loser is simply run again. */
const isCollision = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === '40P01' || error.code === '40001')

/** Nothing of a statement or transaction that lost stays, so it may be run again as it was. */
const despiteCollisions = async <T>(work: () => Promise<T>): Promise<T> => {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work()
    } catch (error) {
      if (attempt >= mostAttempts || !isCollision(error)) throw error
    }
  }
}

/** A `Database` over a pg pool. A client whose statement failed goes back to the pool unless its connection is broken or silent. */
export const poolDatabase = (
  kind: Database['kind'],
  config: pg.PoolConfig,
  closed: () => Promise<void> = async () => undefined,
): Database => {
  const pool = new pg.Pool({ ...config, types })
  // An idle connection that breaks is replaced at the next use; without a listener the process would end.
  pool.on('error', () => undefined)
  const withClient = async <T>(work: (client: pg.PoolClient, spoil: () => void) => Promise<T>): Promise<T> => {
    const client = await pool.connect()
    let broken = false
    const spoil = () => {
      broken = true
    }
    client.on('error', spoil)
    try {
      return await work(client, spoil)
    } catch (error) {
      if (isGivenUp(error)) spoil()
      throw error
    } finally {
      client.off('error', spoil)
      client.release(broken)
    }
  }
  let ending: Promise<void> | undefined
  return {
    kind,
    query: (text, values) => despiteCollisions(() => withClient((client) => queryOn(client)(text, values))),
    transaction: (work, { patient = false } = {}) => {
      const first = patient ? beginPatiently : begin[kind]
      return despiteCollisions(() =>
        withClient((client, spoil) => inTransaction(client, { first, patient, spoil }, work)),
      )
    },
    close: () => {
      ending ??= pool.end().then(closed)
      return ending
    },
  }
}
