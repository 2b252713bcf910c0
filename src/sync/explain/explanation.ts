/** What an explanation says, as types: what `GET /api/explain/:id` and `clerkforce explain --json` give. Times are milliseconds since 1970. */
import type { Entity, Side, Value } from '../../model/model.ts'
import type { Rule } from '../plan/merge.ts'

/** A record as the mirror has it. */
export type SideRecord = {
  id: string
  /** `user`, `Contact` … */
  object: string
  /** What people call it; undefined where nothing is known. */
  name: string | undefined
  /** The side's own time of its last change; 0 where only another record told of it. */
  changedAt: number
  deletedAt: number | null
}

/** How the two records came to be a pair. `pending`: there is no record on one side. */
export type Pairing = {
  by: 'created' | 'adopted' | 'provisioned' | 'invited' | 'found' | 'linked' | 'unknown' | 'pending'
  at: number | null
  text: string
}

/** How the pair stands. */
export type Standing = {
  is: 'agreed' | 'due' | 'under way' | 'waiting' | 'parked' | 'unlinked' | 'erased'
  /** Since when it is parked, or when it is due. */
  at: number | null
  code: string | null
  text: string
  /** What the plan says would be done next; undefined where there is nothing to do, or the mapping is not at hand. */
  next: string | undefined
  /** What is not known yet and will be asked. */
  questions: readonly string[]
}

/** Why a field has the value that it has. */
export type FieldReason = {
  field: string
  /** Its place in Clerk, where Clerk may be written. */
  place: string | undefined
  clerk: Value
  salesforce: Value
  /** What both last agreed on; undefined: never. */
  base: Value | undefined
  same: boolean
  /** `own`: clerkforce decides it, without a mapping. */
  rule: Rule | 'own'
  /** The side that the value came from; `both`: they had it when they met; `clerkforce`: made by it; `none`: empty. */
  from: Side | 'both' | 'clerkforce' | 'none'
  at: number | null
  why: string
  /** What would happen if one side changed it; undefined where that side has no such value. */
  ifClerk: string | undefined
  ifSalesforce: string
}

export type LineField = { field: string; before: Value; after: Value; why: string; rule: string | undefined }

/** One thing that happened. */
export type TimelineLine = {
  at: number
  what: 'hint' | 'write' | 'decision' | 'request'
  side: Side
  title: string
  /** Whether it was refused, parked or could not be read. */
  trouble: boolean
  detail: readonly string[]
  fields: readonly LineField[]
  /** The number of a write in the journal, by which `undo` knows it. */
  change?: number
  /** The number of the backfill or reconcile that brought it about. */
  run?: number
}

export type Related = { entity: Entity; clerkId: string; salesforceId: string | null; text: string }

export type Explained = {
  entity: Entity
  link: number | null
  clerk: SideRecord | null
  salesforce: SideRecord | null
  pairing: Pairing
  /** What a person decided about the pair, in words; null where nobody did. */
  decided: { at: number; text: string } | null
  standing: Standing
  fields: readonly FieldReason[]
  /** Oldest first. */
  timeline: readonly TimelineLine[]
  /** Something older is left out of the timeline. */
  cut: boolean
  related: readonly Related[]
}

/** A record that an e-mail address may mean. */
export type Match = {
  id: string
  object: string
  name: string | undefined
  pairedWith: string | null
  standing: Standing['is']
}

export type Explanation = {
  asked: string
  at: number
  /** Several records have this address: ask for one of these. */
  matches: readonly Match[]
  /** None: nothing is known, or `matches` are to choose from. Two: a Contact that was invited is a person too. */
  records: readonly Explained[]
}
