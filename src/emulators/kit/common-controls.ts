/*
 * The kit: what the emulators have in common and no vendor's API is made of.
 *
 *   request ── exchanges (what came, for the page) ── freeze ── fault-middleware ── the vendor's API
 *      └────── /_emulator ── controls: those here, which mean the same everywhere, and the emulator's own
 *
 * Time and randomness (`clock.ts`, `random.ts`) are passed in everywhere, so that the same calls give the same results. State is made of parts
 * (`snapshot.ts`): whoever holds some brings a `Part`, and a snapshot is all of them by name; `state-file.ts` keeps one in a file, written by
 * `json-lines.ts` without ever making one text of it.
 *
 * Controls promise to take what they know and nothing else (`strict.ts`), to list themselves, and to say what there is where somebody asks for
 * what there is not (`control-index.ts`). They need no key; pages of other sites are refused.
 */
import type { Hono } from 'hono'
import { z } from 'zod'
import type { Clock, ManualClock } from './clock.ts'
import { type ControlWords, ownPagesOnly } from './control-index.ts'
import type { Exchanges } from './exchanges.ts'
import type { Freezer } from './freeze.ts'
import type { Snapshots } from './snapshot.ts'
import { type StateFile, snapshotText } from './state-file.ts'
import { ControlError, nothing, readControl } from './strict.ts'

export type CommonSources = {
  clock: Clock
  exchanges: Exchanges
  freezer: Freezer
  snapshots: Snapshots
  stateFile: StateFile
  reset: () => void
}

const isManual = (clock: Clock): clock is ManualClock => 'advance' in clock && typeof clock.advance === 'function'

const advance = z.strictObject({ advanceMs: z.number().min(0) })

/** What the controls do that both emulators have. */
export const commonWords: ControlWords = {
  'GET /state': 'all records',
  'GET /stats': 'what was counted: requests by method and status, and more',
  'POST /reset': 'back to the start: no records, no faults, nothing counted; settings stay',
  'POST /seed': 'adds records that were there before',
  'GET /settings': 'the settings that may change while it runs',
  'POST /settings': 'changes those that are named',
  'GET /faults': 'the faults that can still apply',
  'POST /faults': 'adds a fault, or a list of them',
  'DELETE /faults': 'removes all faults',
  'GET /requests': 'the last 200 requests, without headers and bodies',
  'POST /freeze': 'requests wait, unanswered, until DELETE /freeze',
  'DELETE /freeze': 'lets the waiting requests go on',
  'GET /clock': 'the time of the emulator, in ms',
  'POST /clock': '{advanceMs}: moves the time on, where the emulator was started with a manual clock',
  'GET /snapshot': 'everything it holds, as JSON',
  'PUT /snapshot': 'puts such a snapshot in place of everything',
  'POST /snapshot': 'saves to the file of the option `state`',
  'GET /overview': 'what the page shows',
  'GET /browse/:object': 'the newest records of a kind; ?search= and ?limit=',
  'GET /browse/:object/:id': 'one record with all its fields',
}

/** Adds the controls that mean the same on both emulators. */
export const commonControls = (app: Hono, sources: CommonSources): void => {
  const { clock, exchanges, freezer, snapshots, stateFile, reset } = sources
  app.use(ownPagesOnly)
  app.post('/reset', async (c) => {
    await readControl(c, nothing)
    reset()
    return c.body(null, 204)
  })
  app.get('/requests', (c) => c.json(exchanges.list()))
  app.post('/freeze', async (c) => {
    await readControl(c, nothing)
    freezer.freeze()
    return c.json({ frozen: true })
  })
  app.delete('/freeze', (c) => {
    freezer.thaw()
    return c.json({ frozen: false })
  })
  app.get('/clock', (c) => c.json({ now: clock.now(), manual: isManual(clock) }))
  app.post('/clock', async (c) => {
    const { advanceMs } = await readControl(c, advance)
    if (!isManual(clock))
      throw new ControlError("the clock is the machine's; start the emulator with `clock: manualClock()` to move it")
    await clock.advance(advanceMs)
    return c.json({ now: clock.now(), manual: true })
  })
  app.get('/snapshot', (c) => {
    const pieces = snapshotText(snapshots.take())
    const bytes = new ReadableStream<Uint8Array>({
      pull: (controller) => {
        const { done, value } = pieces.next()
        if (done) controller.close()
        else controller.enqueue(new TextEncoder().encode(value))
      },
    })
    return c.body(bytes, 200, { 'content-type': 'application/json' })
  })
  app.put('/snapshot', async (c) => {
    snapshots.restore(await readControl(c, z.unknown()))
    return c.body(null, 204)
  })
  app.post('/snapshot', async (c) => {
    await readControl(c, nothing)
    const file = await stateFile.save()
    if (file === undefined)
      throw new ControlError('the emulator was started without the option `state`: it has no file')
    return c.json({ saved: file })
  })
}
