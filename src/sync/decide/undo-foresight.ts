/** What would become of a value that was put back: asked of the planner and of the merge that will decide it. */

import type { Clock } from '../../clock.ts'
import type { Query } from '../../db/database.ts'
import type { Body, Fields, Json, Value } from '../../model/model.ts'
import { readSalesforce } from '../mirror/context.ts'
import type { Claim } from '../mirror/dirty.ts'
import { type FieldRule, type Rules, readField } from '../plan/mapping.ts'
import { type Merge, mergeField } from '../plan/merge.ts'
import type { Plan } from '../plan/plan.ts'
import { planBatch } from '../write/plan-batch.ts'
import type { Seen } from './undo-write.ts'

export type Foreseen = { outcome: 'stays' | 'carried' | 'parked' | 'overwritten'; text: string }

type Options = { db: { query: Query }; rules: Rules; clock: Clock }

const ruleOf = (claim: Claim, rules: Rules, matches: (rule: FieldRule) => boolean): FieldRule | undefined =>
  claim.entity === 'invitation' ? undefined : rules[claim.entity].fields.find(matches)

const inPlan = (plan: Plan | undefined, field: string, rule: FieldRule | undefined): Foreseen => {
  if (!plan) return { outcome: 'stays', text: 'nothing is known of its other side' }
  if (plan.do === 'park') return { outcome: 'parked', text: `the pair would be parked as ${plan.code}: ${plan.reason}` }
  if (plan.do === 'wait' || plan.do === 'later' || plan.do === 'look')
    return { outcome: 'parked', text: `it cannot be said yet what comes of it: ${plan.reason}` }
  if (plan.do === 'change' && field in plan.change.fields) {
    const advice = rule
      ? 'change it in Clerk, or the rule of the field'
      : 'clerkforce decides it by what Clerk says: change it there'
    return { outcome: 'overwritten', text: `it would be written again at once (${plan.change.why[field]}): ${advice}` }
  }
  const carried = 'carry' in plan ? plan.carry?.fields[field] : undefined
  return carried
    ? { outcome: 'carried', text: `Clerk gets it as well, in ${carried.to}` }
    : { outcome: 'stays', text: 'it stays so in Salesforce; Clerk keeps its own' }
}

/** For values that are put back in Salesforce. */
export const foreseeInSalesforce = async (
  { db, rules, clock }: Options,
  claim: Claim,
  seen: Seen,
  back: Fields,
): Promise<(field: string) => Foreseen> => {
  const fields = { ...seen.fields, ...back }
  // A link that is dirty may be there because of this very look: it is planned as if it had been looked at.
  const [planned] = await planBatch(db.query, claim.entity, [claim], rules)
  const version = clock.now()
  const plan = planned?.plan({
    salesforce: { state: 'present', id: claim.salesforceId ?? '', fields, version },
    candidates: [],
    asOf: version,
  })
  return (field) =>
    inPlan(
      plan,
      field,
      ruleOf(claim, rules, (rule) => rule.field === field),
    )
}

/** A copy of a body with a value in one place. */
export const withValue = (body: Body, path: string, value: Value): Body => {
  const [key = '', ...rest] = path.split('.')
  if (rest.length === 0) return { ...body, [key]: value }
  const inner: Json | undefined = body[key]
  const below = typeof inner === 'object' && inner !== null && !Array.isArray(inner) ? (inner as Body) : {}
  return { ...body, [key]: withValue(below, rest.join('.'), value) }
}

const inMerge = (merge: Merge, { field }: FieldRule): Foreseen => {
  switch (merge.do) {
    case 'carry':
      return {
        outcome: 'overwritten',
        text: `it would be written again at once (${merge.why}): change ${field} in Salesforce, or the rule of the field`,
      }
    case 'write':
      return { outcome: 'carried', text: `Salesforce gets it as well, in ${field}` }
    case 'conflict':
      return { outcome: 'parked', text: `the pair would be parked as CONFLICT: ${merge.why}` }
    case 'agree':
    case 'keep':
      return { outcome: 'stays', text: 'it stays so in Clerk; Salesforce keeps its own' }
  }
}

/** For values that are put back in Clerk. */
export const foreseeInClerk = async (
  { db, rules }: Options,
  claim: Claim,
  seen: Seen,
  back: Fields,
): Promise<(place: string) => Foreseen> => {
  const remembered = (await readSalesforce(db.query, [{ ...claim, look: false }])).get(claim.linkId)
  const held = remembered?.state === 'present' ? remembered.fields : {}
  const body = Object.entries(back).reduce((all, [place, value]) => withValue(all, place, value), seen.body)
  return (place) => {
    const rule = ruleOf(claim, rules, ({ to }) => to === place)
    if (!rule) return { outcome: 'stays', text: 'no field has this place any more' }
    const { value, fallback } = readField(rule, body)
    const merge = mergeField({
      rule: claim.managed.includes(rule.field) ? 'clerk' : rule.rule,
      kind: rule.kind,
      base: claim.base?.[rule.field],
      clerk: value,
      salesforce: held[rule.field] ?? null,
      fallback,
      newer: 'clerk',
      carries: true,
    })
    return inMerge(merge, rule)
  }
}
