import { failure, RecordFailure } from '../errors.ts'
import { toId18 } from '../ids.ts'
import type { Org } from '../org.ts'
import { type RecordInput, visibleField } from '../records/read-record.ts'
import {
  deleteOperation,
  hardDeleteOperation,
  insertOperation,
  type RowOperation,
  type RowOutcome,
  runOperations,
  updateOperation,
  upsertOperation,
} from '../records/row-operations.ts'
import { refuseRepeats } from '../routes/collections.ts'
import type { Field, ObjectType } from '../schema.ts'
import { keyOf } from '../store.ts'
import { type Column, readRow } from './columns.ts'
import type { Table } from './csv-file.ts'
import type { IngestOperation } from './jobs.ts'
import type { Outcomes } from './outcomes.ts'

/** Rows on their way into the org. */
export type Loading = {
  object: ObjectType
  operation: IngestOperation
  /** For an upsert: the field that finds records; undefined for the record's id. */
  keyField: Field | undefined
  columns: readonly Column[]
  table: Table
  outcomes: Outcomes
  /** As change events say it. */
  origin: string
  /** The job was aborted, deleted or reset: nothing more is to be saved. */
  stopped: () => boolean
  /** Rows that met a row lock are tried again. */
  retried: () => void
}

/** The field that finds records of an upsert; undefined where that is the record's id. */
export const keyFieldOf = (object: ObjectType, name: string | undefined): Field | undefined =>
  name === undefined || name === 'Id' ? undefined : visibleField(object, name)

/** Rows of one internal batch, and of one transaction within it. */
export const batchSize = 10_000
const chunkSize = 200

/** How often rows that met a row lock are tried in all; the guide names ten for batches in its older editions. */
const mostTries = 10

/** An error as result files say it. */
const shown = ({ errors }: RecordFailure): string =>
  errors
    .map(({ statusCode, message, fields }) =>
      fields.length > 0 ? `${statusCode}:${message}:${fields.join(', ')} --` : `${statusCode}:${message}:--`,
    )
    .join('')

const failing = (object: ObjectType, error: RecordFailure): RowOperation => ({
  object,
  accounts: () => [],
  run: () => {
    throw error
  },
})

type Planned = { row: number; operation: RowOperation; key: unknown; id: string }

const operationOf = (org: Org, { object, operation, keyField }: Loading, input: RecordInput): RowOperation => {
  const { id } = input
  if (operation === 'insert') return insertOperation(org, input)
  if (operation === 'update') return updateOperation(org, input, id)
  if (operation === 'upsert') {
    if (keyField) {
      if (id !== undefined)
        return failing(object, failure('INVALID_FIELD', 'The Id field should not be specified in the sobject data.'))
      return upsertOperation(org, input, keyField, input.values.get(keyField) ?? null)
    }
    if (id !== undefined) return updateOperation(org, input, id)
    const insert = insertOperation(org, input)
    return { ...insert, run: (writer) => ({ ...insert.run(writer), created: true }) }
  }
  if (id === undefined) return failing(object, failure('MISSING_ARGUMENT', 'Id not specified in a delete call'))
  return operation === 'delete' ? deleteOperation(org, object, id) : hardDeleteOperation(org, object, id)
}

const keyOfRow = ({ operation, keyField }: Loading, input: RecordInput): unknown => {
  if (operation === 'insert') return undefined
  if (operation === 'upsert' && keyField) return keyOf(keyField, input.values.get(keyField) ?? null)
  return input.id && (toId18(input.id) ?? input.id)
}

/** What a row asks for; undefined when it cannot be read, and has failed. */
const plan = (org: Org, loading: Loading, row: number): Planned | undefined => {
  const { object, columns, table, outcomes } = loading
  const { cells, fault } = table.row(row)
  if (fault !== undefined) {
    outcomes.fail(row, fault, '')
    return undefined
  }
  try {
    const input = readRow(object, columns, cells)
    const operation = operationOf(org, loading, input)
    return { row, operation, key: keyOfRow(loading, input), id: (input.id && toId18(input.id)) ?? '' }
  } catch (error) {
    if (!(error instanceof RecordFailure)) throw error
    outcomes.fail(row, shown(error), '')
    return undefined
  }
}

const isLock = (outcome: RowOutcome): boolean =>
  !outcome.ok && outcome.failure.errors.some((error) => error.statusCode === 'UNABLE_TO_LOCK_ROW')

/** Waits on the org's clock, or at least lets requests and other batches in. */
export const passTime = (org: Org, ms: number): Promise<void> =>
  ms > 0 ? org.clock.sleep(ms) : new Promise((resolve) => setImmediate(resolve))

/** Saves one chunk in one transaction. @returns rows to be tried again */
const saveChunk = async (org: Org, loading: Loading, rows: readonly number[], last: boolean): Promise<number[]> => {
  const owner = {}
  try {
    const planned = rows.flatMap((row) => plan(org, loading, row) ?? [])
    const what = loading.operation === 'upsert' && loading.keyField ? 'external id' : 'id'
    const operations = refuseRepeats(
      planned.map(({ operation }) => operation),
      planned.map(({ key }) => key),
      what,
    )
    const unlocked = await org.locks.acquire(
      owner,
      operations.flatMap((operation) => operation.accounts()),
    )
    await passTime(org, (org.settings.bulkBatchMs * rows.length) / batchSize)
    if (loading.stopped()) return []
    // Without a header for duplicate rules: Bulk API has none, so alerts are not passed.
    const writer = { org, userId: org.userId, origin: loading.origin, allowDuplicates: false }
    const outcomes = org.store.atomically(() =>
      runOperations({ ...writer, ...(unlocked ? { unlocked } : {}) }, operations, false),
    )
    const again: number[] = []
    for (const [i, outcome] of outcomes.entries()) {
      const { row = 0, id = '' } = planned[i] ?? {}
      if (outcome.ok) loading.outcomes.succeed(row, outcome.result.id, outcome.result.did === 'created')
      else if (isLock(outcome) && !last) again.push(row)
      else loading.outcomes.fail(row, shown(outcome.failure), id)
    }
    return again
  } finally {
    org.locks.release(owner)
  }
}

const rowsTodo = (outcomes: Outcomes, from: number, to: number): number[] => {
  const rows: number[] = []
  for (let row = from; row < to; row++) if (outcomes.state(row) === 'todo') rows.push(row)
  return rows
}

/** Saves the rows of one batch, chunk by chunk, as far as they have no outcome yet. */
export const loadBatch = async (org: Org, loading: Loading, from: number, to: number): Promise<void> => {
  let rows = rowsTodo(loading.outcomes, from, to)
  for (let tries = 1; rows.length > 0 && !loading.stopped(); tries++) {
    const again: number[] = []
    for (let at = 0; at < rows.length && !loading.stopped(); at += chunkSize)
      again.push(...(await saveChunk(org, loading, rows.slice(at, at + chunkSize), tries >= mostTries)))
    if (again.length > 0) loading.retried()
    rows = again
  }
}
