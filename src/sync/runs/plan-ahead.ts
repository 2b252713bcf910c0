/** The run of `plan`: both sides into the mirror, what could be adopted beside it, and then what would be done with each link. Writes nowhere else. */

import { countLinks } from '../mirror/every-link.ts'
import { countPlanned, dropPlanned, dropUnplanned } from '../mirror/planned.ts'
import { concludeRun, moveRun, type Run, type RunEntity, runEntities, scanName } from '../mirror/runs.ts'
import type { PacedReads } from '../pace/paced-api.ts'
import type { Rules } from '../plan/mapping.ts'
import { estimateCost } from './cost.ts'
import { foreseeLinks } from './foresee.ts'
import type { RunTools } from './runs.ts'
import { type CandidateScope, countCandidates, recordsForLink, scanCandidates } from './scan-candidates.ts'
import { observePage, scanLinked, scanSalesforce } from './scan-salesforce.ts'

/** So many records are scanned whatever the number of links. */
const recordsAnyhow = 2_000

export type PlanningAhead = {
  salesforce: PacedReads
  graceMs: number
  /** A digest of the mapping. */
  mapping: string
}

/** @throws SalesforceError when Salesforce cannot be asked for long; RunLostError */
export const planAhead = async (
  { salesforce, graceMs, mapping, ...tools }: RunTools & PlanningAhead,
  run: Run,
  rules: Rules,
): Promise<void> => {
  const { db, clock, name } = tools
  const scan = { tools, salesforce, rules, run, graceMs }
  const entities = runEntities.filter((one) => one !== 'membership' || rules.relations)
  const scanned = new Set<RunEntity>()
  for (const entity of entities) {
    const records = await countCandidates(scan, entity, false)
    // Of five years of Contacts, for a handful of users, only those that match are read.
    if (records > Math.max(recordsAnyhow, (await countLinks(db.query, entity)) * recordsForLink))
      await scanSalesforce(scan, entity)
    else {
      scanned.add(entity)
      await scanAll(entity, records)
    }
  }
  await dropPlanned(db.query)
  for (const entity of entities) await foresee(entity)
  await dropUnplanned(db.query, run.id)
  const planned = await countPlanned(db.query, run.id)
  const cost = await estimateCost({ db, salesforce }, planned)
  await concludeRun(db, run.id, 'done', { planned, cost, mapping }, clock.now())
  tools.log.info({ stage: 'run', run: run.id, kind: run.kind }, 'the plan is done')

  async function scanAll(entity: RunEntity, records: number): Promise<void> {
    let read = 0
    const seen: CandidateScope['seen'] = async (page, asOf) => {
      read += page.length
      await observePage(scan, entity, page, asOf, { read, counted: records })
    }
    await scanCandidates(scan, entity, { records, written: false, seen })
    read = await scanLinked(scan, entity, read)
    await moveRun(db.query, run, name, scanName('salesforce', entity), { read, counted: records, done: true })
  }

  async function foresee(entity: RunEntity): Promise<void> {
    const progress = (read: number, done: boolean) =>
      moveRun(db.query, run, name, `plan/${entity}`, { read, ...(done ? { done } : {}) })
    const looked = await foreseeLinks(
      { tools, run, rules, ask: salesforce, scanned: scanned.has(entity) },
      entity,
      (read) => progress(read, false),
    )
    await progress(looked, true)
  }
}
