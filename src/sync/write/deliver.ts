import type { Database } from '../../db/database.ts'
import type { Entity, Fields } from '../../model/model.ts'
import { SalesforceError } from '../../salesforce/api.ts'
import type { Claim } from '../mirror/dirty.ts'
import { type Held, type Outcome, settle } from '../mirror/settle.ts'
import type { Rules } from '../plan/mapping.ts'
import type { Change, Plan } from '../plan/plan.ts'
import { createBreaker, type Streak } from './breaker.ts'
import { look, type Sight, type Wanted } from './look.ts'
import { failedOutcome, quietOutcome, refusedOutcome, rowOutcome } from './outcome.ts'
import type { Pace } from './pace.ts'
import { isSchemaProblem, type PacedApi, pacedApi } from './paced-api.ts'
import { type Planned, planBatch } from './plan-batch.ts'
import { callOrError, type Ready, send } from './send.ts'
import type { Turns } from './turns.ts'

/** What the counters are told of one settled batch. */
export type Delivered = {
  entity: Entity
  kind: string
  result: string
  /** From Clerk's change to Salesforce's answer. */
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
  delivered: (results: readonly Delivered[]) => void
}

type Decided = { planned: Planned; plan: Plan; held: Held | undefined }

const heldOf = (planned: Planned, sight: Sight | undefined, plan: Plan, now: number): Held | undefined => {
  const state = sight?.salesforce ?? planned.remembered
  if (state.state === 'present') return { id: state.id, fields: state.fields, version: state.version }
  // What is gone is remembered as gone, so that its children do not refer to it.
  if (state.state === 'absent' && state.id !== undefined && plan.do === 'park')
    return { id: state.id, fields: {}, version: 0, deletedAt: now }
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
  { rules, streaks }: Pick<DeliverOptions, 'rules' | 'streaks'>,
): Promise<Looked> => {
  const looked: Looked = { sights: new Map(), failures: new Map() }
  const breaker = createBreaker<Wanted>(streaks.look)
  let stopped: SalesforceError | undefined
  const fail = (wanted: readonly Wanted[], error: SalesforceError): void => {
    for (const { claim } of wanted) looked.failures.set(claim.linkId, error)
  }
  const apart = async (wanted: readonly Wanted[]): Promise<void> => {
    if (stopped) return fail(wanted, stopped)
    const sights = await callOrError(() => look(api, entity, wanted, rules))
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
  const { sights, failures } = await lookApart(api, entity, wanted, options)
  const failed: Outcome[] = []
  for (const { planned } of toLook) {
    const { claim } = planned
    const failure = failures.get(claim.linkId)
    if (failure === undefined) {
      const sight = sights.get(claim.linkId) ?? { salesforce: { state: 'absent' }, candidates: [] }
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

const pauseReason = ({ kind }: SalesforceError): 'outage' | 'allowance' | 'auth' | 'blocked' =>
  kind === 'allowance' || kind === 'auth' ? kind : kind === 'refused' ? 'blocked' : 'outage'

type Write = { planned: Planned; change: Change; base: Fields; held: Held | undefined }

/** Two claims that want to adopt the same record: the second looks again, and finds it taken. */
const onceEach = (writes: readonly Write[]): { kept: Write[]; again: Write[] } => {
  const taken = new Set<string>()
  const kept: Write[] = []
  const again: Write[] = []
  for (const write of writes) {
    const { id } = write.change
    if (id !== undefined && taken.has(id)) again.push(write)
    else kept.push(write)
    if (id !== undefined) taken.add(id)
  }
  return { kept, again }
}

/** Plans, writes and settles one claimed batch of one entity. */
export const deliver = async (
  options: DeliverOptions,
  entity: Entity,
  claims: readonly Claim[],
  lease: string,
): Promise<void> => {
  const { db, pace, now, random, delivered } = options
  const api = pacedApi(options.api, pace, now, options.turns)
  const times = () => ({ now: now(), random })
  const { decided, failed } = await decide(options, api, entity, claims)
  const outcomes: Outcome[] = [...failed]
  const writes: Write[] = []
  for (const { planned, plan, held } of decided) {
    if (plan.do === 'change') writes.push({ planned, change: plan.change, base: plan.base, held })
    else {
      // A look that was not granted an answer is asked again; it cannot be the end of a claim.
      const quiet = plan.do === 'look' ? ({ do: 'later', reason: plan.reason } as const) : plan
      outcomes.push(
        quietOutcome(
          planned.claim,
          quiet,
          held,
          quiet.do === 'wait' ? planned.parentOf(quiet.for) : undefined,
          times(),
        ),
      )
    }
  }
  const { kept, again } = onceEach(writes)
  for (const { planned } of again)
    outcomes.push(
      quietOutcome(
        planned.claim,
        { do: 'later', reason: 'its record was just given to another' },
        undefined,
        undefined,
        times(),
      ),
    )
  const byClaim = new Map(kept.map((write) => [write.planned.claim, write]))
  const ready: Ready[] = kept.map(({ planned, change }) => ({ claim: planned.claim, change }))
  const results: Delivered[] = []
  for (const answer of await send(api, entity, ready, options.streaks.write)) {
    const { claim, change } = answer.ready
    const write = byClaim.get(claim)
    if (!write) continue
    if ('failed' in answer) {
      pace.pause(pauseReason(answer.failed), `${answer.failed.code}: ${answer.failed.message}`)
      outcomes.push(failedOutcome(claim, answer.failed, answer.alone, times()))
      continue
    }
    outcomes.push(rowOutcome(claim, change, write.base, write.held, answer.result, times()))
    const { changedAt } = write.planned
    results.push({
      entity,
      kind: change.kind,
      result: answer.result.ok ? 'done' : answer.result.code,
      ...(answer.result.ok && changedAt !== undefined ? { lagMs: Math.max(0, now() - changedAt) } : {}),
    })
  }
  await settle(db, entity, outcomes, lease, now())
  delivered(results)
}
