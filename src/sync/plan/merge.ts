/**
 * The three-way merge of one field, as in version control: a side that differs from `base` (what both last agreed on) has changed.
 * One changed: carry it over if the rule allows. Both changed: the rule decides, or a person does. None changed: nothing to do.
 *
 * Three things protect what people typed before we came:
 * - an empty value never clears the other side's unless there was a value before (`base` is filled);
 * - a fallback (a last name made up from a user name) only ever fills a blank, or replaces an earlier value of ours;
 * - Clerk is written only where the field names a place in Clerk for it (`carries`), which no field does by default.
 */
import type { Value } from '../../model/model.ts'
import { type FieldKind, sameValue } from './value.ts'

/** Who decides a field. See docs/mapping.md. */
export type Rule = 'clerk' | 'salesforce' | 'fill-blank' | 'newest' | 'park'
export const rules: readonly Rule[] = ['clerk', 'salesforce', 'fill-blank', 'newest', 'park']

export type MergeInput = {
  rule: Rule
  kind: FieldKind
  /** Undefined: the two sides never agreed on this field. */
  base: Value | undefined
  clerk: Value
  salesforce: Value
  /** The Clerk value is only a fallback. */
  fallback: boolean
  /** The side whose record changed last, for `newest`; a tie is Clerk's. */
  newer: 'clerk' | 'salesforce'
  /** Clerk has a place for Salesforce's value. */
  carries: boolean
}

export type Merge =
  /** Both sides hold the same already. */
  | { do: 'agree' }
  /** Salesforce gets Clerk's value. */
  | { do: 'write'; why: string }
  /** Clerk gets Salesforce's value. */
  | { do: 'carry'; why: string }
  /** Each keeps its own. */
  | { do: 'keep'; why: string }
  /** Only a person can say. */
  | { do: 'conflict'; why: string }

const write = (why: string): Merge => ({ do: 'write', why })
const keep = (why: string): Merge => ({ do: 'keep', why })
const carry = ({ carries }: MergeInput, why: string): Merge => ({ do: carries ? 'carry' : 'keep', why })

const firstMeeting = (input: MergeInput): Merge => {
  const { rule, clerk, salesforce, fallback, newer } = input
  if (clerk === null)
    return rule === 'clerk'
      ? keep('Clerk has no value, and Salesforce had one before clerkforce came')
      : carry(input, 'Clerk had no value')
  if (salesforce === null)
    return rule === 'salesforce' ? keep('Salesforce owns this field') : write('Salesforce had no value')
  if (fallback) return keep('Clerk has only a fallback for it')
  switch (rule) {
    case 'clerk':
      return write('Clerk owns this field')
    case 'salesforce':
      return carry(input, 'Salesforce owns this field')
    case 'fill-blank':
      return keep('only blanks are filled')
    case 'newest':
      return newer === 'clerk' ? write('Clerk changed last') : carry(input, 'Salesforce changed last')
    case 'park':
      return { do: 'conflict', why: 'the two sides differ and never agreed' }
  }
}

const bothChanged = (input: MergeInput): Merge => {
  const { rule, newer } = input
  switch (rule) {
    case 'clerk':
      return write('changed on both sides; Clerk owns this field')
    case 'salesforce':
      return carry(input, 'changed on both sides; Salesforce owns this field')
    case 'fill-blank':
      return keep('filled once, then never again')
    case 'newest':
      return newer === 'clerk'
        ? write('changed on both sides; Clerk changed last')
        : carry(input, 'changed on both sides; Salesforce changed last')
    case 'park':
      return { do: 'conflict', why: 'changed on both sides' }
  }
}

const onlyClerkChanged = (input: MergeInput): Merge => {
  const { rule, base, salesforce } = input
  if (rule === 'salesforce') return carry(input, 'changed in Clerk; Salesforce owns this field')
  if (rule === 'fill-blank')
    return base === null && salesforce === null
      ? write('Salesforce had no value')
      : keep('filled once, then never again')
  return write('changed in Clerk')
}

const onlySalesforceChanged = (input: MergeInput): Merge => {
  const { rule, base, clerk } = input
  switch (rule) {
    case 'clerk':
      return clerk === null && base === null
        ? keep('Clerk never had a value')
        : write('changed in Salesforce; Clerk owns this field')
    case 'fill-blank':
      return base === null && clerk === null
        ? carry(input, 'Clerk had no value')
        : keep('filled once, then never again')
    case 'salesforce':
    case 'newest':
    case 'park':
      return carry(input, 'changed in Salesforce')
  }
}

/** Decides one field. Total and pure. */
export const mergeField = (input: MergeInput): Merge => {
  const { base, clerk, salesforce, kind, fallback } = input
  if (sameValue(clerk, salesforce, kind)) return { do: 'agree' }
  if (base === undefined) return firstMeeting(input)
  const clerkChanged = !sameValue(clerk, base, kind)
  const salesforceChanged = !sameValue(salesforce, base, kind)
  if (fallback && salesforceChanged && salesforce !== null) return keep('Clerk has only a fallback for it')
  if (clerkChanged && salesforceChanged) return bothChanged(input)
  return clerkChanged ? onlyClerkChanged(input) : onlySalesforceChanged(input)
}
