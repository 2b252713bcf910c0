import type { Fields } from '../../model/model.ts'
import type { RowResult, SalesforceError } from '../../salesforce/api.ts'
import { judgeRow } from '../../salesforce/verdict.ts'
import { heldCode } from '../mirror/decisions.ts'
import type { Claim } from '../mirror/dirty.ts'
import { heldAfter } from '../mirror/from-salesforce.ts'
import type { Entry } from '../mirror/journal.ts'
import type { Held, Outcome } from '../mirror/settle.ts'
import { backoffMs, mostAttempts } from '../pace/backoff.ts'
import type { Rule } from '../plan/merge.ts'
import type { Change, Plan } from '../plan/plan.ts'

/** Plans that end without a write. */
type Quiet = Extract<Plan, { do: 'none' | 'park' | 'wait' | 'later' }>

/** `began`: when the call went out whose answer it is. */
type Times = { now: number; random: () => number; began?: number }

/** A child asks again after this long even if nobody wakes it: its parent may have settled just before it began to wait. */
const waitMs = 5_000
/** A child of a parked parent: only a person can end that. */
const parkedParentMs = 10 * 60_000
/** Looking again does not help for ever. */
const mostLooks = 6

const release = (claim: Claim, dueAt: number, attempts: number, look: boolean, waitsFor?: number): Outcome => ({
  end: 'released',
  claim,
  release: { claim, dueAt, attempts, look, waitsFor },
})

/** The outcome of a plan that needs no write. */
export const quietOutcome = (
  claim: Claim,
  plan: Quiet,
  held: Held | undefined,
  parent: { linkId: number | undefined; parked: boolean } | undefined,
  { now, random }: Times,
): Outcome => {
  const seen = held ? { held } : {}
  switch (plan.do) {
    case 'none':
      return {
        end: 'settled',
        claim,
        agreed: { salesforceId: plan.id ?? null, base: plan.base ?? claim.base, reason: plan.reason },
        ...seen,
      }
    case 'park':
      return {
        end: 'parked',
        claim,
        code: plan.code,
        reason: plan.reason,
        ...seen,
        // A link that is held was told of when a person undid something.
        entries: plan.code === heldCode ? [] : [entryOf('park', claim, null, plan.reason, plan.code)],
      }
    case 'wait':
      return release(
        claim,
        now + (parent?.parked ? parkedParentMs : waitMs),
        claim.attempts,
        claim.look,
        parent?.linkId,
      )
    case 'later':
      return claim.attempts >= mostAttempts
        ? {
            end: 'parked',
            claim,
            code: 'NOT_VISIBLE',
            reason: `${plan.reason}; it still did not after ${mostAttempts} looks. Check the record in Salesforce, then retry`,
          }
        : {
            ...release(claim, now + backoffMs(claim.attempts, random, 500), claim.attempts + 1, true),
            // Told once; the next looks change nothing until one of them finds something.
            entries: claim.attempts === 0 ? [entryOf('look', claim, null, plan.reason, 'LATER')] : [],
          }
  }
}

const ruleOf = (rule: Rule | undefined): { rule?: Rule } => (rule === undefined ? {} : { rule })

const entryOf = (
  kind: string,
  claim: Claim,
  change: Change | null,
  reason: string,
  result: string,
  detail?: string,
): Entry => ({
  side: 'salesforce',
  kind,
  salesforceId: change?.id ?? claim.salesforceId,
  reason,
  fields: Object.fromEntries(
    Object.entries(change?.fields ?? {}).map(([field, after]) => [
      field,
      {
        before: change?.before[field] ?? null,
        after,
        why: change?.why[field] ?? '',
        ...ruleOf(change?.rules?.[field]),
      },
    ]),
  ),
  result,
  ...(detail === undefined ? {} : { detail }),
})

