/**
 * The customer's automations: flows and triggers that run when a record is saved.
 *
 * Each is given in the process, with functions, or over HTTP, as data. When it runs decides what it may do, as in
 * Salesforce's order of execution:
 *
 *   before  changes the record while it is saved, in front of validation rules, and may refuse it
 *   after   runs when the record is saved and not yet committed; what it changes is a second save in the same
 *           transaction and by the same user; it may still refuse, and then everything is taken back
 *   async   runs in a transaction of its own once the first is committed, as the Automated Process user: to others it
 *           is a change by somebody else. Its failures reach nobody
 *
 * A refusal of a flow is CANNOT_EXECUTE_FLOW_TRIGGER, an exception in a trigger CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY;
 * what a trigger says with `addError` is FIELD_CUSTOM_VALIDATION_EXCEPTION with nothing but its text. An automation that
 * sets itself off again is ended after 16 rounds, as triggers are.
 */
import { failure, RecordFailure } from '../errors.ts'
import type { Org } from '../org.ts'
import type { Field, ObjectType } from '../schema.ts'
import type { Row, Value } from '../store.ts'
import { liveRow, type Operation, type Writer } from './checks.ts'
import { checkValue } from './values.ts'

export type Changes = Readonly<Record<string, Value>>
/** What to change of a record; undefined: nothing. Throws to refuse it. */
export type Hook = (record: Row, previous: Row | undefined) => Changes | undefined

export type Automation = {
  object: string
  /** @default both */
  on?: readonly ('insert' | 'update')[]
  /** How it appears in error texts. @default 'Automation' */
  name?: string
  /** @default 'flow' */
  kind?: 'flow' | 'trigger'
  before?: Hook
  after?: Hook
  async?: Hook
  /** When what `when`, `set`, `upperCase`, `restore` and `refuse` say happens. @default 'before' */
  at?: 'before' | 'after' | 'async'
  /** The record must have all these values; without it every record is meant. */
  when?: Changes
  /** One of these fields must have changed; without it any save is meant. */
  changed?: readonly string[]
  set?: Changes
  /** Text fields to put into capitals. */
  upperCase?: readonly string[]
  /** Fields whose former value is put back on update. */
  restore?: readonly string[]
  /** Refuses the record with this text. */
  refuse?: string
  /** How it is refused: as an unhandled fault, or as a message that a trigger adds to the record. @default 'fault' */
  refuseAs?: 'fault' | 'error'
}

type Time = 'before' | 'after' | 'async'
const mostRounds = 16

/** An automation's refusal that shows the user its text alone, as `addError` does. */
export class AddedError extends Error {}

const applies = (automation: Automation, row: Row, before: Row | undefined): boolean => {
  const { when, changed } = automation
  if (when && Object.entries(when).some(([name, value]) => (row[name] ?? null) !== value)) return false
  return !changed || changed.some((name) => (row[name] ?? null) !== (before?.[name] ?? null))
}

const asWritten = (automation: Automation, row: Row, before: Row | undefined): Changes => {
  if (automation.refuse !== undefined) {
    throw automation.refuseAs === 'error' ? new AddedError(automation.refuse) : new Error(automation.refuse)
  }
  const changes: Record<string, Value> = { ...automation.set }
  for (const name of automation.upperCase ?? []) {
    const value = row[name]
    if (typeof value === 'string') changes[name] = value.toUpperCase()
  }
  if (before) for (const name of automation.restore ?? []) changes[name] = before[name] ?? null
  return changes
}

const refusal = (automation: Automation, time: Time, operation: Operation, error: unknown): RecordFailure => {
  const text = error instanceof Error ? error.message : String(error)
  const name = automation.name ?? 'Automation'
  if (error instanceof AddedError) return failure('FIELD_CUSTOM_VALIDATION_EXCEPTION', text)
  if (automation.kind === 'trigger') {
    const event = `${time === 'before' ? 'Before' : 'After'}${operation === 'insert' ? 'Insert' : 'Update'}`
    return failure('CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY', `${name}: execution of ${event}\n\ncaused by: ${text}`)
  }
  return failure(
    'CANNOT_EXECUTE_FLOW_TRIGGER',
    `We can't save this record because the “${name}” process failed. Give your Salesforce admin these details. ${text}`,
  )
}

