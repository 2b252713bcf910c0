/**
 * Plan: what has to be written so that the two sides agree. Pure and total: no clock, no database, no vendor client.
 *
 *   base (last agreed)  \
 *   Clerk's record       >  plan  ->  none | look | wait | park | change (with a reason for every field)
 *   Salesforce's record /
 *
 * The wanted state is a function of what is known of both sides, not of the order in which it became known: a history of events that
 * arrives late, twice or out of order ends in the same place. In particular
 * - the primary Account is that of the oldest membership that is active (or, when none is, of the one that ended last);
 * - a membership has ended when it, its user or its organization was deleted, at the earliest of the three times;
 * - somebody who came and went before we could write is written as one who came and went; but a Contact that people made is never
 *   adopted for somebody who is gone already.
 *
 * Existence is decided by one table (`existence.ts`), fields by one merge (`merge.ts`).
 */
import type { Fields, Value } from '../../model/model.ts'
import type { Rule } from './merge.ts'

/** `unpair`: takes our key from a relation of a pair that is no more, before the new pair gets one. */
export type Kind = 'create' | 'adopt' | 'update' | 'end' | 'delete' | 'unpair'

/** A write we decided on. */
export type Change = {
  kind: Kind
  /** The record to write to; undefined: create it by our key. */
  id: string | undefined
  /** What is sent; empty for a delete. */
  fields: Fields
  /** What Salesforce held in the same fields, as far as known. */
  before: Fields
  /** Why, field by field. */
  why: { readonly [field: string]: string }
  /** The rule that decided, for fields of the mapping. */
  rules?: { readonly [field: string]: Rule }
  reason: string
  /** The decision depends on what people may have done in Salesforce: it must not be made from memory. */
  weighs: boolean
}

/** Values that Clerk gets from Salesforce, by Salesforce's field. */
export type Carry = {
  fields: { readonly [field: string]: { to: string; value: Value; before: Value; why: string; rule?: Rule } }
  /** It depends on Clerk still holding what we think it does: Clerk is asked before it is written. */
  weighs: boolean
}

export type Plan =
  /** Salesforce is as it should be, or there is nothing for us to do. `id` is the record the sides agree on. */
  | { do: 'none'; reason: string; id?: string; base?: Fields; carry?: Carry }
  /** Salesforce has to be asked first. */
  | { do: 'look'; reason: string }
  /** A parent has to be settled first. */
  | { do: 'wait'; for: 'person' | 'organization'; of: string; reason: string }
  /** What Salesforce shows cannot be right yet (queries lag behind writes): look again in a while. */
  | { do: 'later'; reason: string }
  | { do: 'park'; code: string; reason: string }
  | { do: 'change'; change: Change; base: Fields; carry?: Carry }