const written = (
  claim: Claim,
  change: Change,
  id: string,
  base: Fields,
  before: Held | undefined,
  { now, began = now }: Times,
): Outcome => {
  const gone = change.kind === 'delete' ? { deletedAt: now } : {}
  const adopted = change.kind === 'adopt' ? { adopted: true } : {}
  return {
    // The old relation is free; the new pair's is looked for next.
    ...(change.kind === 'unpair'
      ? {
          end: 'released',
          release: { claim, dueAt: now, attempts: claim.attempts, look: true },
          agreed: { salesforceId: null, base: null },
        }
      : { end: 'settled', agreed: { salesforceId: id, base, ...adopted } }),
    claim,
    held: {
      id,
      fields: heldAfter(before?.fields ?? {}, change.fields),
      version: before?.version ?? 0,
      // A record that we made is as we made it; of any other we know what was seen before, and what we sent.
      asOf: change.kind === 'delete' ? now : (before?.asOf ?? now),
      sent: change.fields,
      sentFrom: began,
      sentAt: now,
      ...gone,
    },
    entries: [{ ...entryOf(change.kind, claim, change, change.reason, 'done'), salesforceId: id }],
  }
}

/** Salesforce's answer for a delete of something that is gone already. */
const alreadyGone = new Set(['ENTITY_IS_DELETED', 'NOT_FOUND', 'INVALID_CROSS_REFERENCE_KEY'])

/** Codes by which Salesforce says that a record the row refers to is gone. */
const refersToGone = new Set(['ENTITY_IS_DELETED', 'INVALID_CROSS_REFERENCE_KEY', 'NOT_FOUND'])

const referencesOf = ({ fields }: Change): string[] =>
  [fields['AccountId'], fields['ContactId']].filter((id): id is string => typeof id === 'string')

/** The outcome of one row of a call. */
export const rowOutcome = (...row: Parameters<typeof judgedOutcome>): Outcome => {
  const outcome = judgedOutcome(...row)
  const [, change, , , result] = row
  return result.ok || !refersToGone.has(result.code) ? outcome : { ...outcome, missing: referencesOf(change) }
}

const judgedOutcome = (
  claim: Claim,
  change: Change,
  base: Fields,
  before: Held | undefined,
  result: RowResult,
  times: Times,
): Outcome => {
  const { now, random } = times
  if (result.ok) return written(claim, change, result.id, base, before, times)
  const { code, message } = result
  if (change.kind === 'delete' && change.id !== undefined && alreadyGone.has(code))
    return written(claim, change, change.id, base, before, times)
  const { verdict, advice } = judgeRow(result)
  const entries = [entryOf(change.kind, claim, change, change.reason, code, message)]
  const park: Outcome = { end: 'parked', claim, code, reason: `${message} ${advice}`.trim(), entries }
  switch (verdict) {
    case 'look-again':
      return claim.attempts >= mostLooks
        ? park
        : {
            ...release(
              claim,
              now + (claim.attempts > 0 ? backoffMs(claim.attempts, random, 500) : 0),
              claim.attempts + 1,
              true,
            ),
            entries,
          }
    case 'retry':
    case 'wait-for-parent':
      return claim.attempts >= mostAttempts
        ? park
        : { ...release(claim, now + backoffMs(claim.attempts, random), claim.attempts + 1, false), entries }
    case 'limit-batch':
    case 'park':
      return park
  }
}

/**
 * The outcome of a call that failed as a whole: given back, no attempt used up; after a lost answer, to be read back. Only a record whose
 * answer gets lost when it is all that was sent is to blame itself, and is parked in the end.
 */
export const failedOutcome = (
  claim: Claim,
  failure: SalesforceError,
  alone: boolean,
  { now, random }: Times,
): Outcome => {
  if (failure.kind !== 'lost-answer') return release(claim, now, claim.attempts, claim.look)
  if (!alone) return release(claim, now, claim.attempts, true)
  if (claim.attempts < mostAttempts)
    return release(claim, now + backoffMs(claim.attempts, random, 500), claim.attempts + 1, true)
  return {
    end: 'parked',
    claim,
    code: failure.code,
    reason: `Salesforce does not answer whenever this record is sent (${failure.message}): look for a trigger or flow of the org that fails on it, then retry`,
  }
}

/** The outcome of a look that Salesforce refuses for this one record alone. */
export const refusedOutcome = (claim: Claim, { code, message }: SalesforceError): Outcome => ({
  end: 'parked',
  claim,
  code,
  reason: `Salesforce refuses to look this record up: ${message}`,
})
