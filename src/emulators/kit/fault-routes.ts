import { Hono } from 'hono'
import type { Fault, FaultList } from './faults.ts'

/** Reads, adds and clears faults over HTTP: GET, POST (one fault or a list) and DELETE on the root of what is returned. */
export const faultRoutes = (faults: FaultList): Hono => {
  const app = new Hono()
  app.get('/', (c) => c.json(faults.list()))
  app.post('/', async (c) => {
    const given = await c.req.json<Fault | Fault[]>()
    faults.add(...(Array.isArray(given) ? given : [given]))
    return c.json(faults.list())
  })
  app.delete('/', (c) => {
    faults.clear()
    return c.json(faults.list())
  })
  return app
}
