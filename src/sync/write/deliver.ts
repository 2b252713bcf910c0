import type { Database } from '../../db/database.ts'
import type { Entity, Fields } from '../../model/model.ts'
import { SalesforceError } from '../../salesforce/api.ts'
import type { Claim } from '../mirror/dirty.ts'
import { type Held, type Outcome, settle } from '../mirror/settle.ts'
import type { Rules } from '../plan/mapping.ts'
import type { Change, Plan } from '../plan/plan.ts'
import { look, type Sight, type Wanted } from './look.ts'
import { failedOutcome, quietOutcome, refusedOutcome, rowOutcome } from './outcome.ts'
import type { Pace } from './pace.ts'
import { isSchemaProblem, type PacedApi, pacedApi } from './paced-api.ts'
import { type Planned, planBatch } from './plan-batch.ts'
import { callOrError, type Ready, send } from './send.ts'

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
  now: () => number
  random: () => number
  delivered: (results: readonly Delivered[]) => void
}

type Decided = { planned: Planned; plan: Plan; held: Held | undefined }

const heldOf = (planned: Planned, sight: Sight | undefined, plan: Plan): Held | undefined => {
  const state = sight?.salesforce ?? planned.remembered
  if (state.state === 'present') return { id: state.id, fields: state.fields, version: state.version }
  const adopted = plan.do === 'change' ? plan.change.id : plan.do === 'none' ? plan.id : undefined
  return sight?.candidates.find(({ id }) => id === adopted)
}

/** Rules that weigh Salesforce's own value need to see it as it is now; `clerk` and `salesforce` do not. */
const weighsSalesforce = (entity: Entity, rules: Rules): boolean =>
  rules[entity].fields.some(({ rule }) => rule === 'fill-blank' || rule === 'newest' || rule === 'park')

const needsLook = (entity: Entity, plan: Plan, rules: Rules): boolean =>
  plan.do === 'look' || (plan.do === 'change' && plan.change.id !== undefined && weighsSalesforce(entity, rules))

type Looked = { sights: Map<number, Sight>; failures: Map<number, SalesforceError> }

/** Looks for links; a look that is refused is cut in halves until the one that spoils it is alone. */
const lookApart = async (api: PacedApi, entity: Entity, wanted: readonly Wanted[], rules: Rules): Promise<Looked> => {
  const sights = await callOrError(() => look(api, entity, wanted, rules))
  if (!(sights instanceof SalesforceError)) return { sights, failures: new Map() }
  if (sights.kind !== 'refused' || isSchemaProblem(sights) || wanted.length === 1)
    return { sights: new Map(), failures: new Map(wanted.map(({ claim }) => [claim.linkId, sights])) }
  const middle = Math.ceil(wanted.length / 2)
  const first = await lookApart(api, entity, wanted.slice(0, middle), rules)
  const second = await lookApart(api, entity, wanted.slice(middle), rules)
  return {
    sights: new Map([...first.sights, ...second.sights]),
    failures: new Map([...first.failures, ...second.failures]),
  }
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
  const toLook = first.filter(({ plan }) => needsLook(entity, plan, rules))
  const decided: Decided[] = first
    .filter(({ plan }) => !needsLook(entity, plan, rules))
    .map(({ planned, plan }) => ({ planned, plan, held: heldOf(planned, undefined, plan) }))
  if (toLook.length === 0) return { decided, failed: [] }
  const wanted = toLook.map(({ planned }) => planned.wanted)
  const { sights, failures } = await lookApart(api, entity, wanted, rules)
  const failed: Outcome[] = []
  for (const { planned } of toLook) {
    const { claim } = planned
    const failure = failures.get(claim.linkId)
    if (failure === undefined) {
      const sight = sights.get(claim.linkId) ?? { salesforce: { state: 'absent' }, candidates: [] }
      const plan = planned.plan(sight)
      decided.push({ planned, plan, held: heldOf(planned, sight, plan) })
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
  const api = pacedApi(options.api, pace, now)
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
  for (const answer of await send(api, entity, ready)) {
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
