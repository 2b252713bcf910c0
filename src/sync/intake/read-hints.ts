import { parseEvent } from '../../clerk/event.ts'
import type { Database } from '../../db/database.ts'
import { SyncError } from '../../errors.ts'
import type { Observation } from '../../model/model.ts'
import { claimHints, finishHints, type Hint } from '../mirror/inbox.ts'
import { observeClerk } from '../mirror/observe.ts'
import { observationsOf } from './read-clerk.ts'

/** One hint that was read: what came of it, and how long it lay in the inbox. */
export type ReadHint = { type: string; outcome: 'observed' | 'problem'; receivedAt: number }

type Reading = { deliveryId: string; observations: Observation[]; problem?: string }

// As `receive` reads it, a byte order mark at the start included: what got a 2xx must not be unreadable afterwards.
const decoder = new TextDecoder('utf-8', { fatal: true })

const read = ({ deliveryId, body }: Hint): Reading => {
  try {
    const event = parseEvent(JSON.parse(decoder.decode(body)))
    // The one used type that may come without a subject: Clerk's schema does not promise the id of a deleted object.
    if (event.kind === 'unused') return { deliveryId, observations: [], problem: `${event.type} names no record` }
    return { deliveryId, observations: observationsOf(event) }
  } catch (error) {
    return { deliveryId, observations: [], problem: problemOf(error) }
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
    try {
      await query('savepoint observing')
      await observeClerk(query, observations, now())
    } catch (error) {
      if (!isBadData(error)) throw error
      if (hints.length > 1) throw new TooManyAtOnce()
      await query('rollback to savepoint observing')
      for (const reading of readings) reading.problem = refusalOf(error)
    }
    await finishHints(query, readings, now())
    return hints.map(({ type, receivedAt }, index) => ({
      type,
      outcome: readings[index]?.problem === undefined ? 'observed' : 'problem',
      receivedAt,
    }))
  })

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
