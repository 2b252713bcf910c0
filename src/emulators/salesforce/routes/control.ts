import { Hono } from 'hono'
import { z } from 'zod'
import { type CommonSources, commonControls, commonWords } from '../../kit/common-controls.ts'
import { type ControlWords, finishControls } from '../../kit/control-index.ts'
import { oneOrMany } from '../../kit/fault-routes.ts'
import type { Fault } from '../../kit/faults.ts'
import { ControlError, nothing, readControl } from '../../kit/strict.ts'
import type { Inside } from '../../page/inside.ts'
import { renderPage } from '../../page/page.ts'
import { pageRoutes } from '../../page/routes.ts'
import { bulkControl } from '../bulk/control.ts'
import { RecordFailure, RequestFailure } from '../errors.ts'
import { allowanceSchema, anyFaultSchema, rulesSchema, seedManySchema, seedSchema, settingsSchema } from '../given.ts'
import { checkRecordFault, checkRules } from '../given-names.ts'
import type { Org } from '../org.ts'
import { createPerson, showRow, showState } from '../person.ts'
import { eventControls, eventWords } from '../pubsub/control.ts'
import type { Events } from '../pubsub/index.ts'
import { emptyBin } from '../records/recycle-bin.ts'
import type { RecordFault } from '../rules.ts'
import { seedOrg } from '../seed.ts'
import { seedMany } from '../seed-many.ts'
import type { Tokens } from './tokens.ts'

const words: ControlWords = {
  ...commonWords,
  ...eventWords,
  'GET /state': 'every record by object, deleted ones included, empty fields left out',
  'GET /stats': 'API calls by kind, what ran inside Composites, records by outcome, usage of the allowance, requests',
  'POST /reset': 'no records, faults or counts; settings, rules and tokens stay',
  'POST /seed': '{Account?, Contact?, AccountContactRelation?}: lists of records; answers their ids',
  'GET /rules': 'duplicate rules, validation rules and automations',
  'POST /rules': 'replaces each list that is named',
  'POST /allowance': '{used?, limit?}: API calls of 24 hours',
  'GET /bulk': 'batches and query jobs of Bulk API in 24 hours',
  'POST /bulk': '{batches?: {used?, limit?}, queries?: {used?, limit?}}',
  'POST /purge-delete-log': 'what was deleted so far can no longer be asked for by getDeleted',
  'POST /expire-tokens': 'every token given so far is invalid',
  'POST /refresh-token': 'a refresh token, as consent in a browser would give one',
  'POST /empty-bin': 'what was deleted is gone for good',
  'POST /seed-many': '{accounts, contacts}: many made-up records, fast; answers the first ids',
  'POST /records/:object': 'a person creates a record',
  'GET /records/:object/:id': 'a record as it is stored',
  'PATCH /records/:object/:id': 'a person edits a record',
  'DELETE /records/:object/:id': 'a person deletes a record',
  'POST /records/:object/:id/undelete': 'a person brings it back',
  'POST /records/:object/:id/merge': '{losers: [ids]}: a person merges others into it',
}

// A fault of a record names an object and a code; a fault of a request names neither.
const isRecordFault = (fault: Fault | RecordFault): fault is RecordFault => 'object' in fault && 'code' in fault

