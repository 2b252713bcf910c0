/**
 * The three-way merge of one field, as in version control: a side that differs from `base` (what both last agreed on) has changed.
 * One changed: carry it over if the rule allows. Both changed: the rule decides, or a person does. None changed: nothing to do.
 *
 * Two things protect what people typed before we came:
 * - an empty Clerk value never clears a Salesforce value unless Clerk had a value there before (`base` is filled);
 * - a fallback (a last name made up from a user name) only ever fills a blank, or replaces an earlier value of ours.
 */
import type { Value } from '../../model/model.ts'
import { type FieldKind, sameValue } from './value.ts'

/** Who decides a field. See the design's section 3 and docs/mapping.md. */
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
}

export type Merge =
  /** Both sides hold the same already. */
  | { do: 'agree' }
  /** Salesforce gets Clerk's value. */
  | { do: 'write'; why: string }
  /** Salesforce keeps its own. */
  | { do: 'keep'; why: string }
  /** Only a person can say. */
  | { do: 'conflict'; why: string }

const write = (why: string): Merge => ({ do: 'write', why })
const keep = (why: string): Merge => ({ do: 'keep', why })

const firstMeeting = ({ rule, clerk, salesforce, fallback, newer }: MergeInput): Merge => {
  if (clerk === null) return keep('Clerk has no value, and Salesforce had one before clerkforce came')
  if (salesforce === null)
    return rule === 'salesforce' ? keep('Salesforce owns this field') : write('Salesforce had no value')
  if (fallback) return keep('Clerk has only a fallback for it')
  switch (rule) {
    case 'clerk':
      return write('Clerk owns this field')
    case 'salesforce':
      return keep('Salesforce owns this field')
    case 'fill-blank':
      return keep('only blanks are filled')
    case 'newest':
      return newer === 'clerk' ? write('Clerk changed last') : keep('Salesforce changed last')
    case 'park':
      return { do: 'conflict', why: 'the two sides differ and never agreed' }
  }
}

const bothChanged = ({ rule, newer }: MergeInput): Merge => {
  switch (rule) {
    case 'clerk':
      return write('changed on both sides; Clerk owns this field')
    case 'salesforce':
      return keep('changed on both sides; Salesforce owns this field')
    case 'fill-blank':
      return keep('filled once, then never again')
    case 'newest':
      return newer === 'clerk'
        ? write('changed on both sides; Clerk changed last')
        : keep('changed on both sides; Salesforce changed last')
    case 'park':
      return { do: 'conflict', why: 'changed on both sides' }
  }
}

const onlyClerkChanged = ({ rule, base, salesforce }: MergeInput): Merge => {
  if (rule === 'salesforce') return keep('Salesforce owns this field')
  if (rule === 'fill-blank')
    return base === null && salesforce === null
      ? write('Salesforce had no value')
      : keep('filled once, then never again')
  return write('changed in Clerk')
}

const onlySalesforceChanged = ({ rule, base, clerk }: MergeInput): Merge => {
  if (rule !== 'clerk') return keep('changed in Salesforce')
  if (clerk === null && base === null) return keep('Clerk never had a value')
  return write('changed in Salesforce; Clerk owns this field')
}

/** Decides one field. Total and pure. */
export const mergeField = (input: MergeInput): Merge => {
  const { base, clerk, salesforce, kind, fallback } = input
  if (sameValue(clerk, salesforce, kind)) return { do: 'agree' }
  if (base === undefined) return firstMeeting(input)
  const clerkChanged = !sameValue(clerk, base, kind)
  const salesforceChanged = !sameValue(salesforce, base, kind)
  if (fallback && salesforceChanged && salesforce !== null) return keep('Clerk has only a fallback for it')
  if (clerk === null && base === null) return keep('Clerk never had a value')
  if (clerkChanged && salesforceChanged) return bothChanged(input)
  return clerkChanged ? onlyClerkChanged(input) : onlySalesforceChanged(input)
}
