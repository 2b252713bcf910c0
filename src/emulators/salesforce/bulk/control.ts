import { Hono } from 'hono'
import { z } from 'zod'
import { readControl } from '../../kit/strict.ts'
import { allowanceSchema } from '../given.ts'
import type { Org } from '../org.ts'

const schema = z.strictObject({ batches: allowanceSchema, queries: allowanceSchema }).partial() as unknown as z.ZodType<
  Partial<Record<'batches' | 'queries', { used?: number; limit?: number }>>
>

/** `/_emulator/bulk`: what a day allows of batches and of query jobs, and what is used of it. */
export const bulkControl = (org: Org): Hono => {
  const app = new Hono()
  const { bulk } = org
  const shown = () => ({
    batches: { used: bulk.batches.used(), limit: bulk.batches.limit },
    queries: { used: bulk.queries.used(), limit: bulk.queries.limit },
  })
  app.get('/', (c) => c.json(shown()))
  app.post('/', async (c) => {
    const { batches, queries } = await readControl(c, schema)
    if (batches) bulk.batches.set(batches)
    if (queries) bulk.queries.set(queries)
    return c.json(shown())
  })
  return app
}
