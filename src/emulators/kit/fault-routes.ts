import { Hono } from 'hono'
import { z } from 'zod'
import { type Fault, type FaultList, faultSchema } from './faults.ts'
import { readControl } from './strict.ts'

/** One of something, or a list of it. */
export const oneOrMany = <T>(one: z.ZodType<T>): z.ZodType<T | T[]> => z.union([one, z.array(one)])

/** Reads, adds and clears faults over HTTP: GET, POST (one fault or a list) and DELETE on the root of what is returned. */
export const faultRoutes = (faults: FaultList): Hono => {
  const app = new Hono()
  const schema = oneOrMany(faultSchema as unknown as z.ZodType<Fault>)
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
