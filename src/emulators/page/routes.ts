import type { Hono } from 'hono'
import { z } from 'zod'
import type { Exchanges } from '../kit/exchanges.ts'
import type { FaultList } from '../kit/faults.ts'
import type { Freezer } from '../kit/freeze.ts'
import { ControlError, readControlQuery } from '../kit/strict.ts'
import type { Inside } from './inside.ts'

export type PageSources = {
  inside: Inside
  exchanges: Exchanges
  faults: Pick<FaultList, 'list'>
  freezer: Freezer
  now: () => number
}

const browseQuery = z.strictObject({
  search: z.string().optional(),
  limit: z.coerce.number<string>().int().min(1).max(500).optional(),
})

/**
 * What the page reads: `/overview` every two seconds, `/browse` when somebody looks at records. Plain JSON, for other eyes as well.
 */
export const pageRoutes = (app: Hono, { inside, exchanges, faults, freezer, now }: PageSources): void => {
  app.get('/overview', (c) => {
    const { emulator, title, about, eventsTitle } = inside
    return c.json({
      emulator,
      title,
      about,
      now: now(),
      frozen: freezer.isFrozen(),
      waiting: freezer.waiting(),
      objects: inside.objects(),
      requests: { ...exchanges.counts(), recent: exchanges.list().slice(-50).reverse() },
      eventsTitle,
      events: inside.events(50),
      faults: faults.list(),
    })
  })
  app.get('/browse/:object', (c) => {
    const { search = '', limit = 50 } = readControlQuery(c, browseQuery)
    const list = inside.newest(c.req.param('object'), search, limit)
    if (!list) throw new ControlError(`There is no ${c.req.param('object')} here; ${namesOf(inside)}.`, 404)
    return c.json(list)
  })
  app.get('/browse/:object/:id', (c) => {
    const { object, id } = c.req.param()
    const record = inside.record(object, id)
    if (!record) throw new ControlError(`There is no ${object} ${id}; ${namesOf(inside)}.`, 404)
    return c.json(record)
  })
}

const namesOf = (inside: Inside): string =>
  `what there is: ${inside
    .objects()
    .map(({ name }) => name)
    .join(', ')}`