const faultRoutes = (org: Org): Hono => {
  const app = new Hono()
  const all = () => [...org.faults.list(), ...org.recordFaults.list()]
  app.get('/', (c) => c.json(all()))
  app.post('/', async (c) => {
    const given = [await readControl(c, oneOrMany(anyFaultSchema))].flat()
    for (const fault of given) if (isRecordFault(fault)) checkRecordFault(org, fault)
    for (const fault of given) {
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

const ruleRoutes = (org: Org): Hono => {
  const app = new Hono()
  const all = () => ({
    duplicateRules: org.duplicateRules,
    validationRules: org.validationRules,
    automations: org.automations,
  })
  app.get('/', (c) => c.json(all()))
  app.post('/', async (c) => {
    const given = await readControl(c, rulesSchema)
    checkRules(org, given)
    Object.assign(org, given)
    return c.json(all())
  })
  return app
}

const valuesSchema = z.record(z.string(), z.unknown())
const mergeSchema = z.strictObject({ losers: z.array(z.string()).min(1) })

const recordRoutes = (org: Org): Hono => {
  const app = new Hono()
  const person = createPerson(org)
  app.post('/:object', async (c) =>
    c.json({ id: person.create(c.req.param('object'), await readControl(c, valuesSchema)) }, 201),
  )
  app.get('/:object/:id', (c) => {
    const { object: name, id } = c.req.param()
    const object = org.schema.find(name)
    const row = object && org.store.get(object.name, id)
    if (!object || !row) throw new ControlError(`There is no ${name} ${id}.`, 404)
    return c.json(showRow(object, row))
  })
  app.patch('/:object/:id', async (c) => {
    person.edit(c.req.param('object'), c.req.param('id'), await readControl(c, valuesSchema))
    return c.body(null, 204)
  })
  app.delete('/:object/:id', (c) => {
    person.remove(c.req.param('object'), c.req.param('id'))
    return c.body(null, 204)
  })
  app.post('/:object/:id/undelete', async (c) => {
    await readControl(c, nothing)
    person.undelete(c.req.param('object'), c.req.param('id'))
    return c.body(null, 204)
  })
  app.post('/:object/:id/merge', async (c) => {
    const { losers } = await readControl(c, mergeSchema)
    person.merge(c.req.param('object'), c.req.param('id'), ...losers)
    return c.body(null, 204)
  })
  return app
}

export type ControlSources = CommonSources & { org: Org; tokens: Tokens; events: Events; inside: Inside }

/** The controls of the emulator, under `/_emulator`; no token needed. FIDELITY.md lists them. */
export const controlRoutes = (sources: ControlSources): Hono => {
  const { org, tokens, inside, exchanges, freezer, clock } = sources
  const app = new Hono()
  commonControls(app, sources)
  app.get('/state', (c) => c.json(showState(org)))
  app.get('/stats', (c) =>
    c.json({
      ...org.stats,
      usage: { used: org.usage.used(), limit: org.usage.limit },
      requests: exchanges.counts(),
    }),
  )
  app.post('/seed', async (c) => c.json(seedOrg(org, await readControl(c, seedSchema))))
  app.get('/settings', (c) => c.json(org.settings))
  app.post('/settings', async (c) => c.json(Object.assign(org.settings, await readControl(c, settingsSchema))))
  app.post('/allowance', async (c) => {
    org.usage.set(await readControl(c, allowanceSchema))
    return c.json({ used: org.usage.used(), limit: org.usage.limit })
  })
  app.post('/expire-tokens', async (c) => {
    await readControl(c, nothing)
    tokens.expireAll()
    return c.body(null, 204)
  })
  app.post('/refresh-token', async (c) => {
    await readControl(c, nothing)
    return c.json({ refresh_token: tokens.issueRefresh() })
  })
  app.post('/empty-bin', async (c) => {
    await readControl(c, nothing)
    return c.json({ removed: emptyBin(org) })
  })
  app.post('/purge-delete-log', async (c) => {
    await readControl(c, nothing)
    org.deleteLog.purge(org.clock.now())
    return c.body(null, 204)
  })
  app.post('/seed-many', async (c) => c.json(seedMany(org, await readControl(c, seedManySchema))))
  app.route('/rules', ruleRoutes(org))
  app.route('/faults', faultRoutes(org))
  app.route('/events', eventControls(sources.events))
  app.route('/bulk', bulkControl(org))
  app.route('/records', recordRoutes(org))
  const faults = { list: () => [...org.faults.list(), ...org.recordFaults.list()] }
  pageRoutes(app, { inside, exchanges, faults, freezer, now: clock.now })
  finishControls(app, {
    emulator: inside.emulator,
    words,
    page: () => renderPage(inside),
    explain: (error) => {
      if (error instanceof RecordFailure) return Response.json({ errors: error.errors }, { status: 400 })
      return error instanceof RequestFailure ? Response.json({ errors: error.body }, { status: 400 }) : undefined
    },
  })
  return app
}
