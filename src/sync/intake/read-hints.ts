import { parseEvent } from '../../clerk/event.ts'
import type { Database, Query } from '../../db/database.ts'
import { SyncError } from '../../errors.ts'
import type { Observation } from '../../model/model.ts'
import { erasedPeople } from '../mirror/erased.ts'
import { noteHintRecords } from '../mirror/hint-records.ts'
import { claimHints, dropBodies, finishHints, type Hint } from '../mirror/inbox.ts'
import { observeClerk } from '../mirror/observe.ts'
import { type NamedRecord, recordsNamed } from './named-records.ts'
import { observationsOf } from './read-clerk.ts'

/** One hint that was read: what came of it, and how long it lay in the inbox. */
export type ReadHint = { type: string; outcome: 'observed' | 'problem'; receivedAt: number }

type Reading = {
  deliveryId: string
  receivedAt: number
  observations: Observation[]
  named: NamedRecord[]
  problem?: string
}

// As `receive` reads it, a byte order mark at the start included: what got a 2xx must not be unreadable afterwards.
const decoder = new TextDecoder('utf-8', { fatal: true })

const read = ({ deliveryId, body, receivedAt }: Hint): Reading => {
  const reading: Reading = { deliveryId, receivedAt, observations: [], named: [] }
  try {
    const parsed: unknown = JSON.parse(decoder.decode(body))
    reading.named = recordsNamed(parsed)
    const event = parseEvent(parsed)
    // The one used type that may come without a subject: Clerk's schema does not promise the id of a deleted object.
    if (event.kind === 'unused') return { ...reading, problem: `${event.type} names no record` }
    return { ...reading, observations: observationsOf(event) }
  } catch (error) {
    return { ...reading, problem: problemOf(error) }
  }
}

/** Our own errors have words that quote nothing. Of any other only the name is kept: what JSON.parse says is a piece of the body. */
const problemOf = (error: unknown): string => {
  if (error instanceof SyncError) return `${error.code}: ${error.message}`
  return `UNREADABLE: ${error instanceof Error ? error.name : 'unknown error'}`
}

const observe = (db: Database, limit: number, now: () => number): Promise<ReadHint[]> =>
  db.transaction(async (query) => {
    const hints = await claimHints(query, limit)
    const readings = hints.map(read)
    const observations = readings.flatMap((reading) => reading.observations)
    let erased: ReadonlySet<Observation> = new Set()
    try {
      await query('savepoint observing')
      erased = (await observeClerk(query, observations, now())).erased
    } catch (error) {
      if (!isBadData(error)) throw error
      if (hints.length > 1) throw new TooManyAtOnce()
      await query('rollback to savepoint observing')
      for (const reading of readings) reading.problem = refusalOf(error)
    }
    await noteHintRecords(
      query,
      readings.flatMap(({ deliveryId, receivedAt, named }) =>
        named.map(({ id, carried }) => ({ recordId: id, carried, at: receivedAt, deliveryId })),
      ),
    )
    await finishHints(query, readings, now())
    await dropBodies(query, await aboutErased(query, hints, readings, erased))
    return hints.map(({ type, receivedAt }, index) => ({
      type,
      outcome: readings[index]?.problem === undefined ? 'observed' : 'problem',
      receivedAt,
    }))
  })

/** What cannot be read may tell of any user that it names. */
const usersNamed = ({ body }: Hint): string[] => body.toString('latin1').match(/user_\w+/g) ?? []

/** The hints that told of somebody who was erased. */
const aboutErased = async (
  query: Query,
  hints: readonly Hint[],
  readings: readonly Reading[],
  erased: ReadonlySet<Observation>,
): Promise<string[]> => {
  const unread = new Map(
    hints.flatMap((hint, index) =>
      readings[index]?.problem === undefined ? [] : [[hint.deliveryId, usersNamed(hint)] as const],
    ),
  )
  const people = new Set(await erasedPeople(query, [...unread.values()].flat()))
  return readings
    .filter(
      ({ deliveryId, observations }) =>
        observations.some((one) => erased.has(one)) || unread.get(deliveryId)?.some((id) => people.has(id)),
    )
    .map(({ deliveryId }) => deliveryId)
}

/** One hint of the batch cannot be stored: the batch is read one by one, so that only the guilty one is set aside. */
class TooManyAtOnce extends Error {}

const codeOf = (error: unknown): string => (error instanceof Error && 'code' in error ? String(error.code) : '')
/**
 * SQLSTATE classes 22 (data exception), 23 (constraint) and 54 (program limit, such as JSON nested too deep): the statement will fail
 * again, whatever we do. A RangeError is the same limit met on our side of the wire, where the body is written as JSON.
 */
const isBadData = (error: unknown): boolean => error instanceof RangeError || /^(22|23|54)/.test(codeOf(error))
const refusalOf = (error: unknown): string =>
  error instanceof RangeError ? problemOf(error) : `the database refused it (${codeOf(error)})`

/**
 * Reads up to `limit` waiting hints into the mirror, in one transaction: observed and marked as read, or neither.
 * One that cannot be read is kept with its problem and holds nobody up.
 */
export const readHints = async (db: Database, limit: number, now: () => number): Promise<ReadHint[]> => {
  try {
    return await observe(db, limit, now)
  } catch (error) {
    if (!(error instanceof TooManyAtOnce)) throw error
    const read: ReadHint[] = []
    for (let i = 0; i < limit; i++) {
      const one = await observe(db, 1, now)
      if (one.length === 0) break
      read.push(...one)
    }
    return read
  }
}
