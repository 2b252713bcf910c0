import type { Database } from '../../db/database.ts'
import type { Entity, Side } from '../../model/model.ts'
import { SalesforceError } from '../../salesforce/api.ts'
import { readReserved } from '../mirror/decisions.ts'
import { type Claim, leaveGroup, tiers } from '../mirror/dirty.ts'
import { type Held, type Outcome, settle } from '../mirror/settle.ts'
import type { Pace } from '../pace/pace.ts'
import { isSchemaProblem, type PacedApi, pacedApi, pauseReason } from '../pace/paced-api.ts'
import type { Turns } from '../pace/turns.ts'
import type { Rules } from '../plan/mapping.ts'
import type { Plan } from '../plan/plan.ts'
import { createBreaker, type Streak } from './breaker.ts'
import type { CarryJob } from './carry.ts'
import { asExpected } from './expected.ts'
import { fightOutcome, findFights } from './fights.ts'
import { look, type Sight, type Wanted } from './look.ts'
import { failedOutcome, quietOutcome, refusedOutcome, rowOutcome } from './outcome.ts'
import { type Planned, planBatch } from './plan-batch.ts'
import { sightsFromScan } from './scanned.ts'
import { type Answer, callOrError, type Ready, send } from './send.ts'

/** What the counters are told of one settled batch. */
export type Delivered = {
  /** The side that was written to. */
  side: Side
  entity: Entity
  kind: string
  result: string
  /** From the change on one side to the other side's answer. */
  lagMs?: number
}

export type DeliverOptions = {
  db: Database
  api: PacedApi
  rules: Rules
  pace: Pace
  /** Shared by all batches: so many calls at once. */
  turns: Turns
  /** Shared by all batches: whether it is single records that are refused, or everything. */
  streaks: { look: Streak; write: Streak }
  now: () => number
  random: () => number
  /** When what is written now is to be read back, should no event of it come; undefined: other means find what changed. */
  readBackAt?: () => number | undefined
  delivered: (results: readonly Delivered[]) => void
}

type Decided = { planned: Planned; plan: Plan; held: Held | undefined }

const heldOf = (planned: Planned, sight: Sight | undefined, plan: Plan, now: number): Held | undefined => {
  const state = sight?.salesforce ?? planned.remembered
  const asOf = sight?.asOf ?? 0
  if (state.state === 'present') return { id: state.id, fields: state.fields, version: state.version, asOf }
  // What is gone is remembered as gone, so that its children do not refer to it.
  if (state.state === 'absent' && state.id !== undefined && plan.do === 'park')
    return { id: state.id, fields: {}, version: 0, deletedAt: now, asOf }
  const adopted = plan.do === 'change' ? plan.change.id : plan.do === 'none' ? plan.id : undefined
  return sight?.candidates.find(({ id }) => id === adopted)
}

/** Whether Salesforce must be asked before the plan can be carried out. */
const needsLook = (plan: Plan): boolean =>
  plan.do === 'look' || (plan.do === 'change' && plan.change.id !== undefined && plan.change.weighs)

type Looked = { sights: Map<number, Sight>; failures: Map<number, SalesforceError> }

/** Looks for links; a look that is refused is cut in halves until the one that spoils it is alone. */
const lookApart = async (
  api: PacedApi,
  entity: Entity,
  all: readonly Wanted[],
  { rules, streaks, now }: Pick<DeliverOptions, 'rules' | 'streaks' | 'now'>,
): Promise<Looked> => {
  const looked: Looked = { sights: new Map(), failures: new Map() }
  const breaker = createBreaker<Wanted>(streaks.look)
  let stopped: SalesforceError | undefined
  const fail = (wanted: readonly Wanted[], error: SalesforceError): void => {
    for (const { claim } of wanted) looked.failures.set(claim.linkId, error)
  }
  const apart = async (wanted: readonly Wanted[]): Promise<void> => {
    if (stopped) return fail(wanted, stopped)
    const sights = await callOrError(() => look(api, entity, wanted, rules, now))
    const [only, ...more] = wanted
    if (!(sights instanceof SalesforceError)) {
      breaker.passed()
      for (const [link, sight] of sights) looked.sights.set(link, sight)
    } else if (sights.kind !== 'refused' || isSchemaProblem(sights)) {
      stopped = sights
      fail(wanted, sights)
    } else if (only && more.length === 0) stopped = breaker.refused(only, sights)
    else {
      const middle = Math.ceil(wanted.length / 2)
      await apart(wanted.slice(0, middle))
      await apart(wanted.slice(middle))
    }
  }
  await apart(all)
  for (const { one, error, everybody } of breaker.verdict()) fail([one], everybody ?? error)
  return looked
}

