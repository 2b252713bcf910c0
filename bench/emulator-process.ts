/** The Salesforce emulator with many records, or the least program that could hold and show them; for `emulators.ts`. */
import { Hono } from 'hono'
import { createSalesforceEmulator } from '../src/emulators/salesforce/index.ts'
import { answerQuestions } from './child.ts'

type Kind = 'emulator' | 'floor'
type Counts = { accounts: number; contacts: number }
type Filled = { ms: number; bytes: number }
/** What both can do: answer a page of Contacts, and one Contact by its key. */
type Served = {
  app: Hono
  headers: Record<string, string>
  pagePath: (from: number) => string
  keyPath: (key: string) => string
}

const pageSize = 2_000
const base = '/services/data/v66.0'
const shown = ['Id', 'FirstName', 'LastName', 'Email', 'AccountId', 'Clerk_User_Id__c', 'SystemModstamp']

let served: Served | undefined

const heap = (): number => {
  globalThis.gc?.()
  globalThis.gc?.()
  return process.memoryUsage().heapUsed
}

/** How long a filling takes and what it leaves on the heap. */
const measured = (fill: () => void): Filled => {
  const before = heap()
  const started = performance.now()
  fill()
  const ms = performance.now() - started
  return { ms, bytes: heap() - before }
}

const startEmulator = async (counts: Counts): Promise<Filled> => {
  const emulator = createSalesforceEmulator()
  const form = {
    grant_type: 'client_credentials',
    client_id: emulator.clientId,
    client_secret: emulator.clientSecret,
  }
  const reply = await emulator.app.request('/services/oauth2/token', {
    method: 'POST',
    body: new URLSearchParams(form),
  })
  const { access_token } = (await reply.json()) as { access_token: string }
  emulator.setAllowance({ limit: 100_000_000 })
  const soql = encodeURIComponent(`SELECT ${shown.join(', ')} FROM Contact ORDER BY Id LIMIT 25000`)
  let next = ''
  served = {
    app: emulator.app,
    headers: { authorization: `Bearer ${access_token}` },
    pagePath: (from) => (from === 0 ? `${base}/query?q=${soql}` : next.replace(/-\d+$/, `-${from}`)),
    keyPath: (key) => `${base}/sobjects/Contact/Clerk_User_Id__c/${key}`,
  }
  const filled = measured(() => emulator.seedMany(counts))
  const first = await emulator.app.request(served.pagePath(0), { headers: served.headers })
  next = ((await first.json()) as { nextRecordsUrl?: string }).nextRecordsUrl ?? ''
  return filled
}

const startFloor = ({ accounts, contacts }: Counts): Filled => {
  const rows = new Map<string, Record<string, unknown>>()
  const relations = new Map<string, Record<string, unknown>>()
  const byKey = new Map<string, Record<string, unknown>>()
  const filled = measured(() => {
    const at = Date.now()
    const OwnerId = '005000000000001AAA'
    const stamps = { CreatedDate: at, CreatedById: OwnerId, LastModifiedDate: at, LastModifiedById: OwnerId }
    for (let i = 0; i < contacts; i++) {
      const Id = `003${String(i).padStart(15, '0')}`
      const AccountId = `001${String(i % accounts).padStart(15, '0')}`
      const names = { LastName: 'Duarte', FirstName: 'Chiara', Name: 'Chiara Duarte' }
      const key = `contact_${i + 1}`
      const row = { Id, IsDeleted: false, AccountId, ...names, Email: `person.${i}@example.com`, OwnerId }
      const full = { ...row, ...stamps, SystemModstamp: at, Clerk_User_Id__c: key }
      rows.set(Id, full)
      byKey.set(key, full)
      const relationId = `07k${String(i).padStart(15, '0')}`
      const relation = { Id: relationId, IsDeleted: false, AccountId, ContactId: Id, IsDirect: true, IsActive: true }
      relations.set(relationId, { ...relation, ...stamps, SystemModstamp: at })
    }
  })
  const list = [...rows.values()].slice(0, 25_000)
  const app = new Hono()
  const show = (row: Record<string, unknown> | undefined) =>
    row && Object.fromEntries(shown.map((name) => [name, row[name]]))
  app.get('/pages/:from', (c) => {
    const from = Number(c.req.param('from'))
    return c.json({ records: list.slice(from, from + pageSize).map(show) })
  })
  app.get('/keys/:key', (c) => c.json(show(byKey.get(c.req.param('key')))))
  served = { app, headers: {}, pagePath: (from) => `/pages/${from}`, keyPath: (key) => `/keys/${key}` }
  return filled
}

const ask = async (path: string): Promise<string> => {
  if (!served) throw new Error('nothing was filled')
  const reply = await served.app.request(path, { headers: served.headers })
  if (reply.status !== 200) throw new Error(`${path}: ${reply.status} ${await reply.text()}`)
  return reply.text()
}

const commands = {
  fill: ({ kind, counts }: { kind: Kind; counts: Counts }): Promise<Filled> | Filled =>
    kind === 'emulator' ? startEmulator(counts) : startFloor(counts),
  /** Milliseconds for the 25,000 rows of a query, page by page. */
  pages: async (rows: number): Promise<number> => {
    const started = performance.now()
    for (let from = 0; from < rows; from += pageSize) await ask(served?.pagePath(from) ?? '')
    return performance.now() - started
  },
  /** Milliseconds for so many records by key, one after the other. */
  lookups: async ({ times, of }: { times: number; of: number }): Promise<number> => {
    const started = performance.now()
    for (let i = 0; i < times; i++) await ask(served?.keyPath(`contact_${((i * 7_919) % of) + 1}`) ?? '')
    return performance.now() - started
  },
}
export type EmulatorCommands = typeof commands

answerQuestions(commands)
