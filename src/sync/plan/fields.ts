import type { Body, Fields, Value } from '../../model/model.ts'
import { type FieldRule, readField } from './mapping.ts'
import { mergeField, type Rule } from './merge.ts'
import type { Carry, Change, Kind, Plan } from './plan.ts'
import { sameValue } from './value.ts'

/** Collects the outcome of merging field after field. */
export type Draft = {
  fields: Record<string, Value>
  before: Record<string, Value>
  why: Record<string, string>
  rules: Record<string, Rule>
  base: Record<string, Value>
  conflicts: { field: string; why: string }[]
  weighs: boolean
  carry: Record<string, Carry['fields'][string]>
  carryWeighs: boolean
}

export const newDraft = (base: Fields | null): Draft => ({
  fields: {},
  before: {},
  why: {},
  rules: {},
  base: { ...base },
  conflicts: [],
  weighs: false,
  carry: {},
  carryWeighs: false,
})

export type Source = {
  clerk: Body
  salesforce: Fields
  /** The side whose record changed last. */
  newer: 'clerk' | 'salesforce'
  /** Fields that somebody else manages in Clerk (SCIM), whatever their rule says: Clerk wins. */
  managed: readonly string[]
}

/** Merges the mapped fields of one record into the draft. */
export const mergeFields = (draft: Draft, rules: readonly FieldRule[], source: Source): void => {
  for (const rule of rules) {
    const { value, fallback } = readField(rule, source.clerk)
    const held = source.salesforce[rule.field] ?? null
    const base = draft.base[rule.field]
    const managed = source.managed.includes(rule.field)
    const decidedBy = managed ? 'clerk' : rule.rule
    const merge = mergeField({
      rule: decidedBy,
      kind: rule.kind,
      base,
      clerk: value,
      salesforce: held,
      fallback,
      newer: source.newer,
      carries: rule.to !== undefined,
    })
    switch (merge.do) {
      case 'agree':
        draft.base[rule.field] = value
        break
      case 'write':
        put(draft, rule.field, value, held, merge.why)
        draft.rules[rule.field] = decidedBy
        if (fallback || (rule.rule !== 'clerk' && rule.rule !== 'salesforce')) draft.weighs = true
        break
      case 'carry':
        // `to` is there, or the merge would not have said so.
        draft.carry[rule.field] = { to: rule.to ?? '', value: held, before: value, why: merge.why, rule: decidedBy }
        if (rule.rule !== 'salesforce') draft.carryWeighs = true
        break
      case 'conflict':
        draft.conflicts.push({ field: rule.field, why: merge.why })
        break
      case 'keep':
        // A base that follows Clerk's side keeps "Clerk has not changed" true; Salesforce's own value is its own business. A blank that was
        // filled once stays in the base, or it would count as a blank again.
        if (base !== undefined && !(rule.rule === 'fill-blank' && value === null)) draft.base[rule.field] = value
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

/** Clerk's record cannot be written: it has ended, or only a stub of it is known. */
export const dropCarry = (draft: Draft): void => {
  draft.carry = {}
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
  const carried =
    Object.keys(draft.carry).length > 0 ? { carry: { fields: draft.carry, weighs: draft.carryWeighs } } : {}
  if (id !== undefined && Object.keys(draft.fields).length === 0)
    return { do: 'none', reason: 'both sides agree', id, base: draft.base, ...carried }
  const { fields, before, why, rules, weighs } = draft
  const change: Change = { kind, id, fields, before, why, rules, reason, weighs }
  return { do: 'change', change, base: draft.base, ...carried }
}