/** Plans the batch; asks Salesforce where the plan needs it. What could not be asked for is returned as failed. */
const decide = async (
  options: DeliverOptions,
  api: PacedApi,
  entity: Entity,
  claims: readonly Claim[],
): Promise<{ decided: Decided[]; failed: Outcome[] }> => {
  const { db, rules, pace, now, random } = options
  const first = (await planBatch(db.query, entity, claims, rules)).map((planned) => ({ planned, plan: planned.plan() }))
  const toLook = first.filter(({ plan }) => needsLook(plan))
  const decided: Decided[] = first
    .filter(({ plan }) => !needsLook(plan))
    .map(({ planned, plan }) => ({ planned, plan, held: heldOf(planned, undefined, plan, now()) }))
  if (toLook.length === 0) return { decided, failed: [] }
  const wanted = toLook.map(({ planned }) => planned.wanted)
  // Who is live is looked for at once: no scan is as fresh.
  const scanned =
    claims[0] && claims[0].tier >= tiers.backfill
      ? await sightsFromScan(db.query, entity, wanted, rules, now())
      : new Map<number, Sight>()
  const unknown = wanted.filter(({ claim }) => !scanned.has(claim.linkId))
  const looked = unknown.length > 0 ? await lookApart(api, entity, unknown, options) : undefined
  const sights = new Map([...scanned, ...(looked?.sights ?? [])])
  const failures = looked?.failures ?? new Map<number, SalesforceError>()
  const reserved = await readReserved(
    db.query,
    entity,
    [...sights.values()].flatMap(({ candidates }) => candidates.map(({ id }) => id)),
  )
  const failed: Outcome[] = []
  for (const { planned } of toLook) {
    const { claim } = planned
    const failure = failures.get(claim.linkId)
    if (failure === undefined) {
      const seen: Sight = sights.get(claim.linkId) ?? { salesforce: { state: 'absent' }, candidates: [], asOf: 0 }
      // What a person gave to another is adopted by nobody else, though that one may still have to wait.
      const free = ({ id }: Held): boolean => (reserved.get(id) ?? claim.clerkId) === claim.clerkId
      const sight: Sight = { ...seen, candidates: seen.candidates.filter(free) }
      const plan = planned.plan(sight)
      decided.push({ planned, plan, held: heldOf(planned, sight, plan, now()) })
    } else if (failure.kind === 'refused' && !isSchemaProblem(failure)) failed.push(refusedOutcome(claim, failure))
    else {
      pace.pause(pauseReason(failure), `${failure.code}: ${failure.message}`)
      failed.push(failedOutcome(claim, failure, false, { now: now(), random }))
    }
  }
  return { decided, failed }
}

/** A write that was decided on, and what its end needs to know. */
export type Write = {
  planned: Pick<Planned, 'claim' | 'remembered' | 'record' | 'changedAt'>
  plan: Extract<Plan, { do: 'change' }>
  held: Held | undefined
}

/** How one claim ends. */
export type Done = { outcome: Outcome; planned?: Write['planned']; plan?: Plan }

/** How claims end, and what the counters are told of it. */
export type Ended = { done: Done[]; results: Delivered[] }

/** Two claims that want to adopt the same record: the second looks again, and finds it taken. */
const onceEach = (writes: readonly Write[], taken: Set<string>): { kept: Write[]; again: Write[] } => {
  const kept: Write[] = []
  const again: Write[] = []
  for (const write of writes) {
    const { id } = write.plan.change
    if (id !== undefined && taken.has(id)) again.push(write)
    else kept.push(write)
    if (id !== undefined) taken.add(id)
  }
  return { kept, again }
}

/** Plans claims of one entity; `writes` is what has to be sent, all others have ended. */
export const prepare = async (
  options: DeliverOptions,
  api: PacedApi,
  entity: Entity,
  claims: readonly Claim[],
): Promise<Ended & { writes: Write[] }> => {
  const { db, now, random } = options
  const times = () => ({ now: now(), random })
  const { decided: all, failed } = await decide(options, api, entity, claims)
  const decided = await asExpected(db.query, all)
  const done: Done[] = failed.map((outcome) => ({ outcome }))
  const writes: Write[] = []
  const results: Delivered[] = []
  const intended = decided.map(({ planned, plan }) => ({ claim: planned.claim, plan }))
  const fights = await findFights(db.query, entity, options.rules, intended, now())
  for (const { planned, plan, held } of decided) {
    const { claim } = planned
    const fight = fights.get(claim)
    if (fight) {
      done.push({ outcome: fightOutcome(entity, { claim, plan }, held, fight) })
      if (!fight.told) results.push({ side: fight.move.side, entity, kind: 'park', result: 'FIGHT' })
      continue
    }
    if (plan.do === 'change') {
      writes.push({ planned, plan, held })
      continue
    }
    // A look that was not granted an answer is asked again; it cannot be the end of a claim.
    const quiet = plan.do === 'look' ? ({ do: 'later', reason: plan.reason } as const) : plan
    const parent = quiet.do === 'wait' ? planned.parentOf(quiet.for) : undefined
    done.push({ outcome: quietOutcome(claim, quiet, held, parent, times()), planned, plan: quiet })
  }
  return { done, results, writes }
}

