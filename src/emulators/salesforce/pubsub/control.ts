import { Hono } from 'hono'
import { z } from 'zod'
import type { ControlWords } from '../../kit/control-index.ts'
import { duration, nothing, readControl } from '../../kit/strict.ts'
import { allowanceSchema } from '../given.ts'
import { changeTypes } from './event.ts'
import type { Announcement, Events } from './index.ts'
import type { EventSettings } from './settings.ts'

const flag = z.boolean()
const atLeastOne = z.int().min(1)
const settingRows = {
  hold: flag,
  latencyMs: duration,
  capture: flag,
  batchSize: z.int().min(1).max(100),
  retentionMs: duration,
  keepaliveMs: atLeastOne,
  idleCloseMs: atLeastOne,
  publishIdleMs: atLeastOne,
  overflowAfter: z.int().min(0),
  diffFrom: atLeastOne,
  maxEventBytes: atLeastOne,
  maxStreams: z.int().min(0),
} satisfies Record<keyof EventSettings, z.ZodType>
const settings = z.strictObject(settingRows).partial() as unknown as z.ZodType<Partial<EventSettings>>
const announcement = z.strictObject({
  object: z.string().min(1),
  changeType: z.literal([...changeTypes]),
  recordIds: z
    .array(z.string().regex(/^[a-zA-Z0-9]{18}$|^[a-zA-Z0-9]{3}\*$/, 'must be ids of 18 characters'))
    .exactOptional(),
} satisfies Record<keyof Announcement, z.ZodType>) as unknown as z.ZodType<Announcement>
const selection = z.strictObject({ objects: z.array(z.string()) })
const repetition = z.strictObject({ replayId: z.string().min(1) })
const field = z.strictObject({ object: z.string().min(1), name: z.string().min(1) })
const disconnection = z.strictObject({ how: z.literal(['drop', 'unavailable']) })
const commit = z.strictObject({ next: z.string().regex(/^\d{1,19}$/, 'must be a whole number, as text') })

/** What the controls of events do. */
export const eventWords: ControlWords = {
  'GET /events': 'events that can still be replayed, decoded, oldest first',
  'POST /events': '{object, changeType, recordIds?}: puts a gap, an overflow or an unknown type on the bus',
  'GET /events/settings': 'settings of the event bus',
  'POST /events/settings': 'changes those that are named: hold, latencyMs, capture, retentionMs and others',
  'GET /events/selected': 'objects that are selected in Setup, and how many streams are open',
  'POST /events/selected': '{objects}: selects them in place of those before',
  'POST /events/repeat': '{replayId}: delivers that event again, under a new replay id',
  'POST /events/field': '{object, name}: an admin adds a text field, and the schema changes',
  'POST /events/reset-stream': 'no old replay id is good any more',
  'POST /events/disconnect': '{how: drop or unavailable}: cuts connections, or ends streams with an error',
  'POST /events/commit-number': '{next}: the number of the next commit, as text',
  'GET /events/allowance': 'deliveries of the last 24 hours',
  'POST /events/allowance': '{used?, limit?}: deliveries of 24 hours',
}

/** The controls of the event bus, under `/_emulator/events`. */
export const eventControls = (events: Events): Hono => {
  const app = new Hono()
  app.get('/', (c) => c.json(events.list()))
  app.post('/', async (c) => c.json(events.announce(await readControl(c, announcement)), 201))
  app.get('/settings', (c) => c.json(events.settings))
  app.post('/settings', async (c) => {
    events.set(await readControl(c, settings))
    return c.json(events.settings)
  })
  const selected = () => ({ objects: events.selected(), streams: events.streams() })
  app.get('/selected', (c) => c.json(selected()))
  app.post('/selected', async (c) => {
    events.select(...(await readControl(c, selection)).objects)
    return c.json(selected())
  })
  app.post('/repeat', async (c) => c.json(events.repeat((await readControl(c, repetition)).replayId), 201))
  app.post('/field', async (c) => {
    const { object, name } = await readControl(c, field)
    events.addField(object, name)
    return c.body(null, 204)
  })
  app.post('/reset-stream', async (c) => {
    await readControl(c, nothing)
    events.resetStream()
    return c.body(null, 204)
  })
  app.post('/disconnect', async (c) => {
    events.disconnect((await readControl(c, disconnection)).how)
    return c.body(null, 204)
  })
  app.post('/commit-number', async (c) => {
    events.setCommitNumber(BigInt((await readControl(c, commit)).next))
    return c.body(null, 204)
  })
  app.get('/allowance', (c) => c.json(events.usage()))
  app.post('/allowance', async (c) => {
    events.setAllowance(await readControl(c, allowanceSchema))
    return c.json(events.usage())
  })
  return app
}
