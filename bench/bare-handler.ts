/** The floor of intake: what most people would write. Verifies the signature and inserts one jsonb row for each request. */
import { Hono } from 'hono'
import type { Verify } from '../src/clerk/signature.ts'

/** Stores one webhook; resolves when it is committed. */
export type Insert = (deliveryId: string, body: string) => Promise<unknown>

export const bareTable = 'create table if not exists bare (delivery_id text primary key, body jsonb not null)'
export const bareInsert = 'insert into bare (delivery_id, body) values ($1, $2) on conflict do nothing'

/** A bare handler for `POST /webhooks/clerk`. */
export const createBareHandler = (verify: Verify, insert: Insert): Hono => {
  const app = new Hono()
  app.post('/webhooks/clerk', async (c) => {
    const body = await c.req.text()
    const verified = verify({ headers: c.req.raw.headers, body: Buffer.from(body), now: Date.now() })
    if (!verified.ok) return c.text(verified.reason, 401)
    await insert(verified.deliveryId, body)
    return c.text('stored')
  })
  return app
}
