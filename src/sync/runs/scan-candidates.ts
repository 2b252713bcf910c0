/**
 * Scans Salesforce for records that are there already: one job for all of them instead of a look for each thousand links. An entity is scanned
 * when its turn comes, for by then Salesforce has made relations of the Contacts that were written before.
 */
import { type QueriedRecord, SalesforceError, type Through } from '../../salesforce/api.ts'
import { beginCandidates, endCandidates, scannedAt, storeCandidates } from '../mirror/candidates.ts'
import { heldFrom, keyIn, readFields, selectList } from '../mirror/from-salesforce.ts'
import type { Run, RunEntity } from '../mirror/runs.ts'
import type { PacedReads } from '../pace/paced-api.ts'
import { keyOf, objectOf, type Rules } from '../plan/mapping.ts'
import { matchIn } from '../write/look.ts'
import { scanCountsMs } from '../write/scanned.ts'
import { patiently } from './patience.ts'
import type { RunTools } from './runs.ts'

const rowsAtOnce = 500
const rowsInQuery = 2_000
const mostScans = 3
const linksInLook = 1_000
/** A job is created, asked after some times, and its result fetched page by page. */
const callsOfJob = 6
const rowsInPage = 25_000
/** So many records for each link are worth reading to spare calls; beyond it is the time that costs. */
export const recordsForLink = 20

/** What a scan has to show: whatever carries our key, and what a link could be paired with. */
const scopeOf = (entity: RunEntity, rules: Rules, written: boolean): string => {
  const key = `${keyOf[entity]} != null`
  switch (entity) {
    case 'organization':
      return rules.organization.match ? `${key} OR ${rules.organization.match.field} != null` : key
    case 'person':
      return rules.person.adopt ? `${key} OR Email != null` : key
    case 'membership': {
      const ofContacts = `${key} OR Contact.${keyOf.person} != null`
      // Before anything is written, the Contacts that will be adopted carry no key yet.
      return written || !rules.person.adopt ? ofContacts : `${ofContacts} OR Contact.Email != null`
    }
  }
}

const callsToScan = (records: number): number =>
  records <= rowsInQuery ? 1 : callsOfJob + Math.ceil(records / rowsInPage)

/** Whether a scan takes fewer calls than looking for so many links, and no time that is out of proportion. */
export const worthScanning = (records: number, links: number): boolean =>
  callsToScan(records) < Math.ceil(links / linksInLook) && records <= links * recordsForLink

export type CandidateScan = { tools: RunTools; salesforce: PacedReads; rules: Rules; run: Run }

const observe = async (
  { tools, rules }: CandidateScan,
  entity: RunEntity,
  records: readonly QueriedRecord[],
  asOf: number,
): Promise<void> => {
  const kinds = readFields(entity, rules)
  const candidates = records.map((record) => {
    const held = heldFrom(record, kinds, asOf)
    const key = keyIn(entity, held)
    return {
      id: held.id,
      key: typeof key === 'string' ? key : null,
      match: matchIn(entity, held, rules),
      fields: held.fields,
      version: held.version,
    }
  })
  await tools.db.transaction((query) => storeCandidates(query, entity, candidates))
}

/** How many records a scan would read. */
export const countCandidates = (scan: CandidateScan, entity: RunEntity, written: boolean): Promise<number> => {
  const soql = `SELECT COUNT() FROM ${objectOf[entity]} WHERE ${scopeOf(entity, scan.rules, written)}`
  return patiently(scan.tools, 'salesforce', () => scan.salesforce.count(soql))
}

export type CandidateScope = {
  /** How many there are. */
  records: number
  /** Whether people have their Contacts by now. */
  written: boolean
  /** Told of each page. */
  seen?: (records: readonly QueriedRecord[], asOf: number) => Promise<void>
}

/**
 * Scans the candidates of one entity.
 * @throws SalesforceError when Salesforce cannot be asked for long
 */
export const scanCandidates = async (
  scan: CandidateScan,
  entity: RunEntity,
  scope: CandidateScope,
): Promise<number> => {
  for (let tries = 1; ; tries++) {
    const { read, asOf } = await scanOnce(scan, entity, scope)
    // The smaller of two counts: what came or went meanwhile is no fault of the scan.
    const counted =
      read < scope.records ? Math.min(scope.records, await countCandidates(scan, entity, scope.written)) : 0
    if (read >= counted) {
      await endCandidates(scan.tools.db.query, entity, scan.run.id, asOf)
      return read
    }
    if (tries >= mostScans)
      throw new SalesforceError(
        'outage',
        'SCAN_CUT_SHORT',
        `Salesforce counts ${counted} records of ${objectOf[entity]} that could be paired, and showed ${read}: what was not shown may be there; try again`,
      )
  }
}

const scanOnce = async (
  scan: CandidateScan,
  entity: RunEntity,
  { records, written, seen }: CandidateScope,
): Promise<{ read: number; asOf: number }> => {
  const { tools, salesforce, rules, run } = scan
  const asOf = tools.clock.now()
  await tools.db.transaction((query) => beginCandidates(query, entity, run.id, asOf))
  const soql = `SELECT ${selectList(entity, rules)} FROM ${objectOf[entity]} WHERE ${scopeOf(entity, rules, written)}`
  let read = 0
  const take = async (page: readonly QueriedRecord[]): Promise<void> => {
    for (let from = 0; from < page.length; from += rowsAtOnce) {
      const records = page.slice(from, from + rowsAtOnce)
      await observe(scan, entity, records, asOf)
      await seen?.(records, asOf)
    }
    read += page.length
  }
  if (records <= tools.sizes.mostByQuery) {
    const [found = []] = await patiently(tools, 'salesforce', () => salesforce.query([soql]))
    await take(found)
  } else {
    const through: Through = (send, { repeatable }) => (repeatable ? patiently(tools, 'salesforce', send) : send())
    for await (const page of salesforce.bulk.query({ soql, expectedRows: records, signal: tools.signal, through }))
      await take(page)
  }
  return { read, asOf }
}

/** Scans an entity before its links are worked off, where that takes fewer calls than to look for them. */
export const scanBeforeWriting = async (scan: CandidateScan, entity: RunEntity, links: number): Promise<void> => {
  const { db, clock, log } = scan.tools
  // Killed after its scan, and taken up again.
  if ((await scannedAt(db.query, entity, clock.now() - scanCountsMs / 2)) !== undefined) return
  // Not worth even the call that counts.
  if (!worthScanning(0, links)) return
  const records = await countCandidates(scan, entity, true)
  if (!worthScanning(records, links)) return
  const read = await scanCandidates(scan, entity, { records, written: true })
  log.info({ stage: 'run', run: scan.run.id, entity, read, links }, 'Salesforce was scanned for what is there already')
}
