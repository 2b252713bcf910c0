/** The bare handler on a port, in a process of its own, on PostgreSQL through a pool or on PGlite in the process. */
import { PGlite } from '@electric-sql/pglite'
import { serve } from '@hono/node-server'
import pg from 'pg'
import { createVerifier } from '../src/clerk/signature.ts'
import { bareInsert, bareTable, createBareHandler, type Insert } from './bare-handler.ts'
import { answerQuestions } from './child.ts'
import { signingSecret } from './signing.ts'

/** As many as clerkforce opens. */
const connections = 10

const openPool = async (connectionString: string): Promise<Insert> => {
  const pool = new pg.Pool({ connectionString, max: connections })
  await pool.query(bareTable)
  return (deliveryId, body) => pool.query(bareInsert, [deliveryId, body])
}

const openPglite = async (folder: string): Promise<Insert> => {
  const db = await PGlite.create(folder)
  await db.exec(bareTable)
  return (deliveryId, body) => db.query(bareInsert, [deliveryId, body])
}

const commands = {
  /** Resolves with the port. */
  serve: async ({ databaseUrl }: { databaseUrl: string }): Promise<number> => {
    const insert = await (databaseUrl.startsWith('postgres:') ? openPool(databaseUrl) : openPglite(databaseUrl))
    const app = createBareHandler(createVerifier({ secrets: [signingSecret] }), insert)
    return new Promise((resolve) =>
      serve({ fetch: app.fetch, hostname: '127.0.0.1', port: 0 }, ({ port }) => resolve(port)),
    )
  },
}
export type BareHandlerCommands = typeof commands
answerQuestions(commands)
