import { Hono } from 'hono'
import { z } from 'zod'
import type { Fault, FaultList } from './faults.ts'
import { duration, readControl } from './strict.ts'

/** One fault of a request, as a caller may give it. */
export const faultSchema: z.ZodObject = z.strictObject({
  method: z.string().exactOptional(),
  path: z.string().regex(/^[/*]/, 'must begin with / or *').exactOptional(),
  times: z.int().min(1).exactOptional(),
  until: z.number().exactOptional(),
  after: z.int().min(0).exactOptional(),
  latencyMs: duration.exactOptional(),
  respond: z
    .strictObject({
      status: z.int().min(200).max(599),
      body: z.unknown().exactOptional(),
      headers: z.record(z.string(), z.string()).exactOptional(),
    })
    .exactOptional(),
  drop: z.literal(['answer', 'request']).exactOptional(),
})

/** One of something, or a list of it. */
export const oneOrMany = <T>(one: z.ZodType<T>): z.ZodType<T | T[]> => z.union([one, z.array(one)])

/** Reads, adds and clears faults over HTTP: GET, POST (one fault or a list) and DELETE on the root of what is returned. */
export const faultRoutes = (faults: FaultList): Hono => {
  const app = new Hono()
  const schema = oneOrMany(faultSchema as z.ZodType<Fault>)
  app.get('/', (c) => c.json(faults.list()))
  app.post('/', async (c) => {
    faults.add(...[await readControl(c, schema)].flat())
    return c.json(faults.list())
  })
  app.delete('/', (c) => {
    faults.clear()
    return c.json(faults.list())
  })
  return app
}
