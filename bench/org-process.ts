/** The Salesforce emulator in a process of its own, with a meter at its door. */
import { Hono } from 'hono'
import { listen } from '../src/emulators/kit/listen.ts'
import { createSalesforceEmulator } from '../src/emulators/salesforce/index.ts'
import type { SalesforceSeed } from '../src/emulators/salesforce/seed.ts'
import { answerQuestions } from './child.ts'

/** One API call as it came, to be sent again by the bare loop. */
export type RecordedCall = { method: string; path: string; body: string | undefined }

/** What came since the meter was set to zero; `describe` and `limits`, which a start costs, are left out. */
export type Meter = {
  /** API calls by object. */
  calls: Record<string, number>
  /** Saved records, by object and how. */
  records: Record<string, number>
  /** When the first call came, in ms with fractions since 1970. */
  firstAt: number
  recorded: RecordedCall[]
}

export type OrgAddress = { url: string; clientId: string; clientSecret: string }

const emulator = createSalesforceEmulator({ apiLimit: 1_000_000_000 })
let recording = false
let meter: Meter
const zero = (): void => {
  meter = { calls: {}, records: {}, firstAt: 0, recorded: [] }
}
zero()

const objectNamed = /sobjects\/([A-Z]\w+)|"type":"(\w+)"|FROM(?:%20|\+| )(\w+)/

const app = new Hono()
app.use('/services/data/*', async (c, next) => {
  const url = new URL(c.req.url)
  if (/\/(describe|limits)$/.test(url.pathname)) return next()
  meter.firstAt ||= performance.timeOrigin + performance.now()
  const path = url.pathname + url.search
  const body = c.req.method === 'GET' ? undefined : await c.req.text()
  const found = objectNamed.exec(path) ?? objectNamed.exec(body?.slice(0, 2_000) ?? '')
  const object = found?.[1] ?? found?.[2] ?? found?.[3] ?? 'other'
  meter.calls[object] = (meter.calls[object] ?? 0) + 1
  if (recording) meter.recorded.push({ method: c.req.method, path, body })
  return next()
})
app.route('/', emulator.app)
const listening = await listen(app)

const commands = {
  address: (_: undefined): OrgAddress => ({
    url: listening.url,
    clientId: emulator.clientId,
    clientSecret: emulator.clientSecret,
  }),
  /** Empties the org and sets the meter to zero. */
  reset: ({ latencyMs, record = false }: { latencyMs: number; record?: boolean }): void => {
    emulator.reset()
    emulator.settings.latencyMs = latencyMs
    recording = record
    zero()
  },
  seed: (seed: SalesforceSeed): void => {
    emulator.seed(seed)
  },
  /** Sets the meter to zero and leaves the records. */
  zero: (_: undefined): void => {
    Object.assign(emulator.stats(), { records: {} })
    before = emulator.stats().records
    zero()
  },
  read: (_: undefined): Meter => {
    const now = emulator.stats().records
    const records = Object.fromEntries(Object.entries(now).map(([kind, count]) => [kind, count - (before[kind] ?? 0)]))
    return { ...meter, records }
  },
}
let before: Record<string, number> = {}
export type OrgCommands = typeof commands
answerQuestions(commands)
