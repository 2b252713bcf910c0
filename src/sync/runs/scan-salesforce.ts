import type { Query } from '../../db/database.ts'
import { type QueriedRecord, SalesforceError, type Through } from '../../salesforce/api.ts'
import { isSince, readUnsighted, readWritten } from '../mirror/drift.ts'
import { heldFrom, keyIn, readFields, selectList } from '../mirror/from-salesforce.ts'
import { observeSalesforce, type SalesforceSight } from '../mirror/observe-salesforce.ts'
import { moveRun, type Run, type RunEntity, type ScanProgress, scanName, tierOf } from '../mirror/runs.ts'
import { noteSighted } from '../mirror/sighted.ts'
import type { PacedReads } from '../pace/paced-api.ts'
import { keyOf, objectOf, type Rules } from '../plan/mapping.ts'
import { patiently } from './patience.ts'
import type { RunTools } from './runs.ts'

const rowsAtOnce = 500
const idsAtOnce = 2_000
const mostScans = 3

export type SalesforceScan = { tools: RunTools; salesforce: PacedReads; rules: Rules; run: Run; graceMs: number }

/**
 * Scans one entity of Salesforce: the records that carry our key, and those that links point at.
 * @throws SalesforceError when Salesforce cannot be asked for long, or showed fewer records than it counts; RunLostError
 */
export const scanSalesforce = async (scan: SalesforceScan, entity: RunEntity): Promise<void> => {
  const { tools, run } = scan
  const name = scanName('salesforce', entity)
  if (run.progress[name]?.done) return
  let keyed = 0
  for (let tries = 1; ; tries++) {
    const { read, counted } = await scanKeyed(scan, entity)
    keyed = read
    if (read >= counted) break
    if (tries >= mostScans)
      throw new SalesforceError(
        'outage',
        'SCAN_CUT_SHORT',
        `Salesforce counts ${counted} records of ${objectOf[entity]} with a Clerk id, and showed ${read}: what was not shown may be there; reconcile again`,
      )
  }
  const read = await scanLinked(scan, entity, keyed)
  await moveRun(tools.db.query, run, tools.name, name, { read, done: true })
}

/** Those that carry a key. `counted` is the smaller of two counts: what came or went meanwhile is no fault of the scan. */
const scanKeyed = async (scan: SalesforceScan, entity: RunEntity): Promise<{ read: number; counted: number }> => {
  const { tools, salesforce, rules, run } = scan
  const where = `FROM ${objectOf[entity]} WHERE ${keyOf[entity]} != null`
  const count = () => patiently(tools, 'salesforce', () => salesforce.count(`SELECT COUNT() ${where}`))
  const soql = `SELECT ${selectList(entity, rules)} ${where}`
  const before = await count()
  const asOf = tools.clock.now()
  let read = 0
  await moveRun(tools.db.query, run, tools.name, scanName('salesforce', entity), { read, counted: before })
  if (before <= tools.sizes.mostByQuery) {
    const [records = []] = await patiently(tools, 'salesforce', () => salesforce.query([soql]))
    for (let from = 0; from < records.length; from += rowsAtOnce) {
      const page = records.slice(from, from + rowsAtOnce)
      read += page.length
      await observePage(scan, entity, page, asOf, { read, counted: before })
    }
  } else {
    const through: Through = (send, { repeatable }) => (repeatable ? patiently(tools, 'salesforce', send) : send())
    for await (const records of salesforce.bulk.query({ soql, expectedRows: before, signal: tools.signal, through })) {
      read += records.length
      await observePage(scan, entity, records, asOf, { read, counted: before })
    }
  }
  return { read, counted: read >= before ? before : Math.min(before, await count()) }
}

/** Those that links point at and that have not been shown: of whom the key was taken. Who is not shown here is not there. */
export const scanLinked = async (scan: SalesforceScan, entity: RunEntity, before: number): Promise<number> => {
  const { tools, salesforce, rules, run } = scan
  const { db, clock } = tools
  const fields = ['Id', 'SystemModstamp', ...readFields(entity, rules).keys()]
  let read = before
  for (let after = ''; ; ) {
    const ids = await readUnsighted(db.query, { runId: run.id, entity, after, limit: idsAtOnce })
    if (ids.length === 0) return read
    const asOf = clock.now()
    const found = await patiently(tools, 'salesforce', () => salesforce.retrieve(objectOf[entity], ids, fields))
    const records = found.flatMap((one) => one ?? [])
    read += records.length
    await observePage(scan, entity, records, asOf, { read })
    after = ids.at(-1) ?? after
  }
}

/** Stores a page of records; those that we have written to in the last while stay as we remember them. */
export const observePage = async (
  { tools, rules, run, graceMs }: SalesforceScan,
  entity: RunEntity,
  records: readonly QueriedRecord[],
  asOf: number,
  progress: ScanProgress,
): Promise<void> => {
  const { db, clock, name, signal } = tools
  signal.throwIfAborted()
  const kinds = readFields(entity, rules)
  const sights: SalesforceSight[] = records.map((record) => {
    const held = heldFrom(record, kinds, asOf)
    const key = keyIn(entity, held)
    return { ...held, clerkId: typeof key === 'string' ? key : null }
  })
  await db.transaction(async (query: Query) => {
    // A query may show what we wrote seconds ago as it was before: what is remembered of our write is newer.
    const written = await readWritten(
      query,
      entity,
      sights.map(({ id }) => id),
      asOf - graceMs,
    )
    const trusted = sights.filter(({ id, version }) => isSince(version, written.get(id)))
    await observeSalesforce(query, entity, trusted, clock.now(), { tier: tierOf[run.kind] })
    await noteSighted(
      query,
      run.id,
      'salesforce',
      entity,
      sights.map(({ id, clerkId }) => ({ id, key: clerkId })),
    )
    await moveRun(query, run, name, scanName('salesforce', entity), progress)
  })
  tools.moved()
}
