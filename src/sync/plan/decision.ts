/**
 * What a person decided about a pair, as the plan takes it. It comes before matching: a decided pair is made whatever matches, and a record that
 * was unlinked is not found again by its e-mail address. It does not come before a person who moves our key by hand in Salesforce later on: that
 * is a decision too, and the newer one.
 */
import type { Entity, SalesforceState, Value } from '../../model/model.ts'
import { keyOf, objectOf } from './mapping.ts'
import type { Plan } from './plan.ts'

export type Decision = {
  /** `this`: the record `salesforceId`; `new`: none of those that are there; `apart`: no record at all. */
  wanted: 'this' | 'new' | 'apart'
  /** Of `this`; null otherwise. */
  salesforceId: string | null
  /** The record that it was taken from. */
  never: string | null
}

export type DecisionInput = {
  entity: Entity
  clerkId: string
  decision: Decision | undefined
  /** The pair was not made yet since it was decided on. */
  open: boolean
  salesforce: SalesforceState
}

/** Whether a record is not to be paired, for a person decided otherwise. */
const isRefused = ({ decision, open, salesforce }: DecisionInput): boolean => {
  if (!decision || salesforce.state !== 'present') return false
  const { wanted, salesforceId, never } = decision
  return salesforce.id === never || (wanted === 'this' && open && salesforce.id !== salesforceId)
}

const reason = 'a person unlinked it'

/** Takes our key, and what it says of Clerk's side, from the record that lost its pair: the key can be on one record only. */
const takeKeyOff = (key: string, id: string, held: Readonly<Record<string, Value>>): Plan => {
  const fields = [key, 'Clerk_Status__c'].filter((field) => (held[field] ?? null) !== null)
  const all = <T>(value: (field: string) => T): Record<string, T> =>
    Object.fromEntries(fields.map((field) => [field, value(field)]))
  const change = { kind: 'unpair' as const, id, reason, weighs: false }
  return {
    do: 'change',
    change: { ...change, fields: all(() => null), before: all((field) => held[field] ?? null), why: all(() => reason) },
    base: {},
  }
}

/** What a decision makes of the record that is there: our key is taken off it first, or it does not count, or nothing is to be done at all. */
export const applyDecision = (input: DecisionInput): Plan | SalesforceState => {
  const { entity, clerkId, decision, open, salesforce } = input
  if (isRefused(input) && salesforce.state === 'present') {
    const key = keyOf[entity]
    if (salesforce.fields[key] === clerkId) return takeKeyOff(key, salesforce.id, salesforce.fields)
  }
  const left: SalesforceState = isRefused(input) ? { state: 'absent' } : salesforce
  const nothing = left.state === 'absent' || left.state === 'hidden'
  if (decision?.wanted === 'apart' && open && nothing) return { do: 'none', reason }
  // What was taken away may still be looked for by its id; it is not waited for.
  return open && left.state === 'hidden' ? { state: 'absent' } : left
}

/** The plan for a decided record that is not there. */
export const decidedGone = (entity: Entity, { salesforceId }: Decision): Extract<Plan, { do: 'park' }> => ({
  do: 'park',
  code: 'DECIDED_GONE',
  reason: `a person linked it to ${objectOf[entity]} ${salesforceId}, which Salesforce does not show: undelete it there and retry, or decide again (clerkforce link)`,
})

/** In a plan's own words, why a record is adopted. */
export const decidedReason = 'a person linked it'

/** Likewise, why a new one is made although others may match. */
export const decidedNewReason = 'a person decided that it is to be a new one'
