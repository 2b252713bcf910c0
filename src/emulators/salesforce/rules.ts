/**
 * What an org's admin or a test adds to saving: validation rules, and faults of single records. Duplicate rules are in
 * `duplicate-rules.ts`, flows and triggers in `records/automations.ts`.
 * A fault of a record stages any row of Salesforce's error table without a world that would bring it about.
 */
import type { Part } from '../kit/snapshot.ts'
import { failure, RecordFailure } from './errors.ts'
import type { Org } from './org.ts'
import type { Operation } from './records/checks.ts'
import type { ObjectType } from './schema.ts'
import type { Row, Value } from './store.ts'

/** Refuses a record with FIELD_CUSTOM_VALIDATION_EXCEPTION. */
export type ValidationRule = {
  object: string
  message: string
  fields?: readonly string[]
  /** True when the record is refused, as an error condition formula is. Only in the process. */
  refuses?: (row: Row, before: Row | undefined) => boolean
  /** The same over HTTP: refused when every field has this value (null: when it is empty). */
  when?: Readonly<Record<string, Value>>
}

/** Fails single records with a code of the caller's choice. */
export type RecordFault = {
  object: string
  operation?: Operation
  /** The record must have all these values. */
  where?: Readonly<Record<string, Value>>
  /** Only every nth matching record, counted from 1. */
  every?: number
  /** How many records it fails; without it, all. */
  times?: number
  /** Clock time in ms at which it ends. */
  until?: number
  code: string
  message?: string
  fields?: readonly string[]
}

export type RecordFaults = {
  add: (...faults: RecordFault[]) => void
  clear: () => void
  list: () => readonly RecordFault[]
  /** The fault for this record, counted as used. */
  take: (object: string, operation: Operation, row: Row) => RecordFault | undefined
  /** For snapshots: the list with its counts. */
  part: Part
}

type SavedRecordFault = { fault: RecordFault; left: number | null; seen: number }

const hasValues = (row: Row, values: Readonly<Record<string, Value>>): boolean =>
  Object.entries(values).every(([name, value]) => (row[name] ?? null) === value)

/** An empty list of record faults. */
export const createRecordFaults = (now: () => number): RecordFaults => {
  let rules: { fault: RecordFault; left: number; seen: number }[] = []
  return {
    add: (...faults) => {
      rules.push(...faults.map((fault) => ({ fault, left: fault.times ?? Number.POSITIVE_INFINITY, seen: 0 })))
    },
    clear: () => {
      rules = []
    },
    list: () => rules.map((rule) => rule.fault),
    take: (object, operation, row) => {
      if (rules.length === 0) return undefined
      rules = rules.filter((rule) => rule.left > 0 && (rule.fault.until === undefined || now() < rule.fault.until))
      for (const rule of rules) {
        const { fault } = rule
        if (fault.object !== object || (fault.operation ?? operation) !== operation) continue
        if (fault.where && !hasValues(row, fault.where)) continue
        rule.seen++
        if (fault.every !== undefined && rule.seen % fault.every !== 0) continue
        rule.left--
        return fault
      }
      return undefined
    },
    part: {
      save: () =>
        rules.map(({ left, ...rule }): SavedRecordFault => ({ ...rule, left: Number.isFinite(left) ? left : null })),
      load: (saved) => {
        rules = (saved as SavedRecordFault[]).map((rule) => ({ ...rule, left: rule.left ?? Number.POSITIVE_INFINITY }))
      },
      clear: () => {
        rules = []
      },
    },
  }
}

/** @throws RecordFailure when a fault is set for this record */
export const takeRecordFault = (org: Org, object: string, operation: Operation, row: Row): void => {
  const fault = org.recordFaults.take(object, operation, row)
  if (fault) throw failure(fault.code, fault.message ?? defaultMessages[fault.code] ?? fault.code, fault.fields)
}

const defaultMessages: Readonly<Record<string, string>> = {
  UNABLE_TO_LOCK_ROW: 'unable to obtain exclusive access to this record',
  INSUFFICIENT_ACCESS_OR_READONLY: 'insufficient access rights on object id',
  INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY: 'insufficient access rights on cross-reference id',
  ENTITY_IS_DELETED: 'entity is deleted',
  INVALID_CROSS_REFERENCE_KEY: 'invalid cross reference id',
}

/** @throws RecordFailure FIELD_CUSTOM_VALIDATION_EXCEPTION, all rules that refuse together */
export const checkValidationRules = (org: Org, object: ObjectType, row: Row, before: Row | undefined): void => {
  const broken = org.validationRules.filter(
    (rule) =>
      rule.object === object.name &&
      (rule.refuses?.(row, before) === true || (rule.when !== undefined && hasValues(row, rule.when))),
  )
  if (broken.length === 0) return
  throw new RecordFailure(
    broken.map((rule) => ({
      statusCode: 'FIELD_CUSTOM_VALIDATION_EXCEPTION',
      message: rule.message,
      fields: rule.fields ?? [],
    })),
  )
}
