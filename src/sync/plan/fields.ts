import type { Body, Fields, Value } from '../../model/model.ts'
import { type FieldRule, readField } from './mapping.ts'
import { mergeField } from './merge.ts'
import type { Change, Kind, Plan } from './plan.ts'
import { sameValue } from './value.ts'

/** Collects the outcome of merging field after field. */
export type Draft = {
  fields: Record<string, Value>
  before: Record<string, Value>
  why: Record<string, string>
  base: Record<string, Value>
  conflicts: { field: string; why: string }[]
  weighs: boolean
}

export const newDraft = (base: Fields | null): Draft => ({
  fields: {},
  before: {},
  why: {},
  base: { ...base },
  conflicts: [],
  weighs: false,
})

/** Merges the mapped fields of one record into the draft. */
export const mergeFields = (
  draft: Draft,
  rules: readonly FieldRule[],
  source: Body,
  salesforce: Fields,
  newer: 'clerk' | 'salesforce',
): void => {
  for (const rule of rules) {
    const { value, fallback } = readField(rule, source)
    const held = salesforce[rule.field] ?? null
    const base = draft.base[rule.field]
    const merge = mergeField({
      rule: rule.rule,
      kind: rule.kind,
      base,
      clerk: value,
      salesforce: held,
      fallback,
      newer,
    })
    switch (merge.do) {
      case 'agree':
        draft.base[rule.field] = value
        break
      case 'write':
        put(draft, rule.field, value, held, merge.why)
        if (fallback || (rule.rule !== 'clerk' && rule.rule !== 'salesforce')) draft.weighs = true
        break
      case 'conflict':
        draft.conflicts.push({ field: rule.field, why: merge.why })
        break
      case 'keep':
        // A base that follows Clerk's side keeps "Clerk has not changed" true; Salesforce's own value is its own business.
        if (base !== undefined) draft.base[rule.field] = value
        break
    }
  }
}

const put = (draft: Draft, field: string, value: Value, held: Value, why: string): void => {
  draft.fields[field] = value
  draft.before[field] = held
  draft.why[field] = why
  draft.base[field] = value
}

/** A field that plan itself decides: written when Salesforce holds anything else. */
export const setField = (draft: Draft, field: string, value: Value, salesforce: Fields, why: string): void => {
  const held = salesforce[field] ?? null
  if (sameValue(value, held, 'text')) draft.base[field] = value
  else put(draft, field, value, held, why)
}

/** The plan that a finished draft stands for. */
export const finish = (draft: Draft, id: string | undefined, kind: Kind, reason: string): Plan => {
  if (draft.conflicts.length > 0) {
    const list = draft.conflicts.map(({ field, why }) => `${field}: ${why}`).join('; ')
    return {
      do: 'park',
      code: 'CONFLICT',
      reason: `a person must decide (${list}): make the two sides equal in one of them, then retry`,
    }
  }
  if (id !== undefined && Object.keys(draft.fields).length === 0)
    return { do: 'none', reason: 'both sides agree', id, base: draft.base }
  const { fields, before, why, weighs } = draft
  const change: Change = { kind, id, fields, before, why, reason, weighs }
  return { do: 'change', change, base: draft.base }
}
