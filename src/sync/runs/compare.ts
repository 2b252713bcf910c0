/**
 * Compares each link with what both scans have shown. Whether there is anything to do is the planner's word, asked about the very rows that the
 * writer would read: what it would leave alone is no drift. Which kind of drift it is follows from who moved away from what was last agreed on.
 */
import { lookAgain, tiers } from '../mirror/dirty.ts'
import {
  type Compared,
  type Drift,
  type DriftClass,
  isSince,
  noteDrift,
  putOff,
  readCompared,
} from '../mirror/drift.ts'
import { moveRun, type Run, type RunEntity } from '../mirror/runs.ts'
import type { Rules } from '../plan/mapping.ts'
import type { Plan } from '../plan/plan.ts'
import { type Planned, planBatch } from '../write/plan-batch.ts'
import type { RunTools } from './runs.ts'

const linksAtOnce = 500

type Verdict = { class: DriftClass; detail: string; salesforceId?: string; look?: true }

type Moved = { field: string; clerk: boolean; salesforce: boolean }

/** Who moved a field away from the base. Without a base nobody has: the record was never agreed on. */
const movesOf = (plan: Extract<Plan, { do: 'change' | 'none' }>, { base }: Compared): Moved[] => {
  const differs = (field: string, value: unknown): boolean =>
    base?.[field] !== undefined && base[field] !== (value ?? null)
  const written =
    plan.do === 'change'
      ? Object.entries(plan.change.fields).map(([field, value]) => ({
          field,
          clerk: differs(field, value),
          salesforce: differs(field, plan.change.before[field]),
        }))
      : []
  const carried = Object.entries(plan.carry?.fields ?? {}).map(([field, { value, before }]) => ({
    field,
    clerk: differs(field, before),
    // What Salesforce decides, and we had not seen: no edit that has to be turned back.
    salesforce: differs(field, before) && differs(field, value),
  }))
  return [...written, ...carried]
}

const classOf = (moves: readonly Moved[]): DriftClass =>
  moves.some(({ clerk, salesforce }) => clerk && salesforce)
    ? 'conflict'
    : moves.some(({ salesforce }) => salesforce)
      ? 'human-edit'
      : 'stale'

const ofPlan = (link: Compared, plan: Plan, alive: boolean): Verdict | undefined => {
  if (link.salesforceId === null) {
    if (!alive || plan.do === 'none' || plan.do === 'park' || plan.do === 'later') return undefined
    return link.keyed === null
      ? { class: 'missing', detail: 'not in Salesforce' }
      : { class: 'stale', detail: 'there in Salesforce, and not linked', salesforceId: link.keyed, look: true }
  }
  if (plan.do === 'park')
    return plan.code === 'LINKED_TO_ANOTHER'
      ? { class: 'broken-link', detail: 'its record carries the Clerk id of another', look: true }
      : { class: 'conflict', detail: plan.code }
  if (plan.do !== 'change' && plan.do !== 'none') return undefined
  const moves = movesOf(plan, link)
  const deletes = plan.do === 'change' && plan.change.kind === 'delete'
  if (moves.length === 0 && !deletes) return undefined
  return {
    class: classOf(moves),
    detail: deletes ? 'to be deleted' : `fields: ${moves.map(({ field }) => field).join(', ')}`,
  }
}

/** Undefined where the sides agree, or where what differs is too fresh to be drift. */
const verdictOn = (
  link: Compared,
  { plan, record }: Planned,
  fresh: { since: number; graceMs: number },
): Verdict | undefined => {
  const { since, graceMs } = fresh
  if ((record?.version ?? 0) >= since || (link.salesforceVersion ?? 0) >= since) return undefined
  const written = (link.writtenAt ?? 0) >= since - graceMs ? (link.writtenAt ?? undefined) : undefined
  if (!isSince(link.salesforceVersion ?? 0, written)) return undefined
  const alive = record !== undefined && record.deletedAt === null
  // Its relation went with it, and comes back with it.
  if (link.parentGone) return undefined
  if (link.salesforceId !== null && !link.there)
    return alive
      ? { class: 'broken-link', detail: 'its record is gone, or merged into another', look: true }
      : undefined
  if (link.salesforceId !== null && link.keyed !== null)
    return {
      class: 'duplicate',
      detail: `${link.salesforceId} is linked, ${link.keyed} carries the Clerk id`,
      salesforceId: link.keyed,
      look: true,
    }
  return ofPlan(link, plan(), alive)
}

type Comparing = { tools: RunTools; run: Run; rules: Rules; graceMs: number; budget: number }

/**
 * Compares all links of one entity, names what differs, and marks it.
 * @returns how many were marked, and how many more there are than the budget allows.
 */
export const compareLinks = async (
  { tools, run, rules, graceMs, budget }: Comparing,
  entity: RunEntity,
): Promise<{ marked: number; deferred: number }> => {
  const { db, clock, name, signal } = tools
  const since = run.startedAt ?? run.askedAt
  const stage = `compare/${entity}`
  let left = budget
  let deferred = 0
  let compared = 0
  for (let after: number | undefined = 0; after !== undefined; ) {
    signal.throwIfAborted()
    const now = clock.now()
    const page: Awaited<ReturnType<typeof readCompared>> = await readCompared(db.query, {
      runId: run.id,
      entity,
      after,
      now,
      limit: linksAtOnce,
    })
    const { links, last } = page
    after = last
    if (links.length === 0) continue
    compared += links.length
    const planned = await planBatch(db.query, entity, links, rules, { beyond: tiers.reconcile })
    const found = planned.flatMap((one, index) => {
      const link = links[index]
      const verdict = link && verdictOn(link, one, { since, graceMs })
      return link && verdict ? [{ link, verdict }] : []
    })
    const repaired = found.slice(0, left)
    left -= repaired.length
    deferred += found.length - repaired.length
    const drift: Drift[] = found.map(({ link, verdict }) => ({
      class: verdict.class,
      entity,
      clerkId: link.clerkId,
      salesforceId: verdict.salesforceId ?? link.salesforceId,
      detail: verdict.detail,
    }))
    await db.transaction(async (query) => {
      const looking = repaired.filter(({ verdict }) => verdict.look).map(({ link }) => link.linkId)
      const beside = repaired.filter(({ verdict }) => !verdict.look).map(({ link }) => link)
      await lookAgain(query, looking, now, { tier: tiers.reconcile, beside })
      await putOff(
        query,
        found.slice(repaired.length).map(({ link }) => link.linkId),
      )
      await noteDrift(query, run.id, drift)
      await moveRun(query, run, name, stage, { read: compared })
    })
  }
  await moveRun(db.query, run, name, stage, { read: compared, done: true })
  return { marked: budget - left, deferred }
}