const fieldNamed = (object: ObjectType, automation: Automation, name: string): Field => {
  const field = object.byName.get(name.toLowerCase())
  if (!field) throw new Error(`automation ${automation.name ?? ''}: no field named ${object.name}.${name}`)
  return field
}

/** What one automation changes of a row; only what is different afterwards. */
const changesOf = (automation: Automation, time: Time, object: ObjectType, row: Row, before: Row | undefined) => {
  const operation: Operation = before ? 'update' : 'insert'
  let changes: Changes
  try {
    const written = (automation.at ?? 'before') === time ? asWritten(automation, row, before) : undefined
    changes = { ...written, ...automation[time]?.(row, before) }
  } catch (error) {
    throw refusal(automation, time, operation, error)
  }
  const different: Record<string, Value> = {}
  for (const [name, value] of Object.entries(changes)) {
    const field = fieldNamed(object, automation, name)
    const wrong = checkValue(field, value)
    if (wrong) throw refusal(automation, time, operation, new Error(`${wrong.statusCode}: ${wrong.message}`))
    if ((row[field.name] ?? null) !== value) different[field.name] = value
  }
  return different
}

const matching = (org: Org, object: ObjectType, row: Row, before: Row | undefined): Automation[] =>
  org.automations.filter(
    (automation) =>
      automation.object === object.name &&
      (automation.on ?? ['insert', 'update']).includes(before ? 'update' : 'insert') &&
      applies(automation, row, before),
  )

/** The row as before-save automations leave it. @throws RecordFailure */
export const runBefore = (org: Org, object: ObjectType, row: Row, before: Row | undefined): Row => {
  let current = row
  for (const automation of org.automations.length > 0 ? matching(org, object, row, before) : [])
    current = { ...current, ...changesOf(automation, 'before', object, current, before) }
  return current
}

/** How a row is saved again; given by `save.ts`, which runs this. */
export type SaveAgain = (writer: Writer, object: ObjectType, row: Row, changes: Changes) => void

const saveChanges = (writer: Writer, object: ObjectType, id: string, changes: Changes, again: SaveAgain): void => {
  const current = liveRow(writer.org, object, id)
  if (!current || Object.keys(changes).length === 0) return
  const rounds = writer.rounds ?? 0
  if (rounds >= mostRounds) {
    throw failure('CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY', `maximum trigger depth exceeded`)
  }
  again({ ...writer, rounds: rounds + 1 }, object, current, changes)
}

/** Runs after-save automations, and has asynchronous ones run after the commit. @throws RecordFailure */
export const runAfter = (
  writer: Writer,
  object: ObjectType,
  row: Row,
  before: Row | undefined,
  again: SaveAgain,
): void => {
  const { org } = writer
  if (org.automations.length === 0) return
  for (const automation of matching(org, object, row, before)) {
    saveChanges(writer, object, row.Id, changesOf(automation, 'after', object, row, before), again)
    if (automation.async || automation.at === 'async') {
      const later: Writer = {
        org,
        userId: org.automationId,
        origin: '',
        allowDuplicates: true,
        rounds: (writer.rounds ?? 0) + 1,
      }
      org.store.afterwards(() => {
        org.commits.as(later)
        try {
          org.store.atomically(() => {
            const current = liveRow(org, object, row.Id)
            const changes = current && changesOf(automation, 'async', object, current, before)
            if (changes) saveChanges(later, object, row.Id, changes, again)
          })
        } catch (error) {
          // As in Salesforce, where the admin gets an e-mail and the caller nothing.
          if (!(error instanceof RecordFailure)) throw error
        }
      })
    }
  }
}