/**
 * Writes as they may go out together, and the ends of those that may not.
 * @param given records that others of the same batch write to; those of `writes` are added
 */
export const oncePerRecord = (
  writes: readonly Write[],
  { now, random }: Pick<DeliverOptions, 'now' | 'random'>,
  given: Set<string> = new Set(),
): { kept: Write[]; done: Done[] } => {
  const { kept, again } = onceEach(writes, given)
  const taken = { do: 'later', reason: 'its record was just given to another' } as const
  const done = again.map(({ planned }) => ({
    outcome: quietOutcome(planned.claim, taken, undefined, undefined, { now: now(), random }),
  }))
  return { kept, done }
}

/** What Salesforce's answer to a write makes of its claim. `began`: when the call went out. */
export const endOf = (
  { pace, now, random }: DeliverOptions,
  entity: Entity,
  { planned, plan, held }: Write,
  answer: Answer,
  began: number,
): Ended => {
  const { claim, changedAt } = planned
  const { change } = plan
  const times = { now: now(), random }
  if ('failed' in answer) {
    pace.pause(pauseReason(answer.failed), `${answer.failed.code}: ${answer.failed.message}`)
    return { done: [{ outcome: failedOutcome(claim, answer.failed, answer.alone, times) }], results: [] }
  }
  const { result } = answer
  const outcome = rowOutcome(claim, change, plan.base, held, result, { ...times, began })
  const told: Delivered = {
    side: 'salesforce',
    entity,
    kind: change.kind,
    result: result.ok ? 'done' : result.code,
    ...(result.ok && changedAt !== undefined ? { lagMs: Math.max(0, times.now - changedAt) } : {}),
  }
  return { done: [{ outcome, planned, plan }], results: [told] }
}

/** Settles what has ended. @returns what is left to be carried to Clerk */
export const conclude = async (
  { db, now, readBackAt, delivered }: DeliverOptions,
  entity: Entity,
  lease: string,
  { done, results }: Ended,
): Promise<CarryJob[]> => {
  const jobs = done.flatMap((one) => jobOf(entity, lease, one))
  const left = new Set(jobs.map(({ outcome }) => outcome.claim))
  const outcomes = done.map(({ outcome }) => outcome).filter(({ claim }) => !left.has(claim))
  await settle(db, entity, outcomes, lease, now(), readBackAt?.())
  if (jobs.length > 0)
    await leaveGroup(
      db.query,
      jobs.map(({ outcome }) => outcome.claim),
      lease,
    )
  delivered(results)
  return jobs
}

/**
 * Plans, writes and settles one claimed batch of one entity.
 * @returns what is left to be carried to Clerk: done with Salesforce, not yet settled.
 */
export const deliver = async (
  options: DeliverOptions,
  entity: Entity,
  claims: readonly Claim[],
  lease: string,
): Promise<CarryJob[]> => {
  const { pace, now } = options
  const api = pacedApi(options.api, pace, now, options.turns)
  const { writes, ...ended } = await prepare(options, api, entity, claims)
  const { kept, done } = oncePerRecord(writes, options)
  ended.done.push(...done)
  const byClaim = new Map(kept.map((write) => [write.planned.claim, write]))
  const began = now()
  for (const answer of await send(api, entity, kept.map(readyOf), options.streaks.write)) {
    const write = byClaim.get(answer.ready.claim)
    if (!write) continue
    const end = endOf(options, entity, write, answer, began)
    ended.done.push(...end.done)
    ended.results.push(...end.results)
  }
  return conclude(options, entity, lease, ended)
}

export const readyOf = ({ planned, plan }: Write): Ready => ({ claim: planned.claim, change: plan.change })

/** What has to be carried to Clerk, of what went well in Salesforce. */
const jobOf = (entity: Entity, lease: string, { outcome, planned, plan }: Done): CarryJob[] => {
  if (outcome.end !== 'settled' || !planned || !plan || !('carry' in plan) || !plan.carry) return []
  const { carry } = plan
  const seen = outcome.held?.version || (planned.remembered.state === 'present' ? planned.remembered.version : 0)
  return [{ entity, lease, outcome, carry, record: planned.record, changedAt: seen || undefined }]
}
