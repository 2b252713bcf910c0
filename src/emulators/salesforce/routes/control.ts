import { Hono } from 'hono'
import type { Fault } from '../../kit/faults.ts'
import { RecordFailure, RequestFailure } from '../errors.ts'
import type { Org, Settings } from '../org.ts'
import { createPerson, showRow, showState, type Values } from '../person.ts'
import type { DuplicateRule, RecordFault, ValidationRule } from '../rules.ts'
import { type SalesforceSeed, seedOrg } from '../seed.ts'
import type { Tokens } from './oauth.ts'

// A fault of a record names an object and a code; a fault of a request names neither.
const isRecordFault = (fault: Fault | RecordFault): fault is RecordFault => 'object' in fault && 'code' in fault
const listOf = <T>(given: T | T[]): T[] => (Array.isArray(given) ? given : [given])

const faultRoutes = (org: Org): Hono => {
  const app = new Hono()
  const all = () => [...org.faults.list(), ...org.recordFaults.list()]
  app.get('/', (c) => c.json(all()))
  app.post('/', async (c) => {
    for (const fault of listOf(await c.req.json<Fault | RecordFault | (Fault | RecordFault)[]>())) {
      if (isRecordFault(fault)) org.recordFaults.add(fault)
      else org.faults.add(fault)
    }
    return c.json(all())
  })
  app.delete('/', (c) => {
    org.faults.clear()
    org.recordFaults.clear()
    return c.json(all())
  })
  return app
}

const recordRoutes = (org: Org): Hono => {
  const app = new Hono()
  const person = createPerson(org)
  app.post('/:object', async (c) =>
    c.json({ id: person.create(c.req.param('object'), await c.req.json<Values>()) }, 201),
  )
  app.get('/:object/:id', (c) => {
    const object = org.schema.find(c.req.param('object'))
    const row = object && org.store.get(object.name, c.req.param('id'))
    return object && row ? c.json(showRow(object, row)) : c.json({ error: 'no such record' }, 404)
  })
  app.patch('/:object/:id', async (c) => {
    person.edit(c.req.param('object'), c.req.param('id'), await c.req.json<Values>())
    return c.body(null, 204)
  })
  app.delete('/:object/:id', (c) => {
    person.remove(c.req.param('object'), c.req.param('id'))
    return c.body(null, 204)
  })
  app.post('/:object/:id/undelete', (c) => {
    person.undelete(c.req.param('object'), c.req.param('id'))
    return c.body(null, 204)
  })
  app.post('/:object/:id/merge', async (c) => {
    const { losers } = await c.req.json<{ losers: string[] }>()
    person.merge(c.req.param('object'), c.req.param('id'), ...losers)
    return c.body(null, 204)
  })
  return app
}

const settingNames: readonly (keyof Settings)[] = [
  'latencyMs',
  'lockWaitMs',
  'lateVisibilityMs',
  'keepOldRelation',
  'accountDelete',
  'inactiveDirect',
  'compositeUpsertCollections',
  'tokenLifetimeMs',
  'maxBatchSize',
]

/** The controls of the emulator, under `/_emulator`; no token needed. FIDELITY.md lists them. */
export const controlRoutes = (org: Org, tokens: Tokens): Hono => {
  const app = new Hono()
  app.onError((error, c) => {
    if (error instanceof RecordFailure) return c.json({ errors: error.errors }, 400)
    if (error instanceof RequestFailure) return c.json({ errors: error.body }, 400)
    return c.json({ error: error.message }, 400)
  })
  app.get('/state', (c) => c.json(showState(org)))
  app.get('/stats', (c) => c.json({ ...org.stats, usage: { used: org.usage.used(), limit: org.usage.limit } }))
  app.post('/reset', (c) => {
    org.reset()
    return c.body(null, 204)
  })
  app.post('/seed', async (c) => c.json(seedOrg(org, await c.req.json<SalesforceSeed>())))
  app.get('/settings', (c) => c.json(org.settings))
  app.post('/settings', async (c) => {
    const given = await c.req.json<Partial<Settings>>()
    for (const name of settingNames) if (given[name] !== undefined) Object.assign(org.settings, { [name]: given[name] })
    return c.json(org.settings)
  })
  app.post('/rules', async (c) => {
    const given = await c.req.json<{ duplicateRules?: DuplicateRule[]; validationRules?: ValidationRule[] }>()
    if (given.duplicateRules) org.duplicateRules = given.duplicateRules
    if (given.validationRules) org.validationRules = given.validationRules
    return c.json({ duplicateRules: org.duplicateRules, validationRules: org.validationRules })
  })
  app.post('/allowance', async (c) => {
    org.usage.set(await c.req.json<{ used?: number; limit?: number }>())
    return c.json({ used: org.usage.used(), limit: org.usage.limit })
  })
  app.post('/expire-tokens', (c) => {
    tokens.expireAll()
    return c.body(null, 204)
  })
  app.route('/faults', faultRoutes(org))
  app.route('/records', recordRoutes(org))
  return app
}
